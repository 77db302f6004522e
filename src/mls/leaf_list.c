#include "mls/leaf_list.h"

#include "wire/tree_math.h"

/* The place of the first leaf >= `leaf`. */
static size_t place(struct leaf_list list, uint32_t leaf)
{
	size_t low = 0, high = list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list.leaves[middle] < leaf)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool leaf_list_has(struct leaf_list list, uint32_t leaf)
{
	size_t at = place(list, leaf);

	return at < list.count && list.leaves[at] == leaf;
}

struct leaf_list leaf_list_below(struct leaf_list list, uint32_t node)
{
	uint32_t first = tree_math_first_leaf(node);
	size_t from = place(list, first);
	size_t to = place(list, first + tree_math_leaf_count(node));

	if (from == to)
		return LEAF_LIST_EMPTY;
	return (struct leaf_list){ list.leaves + from, to - from };
}
