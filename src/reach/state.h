/*
 * What a device must keep: one SQLite file, `state.db`, of sealed records.
 *
 * In clear are only a random salt, the cost of the key derivation and the
 * format's version. A record's name is stored as an HMAC and its value under
 * AES-256-GCM with the name as associated data, both under keys that the
 * passphrase opens (reach/state_keys.h); so the file tells how many records there
 * are and how long they are, and nothing else. Of a passphrase counts its form
 * (reach/passphrase_form.h).
 *
 * A transaction takes the file's write lock when it begins: two processes on
 * one home take turns (the second waits up to STATE_WAIT_MS), so a ratchet
 * that is loaded and saved in one transaction never forks. What a transaction
 * wrote is there entirely or not at all, also after a crash or a power cut.
 */
#ifndef HERMETIC_REACH_STATE_H
#define HERMETIC_REACH_STATE_H

#include "crypto/password.h"
#include "device/ports.h"
#include "device/why.h"

#define STATE_WAIT_MS 30000

struct state;
struct state_keys; /* reach/state_keys.h */

/* Is there a state in that folder? */
bool state_exists(const char *home);

/*
 * Makes folder (0700) and file (0600) and opens the new state.
 * ERR_STATE_CONFLICT when one is there already.
 */
MUST_CHECK enum err state_create(const char *home, struct span passphrase,
				 struct password_cost cost, struct why *why,
				 struct state **out);

/* ERR_STATE_GONE when there is none; ERR_PEER_CRYPTO: wrong passphrase;
 * ERR_PEER_UNSUPPORTED: of a newer version; ERR_PEER_MALFORMED: damaged. */
MUST_CHECK enum err state_open(const char *home, struct span passphrase,
			       struct why *why, struct state **out);

/* The same with the keys that a passphrase would open, and none of its cost. The keys
 * stay the same while the state is, whatever passphrase opens them. */
MUST_CHECK enum err state_open_keys(const char *home,
				    const struct state_keys *keys,
				    struct why *why, struct state **out);

/* A copy, which the caller wipes. */
void state_give_keys(const struct state *state, struct state_keys *keys);

/* Another passphrase opens the state from now on, and no earlier one; whoever has
 * a copy of the file of before, and the passphrase of then, has the keys. Inside a
 * transaction. */
MUST_CHECK enum err state_change_passphrase(struct state *state,
					    struct span passphrase);

/*
 * The state as a device's store. Its begin() tells whether another process has
 * written since the last transaction that was begun by it; the first time it
 * says that one has. Borrowed: the state must outlive it.
 */
struct device_store state_store(struct state *state);

/* Rolls an open transaction back. */
void state_close(struct state *state);

/* Removes the files of a state: for a new one that came to nothing. */
void state_remove(const char *home);

/* ERR_LOCAL_BUSY when the other process does not let go; transactions do not
 * nest: ERR_LOCAL_BUG. */
MUST_CHECK enum err state_begin(struct state *state);
MUST_CHECK enum err state_commit(struct state *state);
/* Fine without a transaction. */
void state_rollback(struct state *state);

/* Appends a record's value; ERR_STATE_GONE when there is none, and
 * ERR_PEER_CRYPTO when the file was tampered with. */
MUST_CHECK enum err state_get(struct state *state, const char *name,
			      struct buf *value);

/* Inside a transaction only: ERR_LOCAL_BUG otherwise. */
MUST_CHECK enum err state_put(struct state *state, const char *name,
			      struct span value);
MUST_CHECK enum err state_delete(struct state *state, const char *name);

/* Says of a failure of this thread that has no words yet (ERR_LOCAL_IO) why the state below
 * `home` could not be read or written, where that was the cause. */
void state_explain(const char *home, enum err e, struct why *why);

#endif
