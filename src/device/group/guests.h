/* Devices to be added: their claimed KeyPackages, and the algorithm that all
 * agree on by what they signed. */
#ifndef HERMETIC_DEVICE_GROUP_GUESTS_H
#define HERMETIC_DEVICE_GROUP_GUESTS_H

#include "device/group/suites.h"
#include "device/ports.h"
#include "session/negotiation.h"

struct device;

struct guest {
	struct buf identity;	    /* that of its leaves */
	bool places;		    /* it names an account */
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
 * KeyPackages of, but not this device. One that names an account is a device of
 * that user's account, by its log (device/accounts/accounts.h), or ERR_PEER_INVALID; what is
 * no KeyPackage is looked at by guests_plan(). */
MUST_CHECK enum err guests_add(struct device *d, const char *username,
			       const struct answer *answer,
			       struct guests *guests);

/* A device of that user is among them. */
bool guests_have(const struct guests *guests, struct span user);

/* All of them name accounts. */
bool guests_have_places(const struct guests *guests);

/* All that their KeyPackages list is enough for a session whose group says who is
 * invited. */
bool guests_know_invited(const struct guests *guests);

/* Drops the device at that place of the list; later ones move up. */
void guests_drop(struct guests *guests, size_t index);

/* negotiation_plan() with our offer, under our identity, and words for its
 * failures. The plan borrows from `guests`. */
MUST_CHECK enum err guests_plan(struct device *d, const struct guests *guests,
				const char *identity,
				const struct suites *offer,
				struct negotiation_plan *plan);

#endif
