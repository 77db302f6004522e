/*
 * A change of a session's members, keys or roles, as it is planned: a JSON
 * object that survives crashes and lost races, because it says what is wanted
 * and not which leaves that means today.
 *
 *   {kind: "change", key_packages: [base64…], remove: [identity…],
 *    role?: {username, role}, due?: epoch, algorithm?, tries}
 *
 * Every change also removes who has departed. `due`: only to renew the keys
 * because they were due in that epoch; needless when somebody else has.
 */
#ifndef HERMETIC_CLIENT_CHANGE_H
#define HERMETIC_CLIENT_CHANGE_H

#include "client/book.h"

struct change_plan {
	const struct span *key_packages; /* to add */
	size_t key_package_count;
	json_t *remove;		   /* array of identities, borrowed; or NULL */
	const char *role_username; /* or NULL */
	enum role role;
	const char *algorithm; /* to move to, or NULL; then nothing else */
	bool due;
	uint64_t epoch; /* with due */
};

MUST_CHECK enum err change_make(const struct change_plan *plan,
				json_t **change);

bool change_adds(const json_t *change);

/* Stages the commit. *needless: nothing was staged and nothing need be.
 * c->why says what forbids it. Inside a transaction. */
MUST_CHECK enum err change_stage(struct client *c, struct page *page,
				 const json_t *change, struct mls_commit *out,
				 bool *needless);

/* Would it be a valid commit? Leaves the session as it is. Inside a
 * transaction. */
MUST_CHECK enum err change_try(struct client *c, struct page *page,
			       const json_t *change);

#endif
