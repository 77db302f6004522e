/*
 * A walk over entries that somebody gives: from a GroupInfo over commits,
 * departures and successors. input: opaque group_info<V>, then for each step
 * {uint8 what; opaque bytes<V>}.
 *
 * What is refused leaves the walk as it was; and where the walk has come to can
 * be given to another one, which finds the same group.
 */
#include "base/rd.h"
#include "check/tree.h"
#include "check/walk.h"
#include "check/walk_state.h"
#include "fuzz.h"

static struct check_verdict step(struct check_walk *walk, uint8_t what,
				 struct span bytes)
{
	struct buf whole = BUF_INIT;
	struct check_verdict verdict;
	bool new_keys;

	switch (what % 8) {
	case 6: /* a part that is right makes the GroupInfo of here */
		verdict = check_walk_check_part(walk, bytes);
		if (verdict.wrong == NULL &&
		    check_walk_put_info(walk, bytes, &whole).wrong == NULL &&
		    check_walk_matches(walk, buf_span(&whole)).wrong != NULL)
			__builtin_trap();
		buf_clear(&whole);
		return verdict;
	case 7:
		return check_walk_again(walk, bytes);
	default:
		break;
	}
	switch (what % 4) {
	case 0:
		return check_walk_departure(walk, bytes);
	case 1:
		return check_walk_successor(walk, bytes, &new_keys);
	case 2:
		return check_walk_matches(walk, bytes);
	default:
		return check_walk_commit(walk, bytes);
	}
}

static void compare(const struct check_walk *walk)
{
	struct check_walk *other = NULL;
	struct check_member a, b;
	struct buf tree = BUF_INIT;
	uint32_t i = 0, j = 0;

	check_tree_put(&walk->tree, &tree);
	if (buf_end(&tree) != ERR_OK)
		__builtin_trap();
	if (check_walk_from_tree(check_walk_context(walk)->encoded,
				 buf_span(&tree),
				 check_walk_confirmation_tag(walk),
				 check_walk_places(walk), NULL, &other)
		.wrong != NULL)
		__builtin_trap();
	while (check_walk_next_member(walk, &i, &a))
		if (!check_walk_next_member(other, &j, &b) || i != j ||
		    !span_equal(a.encoded, b.encoded))
			__builtin_trap();
	check_walk_free(other);
	buf_clear(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(span_of(data, size));
	struct check_walk *walk = NULL;
	struct span info = rd_vec(&r);

	if (check_walk_from_info(info, CHECK_UNSEEN, &walk).wrong != NULL &&
	    check_walk_from_info(info, CHECK_VERIFIED, &walk).wrong != NULL)
		return 0;
	while (rd_left(&r) > 0) {
		uint8_t what = rd_u8(&r);
		uint64_t epoch = check_walk_context(walk)->epoch;
		struct check_verdict verdict = step(walk, what, rd_vec(&r));

		if (verdict.wrong != NULL &&
		    check_walk_context(walk)->epoch != epoch)
			__builtin_trap();
		if (verdict.wrong == NULL && what % 4 != 0)
			compare(walk);
	}
	check_walk_free(walk);
	return 0;
}
