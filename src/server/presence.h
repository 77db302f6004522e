/* Tells the database which devices are connected here, so that the rotation
 * worker knows whom it can ask. */
#ifndef HERMETIC_SERVER_PRESENCE_H
#define HERMETIC_SERVER_PRESENCE_H

#include <stdint.h>

/* Once in a worker. */
void presence_start(void);

/* A device has just come. */
void presence_arrived(const uint8_t device[16]);

#endif
