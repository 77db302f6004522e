/* What a device knows, as JSON: new references, and nothing is asked of a server. The
 * members are those of device_describe(), device_entry() and so on (device/device.h). A
 * reason is set in `why` where a person can do something about it. */
#ifndef HERMETIC_REACH_LOOK_H
#define HERMETIC_REACH_LOOK_H

#include "device/device.h"

#include <jansson.h>

MUST_CHECK enum err look_sessions(struct device *device, json_t **ids);
MUST_CHECK enum err look_names(struct device *device, json_t **names);
MUST_CHECK enum err look_session(struct device *device, const char *id,
				 struct why *why, json_t **session);
MUST_CHECK enum err look_entry(struct device *device, const char *id,
			       uint64_t seq, struct why *why, json_t **entry);

MUST_CHECK enum err look_outbox(struct device *device, const char *id,
				struct why *why, json_t **items);
MUST_CHECK enum err look_key_changes(struct device *device, const char *user,
				     struct why *why, json_t **changes);
/* NULL where nothing is kept of that account. */
MUST_CHECK enum err look_person(struct device *device, const char *user,
				json_t **person);

/* device_accept(), with a reason where the server has shown yet another account. */
MUST_CHECK enum err look_accept(struct device *device, const char *user,
				const char *fingerprint, struct why *why);

/* New array of the ids of those sessions of which this device is a member. What cannot be
 * read is none. */
MUST_CHECK enum err look_memberships(struct device *device, json_t **ids);

/* Whether this device is in that session, as far as it can be read. */
bool look_is_member(struct device *device, const char *id);

/* By which files of the session are sealed. */
MUST_CHECK enum err look_suite(struct device *device, const char *id,
			       struct why *why, const struct suite **suite);

/* The session that a person means by `word`: the beginning of its id or, with `names`,
 * its name. ERR_STATE_GONE, ERR_STATE_CONFLICT: none, or several. */
MUST_CHECK enum err look_find(struct device *device, const char *word,
			      bool names, struct why *why,
			      char id[TEXT_UUID_SIZE]);

/* The same in a list of rows with `session_id`. */
MUST_CHECK enum err look_only(const json_t *found, const char *word,
			      struct why *why, char id[TEXT_UUID_SIZE]);

/* What came of an ORDER_REFRESH, for somebody who wants to look: that something waits to be
 * sent, for the person or for new keys, is no failure of it, and no reason is left. */
MUST_CHECK enum err look_forgives(struct why *why, enum err e);

#endif
