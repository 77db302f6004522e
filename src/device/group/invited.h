/* Inviting somebody to come in, and taking that back: what the person orders becomes a
 * change, and a change becomes the group's extensions (wire/invited.h). */
#ifndef HERMETIC_DEVICE_GROUP_INVITED_H
#define HERMETIC_DEVICE_GROUP_INVITED_H

#include "device/group/change.h"

/* Such a session says in its group who may come in. */
bool invited_is_kept(const struct device *d);

/* Appends the account that is meant by the name, as leaves name it, with a NUL.
 * ERR_STATE_GONE, and d->work.why: it has no log. */
MUST_CHECK enum err invited_user(struct device *d, const char *name,
				 struct buf *user);

/* That user is invited, and the invitation goes on behind another commit: one whose last
 * epoch is the present one has to be renewed. */
bool invited_stands(const struct device *d, struct span user);
/* The same: who has made the invitation, as leaves name users; otherwise empty. Borrowed
 * until the group goes on. */
struct span invited_by(const struct device *d, struct span user);

/* ORDER_INVITE of somebody of whom no device is added, and ORDER_UNINVITE: begins the
 * change, where one is needed. d->work.why says what forbids it. */
MUST_CHECK enum err invited_plan(struct device *d);
MUST_CHECK enum err invited_plan_back(struct device *d);

/* So many invitations in this person's name are too many for a session, and d->work.why
 * says so: ERR_PEER_TOO_LARGE. */
MUST_CHECK enum err invited_check_room(struct device *d, size_t count);

/* Of a change's [{user, invited}…]: puts the list as it will be into `extensions`, as
 * session_put_invitation() does. Nothing is put in for whom is in by now. */
MUST_CHECK enum err invited_stage(struct device *d, const json_t *list,
				  struct buf *extensions);

/* The session lets this device's account in by nobody's invitation, as its verified
 * GroupInfo says: the order ends, and *out. */
MUST_CHECK enum err invited_bar(struct device *d, struct span group_info,
				const char *identity, bool *out);

/* Adds `invited: [name…]` to a session's description, where somebody is. */
MUST_CHECK enum err invited_describe(struct device *d, json_t *made);

#endif
