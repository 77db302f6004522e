/* What a commit says of the accounts in its group: their places behind it, and
 * the links that lead there (docs/protocol.md, "Leaves and places"). */
#ifndef HERMETIC_SESSION_PLACES_H
#define HERMETIC_SESSION_PLACES_H

#include "check/branch.h"
#include "check/place_map.h"
#include "mls/group.h"

struct session;

/* The caller clears both. */
struct places_plan {
	bool changed; /* the extensions are others than the change's */
	struct buf extensions;
	/* Fields of the authenticated data, content; the second one in a session that
	 * has the root of its places. */
	struct buf links, changes;
	struct buf
	    welcome; /* there: an extension for the Welcome's GroupInfo */
};

/* Of a change that the session is about to make: the places of the accounts that
 * have a leaf behind it, each as far as its log is known, and of one that stands at a
 * branch which does not count where the one ends that does, if the change removes the
 * leaves which that one does not have. Nothing in a session without places, but for a
 * ReInit by which it goes over (check/over.h). ERR_STATE_ACCOUNTS: the log of an account that comes in is not
 * known; check_accounts_lacks() says whose. */
MUST_CHECK enum err places_plan_commit(const struct session *session,
				       const struct mls_change *change,
				       struct places_plan *plan);
void places_plan_clear(struct places_plan *plan);

/* What is known here of an account whose log parts from the group's place, as a commit
 * carries it. */
void places_branch(const struct place *at, const struct known_parting *parting,
		   struct check_branch *branch);

/* Of who joins from outside: the links of its account, where that has no place, or where
 * it has one on a branch that does not count. */
MUST_CHECK enum err places_plan_join(const struct mls_identity *me,
				     struct span group_info,
				     struct check_accounts *accounts,
				     struct buf *links);

/* Appends a row for each account of these devices (identities as in a leaf), as its log
 * is known. ERR_STATE_ACCOUNTS: one is not; ERR_PEER_INVALID: one is no device of an
 * account. */
MUST_CHECK enum err places_put_all(const struct span *identities, size_t count,
				   struct check_accounts *accounts,
				   struct buf *rows);

/* Appends the extension with the place of that device's account, as its log is
 * known; where `rooted` it is the root, of *map. ERR_STATE_ACCOUNTS: the log is not known;
 * ERR_LOCAL_BUG: it is no device of one. */
MUST_CHECK enum err places_put_first(const struct mls_identity *me,
				     struct check_accounts *accounts,
				     bool rooted, struct place_map *map,
				     struct buf *extensions);

#endif
