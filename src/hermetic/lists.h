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

/* Since 0.8. Reads each session that has new entries, as the server says.
 * hermetic_json(): the rows of hermetic_sessions() with `invitations`; in the row of a session
 * that could not be read, `behind` is how many more entries the server tells of. After
 * HERMETIC_UNREACHABLE the rows have what is kept here. */
enum hermetic_result hermetic_look(struct hermetic *h);

/* Since 0.8. */
struct hermetic_invitation {
	const char *session, *algorithm;
	const char
	    *inviter; /* who has invited, says the server; NULL: an account
			      * that does not exist any more */
	bool added;   /* this device was added, and has not joined */
};

/* Since 0.8. The invitations, without those of people who are blocked. hermetic_json(): [{session_id, inviter,
 * algorithm, added, invited_at, signed?, letters?: [{by, compared}…]…}…]; the letters are
 * those of hermetic_letters(). */
enum hermetic_result hermetic_invitations(
    struct hermetic *h, const struct hermetic_invitation *const **list,
    size_t *count);

/* Since 0.8. What a person may call each session of this device: its name if no other session
 * has that name, else the first digits of its id. Members choose the names. */
struct hermetic_label {
	const char *session, *label;
};
enum hermetic_result hermetic_labels(struct hermetic *h,
				     const struct hermetic_label *const **list,
				     size_t *count);
/* The label of one session; borrowed until the next call of this function. */
enum hermetic_result hermetic_label(struct hermetic *h, const char *session,
				    const char **label);

/* Since 0.8. The numbers of the first and of the last entry that are kept here; 0: none. */
enum hermetic_result hermetic_kept(struct hermetic *h, const char *session,
				   uint64_t *first, uint64_t *last);

/* Since 0.8. The person was shown the entries from number `from` to `to`. They count as read,
 * unless a text that is not read stands before them. */
enum hermetic_result hermetic_read_part(struct hermetic *h, const char *session,
					uint64_t from, uint64_t to);

/* Since 0.8. *read: the number up to which the person has read. *count: how many texts of others
 * come after it and before number `before` (0: to the end); HERMETIC_UNREAD_MAX at most. */
#define HERMETIC_UNREAD_MAX 1000
enum hermetic_result hermetic_unread(struct hermetic *h, const char *session,
				     uint64_t before, uint64_t *read,
				     uint64_t *count);

/* Since 0.8. Writes the receipt that is due in that session, if the person wants receipts. It is
 * for a handle that does not listen. A receipt that could not be written is no failure. */
enum hermetic_result hermetic_give_receipt(struct hermetic *h,
					   const char *session);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
