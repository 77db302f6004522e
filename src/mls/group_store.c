/* A group's state as bytes. */
#include <string.h>

#include "mls/epoch_store.h"
#include "mls/group.h"
#include "mls/group_internal.h"
#include "mls/staged.h"
#include "mls/tree_store.h"

static const uint8_t magic[] = { 'H', 'M', 'L', 'S', 1 };

enum { FLAG_OWN = 1, FLAG_REMOVAL = 2, FLAG_REMOVED = 4, FLAG_STAGED = 8 };
/* Above the flags: how many past epochs fewer are kept than may be. */
enum { PAST_SHIFT = 4, PAST_MASK = 7, FLAG_STORY = 128 };

/* ---- an epoch ---- */

static void put_epoch(const struct mls_epoch *epoch, const struct tree *like,
		      struct buf *out)
{
	epoch_save_head(epoch, out);
	tree_save(&epoch->tree, like, out);
	epoch_save_secrets(epoch, out);
	buf_put_u8(out, epoch->messages.suite != NULL);
	if (epoch->messages.suite != NULL)
		secret_tree_save(&epoch->messages, out);
	epoch_save_proposals(epoch, out);
	buf_put_vec(out, buf_span(&epoch->reinit));
}

static enum err read_epoch(struct rd *r, const struct suite *suite,
			   const struct tree *like, struct mls_epoch **out)
{
	struct mls_epoch *epoch = NULL;
	enum err e;

	TRY(epoch_new(suite, &epoch));
	TRY(epoch_load_head(r, epoch));
	TRY(tree_load(&epoch->tree, suite, like, r));
	epoch_load_secrets(r, epoch);
	if (rd_u8(r) != 0)
		TRY(secret_tree_load(&epoch->messages, suite, r));
	TRY(epoch_load_proposals(r, epoch));
	buf_put(&epoch->reinit, rd_vec(r));
	TRY(buf_end(&epoch->reinit));
	TRY(r->fail);
	TRY(epoch_check_loaded(epoch));
	*out = epoch;
	epoch = NULL;
out:
	if (e != ERR_OK)
		rd_fail(r, e);
	epoch_free(epoch);
	return e;
}

/* ---- the group ---- */

static uint8_t past_count(const struct mls_group *group)
{
	uint8_t count = 0;

	while (count < GROUP_PAST_EPOCHS && group->past[count] != NULL)
		count++;
	return count;
}

enum err mls_group_save(const struct mls_group *group, struct buf *out)
{
	const struct tree *like = &group->now->tree;
	uint8_t flags = 0;

	flags |= group->staged_own ? FLAG_OWN : 0;
	flags |= group->staged_removal ? FLAG_REMOVAL : 0;
	flags |= group->removed ? FLAG_REMOVED : 0;
	flags |= group->staged != NULL ? FLAG_STAGED : 0;
	flags |=
	    (uint8_t)((GROUP_PAST_EPOCHS - group->past_limit) << PAST_SHIFT);
	if (mls_group_has_pending(group) && group->story.there)
		flags |= FLAG_STORY;
	buf_put(out, SPAN_ARRAY(magic));
	buf_put_u16(out, group->now->suite->id);
	buf_put_u8(out, flags);
	buf_put(out, SPAN_ARRAY(group->staged_commit));
	put_epoch(group->now, NULL, out);
	if (group->staged != NULL)
		put_epoch(group->staged, like, out);
	buf_put_u8(out, past_count(group));
	for (size_t i = 0; i < past_count(group); i++) {
		put_epoch(group->past[i], like, out);
		like = &group->past[i]->tree;
	}
	psk_store_save(&group->psks, out);
	if ((flags & FLAG_STORY) != 0)
		staged_story_save(&group->story, out);
	return buf_end(out);
}

static enum err read_rest(struct rd *r, const struct suite *suite,
			  struct mls_group *group, uint8_t flags)
{
	const struct tree *like = &group->now->tree;
	uint8_t count;
	enum err e = ERR_OK;

	if ((flags & FLAG_STAGED) != 0)
		TRY(read_epoch(r, suite, like, &group->staged));
	if (group->staged != NULL)
		TRY(tree_index(&group->staged->tree));
	count = rd_u8(r);
	ENSURE(count <= group->past_limit, ERR_PEER_MALFORMED);
	for (size_t i = 0; i < count; i++) {
		TRY(read_epoch(r, suite, like, &group->past[i]));
		like = &group->past[i]->tree;
	}
	TRY(psk_store_load(&group->psks, r));
	if ((flags & FLAG_STORY) != 0)
		TRY(staged_story_load(&group->story, r));
	TRY(rd_end(r));
out:
	return e;
}

enum err mls_group_load(struct span state, struct mls_group **out)
{
	struct rd r = rd_init(state);
	uint8_t head[sizeof(magic)], flags, hash[GROUP_COMMIT_HASH];
	struct mls_epoch *now = NULL;
	struct mls_group *group = NULL;
	const struct suite *suite;
	enum err e;

	rd_copy(&r, head, sizeof(head));
	ENSURE(memcmp(head, magic, sizeof(magic)) == 0, ERR_PEER_MALFORMED);
	suite = suite_by_id(rd_u16(&r));
	ENSURE(suite != NULL, ERR_PEER_UNSUPPORTED);
	flags = rd_u8(&r);
	rd_copy(&r, hash, sizeof(hash));
	TRY(read_epoch(&r, suite, NULL, &now));
	TRY(tree_index(&now->tree)); /* past ones do not change any more */
	/* A commit of ours stages an epoch, a removal does not. */
	ENSURE((flags & FLAG_STAGED) != 0 ? (flags & FLAG_REMOVAL) == 0
					  : (flags & FLAG_OWN) == 0,
	       ERR_PEER_MALFORMED);
	ENSURE((flags >> PAST_SHIFT & PAST_MASK) <= GROUP_PAST_EPOCHS,
	       ERR_PEER_MALFORMED);
	ENSURE((flags & FLAG_STORY) == 0 ||
		   (flags & (FLAG_STAGED | FLAG_REMOVAL)) != 0,
	       ERR_PEER_MALFORMED);
	TRY(group_new(now, &group));
	now = NULL;
	group->past_limit =
	    (uint8_t)(GROUP_PAST_EPOCHS - (flags >> PAST_SHIFT & PAST_MASK));
	group->staged_own = (flags & FLAG_OWN) != 0;
	group->staged_removal = (flags & FLAG_REMOVAL) != 0;
	group->removed = (flags & FLAG_REMOVED) != 0;
	memcpy(group->staged_commit, hash, sizeof(hash));
	TRY(read_rest(&r, suite, group, flags));
	*out = group;
	group = NULL;
out:
	epoch_free(now);
	mls_group_free(group);
	return e;
}
