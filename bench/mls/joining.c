#include "bench/mls/joining.h"

#include <stdio.h>
#include <time.h>

#include "mls/group_internal.h"
#include "mls/tree_check.h"
#include "tests/testlib/runner.h"
#include "wire/tree.h"
#include "wire/tree_math.h"

static double milliseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void put_node(const struct tree_node *node, bool leaf, struct buf *b)
{
	const struct tree_parent *parent = leaf ? NULL : node->parent;

	if (leaf) {
		buf_put_u8(b, 1);
		buf_put_u8(b, WIRE_NODE_LEAF);
		buf_put(b, node->leaf->node.encoded);
	} else if (parent == NULL) {
		buf_put_u8(b, 0);
	} else {
		buf_put_u8(b, 1);
		buf_put_u8(b, WIRE_NODE_PARENT);
		buf_put_vec(b, parent->encryption_key);
		buf_put_vec(b, parent->parent_hash);
		size_t vec = buf_open_vec(b);

		for (size_t i = 0; i < parent->unmerged_count; i++)
			buf_put_u32(b, parent->unmerged[i]);
		buf_close_vec(b, vec);
	}
}

/* The draft's MembershipProof of the first leaf: its direct path, and the hashes
 * of the copath. */
static size_t proof_bytes(const struct tree *tree)
{
	struct buf proof = BUF_INIT;
	uint32_t root = tree_math_root(tree->leaves), node = 0;
	size_t vec, bytes;

	buf_put_u32(&proof, 0);
	buf_put_u32(&proof, tree->leaves);
	vec = buf_open_vec(&proof);
	for (;; node = tree_math_parent(node)) {
		put_node(tree_node(tree, node), node == 0, &proof);
		if (node == root)
			break;
	}
	buf_close_vec(&proof, vec);
	vec = buf_open_vec(&proof);
	for (node = 0; node != root; node = tree_math_parent(node)) {
		struct span hash;

		world_must(tree_hash_node(tree, tree_math_sibling(node), &hash),
			   "hash of a node");
		buf_put_vec(&proof, hash);
	}
	buf_close_vec(&proof, vec);
	world_must(buf_end(&proof), "proof");
	bytes = proof.n;
	buf_clear(&proof);
	return bytes;
}

/* A part that a thread did, and the processor time that it took there. */
struct timed {
	void (*part)(void *work, size_t i);
	void *work;
	double took[MLS_PARTS_MAX];
};

static void timed_part(void *context, size_t i)
{
	struct timed *timed = context;
	double start = milliseconds();

	timed->part(timed->work, i);
	timed->took[i] = milliseconds() - start;
}

static void run_timed(void *context, void (*part)(void *work, size_t i),
		      void *work, size_t count)
{
	struct timed *timed = context;

	timed->part = part;
	timed->work = work;
	runner_run(NULL, timed_part, timed, count);
}

/* What the one of two threads that verify took that took longer. */
static double verify_by_two(const struct tree *tree,
			    const struct mls_epoch *now)
{
	struct timed timed = { .part = NULL };
	const struct mls_runner two = { run_timed, &timed, 2 };

	world_must(tree_check(tree, now->context.group_id,
			      now->context.extensions, &two),
		   "check by two");
	return timed.took[0] > timed.took[1] ? timed.took[0] : timed.took[1];
}

void joining_measure(struct world *w)
{
	const struct mls_epoch *now = w->first_group->now;
	struct buf encoded = BUF_INIT;
	struct tree tree = TREE_INIT;
	double start, decoded, hashed, indexed, checked;
	struct span hash;

	tree_encode(&now->tree, &encoded);
	world_must(buf_end(&encoded), "tree");
	start = milliseconds();
	world_must(tree_decode(&tree, w->suite, buf_span(&encoded)), "decode");
	decoded = milliseconds();
	world_must(tree_hash_root(&tree, &hash), "hash");
	hashed = milliseconds();
	world_must(tree_index(&tree), "index");
	indexed = milliseconds();
	world_must(tree_check(&tree, now->context.group_id,
			      now->context.extensions, NULL),
		   "check");
	checked = milliseconds();
	printf("0x%04x %6u joining, of it: decoding %.1f ms, tree hashes %.1f, "
	       "index %.1f, verifying %.1f, by two threads %.1f; tree %zu "
	       "bytes, two proofs of "
	       "membership %zu\n",
	       w->suite->id, w->members, decoded - start, hashed - decoded,
	       indexed - hashed, checked - indexed, verify_by_two(&tree, now),
	       encoded.n, 2 * proof_bytes(&now->tree));
	tree_clear(&tree);
	buf_clear(&encoded);
}
