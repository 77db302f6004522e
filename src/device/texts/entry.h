/*
 * What is kept of an entry of the log, a JSON object (docs/state.md):
 *
 *   {kind, seq, epoch, from, device, sent_at?, text?, own?, added?, removed?,
 *    roles?, banned?, unbanned?, invited?, uninvited?, marks?, algorithm?, heir?, reason?, id?, reply_to?, of?, again?,
 *    fallback?, expires_at?, expired?, delivered?, read?}
 */
#ifndef HERMETIC_DEVICE_TEXTS_ENTRY_H
#define HERMETIC_DEVICE_TEXTS_ENTRY_H

#include "device/core.h"

/* Whom a commit adds and removes: arrays of identities, NULL for none; whose
 * role it changes: {user, role} each; which users it bans, or takes a ban back from, invites, or takes an
 * invitation back from; and the marks (people.h) of all who come in
 * by it. */
struct entry_people {
	json_t *added, *removed, *roles, *banned, *unbanned, *invited,
	    *uninvited, *marks; /* owned */
};

/* Reads them from a commit that is received, for session_set_look(); `people` is
 * a struct entry_people of zeros. */
MUST_CHECK enum err entry_people_look(void *people,
				      const struct session *session,
				      const struct mls_staged *staged);
void entry_people_clear(struct entry_people *people);

/* Keeps what an event says, and tells EVENT_ENTRY. A name that the message
 * gives to the session is noted. */
MUST_CHECK enum err entry_keep(struct device *d,
			       const struct session_event *event,
			       const struct entry_people *people);

/* Keeps an item of our own outbox that stands at `seq`. */
MUST_CHECK enum err entry_keep_own(struct device *d,
				   const struct session_sent *sent,
				   uint64_t seq);

#endif
