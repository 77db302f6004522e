/*
 * libhermetic: the people of a session. These functions list its members, say which of them
 * the person has not been shown yet, invite others, and set what each member may do. Part of
 * hermetic/hermetic.h, which says what holds of all these functions.
 */
#ifndef HERMETIC_HERMETIC_MEMBERS_H
#define HERMETIC_HERMETIC_MEMBERS_H

#include "hermetic/hermetic.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- the members of a session ---- */

struct hermetic_member {
	const char *username, *device;
	const char *role; /* "member", "admin", "owner" … */
	bool own;	  /* this device */
	bool seen;	  /* the person was shown it: hermetic_shown() */
	enum hermetic_comparison compared;
	const char *mark; /* for hermetic_shown() */
	/* Since 0.7. The numbers of the last entry that the account has received, and of the
	 * last one that its person has read, as its receipts say; 0: there was no receipt. */
	uint64_t delivered, read;
};

/* The members by the verified log as far as it is kept here: hermetic_refresh() first gives the
 * present ones. */
enum hermetic_result hermetic_members(
    struct hermetic *h, const char *session,
    const struct hermetic_member *const **list, size_t *count);

/* The digits that two people read to each other to know that nobody is between
 * them: they are the same at all members. Borrowed like a list. */
enum hermetic_result hermetic_safety_number(struct hermetic *h,
					    const char *session,
					    const char **digits);

/* The program has shown its person the members with these marks, so the library may seal
 * for them what is said from now on. It seals nothing for a member who came in later,
 * unless the sender says so (struct hermetic_saying). hermetic_flush() sends what was said
 * before and waits until a person has looked. */
enum hermetic_result hermetic_shown(struct hermetic *h, const char *session,
				    const char *const *marks, size_t count);

/* ---- who is asked to come ----
 *
 * hermetic_invite() adds a user's devices at once, if some can be added. The functions of this
 * part add none: the user decides. */

/* Invites the user, who may join then. *inviter, if `inviter` is not NULL: who had invited that
 * user before, in which case nothing was changed; NULL if it is this account now. Borrowed
 * until the next call. */
enum hermetic_result hermetic_ask(struct hermetic *h, const char *session,
				  const char *user, const char **inviter);
/* Takes the invitation of that user back. HERMETIC_GONE: there is none. */
enum hermetic_result hermetic_uninvite(struct hermetic *h, const char *session,
				       const char *user);

/* Somebody who has signed that this account is invited. */
struct hermetic_letter {
	const char *by;
	enum hermetic_comparison compared;
};

/* For a session of HERMETIC_INVITED: the letters of its members, without those of people who
 * are blocked. When this account joins, the group shows which of these people has invited it,
 * and only that one's letter counts then. */
enum hermetic_result hermetic_letters(
    struct hermetic *h, const char *session,
    const struct hermetic_letter *const **list, size_t *count);

/* ---- what its members may do, and its rules ---- */

/* Removes a user with all devices, "user", or one device, "user/device". */
enum hermetic_result hermetic_remove(struct hermetic *h, const char *session,
				     const char *whom);
/* Since 0.7. Gives the user a role: "owner", "admin" or "member". HERMETIC_DENIED: this
 * account may not give that role. */
enum hermetic_result hermetic_set_role(struct hermetic *h, const char *session,
				       const char *user, const char *role);
/* Since 0.7. hermetic_ban() removes the user, who cannot join again until hermetic_unban(). */
enum hermetic_result hermetic_ban(struct hermetic *h, const char *session,
				  const char *user);
enum hermetic_result hermetic_unban(struct hermetic *h, const char *session,
				    const char *user);
/* Since 0.7. Moves the session to another algorithm, which every member has to offer: what is
 * said from now on is sealed by that one. */
enum hermetic_result hermetic_move(struct hermetic *h, const char *session,
				   const char *algorithm);
/* Since 0.7. Brings a session that was made by old rules, which named devices alone, to those of
 * today, which name accounts. `open`: anybody who knows its id may join. */
enum hermetic_result hermetic_upgrade(struct hermetic *h, const char *session,
				      bool open);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
