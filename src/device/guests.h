/* Devices to be added: their claimed KeyPackages, and the algorithm that all
 * agree on by what they signed. */
#ifndef HERMETIC_DEVICE_GUESTS_H
#define HERMETIC_DEVICE_GUESTS_H

#include "device/ports.h"
#include "device/suites.h"
#include "session/negotiation.h"

struct device;

struct guest {
	struct buf identity;	    /* name/device */
	struct buf *packages;	    /* owned array */
	struct span *package_spans; /* of the same */
	size_t count;
};

struct guests {
	struct guest *list; /* owned array */
	size_t count;
};

void guests_clear(struct guests *guests);

/* Appends the devices of `username` that an answer to REQUEST_CLAIM has
 * KeyPackages of, but not this device. */
MUST_CHECK enum err guests_add(const struct device *d, const char *username,
			       const struct answer *answer,
			       struct guests *guests);

/* Drops the device at that place of the list; later ones move up. */
void guests_drop(struct guests *guests, size_t index);

/* negotiation_plan() with our offer, and words for its failures. The plan
 * borrows from `guests`. */
MUST_CHECK enum err guests_plan(struct device *d, const struct guests *guests,
				const struct suites *offer,
				struct negotiation_plan *plan);

#endif
