/*
 * libhermetic: more ways to look at the sessions of a device. Part of hermetic/hermetic.h,
 * which says what holds of all these functions.
 */
#ifndef HERMETIC_HERMETIC_LISTS_H
#define HERMETIC_HERMETIC_LISTS_H

#include "hermetic/hermetic.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Since 0.8. Reads what is new in each session of which the server says that its log goes on.
 * hermetic_json(): the rows of hermetic_sessions() with `invitations`; where a session could
 * not be read, `behind` says how many entries more the server tells of. After
 * HERMETIC_UNREACHABLE the rows are those that are kept here. */
enum hermetic_result hermetic_look(struct hermetic *h);

/* Since 0.8. */
struct hermetic_invitation {
	const char *session, *algorithm;
	const char
	    *inviter; /* who has invited, says the server; NULL: an account
			      * that does not exist any more */
	bool added;   /* this device was added, and has not joined */
};

/* Since 0.8. None of people who are blocked. hermetic_json(): [{session_id, inviter,
 * algorithm, added, invited_at, signed?, letters?: [{by, compared}…]…}…]; the letters are
 * those of hermetic_letters(). */
enum hermetic_result hermetic_invitations(
    struct hermetic *h, const struct hermetic_invitation *const **list,
    size_t *count);

/* Since 0.8. What a person may call each session of this device: its name where no other one
 * has it, else the first digits of its id. Members write names. */
struct hermetic_label {
	const char *session, *label;
};
enum hermetic_result hermetic_labels(struct hermetic *h,
				     const struct hermetic_label *const **list,
				     size_t *count);
/* The same of one session; borrowed until the next call of this function. */
enum hermetic_result hermetic_label(struct hermetic *h, const char *session,
				    const char **label);

/* Since 0.8. The numbers of the first and of the last entry that are kept here; 0: none. */
enum hermetic_result hermetic_kept(struct hermetic *h, const char *session,
				   uint64_t *first, uint64_t *last);

/* Since 0.8. The person was shown the entries from number `from` to `to`: they count as read
 * where nothing that is not read was passed over before them. */
enum hermetic_result hermetic_read_part(struct hermetic *h, const char *session,
					uint64_t from, uint64_t to);

/* Since 0.8. *read: up to which number the person has read. *count: texts of others behind
 * that, and before number `before` (0: all of them); HERMETIC_UNREAD_MAX at most. */
#define HERMETIC_UNREAD_MAX 1000
enum hermetic_result hermetic_unread(struct hermetic *h, const char *session,
				     uint64_t before, uint64_t *read,
				     uint64_t *count);

/* Since 0.8. Writes the receipt that is due in that session, where the person wants receipts:
 * for a handle that does not listen. That it could not be written is no failure. */
enum hermetic_result hermetic_give_receipt(struct hermetic *h,
					   const char *session);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
