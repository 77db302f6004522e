/* Increasing lists of leaf indices: unmerged leaves (7.1), new members. */
#ifndef HERMETIC_MLS_LEAF_LIST_H
#define HERMETIC_MLS_LEAF_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct leaf_list {
	const uint32_t *leaves;
	size_t count;
};

#define LEAF_LIST_EMPTY ((struct leaf_list){ NULL, 0 })

bool leaf_list_has(struct leaf_list list, uint32_t leaf);

/* The part of a list that lies below a node. */
struct leaf_list leaf_list_below(struct leaf_list list, uint32_t node);

#endif
