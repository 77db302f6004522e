/*
 * The signature keys of the devices that this device has met, in any session:
 * the same device never has another key. (Until accounts have logs of their
 * own, this is what a later meeting is held against; docs/protocol.md.)
 *
 * The first meeting may have been false. A key that differs is noted, and the
 * person may take it in place of the one that is known.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_PINS_H
#define HERMETIC_DEVICE_ACCOUNTS_PINS_H

#include "device/core.h"

/* Hexadecimal digits of a key's fingerprint, and a NUL. */
#define PINS_FINGERPRINT 33
MUST_CHECK enum err pins_fingerprint(struct span key,
				     char out[PINS_FINGERPRINT]);

/* ERR_PEER_INVALID when another key is known for that identity and signature
 * scheme; d->work.why says so, and begins with `what`. With `note` that key is
 * noted as one that was offered. Inside a transaction. */
MUST_CHECK enum err pins_check(struct device *d, const struct suite *suite,
			       struct span identity, struct span key,
			       const char *what, bool note);

/* pins_check() failed with `e`: the order ends, and what was noted is kept.
 * Any other failure is given back. */
MUST_CHECK enum err pins_end(struct device *d, enum err e);

/* Remembers a key, unless one is known; another one than that is noted as
 * offered. Inside a transaction. */
MUST_CHECK enum err pins_note(struct device *d, const struct suite *suite,
			      struct span identity, struct span key);

/* The same for all members of the session that is loaded. */
MUST_CHECK enum err pins_note_members(struct device *d);

/* Members of the session that is loaded who have another key than is known of
 * them. *there: there are some, their keys are noted as offered, and d->work.why
 * names them. */
MUST_CHECK enum err pins_find_changed(struct device *d, bool *there);

/* Appends {username, device_id, scheme, known, offered} for each key of a
 * device of `user` that was offered in place of the known one; both are
 * fingerprints. */
MUST_CHECK enum err pins_list_changed(struct device *d, const char *user,
				      json_t *list);

/* Those offered keys of `user` are known from now on whose fingerprints are
 * given; *accepted counts them. Inside a transaction. */
MUST_CHECK enum err pins_accept(struct device *d, const char *user,
				const char *const *fingerprints, size_t count,
				size_t *accepted);

#endif
