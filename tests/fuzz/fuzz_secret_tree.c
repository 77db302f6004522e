/* A saved secret tree: what loads saves to the same bytes, and works. */
#include "fuzz.h"

#include <stdlib.h>

#include "mls/secret_tree.h"

static void use(struct secret_tree *tree)
{
	struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;

	for (uint32_t generation = 0; generation < 4; generation++) {
		if (secret_tree_take(tree, 0, SECRET_TREE_APPLICATION,
				     generation, &staged) == ERR_OK)
			secret_tree_confirm(&staged);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct suite *suite =
	    suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	struct rd r = rd_init(span_of(data, size));
	struct secret_tree tree = SECRET_TREE_INIT;
	struct buf again = BUF_INIT;

	if (secret_tree_load(&tree, suite, &r) != ERR_OK)
		return 0;
	secret_tree_save(&tree, &again);
	if (buf_end(&again) != ERR_OK ||
	    !span_equal(buf_span(&again), span_of(data, again.n)))
		abort();
	use(&tree);
	secret_tree_clear(&tree);
	buf_clear(&again);
	return 0;
}
