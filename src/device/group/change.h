/*
 * A change of a session's members, keys or roles, as it is planned: a JSON
 * object that survives crashes and lost races, because it says what is wanted
 * and not which leaves that means today.
 *
 *   {kind: "change", key_packages: [base64…], remove: [identity…],
 *    role?: {username, role}, ban?: {user, banned}, invite?: [{user, invited}…], due?: epoch, algorithm?, open?, reason?, tries}
 *
 * Every change also removes the leaves whose departure stands in the log.
 * `due`: only to renew the keys because that was asked for in that epoch; it
 * is needless when somebody else has renewed them. `reason`: why this device
 * does it without its person's act; it is kept with the entry.
 */
#ifndef HERMETIC_DEVICE_GROUP_CHANGE_H
#define HERMETIC_DEVICE_GROUP_CHANGE_H

#include "device/core.h"

struct change_plan {
	const struct span *key_packages; /* to add */
	size_t key_package_count;
	json_t *remove;		   /* array of identities, borrowed; or NULL */
	const char *role_username; /* or NULL */
	enum role role;
	const char *ban_user; /* or NULL: as leaves name the user */
	bool banned;
	json_t *invite;	       /* as above, borrowed; or NULL */
	const char *algorithm; /* to move to, or NULL; then nothing else */
	/* with algorithm: the next group says who may come in, and whether it is
	 * open; where its group says so by now, that stays */
	bool says_who, open;
	const char *reason; /* or NULL */
	bool due;
	uint64_t epoch; /* with due */
};

MUST_CHECK enum err change_make(const struct change_plan *plan,
				json_t **change);

bool change_adds(const json_t *change);
bool change_invites(const json_t *change);

/* Stages the commit in the session that is loaded. *needless: nothing was
 * staged and nothing need be. d->work.why says what forbids it. */
MUST_CHECK enum err change_stage(struct device *d, const json_t *change,
				 struct mls_commit *out, bool *needless);

/* Would it be a valid commit? Leaves the session as it is. */
MUST_CHECK enum err change_try(struct device *d, const json_t *change);

/* A device that it adds may have become known since the change was planned, by
 * another key: ERR_PEER_INVALID, as pins_check(). Inside a transaction. */
MUST_CHECK enum err change_check_pins(struct device *d, const json_t *change);

/* The members that it adds were named by the person: they count as shown. */
MUST_CHECK enum err change_show(struct device *d, const json_t *change);

/* It is what this device does next. */
MUST_CHECK enum err change_begin(struct device *d,
				 const struct change_plan *plan);

#endif
