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
	bool seen;	  /* hermetic_shown() was told so */
	enum hermetic_comparison compared;
	const char *mark; /* for hermetic_shown() */
	/* Since 0.7. Up to which number of the log the account has it, and its person has
	 * read, as they say; 0: nothing was said. */
	uint64_t delivered, read;
};

/* As the verified log has it; refresh first for the present. */
enum hermetic_result hermetic_members(
    struct hermetic *h, const char *session,
    const struct hermetic_member *const **list, size_t *count);

/* The numbers that two people read to each other, to know that nobody is between
 * them: equal at all members. Borrowed like a list. */
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
 * hermetic_invite() adds the devices of a user who has some that can be added; these ask. */

/* The user comes in by an act of that user's own, and no device is added. *inviter, or
 * NULL: who had invited that user before, so that nothing was changed; NULL where this
 * account has. Borrowed until the next call. */
enum hermetic_result hermetic_ask(struct hermetic *h, const char *session,
				  const char *user, const char **inviter);
/* The invitation of that user is taken back. HERMETIC_GONE: there is none. */
enum hermetic_result hermetic_uninvite(struct hermetic *h, const char *session,
				       const char *user);

/* Who has signed that this account is invited. */
struct hermetic_letter {
	const char *by;
	enum hermetic_comparison compared;
};

/* Of a session of HERMETIC_INVITED: the letters that its members have given, none of
 * people who are blocked. Which of these people has made the entry in the group is
 * known when this account joins; only that one's letter counts then. */
enum hermetic_result hermetic_letters(
    struct hermetic *h, const char *session,
    const struct hermetic_letter *const **list, size_t *count);

/* ---- what its members may do, and its rules ---- */

/* "user", or "user/device". */
enum hermetic_result hermetic_remove(struct hermetic *h, const char *session,
				     const char *whom);
/* Since 0.7. What a member may do there: "owner", "admin" or "member". HERMETIC_DENIED: this
 * account may not give that role. */
enum hermetic_result hermetic_set_role(struct hermetic *h, const char *session,
				       const char *user, const char *role);
/* Since 0.7. The user is removed and kept out; and not any more. */
enum hermetic_result hermetic_ban(struct hermetic *h, const char *session,
				  const char *user);
enum hermetic_result hermetic_unban(struct hermetic *h, const char *session,
				    const char *user);
/* Since 0.7. What is said from now on is sealed by that algorithm, which every member has to
 * offer. */
enum hermetic_result hermetic_move(struct hermetic *h, const char *session,
				   const char *algorithm);
/* Since 0.7. A session of old rules names accounts from now on. `open`: whoever knows its id
 * may join. */
enum hermetic_result hermetic_upgrade(struct hermetic *h, const char *session,
				      bool open);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
