/* Reading a group's state item by item (mls/items.h). */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "mls/epoch_store.h"
#include "mls/item_key.h"
#include "mls/items.h"
#include "mls/staged.h"

static enum err get(const struct mls_items *items, struct item_key key,
		    struct buf *value)
{
	enum err e = items->get(items->context, item_key_span(&key), value);

	return e == ERR_STATE_GONE ? ERR_PEER_MALFORMED : e;
}

static enum err get_proposals(struct mls_epoch *epoch,
			      const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	struct rd r;
	enum err e;

	TRY(get(items, item_key_part(epoch, 'p'), &value));
	r = rd_init(buf_span(&value));
	TRY(epoch_load_proposals(&r, epoch));
	TRY(rd_end(&r));
	TRY(hash_one(buf_span(&value), epoch->stored_proposals));
out:
	buf_clear(&value);
	return e;
}

static enum err get_messages(struct mls_epoch *epoch, uint8_t height,
			     const struct mls_items *items)
{
	struct item_messages m = { items, epoch };
	const struct secret_tree_items secrets = item_secrets(&m);

	epoch->messages_stored = true;
	return secret_tree_get_items(&epoch->messages, epoch->suite, height,
				     &secrets);
}

static enum err get_tree(struct mls_epoch *epoch, struct rd *r,
			 const struct tree *like, struct tree_items *list)
{
	uint32_t leaves = rd_u32(r);
	uint64_t root = rd_u64(r);
	enum err e;

	TRY(r->fail);
	TRY(tree_items_get(&epoch->tree, epoch->suite, leaves, root, like,
			   list));
out:
	return e;
}

/* What the item of an epoch says of it. */
static enum err read_epoch(struct mls_epoch *epoch, struct span value,
			   const struct tree *like, struct tree_items *list,
			   const struct mls_items *items)
{
	struct rd r = rd_init(value);
	uint8_t messages, height;
	enum err e;

	TRY(epoch_load_head(&r, epoch));
	TRY(get_tree(epoch, &r, like, list));
	epoch_load_secrets(&r, epoch);
	messages = rd_u8(&r);
	height = rd_u8(&r);
	buf_put(&epoch->reinit, rd_vec(&r));
	TRY(buf_end(&epoch->reinit));
	TRY(rd_end(&r));
	TRY(epoch_check_loaded(epoch));
	TRY(get_proposals(epoch, items));
	if (messages != 0)
		TRY(get_messages(epoch, height, items));
out:
	return e;
}

static enum err get_epoch(const struct suite *suite, uint64_t number,
			  const struct tree *like, struct tree_items *list,
			  const struct mls_items *items, struct mls_epoch **out)
{
	struct mls_epoch *epoch = NULL;
	struct buf value = BUF_INIT;
	enum err e;

	TRY(get(items, item_key_numbered('e', number), &value));
	TRY(epoch_new(suite, &epoch));
	TRY(read_epoch(epoch, buf_span(&value), like, list, items));
	ENSURE(epoch->context.epoch == number, ERR_PEER_MALFORMED);
	TRY(hash_one(buf_span(&value), epoch->stored_digest));
	epoch->stored = true;
	*out = epoch;
	epoch = NULL;
out:
	epoch_free(epoch);
	buf_clear(&value);
	return e;
}

struct restoring {
	const struct mls_items *items;
	struct rd r; /* of the head */
	const struct suite *suite;
	uint8_t flags, past_limit;
	uint8_t staged_commit[GROUP_COMMIT_HASH];
	uint64_t next_id, now;
	struct tree_items list;
};

static enum err read_head(struct restoring *x)
{
	uint8_t head[sizeof(item_magic)];
	enum err e;

	rd_copy(&x->r, head, sizeof(head));
	ENSURE(rd_ok(&x->r) &&
		   span_equal(SPAN_ARRAY(head), SPAN_ARRAY(item_magic)),
	       ERR_PEER_MALFORMED);
	x->suite = suite_by_id(rd_u16(&x->r));
	ENSURE(x->suite != NULL, ERR_PEER_UNSUPPORTED);
	x->flags = rd_u8(&x->r);
	x->past_limit = rd_u8(&x->r);
	rd_copy(&x->r, x->staged_commit, sizeof(x->staged_commit));
	x->next_id = rd_u64(&x->r);
	x->now = rd_u64(&x->r);
	TRY(x->r.fail);
	/* A commit of ours stages an epoch, a removal does not. */
	ENSURE((x->flags & ITEM_STAGED) != 0 ? (x->flags & ITEM_REMOVAL) == 0
					     : (x->flags & ITEM_OWN) == 0,
	       ERR_PEER_MALFORMED);
	ENSURE(x->past_limit <= GROUP_PAST_EPOCHS && x->now < UINT64_MAX,
	       ERR_PEER_MALFORMED);
out:
	return e;
}

static enum err get_others(struct restoring *x, struct mls_group *group)
{
	const struct tree *like = &group->now->tree;
	uint8_t count;
	enum err e = ERR_OK;

	if ((x->flags & ITEM_STAGED) != 0) {
		TRY(get_epoch(x->suite, x->now + 1, like, &x->list, x->items,
			      &group->staged));
		TRY(tree_index(&group->staged->tree));
	}
	count = rd_u8(&x->r);
	ENSURE(count <= group->past_limit, ERR_PEER_MALFORMED);
	for (size_t i = 0; i < count; i++) {
		uint64_t number = rd_u64(&x->r);

		TRY(get_epoch(x->suite, number, like, &x->list, x->items,
			      &group->past[i]));
		like = &group->past[i]->tree;
	}
	TRY(psk_store_load(&group->psks, &x->r));
	if ((x->flags & ITEM_STORY) != 0)
		TRY(staged_story_load(&group->story, &x->r));
	TRY(rd_end(&x->r));
out:
	return e;
}

/* What the store has, as mls_group_store() left it. */
static void know_stored(struct restoring *x, struct mls_group *group)
{
	struct group_stored *stored = &group->stored;
	struct mls_epoch *epochs[GROUP_TREES];

	stored->next_id = x->next_id;
	item_sort(x->list.ids, x->list.count);
	stored->ids = x->list.ids;
	stored->id_count = x->list.count;
	x->list.ids = NULL;
	stored->epoch_count = item_epochs(group, epochs);
	for (size_t i = 0; i < stored->epoch_count; i++)
		stored->epochs[i] = epochs[i]->context.epoch;
	item_roots(epochs, stored->epoch_count, stored->roots);
	stored->known = true;
}

static enum err restore(struct restoring *x, struct mls_group **out)
{
	struct mls_epoch *now = NULL;
	struct mls_group *group = NULL;
	enum err e;

	TRY(read_head(x));
	x->list = item_nodes(x->items, x->next_id, 0);
	TRY(get_epoch(x->suite, x->now, NULL, &x->list, x->items, &now));
	TRY(tree_index(&now->tree));
	TRY(group_new(now, &group));
	now = NULL;
	group->past_limit = x->past_limit;
	group->staged_own = (x->flags & ITEM_OWN) != 0;
	group->staged_removal = (x->flags & ITEM_REMOVAL) != 0;
	group->removed = (x->flags & ITEM_REMOVED) != 0;
	memcpy(group->staged_commit, x->staged_commit, GROUP_COMMIT_HASH);
	TRY(get_others(x, group));
	know_stored(x, group);
	*out = group;
	group = NULL;
out:
	epoch_free(now);
	mls_group_free(group);
	return e;
}

enum err mls_group_restore(const struct mls_items *items,
			   struct mls_group **group)
{
	struct restoring x = { .items = items };
	struct buf head = BUF_INIT;
	struct mls_group *made = NULL;
	enum err e;

	TRY(get(items, item_key_of('h'), &head));
	x.r = rd_init(buf_span(&head));
	TRY(restore(&x, &made));
	TRY(hash_one(buf_span(&head), made->stored.head));
	*group = made;
	made = NULL;
out:
	free(x.list.ids);
	mls_group_free(made);
	buf_clear(&head);
	return e;
}
