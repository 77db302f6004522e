/*
 * Whose leaf an identity names. In sessions with places it is the text
 * FINGERPRINT/NUMBER (wire/places.h), of which the database knows the device; in
 * those of the rules before it is username/device_id.
 */
#ifndef HERMETIC_SERVER_LEAF_NAMES_H
#define HERMETIC_SERVER_LEAF_NAMES_H

#include "server/tokens.h"
#include "store/params.h"
#include "wire/places.h"

#define LEAF_USERNAME 33 /* a user name: 32 characters and a NUL */

struct leaf_name {
	bool of_account;
	struct digest fingerprint; /* of_account only */
	uint64_t number;
	struct uuid device;	      /* of_account: once it was found */
	char username[LEAF_USERNAME]; /* the same; empty before */
};

/* False: it is neither of the two. */
bool leaf_name_read(struct leaf_name *name, struct span identity);

/* Is it that device? One of an account has to be found first. */
bool leaf_name_is(const struct leaf_name *name, const struct identity *who);

/* Finds the devices of those of accounts, where there are any; done() is called
 * once, perhaps at once. One that is not there, that waits or was removed, keeps an
 * empty user name. Borrowed until then. */
void leaf_names_find(struct leaf_name *names, size_t count,
		     void (*done)(void *arg, enum err e), void *arg);

/* All of them were found. */
bool leaf_names_found(const struct leaf_name *names, size_t count);

/* Two arrays of parameters: their devices, and their user names. */
void leaf_names_put(const struct leaf_name *names, size_t count,
		    struct params *params);

#endif
