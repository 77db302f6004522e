#include "mls/item_key.h"

#include <stdlib.h>
#include <string.h>

const uint8_t item_magic[5] = { 'H', 'M', 'L', 'I', 1 };

/* ---- keys ---- */

static void put_number(struct item_key *key, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		key->b[key->n++] = (uint8_t)(number >> 8 * (size - 1 - i));
}

struct item_key item_key_of(char kind)
{
	return (struct item_key){ .b = { (uint8_t)kind }, .n = 1 };
}

struct item_key item_key_numbered(char kind, uint64_t number)
{
	struct item_key key = item_key_of(kind);

	put_number(&key, number, 8);
	return key;
}

struct item_key item_key_part(const struct mls_epoch *epoch, char part)
{
	struct item_key key = item_key_numbered('e', epoch->context.epoch);

	key.b[key.n++] = (uint8_t)part;
	return key;
}

struct span item_key_span(const struct item_key *key)
{
	return span_of(key->b, key->n);
}

/* ---- messages ---- */

static struct item_key secret_key(const struct item_messages *m, uint32_t node)
{
	struct item_key key = item_key_part(m->epoch, 's');

	put_number(&key, node, 4);
	return key;
}

static enum err put_secret(void *context, uint32_t node, struct span value)
{
	const struct item_messages *m = context;
	struct item_key key = secret_key(m, node);

	return m->items->put(m->items->context, item_key_span(&key), value);
}

static enum err drop_secret(void *context, uint32_t node)
{
	const struct item_messages *m = context;
	struct item_key key = secret_key(m, node);

	return m->items->drop(m->items->context, item_key_span(&key));
}

static enum err get_secret(void *context, uint32_t node, struct buf *value)
{
	const struct item_messages *m = context;
	struct item_key key = secret_key(m, node);

	return m->items->get(m->items->context, item_key_span(&key), value);
}

struct secret_tree_items item_secrets(struct item_messages *m)
{
	return (struct secret_tree_items){ put_secret, drop_secret, get_secret,
					   m };
}

/* ---- nodes ---- */

static enum err put_node(void *context, uint64_t id, struct span value)
{
	const struct mls_items *items = context;
	struct item_key key = item_key_numbered('n', id);

	return items->put(items->context, item_key_span(&key), value);
}

static enum err get_node(void *context, uint64_t id, struct buf *value)
{
	const struct mls_items *items = context;
	struct item_key key = item_key_numbered('n', id);

	return items->get(items->context, item_key_span(&key), value);
}

struct tree_items item_nodes(const struct mls_items *items, uint64_t next_id,
			     uint32_t sweep)
{
	return (struct tree_items){
		.put = put_node,
		.get = get_node,
		.context = (void *)(uintptr_t)items,
		.next_id = next_id,
		.sweep = sweep,
	};
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

void item_sort(uint64_t *ids, size_t count)
{
	if (count > 0)
		qsort(ids, count, sizeof(*ids), compare);
}

/* ---- epochs ---- */

size_t item_epochs(const struct mls_group *group,
		   struct mls_epoch *epochs[GROUP_TREES])
{
	size_t count = 0;

	epochs[count++] = group->now;
	if (group->staged != NULL)
		epochs[count++] = group->staged;
	for (size_t i = 0; i < GROUP_PAST_EPOCHS && group->past[i] != NULL; i++)
		epochs[count++] = group->past[i];
	return count;
}

void item_roots(struct mls_epoch *const *epochs, size_t count,
		uint64_t roots[GROUP_TREES])
{
	memset(roots, 0, GROUP_TREES * sizeof(*roots));
	for (size_t i = 0; i < count; i++)
		roots[i] = epochs[i]->tree.root->id;
}
