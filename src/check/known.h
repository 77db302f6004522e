/*
 * What is known of one account: the log that counts, and branches of it by which
 * groups may be judged all the same. For the files of check/accounts.h.
 */
#ifndef HERMETIC_CHECK_KNOWN_H
#define HERMETIC_CHECK_KNOWN_H

#include "base/buf.h"
#include "check/account.h"

/* Of an account. The oldest falls out, of those that nobody has looked for by a place: the
 * branch at which a group stands is needed for each of its commits. */
#define KNOWN_BRANCHES 16

struct known {
	struct account_log *log; /* owned; NULL: nothing is known */
	struct buf links;	 /* of it */
	bool grown;		 /* since the caller has kept it */
	bool sought;		 /* known_account_find() has found it */
};

struct known_account {
	uint8_t fingerprint[ACCOUNT_HASH];
	struct known counts; /* the log that counts */
	struct known branches[KNOWN_BRANCHES];
	size_t branch_count;
	bool lacks;		     /* links of it were lacking */
	struct account_place lacked; /* up to there; number 0: all of them */
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
 * of the log that counts. `loaded`: what they come to, which is copied; NULL: they are
 * loaded. */
MUST_CHECK enum err known_account_put(struct known_account *account,
				      struct span links,
				      const struct account_log *loaded);

/* Which of two counts. ERR_LOCAL_MEMORY: that is not known. */
MUST_CHECK enum err known_compare(const struct known *known,
				  const struct known *other,
				  enum account_order *order);

/* ---- known_branch.c: logs of one account that part ---- */

/* Its first links, so many of them. Borrowed. */
struct span known_first(const struct known *known, uint64_t count);

/* Do the links go on behind `begin` of that log, with another one than it has there? */
bool known_parts(const struct known *known, struct span links,
		 const struct account_place *begin);

/* Which counts of the log up to its link `end`, and of the links that part from it
 * behind its link `begin`. `wrong`: one of these links is. */
struct check_verdict known_order(const struct known *known, uint64_t begin,
				 uint64_t end, struct span links,
				 enum account_order *order);

/* A branch that is known, and a place of another one. */
struct known_parting {
	struct span links; /* from where they part on, or empty: there is none;
			      borrowed until the account changes */
	struct account_place end; /* of these */
	bool counts; /* before the log up to the place; false: a fork */
};

/* The log that counts, if it does so before the log up to that place; else a branch of
 * what is known with which nothing decides, neither up to there nor to the end of what counts.
 * `most`: bytes of its links, the last of which are left out. */
MUST_CHECK enum err known_account_parting(struct known_account *account,
					  const struct account_place *place,
					  size_t most,
					  struct known_parting *parting);

/* Number 0: the log that counts; then the branches, as many as there are. */
struct known *known_account_at(struct known_account *account, size_t at);
bool known_account_has_grown(struct known_account *account);

#endif
