/* Devices and a ledger for tests of sessions: the ledger is the log that a
 * server would keep, and a test may falsify it. Everything here asserts. */
#ifndef HERMETIC_TESTS_SESSION_WORLD_H
#define HERMETIC_TESTS_SESSION_WORLD_H

#include "session/session.h"

#define NOW 1790000000u
#define NOW_MS ((uint64_t)NOW * 1000)
#define LEDGER_MAX 64

extern const uint8_t world_id[SESSION_ID];

struct device {
	struct mls_identity me;
	struct sec private_key;
	struct buf public_key;
	uint16_t suites[3];
	struct mls_key_package_secrets secrets;
	struct buf key_package;
	struct session *session;
};

struct entry {
	enum chain_kind kind;
	struct buf bytes;
	uint8_t head[CHAIN_HEAD];
};

struct ledger {
	struct chain chain;
	struct entry entries[LEDGER_MAX]; /* seq 1 is the first */
};

/* Alice and Bob in a session, with Carol outside. */
struct world {
	struct device alice, bob, carol;
	struct ledger ledger;
};

void device_make(struct device *d, const char *name, uint16_t suite);
void device_free(struct device *d);

/* Its state goes to storage and comes back, as after a crash. */
void device_restart(struct device *d);

void ledger_make(struct ledger *ledger);
void ledger_free(struct ledger *ledger);

/* Appends an entry and returns its seq. */
uint64_t ledger_post(struct ledger *ledger, enum chain_kind kind,
		     struct span bytes);
const struct entry *ledger_entry(const struct ledger *ledger, uint64_t seq);

enum err device_receive(struct device *d, const struct ledger *ledger,
			uint64_t seq, struct session_event *event);

/* The next entry, which must be of that kind; the caller clears `event`. */
void expect(struct device *d, const struct ledger *ledger,
	    enum session_event_kind kind, struct session_event *event);
void expect_kind(struct device *d, const struct ledger *ledger,
		 enum session_event_kind kind);
void expect_refused(struct device *d, const struct ledger *ledger, enum err e);
void expect_text(struct device *d, const struct ledger *ledger,
		 enum session_event_kind kind, const char *from,
		 const char *text);

/* Seals, posts and returns the seq. */
uint64_t device_say(struct device *d, struct ledger *ledger, const char *text);

enum err device_stage(struct device *d, const struct mls_change *change,
		      struct mls_commit *out);

/* What the group says of who may come in (wire/invited.h). */
enum world_policy { WORLD_UNSAID, WORLD_INVITED, WORLD_OPEN };

/* A session of Alice's, negotiated with an invited device or with nobody. */
void world_create(struct device *alice, const struct device *invited,
		  enum world_policy policy);

/* `by` adds `who`, who joins by the Welcome. */
void world_add(struct device *by, struct device *who, struct ledger *ledger);

/* `who` joins by external commit, from a GroupInfo of `at`. */
void world_join(struct device *who, struct device *at, bool resync,
		struct ledger *ledger);

void assert_same_group(const struct device *a, const struct device *b);

void world_make(struct world *w, uint16_t suite);
void world_free(struct world *w);

#endif
