/*
 * The items of a session (session_store(), mls/items.h) in records of a device's store.
 * Some items make a page, one record each, "item/ID/NUMBER/PAGE", so that a session of
 * 1,000 members is read in some hundred records, and what changes is some hundred bytes.
 * What is on the pages is kept in memory, and an item that is put as it was changes
 * nothing. Nodes of ratchet trees, which are no secrets, stay in their page's record
 * until it is written again; anything else that is dropped is gone with the next
 * shelf_flush().
 *
 * The shelf's own record, "session/ID", has its number and a digest of the records of all
 * its pages. So the records are read as they were written together: one that is
 * lacking, or is of another moment, is found.
 */
#ifndef HERMETIC_DEVICE_GROUP_SHELF_H
#define HERMETIC_DEVICE_GROUP_SHELF_H

#include "crypto/rng.h"
#include "device/ports.h"
#include "mls/items.h"

#define SHELF_ID_MAX 48 /* characters of an id, NUL included */

struct shelf;

/* An empty one. Its number is random, so that it has none of the records of a shelf that
 * stood under that id before. */
MUST_CHECK enum err shelf_new(const char *id, const struct rng *rng,
			      struct shelf **shelf);

/* "session/ID" is that of a shelf; an earlier version wrote the bytes that session_load()
 * takes. */
bool shelf_is_record(struct span record);

/* The one of that record; nothing is read yet. ERR_PEER_MALFORMED. */
MUST_CHECK enum err shelf_open(const char *id, struct span record,
			       struct shelf **shelf);
void shelf_free(struct shelf *shelf); /* wipes; NULL is fine */

/* The port. It reads from `store`, which is borrowed until the next call, and writes
 * nothing before shelf_flush(). */
struct mls_items shelf_items(struct shelf *shelf,
			     const struct device_store *store);

/* After all has been read: what nobody has asked for is no item any more.
 * ERR_PEER_MALFORMED: the records were not written together. */
MUST_CHECK enum err shelf_is_read(struct shelf *shelf);

/* Writes what has changed, inside the store's transaction, and then appends what is to
 * stand in "session/ID" from now on: nothing where that is so already. When that fails the shelf is to be freed. */
MUST_CHECK enum err shelf_flush(struct shelf *shelf,
				const struct device_store *store,
				struct buf *record);

/* Removes all records that the shelf knows of: where it could not be read, those that it
 * came to, also one that does not open. It is to be freed then. */
MUST_CHECK enum err shelf_remove(struct shelf *shelf,
				 const struct device_store *store);

#endif
