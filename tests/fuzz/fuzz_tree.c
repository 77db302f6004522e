/*
 * A ratchet tree as a joiner gets it. What decodes is encoded, hashed, stored
 * and loaded to the same bytes, every node's resolution is computed, and all
 * checks run that need no group.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/suite.h"
#include "mls/parent_hash.h"
#include "mls/tree.h"
#include "mls/tree_check.h"
#include "mls/tree_store.h"

/* Larger ones show nothing new, and are slow. */
enum { WIDTH_MAX = 1 << 10 };

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void encode_again(const struct tree *tree, struct span input)
{
	struct buf encoded = BUF_INIT;

	tree_encode(tree, &encoded);
	must(buf_end(&encoded) == ERR_OK);
	must(span_equal(buf_span(&encoded), input));
	buf_clear(&encoded);
}

static void store_again(const struct tree *tree, const struct tree *like,
			struct span input)
{
	struct tree again;
	struct buf stored = BUF_INIT;
	struct rd r;

	tree_save(tree, like, &stored);
	must(buf_end(&stored) == ERR_OK);
	r = rd_init(buf_span(&stored));
	must(tree_load(&again, tree->suite, like, &r) == ERR_OK);
	must(rd_end(&r) == ERR_OK);
	encode_again(&again, input);
	tree_clear(&again);
	buf_clear(&stored);
}

static void resolve(const struct tree *tree)
{
	for (uint32_t i = 0; i < tree_math_width(tree->leaves); i++) {
		struct tree_resolved *list;
		size_t count;

		if (tree_resolution(tree, i, LEAF_LIST_EMPTY, &list, &count) ==
		    ERR_OK)
			free(list);
	}
}

static void change(const struct tree *tree, struct span input)
{
	struct tree other = tree_share(tree);
	uint32_t leaf;

	must(tree_next_member(tree, 0, &leaf));
	must(tree_update(&other, leaf, tree_leaf(tree, leaf)->node.encoded) ==
	     ERR_OK);
	must(tree_add(&other, tree_leaf(tree, leaf)->node.encoded, &leaf) ==
	     ERR_OK);
	must(tree_remove(&other, leaf) == ERR_OK);
	store_again(tree, &other, input);
	tree_clear(&other);
	encode_again(tree, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct suite *suite =
	    suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
	struct span input = span_of(data, size);
	struct tree tree;
	struct span hash;
	enum err checked;

	if (tree_decode(&tree, suite, input) != ERR_OK)
		return 0;
	if (tree_math_width(tree.leaves) < WIDTH_MAX) {
		encode_again(&tree, input);
		must(tree_hash_root(&tree, &hash) == ERR_OK);
		store_again(&tree, NULL, input);
		resolve(&tree);
		change(&tree, input);
		checked = parent_hash_check(&tree);
		must(err_class(checked) != ERR_CLASS_LOCAL);
		checked =
		    tree_check(&tree, SPAN_LIT("group"), SPAN_EMPTY, NULL);
		must(err_class(checked) != ERR_CLASS_LOCAL);
	}
	tree_clear(&tree);
	return 0;
}
