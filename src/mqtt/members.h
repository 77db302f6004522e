/* Who is in which session, in memory: as of an epoch of each. */
#ifndef HERMETIC_MQTT_MEMBERS_H
#define HERMETIC_MQTT_MEMBERS_H

#include <stdbool.h>

#include "base/uuid.h"

struct members;

MUST_CHECK enum err members_new(struct members **out);
void members_free(struct members *m);

/* Is this device in that session, as far as is known? */
bool members_have(const struct members *m, struct uuid session,
		  struct uuid device);

/* The epoch that is known of a session; -1: nothing is. */
int64_t members_epoch(const struct members *m, struct uuid session);

/* From now on these are the devices of that session, in any order. On failure
 * it has none. */
MUST_CHECK enum err members_set(struct members *m, struct uuid session,
				int64_t epoch, const struct uuid *devices,
				size_t count);

#endif
