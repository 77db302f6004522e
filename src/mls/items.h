/*
 * A group's state item by item: what a call changed is what is written. A message
 * that is sent or read changes one item of some hundred bytes, a commit some more
 * for each level of the tree; mls_group_save() writes the whole.
 *
 * The application keeps the items of a group in a store of its own: rows, files, a
 * database of a browser. A value is secret: it is sealed, and bound to its group
 * and its key. All that one mls_group_store() gives is one change of the store: it
 * takes effect as a whole or not at all, and before the message leaves that was
 * made. What is overwritten or dropped must be gone: forward secrecy is nothing
 * else. Items of two moments must not be mixed: a key that was used would be used
 * again.
 */
#ifndef HERMETIC_MLS_ITEMS_H
#define HERMETIC_MLS_ITEMS_H

#include "mls/group.h"

#define MLS_ITEM_KEY_MAX 14 /* bytes */

/* The callbacks get `context`; what one answers other than ERR_OK is what the call
 * answers. All that they are given is borrowed for the call. */
struct mls_items {
	/* In the place of the item of that key, if there is one. */
	enum err (*put)(void *context, struct span key, struct span value);
	/* All items whose keys begin with `prefix`; empty: all of the group. */
	enum err (*drop)(void *context, struct span prefix);
	/* Appends the value; ERR_STATE_GONE: there is no such item. */
	enum err (*get)(void *context, struct span key, struct buf *value);
	void *context;
};

/* Puts and drops, in this order of the calls, what has changed since the last
 * time; the first time, and the first time after a failure, everything. */
MUST_CHECK enum err mls_group_store(struct mls_group *group,
				    const struct mls_items *items);

/* What the last mls_group_store() gave is not stored after all: the next one
 * gives everything. */
void mls_group_store_again(struct mls_group *group);

/* mls_group_load() of items. ERR_PEER_MALFORMED, ERR_PEER_UNSUPPORTED. */
MUST_CHECK enum err mls_group_restore(const struct mls_items *items,
				      struct mls_group **group);

#endif
