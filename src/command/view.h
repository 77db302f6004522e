/* What the device knows of a session, as JSON, and what of it a person has
 * seen. Only view_refresh() asks the server. */
#ifndef HERMETIC_COMMAND_VIEW_H
#define HERMETIC_COMMAND_VIEW_H

#include "reach/account.h"

#include <jansson.h>

/* ORDER_REFRESH, for somebody who wants to look: that something waits to be
 * sent, for the person or for new keys, is no failure of it. */
MUST_CHECK enum err view_refresh(struct account *a, const char *id);

/* New references. device_describe(), device_entry(), device_outbox() and
 * device_sessions() have the members. */
MUST_CHECK enum err view_session(struct account *a, const char *id,
				 json_t **session);
MUST_CHECK enum err view_entry(struct account *a, const char *id, uint64_t seq,
			       json_t **entry);
MUST_CHECK enum err view_outbox(struct account *a, const char *id,
				json_t **items);
MUST_CHECK enum err view_sessions(struct account *a, json_t **ids);

/* Does that row of view_outbox() wait to be sent? */
bool view_item_waits(const json_t *item);
/* Adds the ids of the sessions where something waits to the object `ids`. */
MUST_CHECK enum err view_waiting(struct account *a, const char *id,
				 json_t *ids);

/* Notes the devices that a printed entry names as come in, as members of the
 * object `printed`. */
void view_note_printed(const json_t *entry, json_t *printed);

/*
 * Entries were printed, and `printed` names the devices that they named. When
 * nobody else has come in since the person looked last, everybody counts as
 * seen. Otherwise the others are printed first; with `json` nothing is printed
 * and they stay unseen.
 */
MUST_CHECK enum err view_shown(struct account *a, const char *id,
			       const json_t *printed, bool json);

/* Everybody was printed. Does nothing when printing failed. */
MUST_CHECK enum err view_all_shown(struct account *a, const char *id);

/* The same, if only devices of `user` are new: nobody else was printed. */
MUST_CHECK enum err view_user_shown(struct account *a, const char *id,
				    const char *user);

#endif
