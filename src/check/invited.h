/* Who may come in from outside, and who may say so (docs/protocol.md,
 * "Invitations"). For check_rules(), and for who makes a commit. */
#ifndef HERMETIC_CHECK_INVITED_H
#define HERMETIC_CHECK_INVITED_H

#include "check/view.h"
#include "wire/bans.h"
#include "wire/invited.h"
#include "wire/roles.h"

/* How many epochs an invitation can be good for, counted from its commit. */
#define CHECK_INVITED_EPOCHS 1000
/* How many invitations stand in one member's name. */
#define CHECK_INVITED_BY 16

typedef void check_note_user(void *context, struct span user);

/* A user whom an invitation names: has that user a leaf? */
struct check_named {
	struct span user;
	bool before, behind;
};

/* A member's commit, as far as invitations depend on it. */
struct check_behind {
	const struct check_view *view; /* before it */
	void (*added)(const void *commit, check_note_user *note, void *context);
	bool (*removes)(const void *commit, uint32_t leaf);
	const void *commit;
	struct bans bans;			   /* behind it */
	uint64_t epoch;				   /* behind it */
	struct check_named named[4 * INVITED_MAX]; /* ascending; set by
						      check_behind_look() */
	size_t named_count;
};

/* Looks once at all leaves for those whom the two lists name. Before
 * check_invited_ends() is asked of an invitation of either list. */
void check_behind_look(struct check_behind *behind, const struct invited *one,
		       const struct invited *other);

/* Behind the commit the invitation is none any more: who was invited has a leaf, lost
 * one by this commit, or is banned; who invites has no leaf, or is banned; or the last
 * epoch is over. */
bool check_invited_ends(const struct check_behind *behind,
			const struct invitation *one);

/* Appends the extension as a ReInit carries it to the next group: the invitations that
 * have not ended, each for as many epochs as were left, CHECK_INVITED_EPOCHS at most,
 * counted from the next group's first one. `now` was looked at. */
MUST_CHECK enum err check_invited_carry(const struct check_behind *behind,
					const struct invited *now,
					struct buf *extension);

/* Who has no leaf may come in from outside, by a commit of that epoch. */
bool check_invited_lets_in(const struct invited *invited, struct span user,
			   uint64_t epoch);

/* A commit, as far as it concerns invitations. */
struct check_invited {
	struct check_behind behind;
	const struct roles *roles; /* as they count before it */
	struct span committer;	   /* its identity */
	bool external;		   /* who joins */
	bool ends_group;	   /* a ReInit */
	struct span after;	   /* extensions, of a ReInit the next group's;
				      content */
	bool denied;		   /* its sender may not do that */
	bool local;		   /* it was not judged */
};

/* What is wrong where somebody comes in whom nobody has invited: by this address a
 * verdict's `wrong` is told from others. */
extern const char check_not_invited[];

/* NULL, or what is wrong. Where the group has the extension,
 *
 * - who joins from outside has a leaf of its user there, or an invitation whose last epoch
 *   is not over, or the group is open;
 * - it stays, and stays open or not;
 * - every member puts in others, in its own name, for CHECK_INVITED_EPOCHS at most, until
 *   CHECK_INVITED_BY stand in that name; and nobody changes an invitation, but one that
 *   has ended may have another in its place;
 * - an invitation is taken out by who made it, by an admin or an owner; and by every
 *   member's commit behind which it has ended (check_invited_ends()), which has to;
 * - a ReInit carries it on as check_invited_carry() does.
 *
 * Where the group has none, the extension comes by a ReInit of an owner alone, open or not,
 * with nobody invited.
 */
const char *check_invited(struct check_invited *c);

#endif
