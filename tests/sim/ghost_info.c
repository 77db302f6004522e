/* Groups that never were: GroupInfos of a ghost's making. */
#include "tests/sim/ghost.h"

#include <string.h>

#include "check/tree.h"
#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "mls/label.h"
#include "tests/sim/seen_group.h"
#include "wire/message.h"

/* ---- a group of the ghost's own ---- */

static bool add_others(struct ghost *ghost, const char *const *others,
		       size_t count)
{
	struct ghost puppets[4];
	struct span packages[4];
	struct mls_commit out = { .commit = BUF_INIT };
	bool done;

	if (count > 4)
		count = 4;
	for (size_t i = 0; i < count; i++) {
		ghost_init(&puppets[i], others[i], chance_next(&ghost->chance),
			   ghost->me.now * 1000);
		packages[i] = ghost_key_package(&puppets[i]);
	}
	{
		const struct mls_change change = { .adds = packages,
						   .add_count = count,
						   .force_path = true };

		done = mls_group_commit(ghost->group, &ghost->me, &change,
					&out) == ERR_OK &&
		       mls_group_merge(ghost->group) == ERR_OK;
	}
	for (size_t i = 0; i < count; i++)
		ghost_clear(&puppets[i]);
	mls_commit_clear(&out);
	return done;
}

/* The GroupInfo is given with these places. */
static enum err put_places(const struct seen_group *genuine,
			   const struct wire_group_info *info, struct buf *out)
{
	struct wire_beside beside = { .has_places = false };

	beside.has_places = wire_extensions_find(
	    genuine->info.extensions, PLACES_ROOT_EXTENSION, &beside.places);
	wire_message_put_header(out, WIRE_GROUP_INFO);
	wire_group_info_put_kept(out, info, &beside);
	return buf_end(out);
}

static enum err put_info(const struct ghost *ghost,
			 const struct seen_group *genuine, struct buf *out)
{
	struct wire_message message;
	struct buf made = BUF_INIT;
	enum err e;

	TRY(mls_group_info(ghost->group, &ghost->me, true, &made));
	TRY(wire_message_decode(buf_span(&made), &message));
	TRY(put_places(genuine, &message.group_info, out));
out:
	buf_clear(&made);
	return e;
}

bool ghost_make_group(struct ghost *ghost, const struct server_session *session,
		      struct span like, const char *const *others,
		      size_t other_count, struct buf *group_info)
{
	struct seen_group genuine;
	bool done = false;

	mls_group_free(ghost->group);
	ghost->group = NULL;
	if (seen_group_read(like, &genuine) &&
	    genuine.suite == ghost->me.suite &&
	    mls_group_create(&ghost->me, genuine.info.context.group_id,
			     genuine.info.context.extensions,
			     &ghost->group) == ERR_OK)
		done = add_others(ghost, others, other_count);
	if (done)
		done = put_info(ghost, &genuine, group_info) == ERR_OK;
	seen_group_clear(&genuine);
	memcpy(ghost->session, session->text_id, TEXT_UUID_SIZE);
	memcpy(ghost->session_id, session->id, DEVICE_ID);
	ghost->seq = session->log_count;
	return done;
}

/* ---- genuine leaves in another tree ---- */

/* ratchet_tree of the leaves of `genuine` and one more; no parents. */
static uint32_t put_tree(const struct seen_group *genuine,
			 const struct wire_leaf_node *own, struct buf *tree)
{
	const struct wire_node blank = { .type = WIRE_NODE_BLANK };
	uint32_t last = genuine->leaf_count;
	size_t vec = buf_open_vec(tree);

	while (last > 0 && seen_group_leaf(genuine, last - 1) == NULL)
		last--;
	for (uint32_t i = 0; i <= last; i++) {
		const struct wire_leaf_node *leaf =
		    i == last ? own : seen_group_leaf(genuine, i);
		struct wire_node node = { .type = WIRE_NODE_LEAF };

		if (i > 0)
			wire_node_put(tree, &blank);
		if (leaf != NULL)
			node.leaf = *leaf;
		wire_node_put(tree, leaf != NULL ? &node : &blank);
	}
	buf_close_vec(tree, vec);
	return last;
}

static enum err hash_tree(struct span data, const struct suite *suite,
			  uint8_t *hash)
{
	struct check_tree tree;
	struct span made;
	enum err e;

	TRY(check_tree_read(data, suite, &tree));
	e = check_tree_hash(&tree, &made);
	if (e == ERR_OK)
		(void)span_copy(hash, made);
	check_tree_clear(&tree);
out:
	return e;
}

/* Signs `info`, whose fields are set. */
static enum err put_signed(const struct ghost *ghost,
			   const struct seen_group *genuine,
			   struct wire_group_info *info, struct buf *out)
{
	struct sign_key *key = NULL;
	struct buf tbs = BUF_INIT, signature = BUF_INIT;
	enum err e;

	TRY(sign_private_parse(ghost->me.suite, ghost->me.signature_private,
			       &key));
	wire_group_info_put_unsigned(&tbs, info);
	TRY(buf_end(&tbs));
	TRY(label_sign(key, "GroupInfoTBS", buf_span(&tbs), &signature));
	info->signature = buf_span(&signature);
	TRY(put_places(genuine, info, out));
out:
	sign_key_free(key);
	buf_clear(&tbs);
	buf_clear(&signature);
	return e;
}

static enum err put_extensions(const struct ghost *ghost, struct span tree,
			       struct buf *extensions)
{
	struct sec private_key = { .n = 0 };
	struct buf key = BUF_INIT, external = BUF_INIT;
	enum err e;

	TRY(hpke_generate_key_pair(ghost->me.suite, ghost->me.rng, &private_key,
				   &key));
	buf_put_vec(&external, buf_span(&key));
	wire_extension_put(extensions, WIRE_EXTENSION_RATCHET_TREE, tree);
	wire_extension_put(extensions, WIRE_EXTENSION_EXTERNAL_PUB,
			   buf_span(&external));
	TRY(buf_end(extensions));
out:
	sec_clear(&private_key);
	buf_clear(&key);
	buf_clear(&external);
	return e;
}

static enum err build_copy(struct ghost *ghost,
			   const struct seen_group *genuine,
			   struct buf *group_info)
{
	struct wire_group_info info = genuine->info;
	struct wire_key_package own;
	struct buf tree = BUF_INIT, extensions = BUF_INIT;
	uint8_t hash[SUITE_HASH_MAX], invented[2][SUITE_HASH_MAX];
	size_t nh = genuine->suite->nh;
	enum err e;

	TRY(wire_key_package_decode(ghost_key_package(ghost), &own));
	TRY(rng_fill(ghost->me.rng, invented[0], sizeof(invented)));
	info.signer = put_tree(genuine, &own.leaf_node, &tree);
	TRY(buf_end(&tree));
	TRY(hash_tree(buf_span(&tree), genuine->suite, hash));
	TRY(put_extensions(ghost, buf_span(&tree), &extensions));
	info.extensions = buf_span(&extensions);
	info.context.epoch = 99;
	info.context.tree_hash = span_of(hash, nh);
	info.context.confirmed_transcript_hash = span_of(invented[0], nh);
	info.confirmation_tag = span_of(invented[1], nh);
	TRY(put_signed(ghost, genuine, &info, group_info));
out:
	buf_clear(&tree);
	buf_clear(&extensions);
	return e;
}

bool ghost_copy_leaves(struct ghost *ghost, struct span like,
		       struct buf *group_info)
{
	struct seen_group genuine;
	bool done = false;

	if (seen_group_read(like, &genuine) && genuine.suite == ghost->me.suite)
		done = build_copy(ghost, &genuine, group_info) == ERR_OK;
	seen_group_clear(&genuine);
	return done;
}
