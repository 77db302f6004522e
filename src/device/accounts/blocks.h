/*
 * Whom the person at this device has blocked. The server is told as well, so that it
 * answers them as if there was nobody of that name; what is kept here holds whatever the
 * server does: this device shows none of their invitations, and uses no Welcome of
 * theirs.
 *
 *   `blocks`  {NAME: FINGERPRINT…}; "" where no account was known under the name
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_BLOCKS_H
#define HERMETIC_DEVICE_ACCOUNTS_BLOCKS_H

#include "device/core.h"

#include <jansson.h>

#define BLOCKS_MAX 1000

/* Blocks the account that is meant by the name here; without one, the name. Done again
 * it says who is meant now. ERR_PEER_TOO_LARGE: there are BLOCKS_MAX. */
MUST_CHECK enum err device_block(struct device *device, const char *username);
/* ERR_STATE_GONE: that name is not blocked. */
MUST_CHECK enum err device_unblock(struct device *device, const char *username);

/* Appends the record. */
MUST_CHECK enum err device_blocks(struct device *device, struct buf *json);

/* Is that member, or that account as a server names it (`fingerprint` in hexadecimal,
 * or ""), blocked? `name` (or NULL) is set to the name under which it was. Inside a
 * transaction. */
MUST_CHECK enum err blocks_member(struct device *d, struct span identity,
				  char name[DEVICE_NAME_SIZE], bool *blocked);
/* Who has added this device to that session. A person who was blocked brings it nowhere:
 * ERR_PEER_DENIED, and d->work.why. Inside a transaction. */
MUST_CHECK enum err blocks_check_adder(struct device *d, const char *session,
				       struct span identity);
bool blocks_has(const json_t *blocks, const char *username,
		const char *fingerprint);

/* For the handover: a new reference to the record; and what another device has, which
 * is added to it. Inside a transaction. */
MUST_CHECK enum err blocks_give(struct device *d, json_t **blocks);
MUST_CHECK enum err blocks_take(struct device *d, const json_t *blocks);

#endif
