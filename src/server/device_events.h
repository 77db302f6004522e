/* What a device is told beside its sessions' logs, by its open sockets. Each
 * looks at this worker's sockets only; notices bring it to the others. */
#ifndef HERMETIC_SERVER_DEVICE_EVENTS_H
#define HERMETIC_SERVER_DEVICE_EVENTS_H

#include "base/uuid.h"

/* A Welcome waits for it. */
void device_events_welcome(struct uuid device);

/* It is asked to renew the keys of some sessions. */
void device_events_rotation(struct uuid device);

/* Its KeyPackages run out. */
void device_events_key_packages(struct uuid device);

/* A device of its account waits to be approved. */
void device_events_approval(struct uuid device);

#endif
