/* What the device knows of a session, as JSON, and what of it a person has
 * seen. Only view_refresh() asks the server. */
#ifndef HERMETIC_COMMAND_VIEW_H
#define HERMETIC_COMMAND_VIEW_H

#include "reach/account.h"

#include <jansson.h>

/* ORDER_REFRESH, for somebody who wants to look: that something waits to be
 * sent, for the person or for new keys, is no failure of it. */
MUST_CHECK enum err view_refresh(struct account *a, const char *id);

/* New references. device_describe(), device_entry(), device_outbox(),
 * device_sessions() and device_key_changes() have the members. */
MUST_CHECK enum err view_session(struct account *a, const char *id,
				 json_t **session);
MUST_CHECK enum err view_entry(struct account *a, const char *id, uint64_t seq,
			       json_t **entry);
MUST_CHECK enum err view_outbox(struct account *a, const char *id,
				json_t **items);
MUST_CHECK enum err view_sessions(struct account *a, json_t **ids);
MUST_CHECK enum err view_key_changes(struct account *a, const char *user,
				     json_t **changes);

/* NULL where nothing is kept of that account. */
MUST_CHECK enum err view_person(struct account *a, const char *user,
				json_t **person);

/* Does that row of view_outbox() wait to be sent? */
bool view_item_waits(const json_t *item);
/* Adds the ids of the sessions where something waits to the object `ids`. */
MUST_CHECK enum err view_waiting(struct account *a, const char *id,
				 json_t *ids);

/* Notes the marks of whoever came in by a printed entry, as members of the
 * object `printed`. */
void view_note_printed(const json_t *entry, json_t *printed);

/*
 * Entries were printed, and `printed` has the marks that they named: these
 * members count as seen. Members who are new and were not printed are printed
 * now; with `json` nothing is printed, and they stay unseen. Nobody counts as
 * seen when printing failed.
 */
MUST_CHECK enum err view_shown(struct account *a, const char *id,
			       const json_t *printed, bool json);

/* The members of `session`, which view_session() gave, were printed. */
MUST_CHECK enum err view_members_shown(struct account *a, const char *id,
				       const json_t *session);

#endif
