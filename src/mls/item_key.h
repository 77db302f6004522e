/* How items are named, and what group_items.c, which writes them, and
 * group_restore.c, which reads them, both need. The keys:
 *
 *   h                 the head: which epochs there are, PSKs, what is staged
 *   e EPOCH           an epoch: its context, the root of its tree, its secrets
 *   e EPOCH p         the proposals that wait in it
 *   e EPOCH s NODE    of its secret tree (mls/secret_tree.h)
 *   n ID              a node of the ratchet trees (mls/tree_items.h)
 *
 * Numbers are big-endian, of 8 bytes, NODE of 4. */
#ifndef HERMETIC_MLS_ITEM_KEY_H
#define HERMETIC_MLS_ITEM_KEY_H

#include "mls/group_internal.h"
#include "mls/items.h"
#include "mls/tree_items.h"

struct item_key {
	uint8_t b[MLS_ITEM_KEY_MAX];
	size_t n;
};

struct item_key item_key_of(char kind);
struct item_key item_key_numbered(char kind, uint64_t number);
struct item_key item_key_part(const struct mls_epoch *epoch, char part);
struct span item_key_span(const struct item_key *key);

/* What the head begins with, and its flags. */
extern const uint8_t item_magic[5];
enum item_flag {
	ITEM_OWN = 1,
	ITEM_REMOVAL = 2,
	ITEM_REMOVED = 4,
	ITEM_STAGED = 8,
	ITEM_STORY = 16
};

/* An epoch's secret tree in the store; borrows. */
struct item_messages {
	const struct mls_items *items;
	const struct mls_epoch *epoch;
};
struct secret_tree_items item_secrets(struct item_messages *messages);

/* The trees' nodes in the store; borrows. */
struct tree_items item_nodes(const struct mls_items *items, uint64_t next_id,
			     uint32_t sweep);
/* From the smallest. */
void item_sort(uint64_t *ids, size_t count);

/* All epochs: the current one, the staged one, past ones from the newest; and
 * the ids of their roots, 0 where there is no epoch. */
size_t item_epochs(const struct mls_group *group,
		   struct mls_epoch *epochs[GROUP_TREES]);
void item_roots(struct mls_epoch *const *epochs, size_t count,
		uint64_t roots[GROUP_TREES]);

#endif
