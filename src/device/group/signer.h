/* This device as MLS sees it, for one suite: its identity, its signature key,
 * and the suites that it says it offers. */
#ifndef HERMETIC_DEVICE_GROUP_SIGNER_H
#define HERMETIC_DEVICE_GROUP_SIGNER_H

#include "device/core.h"

/* How long a KeyPackage of ours is good for, in seconds. */
#define SIGNER_LIFETIME (90u * 86400u)

/* `me` points into the signer and the device: do not copy or move it. */
struct signer {
	struct mls_identity me;
	struct sec private_key;
	struct buf public_key;
	struct suites offer;
};

/* The signature key pair of a scheme is made when it is first needed. Inside
 * a transaction. The caller clears the signer, also after a failure. */
MUST_CHECK enum err signer_init(struct signer *signer, struct device *d,
				const struct suite *suite,
				const struct suites *offer);
void signer_clear(struct signer *signer);

/* It signs under another identity than username/device_id; borrowed. */
void signer_name(struct signer *signer, const char *identity);

/* For the session that is loaded, with what it was told that we offer. */
MUST_CHECK enum err signer_of_session(struct signer *signer, struct device *d);

#endif
