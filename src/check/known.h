/*
 * What is known of one account: the log that counts, and branches of it by which
 * groups may be judged all the same. For accounts.c.
 */
#ifndef HERMETIC_CHECK_KNOWN_H
#define HERMETIC_CHECK_KNOWN_H

#include "base/buf.h"
#include "check/account.h"

#define KNOWN_BRANCHES 16 /* of an account; the oldest falls out */

struct known {
	struct account_log *log; /* owned; NULL: nothing is known */
	struct buf links;	 /* of it */
	bool grown;		 /* since the caller has kept it */
};

struct known_account {
	uint8_t fingerprint[ACCOUNT_HASH];
	struct known counts; /* the log that counts */
	struct known branches[KNOWN_BRANCHES];
	size_t branch_count;
	bool lacks; /* links of it were lacking */
};

void known_clear(struct known *known);
/* What `account` has; `account` itself is the caller's. */
void known_account_clear(struct known_account *account);

/* The log of links that were verified before. ERR_PEER_MALFORMED: it is none. */
MUST_CHECK enum err known_load(struct span links, struct account_log **log);

/* Does its log have that link? */
bool known_has(const struct known *known, const struct account_place *place);

/* What has the place: the log that counts, or a branch. NULL: nothing. */
struct known *known_account_find(struct known_account *account,
				 const struct account_place *place);

/* A log that is good. What `known` has is taken over, also on failure. */
MUST_CHECK enum err known_account_take(struct known_account *account,
				       struct known *known);

/* Links that the caller keeps, and has verified before: the first ones are those
 * of the log that counts. */
MUST_CHECK enum err known_account_put(struct known_account *account,
				      struct span links);

/* Number 0: the log that counts; then the branches, as many as there are. */
struct known *known_account_at(struct known_account *account, size_t at);
bool known_account_has_grown(struct known_account *account);

#endif
