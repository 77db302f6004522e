/*
 * The items of a session (session_store(), mls/items.h) in records of a device's store.
 * Some items make a page, one record each, "item/ID/NUMBER/PAGE", so that a session of
 * 1,000 members is read in some hundred records, and what changes is some hundred bytes.
 * What is on the pages is kept in memory, and an item that is put as it was changes
 * nothing. Nodes of ratchet trees, which are no secrets, stay in their page's record
 * until it is written again; anything else that is dropped is gone with the next
 * shelf_flush().
 */
#ifndef HERMETIC_DEVICE_SHELF_H
#define HERMETIC_DEVICE_SHELF_H

#include "device/ports.h"
#include "mls/items.h"

#define SHELF_ID_MAX 48 /* characters of an id, NUL included */

struct shelf;

/* Nothing is read yet. `number` tells the shelves apart that have stood under one id:
 * records of another number are none of this one's. */
MUST_CHECK enum err shelf_new(const char *id, uint32_t number,
			      struct shelf **shelf);
void shelf_free(struct shelf *shelf); /* wipes; NULL is fine */

uint32_t shelf_number(const struct shelf *shelf);

/* The port. It reads from `store`, which is borrowed until the next call, and writes
 * nothing before shelf_flush(). */
struct mls_items shelf_items(struct shelf *shelf,
			     const struct device_store *store);

/* After all has been read: what nobody has asked for is no item any more. */
MUST_CHECK enum err shelf_is_read(struct shelf *shelf);

/* Writes what has changed, inside the store's transaction. When that fails the shelf is
 * to be freed. */
MUST_CHECK enum err shelf_flush(struct shelf *shelf,
				const struct device_store *store);

#endif
