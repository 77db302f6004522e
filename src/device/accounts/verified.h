/*
 * Whom the person has verified (device/accounts/met.h), and the wish to write to nobody else: in
 * one session, or everywhere.
 *
 *   `verified_only`  {on}; the session's note `verified_only` is true or not there
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_VERIFIED_H
#define HERMETIC_DEVICE_ACCOUNTS_VERIFIED_H

#include "device/accounts/met.h"

/* Of the part of an identity before its slash. MET_UNCOMPARED, too, for who is no
 * account. */
MUST_CHECK enum err verified_user(struct device *d, struct span user,
				  enum met_trust *trust);

/* The same as the member `compared` of `object` (met_trust_text()), unless it is one's
 * own account. */
MUST_CHECK enum err verified_put(struct device *d, struct span user,
				 json_t *object);

/* The person wishes it so, and a member is another account that is not verified: what
 * was said is held, and *halted. */
MUST_CHECK enum err verified_halt(struct device *d, bool *halted);

/* The wish for all sessions; inside a transaction, for the handover. */
MUST_CHECK enum err verified_wish(struct device *d, bool *on);
MUST_CHECK enum err verified_set_wish(struct device *d, bool on);

/* The same for the person. */
MUST_CHECK enum err device_set_verified_only(struct device *device, bool on);
MUST_CHECK enum err device_verified_only(struct device *device, bool *on);

/* Does the person write to verified people only, and one of the members is none? */
MUST_CHECK enum err verified_lacks(struct device *d, bool *lacks);

#endif
