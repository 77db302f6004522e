/* The sessions of this device, and those that its user is invited to. Only of
 * invitations is the server's word taken; they are nothing before a person
 * joins. */
#ifndef HERMETIC_REACH_DIRECTORY_H
#define HERMETIC_REACH_DIRECTORY_H

#include "reach/account.h"

#include <jansson.h>

/* A new array of {session_id, algorithm, epoch, last_seq, state, unread?, name?, due?,
 * stop?}, as device_describe() and device_unread() give them; of a session that a newer
 * version has written, or that is damaged, the id and the state "newer" or "damaged"
 * alone. `unread` stands there if it
 * is to be `counted`: that reads entries of every session. */
MUST_CHECK enum err directory_own(struct account *a, bool counted,
				  json_t **list);

/* The same, counted, and what the server tells of others: state "invited", or "added"
 * where this device is in the group and has not joined, and the `creator` while that
 * account exists; but nothing of who is blocked here. */
MUST_CHECK enum err directory_list(struct account *a, json_t **list);

/* The same after a look: sessions of ours whose log goes on, as the server says, are read
 * first. Where one cannot be read now, `behind` says how many entries more the server
 * tells of. When the server cannot be asked, the failure is returned and *list is what is
 * kept here; after any other failure it is NULL. */
MUST_CHECK enum err directory_look(struct account *a, json_t **list);

/* What waits to be joined, by whom the server says: {session_id, inviter, algorithm,
 * added, invited_at, erased?, fingerprint?}; none of who is blocked here. */
MUST_CHECK enum err directory_invitations(struct account *a, json_t **list);

/* The full id of the session that `word` means. A full id counts before all else. No name
 * counts more than another, nor than the beginning of an id: members of any session may
 * call it as they like; and what reads as a full id is no name. With `anywhere` names do not count, but sessions that the server
 * tells of do, as much as those of this device, and a full id as it is. ERR_STATE_GONE:
 * there is none; ERR_STATE_CONFLICT: several, and the reason says which. */
MUST_CHECK enum err directory_find(struct account *a, const char *word,
				   bool anywhere, char id[TEXT_UUID_SIZE]);

/* The same of all at once, which counts alike: names and ids of this device's sessions, ids
 * of those that the server tells of, and a full id as it is. */
MUST_CHECK enum err directory_find_any(struct account *a, const char *word,
				       char id[TEXT_UUID_SIZE]);

/* The same of the invitations alone. A full id of a session that this device is not in is
 * taken as it is. ERR_STATE_GONE: there is none, also of a session that this device is in,
 * to which the server tells of no invitation. */
MUST_CHECK enum err directory_find_invitation(struct account *a,
					      const char *word,
					      char id[TEXT_UUID_SIZE]);

/* What a person may call that session: its name where no other session of this device
 * has it, else the first digits of its id. Appended; a member wrote it. */
MUST_CHECK enum err directory_label(struct account *a, const char *id,
				    struct buf *label);

#endif
