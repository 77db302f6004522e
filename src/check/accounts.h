/*
 * The logs of the accounts in a group, each verified as far as somebody has given
 * its links: what the places of a group (wire/places.h) are judged by. Links come
 * from commits, which carry them, and from the caller, who has them from elsewhere.
 *
 * A place names a link by its hash, so whoever has links up to there has the same
 * ones, and comes to the same verdict. So of an account not only the log that counts
 * is kept here, but also branches that do not: a group stays at the place that a
 * commit gave it. Whoever lacks them comes to none: the
 * judgement fails, and check_accounts_lacks() says of which accounts the links
 * are to be found first.
 */
#ifndef HERMETIC_CHECK_ACCOUNTS_H
#define HERMETIC_CHECK_ACCOUNTS_H

#include "base/buf.h"
#include "check/account.h"
#include "wire/places.h"

struct check_accounts;
struct group_places;  /* check/group_places.h */
struct known_parting; /* check/known.h */

/* Links that the caller keeps, and has verified before. */
struct check_source {
	/* Appends opaque links<V>, with opaque link<V> each in it: first of the
	 * log that counts (empty: none is kept), then of branches that do not,
	 * but by which a group may be judged. May be NULL. */
	enum err (*logs)(void *context, struct span fingerprint,
			 struct buf *logs);
	/* The log that counts, where the caller has it loaded: it is copied, and
	 * not read from its links again. *log is borrowed until the next call;
	 * NULL: none is. May be NULL. */
	enum err (*loaded)(void *context, struct span fingerprint,
			   const struct account_log **log);
	void *context;
};

/* `source` may be NULL; it is copied. */
MUST_CHECK enum err check_accounts_new(const struct check_source *source,
				       struct check_accounts **accounts);
void check_accounts_free(struct check_accounts *accounts);

/* A whole log that somebody gives: it is verified. Where it goes on from what was
 * known of the account, or counts before it, it is the one that counts; otherwise it
 * is kept as a branch. */
struct check_verdict check_accounts_add(struct check_accounts *accounts,
					struct span links);

/* The log of an account that counts: *log, and its links; both borrowed until the next
 * call, NULL and empty: nothing. ERR_LOCAL_MEMORY, or what the source says. */
MUST_CHECK enum err check_accounts_find(struct check_accounts *accounts,
					struct span fingerprint,
					const struct account_log **log,
					struct span *links);

/* The same of the log that has a signature key of that scheme (crypto/suite.h): the one
 * that counts where it has the key, else a branch that is known, else the one that
 * counts. */
MUST_CHECK enum err check_accounts_find_key(struct check_accounts *accounts,
					    struct span fingerprint,
					    uint16_t scheme, struct span key,
					    const struct account_log **log,
					    struct span *links);

/*
 * The log of `to.fingerprint` at the place `to`, from the place `from` (number 0:
 * from the first link on). `carried`: opaque link<V> each, exactly those between;
 * empty: they come from elsewhere. With to->number 0 the place is where `carried`
 * ends, and is filled in; its hash borrows from the log. Then `carried` may also be
 * only the last links of the log, and those before come from elsewhere. What was carried is known
 * afterwards. *log is borrowed until the next call.
 */
struct check_verdict check_accounts_reach(struct check_accounts *accounts,
					  const struct place *from,
					  struct span carried, struct place *to,
					  const struct account_log **log);

/*
 * Links that part from the log of `at.fingerprint` before the place `at`: `carried`,
 * opaque link<V> each, from where they part on. *counts: that branch counts before the
 * log up to the place; otherwise nothing decides between the two. A branch that does not
 * count is wrong. *end is where it ends; it is known afterwards.
 */
struct check_verdict check_accounts_part(struct check_accounts *accounts,
					 const struct place *at,
					 struct span carried,
					 struct account_place *end,
					 bool *counts);

/* What is known here of the account and parts so from its log before the place, as
 * known_account_parting() says; borrowed until the next call. */
MUST_CHECK enum err check_accounts_parting(struct check_accounts *accounts,
					   const struct place *at,
					   struct known_parting *parting);

/*
 * For who keeps the logs that count, and has judged a commit to be good. Does all that it
 * carries stand in them? `carried` is the field of its authenticated data, `behind` the
 * places of the group behind it; NULL: it lets in who made it. What it carries of an
 * account without a place may contradict that account's log. NULL, or one of these two.
 */
extern const char check_accounts_lost[], check_accounts_contradicted[];
const char *check_accounts_stand(struct check_accounts *accounts,
				 struct span carried,
				 const struct group_places *behind,
				 bool *local);

/* Of which account links were lacking: `position` begins with 0; false at the
 * end. `fingerprint` is borrowed. */
bool check_accounts_lacks(const struct check_accounts *accounts,
			  size_t *position, struct span *fingerprint);
/* Up to which place links of that account were lacking; number 0: of no place. */
struct account_place check_accounts_lacked(
    const struct check_accounts *accounts, struct span fingerprint);
/* Notes that nothing is known of it; says so in words. */
const char *check_accounts_lack(struct check_accounts *accounts,
				struct span fingerprint);
void check_accounts_forget_lacks(struct check_accounts *accounts);

/* The logs that grew by carried links or check_accounts_add() since the caller
 * has kept them. */
bool check_accounts_grown(const struct check_accounts *accounts,
			  size_t *position, struct span *fingerprint,
			  struct span *links);
void check_accounts_kept(struct check_accounts *accounts);

/* What grew since is forgotten: it came with a commit that does not count. */
void check_accounts_undo(struct check_accounts *accounts);
/* All is forgotten: the source is asked again. */
void check_accounts_reset(struct check_accounts *accounts);

#endif
