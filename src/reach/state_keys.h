/*
 * The keys of a state (reach/state.h), and how its file says what opens them.
 *
 * Version 1: both keys come from the passphrase. Version 2: both are random and
 * wrapped (RFC 5649) under a key from the passphrase, so the passphrase can change
 * while the records stay; a state of version 1 goes over with its first change.
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
	int version;
	uint8_t salt[STATE_SALT];
	struct password_cost cost;
	uint8_t wrapped[STATE_WRAPPED]; /* version 2 */
};

/* Random ones. */
MUST_CHECK enum err state_keys_make(struct state_keys *keys);
void state_keys_clear(struct state_keys *keys);

/* A head of version 2 with a new salt: `cost` is in it already. */
MUST_CHECK enum err state_keys_wrap(const struct state_keys *keys,
				    struct span passphrase,
				    struct state_head *head);

/* ERR_PEER_CRYPTO for a wrong passphrase, in version 2; in version 1 what it
 * opens tells. */
MUST_CHECK enum err state_keys_open(const struct state_head *head,
				    struct span passphrase,
				    struct state_keys *keys);

#endif
