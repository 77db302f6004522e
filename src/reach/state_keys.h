/*
 * The keys of a state (reach/state.h), and how its file says what opens them.
 *
 * Both are random and wrapped (RFC 5649) under a key from the passphrase, so the
 * passphrase can change while the records stay. In a state that was made before that,
 * both come from the passphrase, until its first change.
 */
#ifndef HERMETIC_REACH_STATE_KEYS_H
#define HERMETIC_REACH_STATE_KEYS_H

#include "base/buf.h"
#include "crypto/password.h"

#define STATE_SALT 32
#define STATE_WRAPPED 72 /* bytes: two keys of 32, and RFC 5649's eight */

struct state_keys {
	struct sec seal, name;
};

/* What stands in clear. */
struct state_head {
	bool
	    derived; /* the keys come from the passphrase: nothing is wrapped */
	uint8_t salt[STATE_SALT];
	struct password_cost cost;
	uint8_t wrapped[STATE_WRAPPED];
};

/* Random ones. */
MUST_CHECK enum err state_keys_make(struct state_keys *keys);
void state_keys_clear(struct state_keys *keys);

/* A head that wraps them, with a new salt: `cost` is in it already. */
MUST_CHECK enum err state_keys_wrap(const struct state_keys *keys,
				    struct span passphrase,
				    struct state_head *head);

/* ERR_PEER_CRYPTO for a wrong passphrase, where the keys are wrapped; where they are
 * derived, what they open tells. */
MUST_CHECK enum err state_keys_open(const struct state_head *head,
				    struct span passphrase,
				    struct state_keys *keys);

#endif
