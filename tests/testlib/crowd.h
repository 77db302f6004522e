/* A group of many members, for tests of the engine; some may have left it, and have no
 * group. All of these fail the test on an error. */
#ifndef HERMETIC_TESTS_CROWD_H
#define HERMETIC_TESTS_CROWD_H

#include "tests/testlib/members.h"

#define CROWD 9 /* at most */

/* The suite that takes the least time. */
const struct suite *crowd_suite(void);

/* m[0] makes a group and adds the others; all are in epoch 1. */
void crowd_init(struct member *m, size_t count, const struct suite *suite);
void crowd_clear(struct member *m, size_t count);

/* All but `by` follow a commit, which is cleared. */
void crowd_follow(struct member *m, size_t count, size_t by,
		  struct mls_commit *commit);

/* `joiner` joins by external commit; the others follow. */
void crowd_join_external(struct member *m, size_t count, struct member *joiner,
			 struct span group_info, bool resync);

/* The state of a member, in the place of what is there. */
void crowd_state(const struct member *m, struct buf *state);

/* What the member's group makes of a message. */
enum err crowd_process(struct member *m, struct span message,
		       struct mls_event *event);
/* It refuses the message with this error, and nothing has changed. */
void crowd_refuses(struct member *m, struct span message, enum err why);

/* A text sealed by one member; another one opens it. */
void crowd_say(struct member *m, const char *text, struct buf *message);
void crowd_hears(struct member *m, const struct buf *message, const char *text);

#endif
