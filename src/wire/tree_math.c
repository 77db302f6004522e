#include "wire/tree_math.h"

uint32_t tree_math_level(uint32_t node)
{
	uint32_t level = 0;

	while ((node >> level & 1) != 0)
		level++;
	return level;
}

uint32_t tree_math_left(uint32_t node)
{
	return node ^ ((uint32_t)1 << (tree_math_level(node) - 1));
}

uint32_t tree_math_right(uint32_t node)
{
	return node ^ ((uint32_t)3 << (tree_math_level(node) - 1));
}

uint32_t tree_math_parent(uint32_t node)
{
	uint32_t level = tree_math_level(node);
	uint32_t side = node >> (level + 1) & 1;

	return (node | (uint32_t)1 << level) ^ (side << (level + 1));
}

uint32_t tree_math_sibling(uint32_t node)
{
	return node ^ ((uint32_t)2 << tree_math_level(node));
}

uint32_t tree_math_ancestor(uint32_t leaf, uint32_t level)
{
	uint32_t below = ((uint32_t)1 << level) - 1;

	return ((2 * leaf) & ~(2 * below + 1)) | below;
}

uint32_t tree_math_common_level(uint32_t leaf, uint32_t other)
{
	uint32_t level = 0;

	while (leaf >> level != other >> level)
		level++;
	return level;
}

uint32_t tree_math_first_leaf(uint32_t node)
{
	return (node - (((uint32_t)1 << tree_math_level(node)) - 1)) / 2;
}

uint32_t tree_math_leaf_count(uint32_t node)
{
	return (uint32_t)1 << tree_math_level(node);
}

uint32_t tree_math_round_up(uint32_t leaves)
{
	uint32_t power = 1;

	while (power < leaves)
		power *= 2;
	return power;
}
