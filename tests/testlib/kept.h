/* A session of Alice and Bob that Alice's device keeps in its records. All of these fail
 * the test on an error. */
#ifndef HERMETIC_TESTS_KEPT_H
#define HERMETIC_TESTS_KEPT_H

#include "device/group/membership.h"
#include "tests/testlib/records.h"
#include "tests/testlib/session_world.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define KEPT_SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519

/* Alice's sessions are the membership's: the world lends hers. */
struct kept {
	struct world world;
	struct records records;
	struct membership m;
	char id[TEXT_UUID_SIZE];
};

/* The records of one moment. */
struct kept_moment {
	struct {
		char name[200];
		struct buf value;
	} all[RECORDS_MAX];
};

/* What the device offers: that suite alone. */
extern const struct suites kept_offer;

/* The same for each test of a cmocka group: *state is the session that is kept. */
int kept_setup(void **state);
int kept_teardown(void **state);

const struct device_store *kept_store(struct kept *h);

/* Counts what is put from here on, and saves. */
void kept_save(struct kept *h);
/* As after a crash: what is in the records is all. */
void kept_restart(struct kept *h);
/* It is stored as it is, and nothing is left to be written. */
void kept_expect_stored(struct kept *h);
/* No session comes of the records: they are damaged. */
void kept_expect_unreadable(struct kept *h);
/* How many records have names that begin so. */
size_t kept_with_prefix(const struct kept *h, const char *prefix);

/* Alice receives the next message, which is of that kind; she says something. */
void kept_follow(struct kept *h, enum session_event_kind kind);
void kept_say(struct kept *h, const char *text);
/* Alice commits; Bob and she follow. */
void kept_rotate(struct kept *h);

struct kept_moment *kept_remember(const struct kept *h);
void kept_forget(struct kept_moment *then);
/* Puts back, one at a time, each record under that prefix which is another now: none of
 * them opens. A record that is gone since may lie there unread. Returns how many were
 * another. */
size_t kept_put_back(struct kept *h, const struct kept_moment *then,
		     const char *prefix);

#endif
