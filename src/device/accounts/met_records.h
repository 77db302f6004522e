/* The records of accounts that were met, for the files of device/accounts/met.h. */
#ifndef HERMETIC_DEVICE_ACCOUNTS_MET_RECORDS_H
#define HERMETIC_DEVICE_ACCOUNTS_MET_RECORDS_H

#include "device/accounts/met.h"

/* One without links, which is in no record. The caller frees *met, also after a failure. */
MUST_CHECK enum err met_new(struct met **met);

/* The record of the account is as `met` is. */
MUST_CHECK enum err met_save(struct device *d, const struct met *met);

/* The name means the account of that fingerprint. `other`: what is shown under the name
 * besides, or empty. */
MUST_CHECK enum err met_put_name(struct device *d, const char *username,
				 struct span fingerprint, struct span other);

/* `member` of the name's record. ERR_STATE_GONE: the name, or its member, is not there. */
MUST_CHECK enum err met_get_name(struct device *d, const char *username,
				 const char *member,
				 uint8_t fingerprint[ACCOUNT_HASH]);

#endif
