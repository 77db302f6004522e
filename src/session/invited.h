/* Who is invited into a session: what its group says of it (wire/invited.h), and what a
 * commit makes of that. */
#ifndef HERMETIC_SESSION_INVITED_H
#define HERMETIC_SESSION_INVITED_H

#include "check/invited.h"
#include "mls/group.h"

struct session;

/* Of the group. ERR_PEER_MALFORMED. Borrowed until the group goes on. */
MUST_CHECK enum err session_invited(const struct session *session,
				    struct invited *invited);

/* Of a GroupInfo (MLSMessage): somebody of that user who has no leaf there may come in
 * from outside. Where the group says nothing of invitations that is so for everybody.
 * ERR_PEER_MALFORMED. */
MUST_CHECK enum err session_info_invites(struct span group_info,
					 struct span user, bool *invites);

/* That user's invitation there. *invited false: the group has none, or is open. Borrowed
 * from `group_info`. ERR_PEER_MALFORMED. */
MUST_CHECK enum err session_info_invitation(struct span group_info,
					    struct span user,
					    struct invitation *one,
					    bool *invited);

/* For negotiation_plan.extensions, before session_create(): whether anybody may come
 * in. */
MUST_CHECK enum err session_put_policy(bool open, struct buf *extensions);

/* For mls_change.extensions: `extensions`, or where it is empty the group's, with an
 * invitation of the user in this device's name, which is good for
 * CHECK_INVITED_EPOCHS; or without that user's invitation. Without those that end by the
 * next commit, whatever it is. As invited_put_with(). */
MUST_CHECK enum err session_put_invitation(const struct session *session,
					   struct span user, bool invited,
					   struct buf *extensions);

/* How many invitations in this device's name stand behind such a commit with those
 * extensions. ERR_PEER_MALFORMED. */
MUST_CHECK enum err session_count_invitations(const struct session *session,
					      struct span extensions,
					      size_t *count);

/* Whom a commit that is received invites, and from whom it takes an invitation back
 * that has not ended. Lists that do not decode give nobody. */
MUST_CHECK enum err session_tell_invited(
    const struct session *session, const struct mls_staged *staged,
    enum err (*tell)(void *context, struct span user, bool invited),
    void *context);

/* The extensions of a commit, without the invitations that end by it. *changed: there
 * are some, and `out` is filled. */
MUST_CHECK enum err invited_plan_commit(const struct session *session,
					const struct mls_change *change,
					struct span extensions, struct buf *out,
					bool *changed);

/* Appends the extension as a ReInit of now carries it on; nothing where the group has
 * none. */
MUST_CHECK enum err invited_put_carried(const struct session *session,
					struct buf *extensions);

#endif
