/*
 * Node indices of the array-based tree, RFC 9420 appendix C. Leaf i is node
 * 2i; the tree is always full, so `leaves` is a power of two.
 */
#ifndef HERMETIC_WIRE_TREE_MATH_H
#define HERMETIC_WIRE_TREE_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Leaves that a tree of ours may have: bounds what a peer can make us hold. */
#define TREE_LEAVES_MAX ((uint32_t)1 << 20)
/* Levels of such a tree, leaves and root included. */
#define TREE_LEVELS_MAX 21

static inline uint32_t tree_math_width(uint32_t leaves)
{
	return 2 * leaves - 1;
}

static inline uint32_t tree_math_root(uint32_t leaves)
{
	return leaves - 1;
}

/* 0 for a leaf; the count of trailing one bits. */
uint32_t tree_math_level(uint32_t node);

/* A leaf has no children, the root neither parent nor sibling: ask before. */
uint32_t tree_math_left(uint32_t node);
uint32_t tree_math_right(uint32_t node);
uint32_t tree_math_parent(uint32_t node);
uint32_t tree_math_sibling(uint32_t node);

/* The ancestor of leaf `leaf` at `level`. */
uint32_t tree_math_ancestor(uint32_t leaf, uint32_t level);

/* The level of the lowest common ancestor of two leaves. */
uint32_t tree_math_common_level(uint32_t leaf, uint32_t other);

/* The first leaf below a node, and how many there are. */
uint32_t tree_math_first_leaf(uint32_t node);
uint32_t tree_math_leaf_count(uint32_t node);

/* The least power of two that is >= leaves, at least 1. */
uint32_t tree_math_round_up(uint32_t leaves);

#endif
