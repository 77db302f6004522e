/* Writing a group's state item by item (mls/items.h): what has changed. */
#include "mls/items.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "mls/epoch_store.h"
#include "mls/group_internal.h"
#include "mls/item_key.h"
#include "mls/staged.h"

/* Puts `value` when it is another than that of `digest`. */
static enum err put_changed(const struct mls_items *items, struct item_key key,
			    const struct buf *value, bool stored,
			    uint8_t digest[EPOCH_DIGEST])
{
	const struct span bytes = buf_span(value);
	uint8_t now[EPOCH_DIGEST];
	enum err e;

	TRY(hash_one(bytes, now));
	if (stored &&
	    span_equal(SPAN_ARRAY(now), span_of(digest, EPOCH_DIGEST)))
		return ERR_OK;
	TRY(items->put(items->context, item_key_span(&key), bytes));
	memcpy(digest, now, EPOCH_DIGEST);
out:
	return e;
}

static enum err put_messages(struct mls_epoch *epoch,
			     const struct mls_items *items)
{
	struct item_messages m = { items, epoch };
	const struct secret_tree_items secrets = item_secrets(&m);
	struct item_key all = item_key_part(epoch, 's');
	bool there = epoch->messages.root != NULL;
	enum err e = ERR_OK;

	if (there)
		TRY(secret_tree_put_items(&epoch->messages, &secrets));
	else if (epoch->messages_stored)
		TRY(items->drop(items->context, item_key_span(&all)));
	epoch->messages_stored = there;
out:
	return e;
}

static enum err put_epoch(struct mls_epoch *epoch,
			  const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	enum err e;

	epoch_save_head(epoch, &value);
	buf_put_u32(&value, epoch->tree.leaves);
	buf_put_u64(&value, epoch->tree.root->id);
	epoch_save_secrets(epoch, &value);
	buf_put_u8(&value, epoch->messages.root != NULL);
	buf_put_u8(&value, epoch->messages.height);
	buf_put_vec(&value, buf_span(&epoch->reinit));
	TRY(buf_end(&value));
	TRY(put_changed(items, item_key_numbered('e', epoch->context.epoch),
			&value, epoch->stored, epoch->stored_digest));
	buf_reset(&value);
	epoch_save_proposals(epoch, &value);
	TRY(buf_end(&value));
	TRY(put_changed(items, item_key_part(epoch, 'p'), &value, epoch->stored,
			epoch->stored_proposals));
	TRY(put_messages(epoch, items));
	epoch->stored = true;
out:
	buf_clear(&value);
	return e;
}

static enum err put_head(struct mls_group *group, const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	uint8_t flags = 0, past = 0;
	enum err e;

	while (past < GROUP_PAST_EPOCHS && group->past[past] != NULL)
		past++;
	flags |= group->staged_own ? ITEM_OWN : 0;
	flags |= group->staged_removal ? ITEM_REMOVAL : 0;
	flags |= group->removed ? ITEM_REMOVED : 0;
	flags |= group->staged != NULL ? ITEM_STAGED : 0;
	if (mls_group_has_pending(group) && group->story.there)
		flags |= ITEM_STORY;
	buf_put(&value, SPAN_ARRAY(item_magic));
	buf_put_u16(&value, group->now->suite->id);
	buf_put_u8(&value, flags);
	buf_put_u8(&value, group->past_limit);
	buf_put(&value, SPAN_ARRAY(group->staged_commit));
	buf_put_u64(&value, group->stored.next_id);
	buf_put_u64(&value, group->now->context.epoch);
	buf_put_u8(&value, past);
	for (size_t i = 0; i < past; i++)
		buf_put_u64(&value, group->past[i]->context.epoch);
	psk_store_save(&group->psks, &value);
	if ((flags & ITEM_STORY) != 0)
		staged_story_save(&group->story, &value);
	TRY(buf_end(&value));
	TRY(put_changed(items, item_key_of('h'), &value, group->stored.known,
			group->stored.head));
out:
	buf_clear(&value);
	return e;
}

/* Those that are stored, and are not there any more or not the same. */
static enum err drop_epochs(const struct mls_group *group,
			    const struct mls_items *items)
{
	struct mls_epoch *epochs[GROUP_TREES];
	size_t count = item_epochs(group, epochs);
	enum err e = ERR_OK;

	for (size_t i = 0; i < group->stored.epoch_count; i++) {
		struct item_key key =
		    item_key_numbered('e', group->stored.epochs[i]);
		bool stays = false;

		for (size_t j = 0; j < count; j++)
			stays |=
			    epochs[j]->stored &&
			    epochs[j]->context.epoch == group->stored.epochs[i];
		if (!stays)
			TRY(items->drop(items->context, item_key_span(&key)));
	}
out:
	return e;
}

/* ---- the trees ---- */

/* The ids that were stored and are in no tree any more; `list` takes their
 * place. Both increase. */
static enum err drop_nodes(struct group_stored *stored, struct tree_items *list,
			   const struct mls_items *items)
{
	size_t at = 0;
	enum err e = ERR_OK;

	item_sort(list->ids, list->count);
	for (size_t i = 0; i < stored->id_count; i++) {
		struct item_key key = item_key_numbered('n', stored->ids[i]);

		while (at < list->count && list->ids[at] < stored->ids[i])
			at++;
		if (at == list->count || list->ids[at] != stored->ids[i])
			TRY(items->drop(items->context, item_key_span(&key)));
	}
	free(stored->ids);
	stored->ids = list->ids;
	stored->id_count = list->count;
	list->ids = NULL;
out:
	return e;
}

/* Nothing to do where each tree is one that is stored, and all of those are
 * there: so it is with messages. */
static bool same_trees(const struct group_stored *stored,
		       struct mls_epoch *const *epochs, size_t count)
{
	uint64_t roots[GROUP_TREES];

	item_roots(epochs, count, roots);
	for (size_t i = 0; i < count; i++)
		if (roots[i] == 0)
			return false;
	for (size_t i = 0; i < GROUP_TREES; i++)
		if (roots[i] != stored->roots[i])
			return false;
	return true;
}

static enum err put_trees(struct mls_group *group,
			  const struct mls_items *items)
{
	struct group_stored *stored = &group->stored;
	struct mls_epoch *epochs[GROUP_TREES];
	size_t count = item_epochs(group, epochs);
	struct tree_items list =
	    item_nodes(items, stored->next_id, stored->sweep);
	enum err e = ERR_OK;

	if (same_trees(stored, epochs, count))
		return ERR_OK;
	list.sweep = ++stored->sweep;
	for (size_t i = 0; i < count; i++)
		TRY(tree_items_put(&epochs[i]->tree, &list));
	TRY(drop_nodes(stored, &list, items));
	item_roots(epochs, count, stored->roots);
out:
	stored->next_id = list.next_id;
	free(list.ids);
	return e;
}

/* ---- the whole ---- */

static void forget_all(struct mls_group *group)
{
	struct mls_epoch *epochs[GROUP_TREES];
	size_t count = item_epochs(group, epochs);

	for (size_t i = 0; i < count; i++) {
		epochs[i]->stored = epochs[i]->messages_stored = false;
		tree_items_forget(&epochs[i]->tree);
		secret_tree_forget_items(&epochs[i]->messages);
	}
	free(group->stored.ids);
	group->stored = (struct group_stored){
		.next_id = 1,
		.sweep = group->stored.sweep,
	};
}

void mls_group_store_again(struct mls_group *group)
{
	group->stored.known = false;
}

static enum err put_all(struct mls_group *group, const struct mls_items *items)
{
	struct group_stored *stored = &group->stored;
	struct mls_epoch *epochs[GROUP_TREES];
	size_t count = item_epochs(group, epochs);
	enum err e;

	TRY(drop_epochs(group, items));
	TRY(put_trees(group, items));
	for (size_t i = 0; i < count; i++) {
		TRY(put_epoch(epochs[i], items));
		stored->epochs[i] = epochs[i]->context.epoch;
	}
	stored->epoch_count = count;
	TRY(put_head(group, items));
out:
	return e;
}

enum err mls_group_store(struct mls_group *group, const struct mls_items *items)
{
	enum err e = ERR_OK;

	if (!group->stored.known) {
		forget_all(group);
		TRY(items->drop(items->context, SPAN_EMPTY));
	}
	TRY(put_all(group, items));
out:
	group->stored.known = e == ERR_OK;
	return e;
}
