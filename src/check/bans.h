/* Whom a session keeps out, and who may say so (docs/protocol.md, "Bans"). For
 * check_rules(). */
#ifndef HERMETIC_CHECK_BANS_H
#define HERMETIC_CHECK_BANS_H

#include "check/view.h"
#include "wire/bans.h"
#include "wire/commit.h"
#include "wire/roles.h"

/* A commit, as far as it concerns bans. */
struct check_bans {
	const struct check_view *view;
	const struct wire_commit *commit;
	const struct roles *roles; /* as they count before it */
	struct span committer;	   /* its identity */
	bool external;		   /* who joins */
	const bool *gone;	   /* by leaf: it removes them */
	struct span after;	   /* extensions; content */
	bool denied;		   /* its sender may not do that */
};

/* What is wrong where somebody comes in who is kept out: by this address a verdict's
 * `wrong` is told from others. */
extern const char check_banned[];

/* NULL, or what is wrong:
 *
 * - only an admin or an owner changes the list; an admin puts in members, an owner
 *   everybody, and nobody their own user;
 * - whoever is put in has no leaf behind the commit, and every leaf there lists the
 *   extension;
 * - nobody comes in who is on the list behind the commit.
 */
const char *check_bans(struct check_bans *c);

#endif
