/* This device's KeyPackages: a stock at the server from which others add us,
 * and their private halves here until a Welcome uses them. */
#ifndef HERMETIC_DEVICE_GROUP_PACKAGES_H
#define HERMETIC_DEVICE_GROUP_PACKAGES_H

#include "device/core.h"

/* Makes what is missing by the stock that the server says it has, and stores
 * the private halves. The KeyPackages are appended to the lists in base64: a part of
 * what is missing, so that a request has bounds. With d->work.filling, a stock that
 * is not low counts as such until it is full. Inside a transaction. */
MUST_CHECK enum err packages_make(struct device *d,
				  const struct answer_stock *stock,
				  size_t count, json_t *one_time,
				  json_t *last_resort);

/* The server has taken what packages_make() made. Where this device offered something else
 * before, it has called back what was there with the other list. Inside a transaction. */
MUST_CHECK enum err packages_published(struct device *d);

struct package {
	const struct suite *suite;
	bool last_resort;
	struct suites offer; /* what it says we offer */
	struct buf key_package;
	struct mls_key_package_secrets secrets;
	struct buf ref;
	char identity[LEAF_NAME_MAX + 1]; /* of its leaf */
};

/* The one that a Welcome (MLSMessage) is for; ERR_STATE_GONE when it is for
 * none that we still have. The caller clears it, also after a failure. */
MUST_CHECK enum err packages_find(struct device *d, struct span welcome,
				  struct package *package);
void package_clear(struct package *package);

/* After it was used: its private half goes, unless it is a last resort.
 * Inside a transaction. */
MUST_CHECK enum err packages_used(struct device *d,
				  const struct package *package);

#endif
