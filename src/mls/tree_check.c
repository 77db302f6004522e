#include "mls/tree_check.h"

#include <stdlib.h>

#include "mls/broken.h"
#include "mls/identity.h"
#include "mls/leaf.h"
#include "mls/leaf_list.h"
#include "mls/limits.h"
#include "mls/parent_hash.h"
#include "mls/tree_hash.h"
#include "mls/tree_keys.h"
#include "mls/tree_node.h"

/* ---- keys are unique ---- */

struct keys {
	struct span *list;
	size_t count;
};

static void collect_encryption_keys(const struct tree_node *node,
				    struct keys *keys)
{
	if (!tree_node_is_blank(node))
		keys->list[keys->count++] = tree_node_key(node);
	if (!tree_node_is_leaf(node)) {
		collect_encryption_keys(node->left, keys);
		collect_encryption_keys(node->right, keys);
	}
}

static int compare_keys(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static bool all_differ(struct keys *keys)
{
	qsort(keys->list, keys->count, sizeof(*keys->list), compare_keys);
	for (size_t i = 1; i < keys->count; i++)
		if (span_equal(keys->list[i - 1], keys->list[i]))
			return false;
	return true;
}

enum err tree_check_unique(const struct tree *tree)
{
	struct keys keys = { NULL, 0 };
	enum err e = ERR_OK;

	if (!tree_keys_may_repeat(tree))
		return ERR_OK;
	keys.list = calloc(tree_math_width(tree->leaves), sizeof(*keys.list));
	ENSURE(keys.list != NULL, ERR_LOCAL_MEMORY);
	/* 12.4.3.1: "encryption key in the parent node does not appear" */
	/* 7.3: "fields are unique among the members" */
	collect_encryption_keys(tree->root, &keys);
	ENSURE(all_differ(&keys), RULE(ENCRYPTION_KEYS_UNIQUE));
	/* 12.2: "KeyPackages that represent the same client" */
	/* 12.2: "a KeyPackage that represents a client already in the group" */
	keys.count = 0;
	for (uint32_t leaf = 0; tree_next_member(tree, leaf, &leaf); leaf++)
		keys.list[keys.count++] =
		    tree_leaf(tree, leaf)->node.signature_key;
	ENSURE(all_differ(&keys), RULE(SIGNATURE_KEYS_UNIQUE));
out:
	free(keys.list);
	return e;
}

/* 7.3: "the credential type is supported by all members" */
/* 7.3: "all the credential types currently in use by other members" */
/* 13.3: "types of credential that may be used in a group are those that all" */
enum err tree_check_credentials(const struct tree *tree)
{
	const struct tree_node *root = tree->root;

	return (root->credentials_used & ~root->credentials_supported) == 0
		   ? ERR_OK
		   : RULE(CREDENTIAL_SUPPORTED);
}

/* ---- unmerged leaves (12.4.3.1) ---- */

/* The nodes from `node` down to the leaf list it. */
static bool listed_below(const struct tree_node *node, uint32_t level,
			 uint32_t leaf)
{
	for (; level > 0; level--) {
		const struct tree_parent *parent = node->parent;

		if (parent != NULL &&
		    !leaf_list_has((struct leaf_list){ parent->unmerged,
						       parent->unmerged_count },
				   leaf))
			return false;
		node =
		    (leaf >> (level - 1) & 1) != 0 ? node->right : node->left;
	}
	return node->leaf != NULL;
}

static enum err check_unmerged(const struct tree_node *node, uint32_t index)
{
	uint32_t first = tree_math_first_leaf(index);
	uint32_t count = tree_math_leaf_count(index);
	enum err e = ERR_OK;

	if (tree_node_is_leaf(node))
		return ERR_OK;
	for (size_t i = 0;
	     node->parent != NULL && i < node->parent->unmerged_count; i++) {
		uint32_t leaf = node->parent->unmerged[i];

		/* 12.4.3.1: "represents a non-blank leaf node" */
		/* 12.4.3.1: "also has an entry for the leaf node" */
		ENSURE(leaf >= first && leaf - first < count &&
			   listed_below(node, tree_math_level(index), leaf),
		       RULE(UNMERGED_LEAVES));
	}
	TRY(check_unmerged(node->left, tree_math_left(index)));
	TRY(check_unmerged(node->right, tree_math_right(index)));
out:
	return e;
}

/* ---- the whole ---- */

/* Members in parts, from the first leaf on; each part ends at what is wrong in it. */
struct members {
	const struct tree *tree;
	struct span group_id, group_extensions;
	size_t parts;
	enum err results[MLS_PARTS_MAX]; /* a part that was not run has none */
};

static uint32_t first_of(const struct members *members, size_t part)
{
	return (uint32_t)((uint64_t)members->tree->leaves * part /
			  members->parts);
}

static enum err check_part(const struct members *members, size_t part)
{
	const struct tree *tree = members->tree;
	struct sign_key *key = NULL; /* not kept: most members never send */
	uint32_t leaf = first_of(members, part);
	uint32_t end = first_of(members, part + 1);
	enum err e = ERR_OK;

	for (; tree_next_member(tree, leaf, &leaf) && leaf < end; leaf++) {
		const struct wire_leaf_node *node =
		    &tree_leaf(tree, leaf)->node;

		/* 12.4.3.1: "For each non-empty leaf node, validate" */
		TRY(leaf_check(tree->suite, node));
		/* 12.4.3: "however, MUST be supported by the new joiner" */
		/* 13.4: "MUST verify that it supports every extension" */
		/* 13.4: "it MUST treat the enclosing GroupInfo" */
		TRY(leaf_check_group(node, members->group_extensions));
		TRY(RULED(
		    LEAF_SIGNATURE,
		    sign_public_next(tree->suite, node->signature_key, &key)));
		TRY(leaf_verify(key, node, members->group_id, leaf));
	}
out:
	sign_key_free(key);
	return e;
}

static void run_part(void *work, size_t part)
{
	struct members *members = work;

	if (part < members->parts)
		members->results[part] = check_part(members, part);
}

static enum err check_members(const struct tree *tree, struct span group_id,
			      struct span group_extensions,
			      const struct mls_runner *runner)
{
	struct members members = { .tree = tree,
				   .group_id = group_id,
				   .group_extensions = group_extensions,
				   .parts = 1 };
	enum err e = ERR_OK;

	if (runner != NULL && runner->parts > 1)
		members.parts = runner->parts < MLS_PARTS_MAX ? runner->parts
							      : MLS_PARTS_MAX;
	for (size_t i = 0; i < members.parts; i++)
		members.results[i] = ERR_LOCAL_BUG;
	if (members.parts > 1)
		runner->run(runner->context, run_part, &members, members.parts);
	else
		run_part(&members, 0);
	for (size_t i = 0; i < members.parts; i++)
		TRY(members.results[i]);
out:
	return e;
}

enum err tree_check(const struct tree *tree, struct span group_id,
		    struct span group_extensions,
		    const struct mls_runner *runner)
{
	enum err e;

	/* What costs least first; unmerged leaves before what walks them. */
	TRY(check_unmerged(tree->root, tree_math_root(tree->leaves)));
	TRY(tree_check_credentials(tree));
	TRY(tree_check_unique(tree));
	/* 12.4.3.1: "For each non-empty parent node, verify that it is" */
	TRY(parent_hash_check(tree));
	TRY(check_members(tree, group_id, group_extensions, runner));
out:
	return e;
}
