/* Walks over the commits of members' groups. All of these fail the test on an error. */
#ifndef HERMETIC_TESTS_WALKS_H
#define HERMETIC_TESTS_WALKS_H

#include "check/walk.h"
#include "tests/testlib/members.h"

/* The member's GroupInfo, in the place of what is there. */
void walks_put_info(const struct member *m, struct buf *info);
/* A walk that begins there; the caller frees it. */
struct check_walk *walks_of(const struct member *m);
/* What is wrong says that word. */
void walks_expect(const char *wrong, const char *word);

#endif
