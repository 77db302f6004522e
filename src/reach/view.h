/* What the device knows, as JSON. Only view_refresh() and view_send() ask the server. */
#ifndef HERMETIC_REACH_VIEW_H
#define HERMETIC_REACH_VIEW_H

#include "reach/account.h"

#include <jansson.h>

/* ORDER_REFRESH, for somebody who wants to look: that something waits to be
 * sent, for the person or for new keys, is no failure of it. */
MUST_CHECK enum err view_refresh(struct account *a, const char *id);

/* drive_order() of an ORDER_SEND. Where not all members read what it says, or what it is
 * about is not here, the session is asked anew before that is told. */
MUST_CHECK enum err view_send(struct account *a, const struct order *order,
			      const struct outcome **outcome);

/* New references. device_describe(), device_entry(), device_outbox(),
 * device_names(), device_sessions() and device_key_changes() have the members. */
MUST_CHECK enum err view_session(struct account *a, const char *id,
				 json_t **session);
MUST_CHECK enum err view_entry(struct account *a, const char *id, uint64_t seq,
			       json_t **entry);
MUST_CHECK enum err view_outbox(struct account *a, const char *id,
				json_t **items);
MUST_CHECK enum err view_names(struct account *a, json_t **names);
MUST_CHECK enum err view_sessions(struct account *a, json_t **ids);
MUST_CHECK enum err view_key_changes(struct account *a, const char *user,
				     json_t **changes);

/* NULL where nothing is kept of that account. */
MUST_CHECK enum err view_person(struct account *a, const char *user,
				json_t **person);

/* The account of that name is known to be closed: then the server may know the name no
 * more. */
bool view_is_closed(struct account *a, const char *user);

/* Does that row of view_outbox() wait to be sent? */
bool view_item_waits(const json_t *item);
/* Adds the ids of the sessions where something waits to the object `ids`. */
MUST_CHECK enum err view_waiting(struct account *a, const char *id,
				 json_t *ids);

#endif
