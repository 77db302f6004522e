#include "base/key_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A radix tree on fingerprints, four bits a level. What is in it is chosen by
 * peers, who may make fingerprints alike: its depth has a bound, and what is
 * alike in all bits costs a scan of the tree, as without it. */
enum {
	BITS = 4,
	FAN = 1 << BITS,
	LEVELS = 64 / BITS,
	LIST_MAX = 16, /* longer ones become branches, while there are bits */
	NUMBER_BITS = 24
};

_Static_assert(KEY_SET_NUMBERS == 1u << NUMBER_BITS, "they fill their bits");

/* A branch of FAN children, or a list of `count` fingerprints. */
struct key_set_node {
	uint32_t refs;
	uint32_t count;
	bool branch;
	union {
		struct key_set_node *child; /* NULL: empty */
		uint64_t print;
	} at[];
};

/* FNV-1a, then mixed so that all bits count for all. */
static uint64_t fingerprint(struct span key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ key.p[i]) * 0x100000001b3u;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

static size_t branch_of(uint64_t print, unsigned level)
{
	return print >> (64 - BITS * (level + 1)) & (FAN - 1);
}

/* ---- nodes ---- */

static struct key_set_node *node_new(bool branch, size_t room)
{
	struct key_set_node *node =
	    calloc(1, sizeof(*node) + room * sizeof(node->at[0]));

	if (node == NULL)
		return NULL;
	node->refs = 1;
	node->branch = branch;
	return node;
}

static void node_free(struct key_set_node *node)
{
	if (node == NULL || --node->refs > 0)
		return;
	for (size_t i = 0; node->branch && i < FAN; i++)
		node_free(node->at[i].child);
	free(node);
}

/* Makes a branch ours alone: copies it when it is shared. */
static enum err own_branch(struct key_set_node **slot)
{
	struct key_set_node *shared = *slot, *own;

	if (shared->refs == 1)
		return ERR_OK;
	own = node_new(true, FAN);
	if (own == NULL)
		return ERR_LOCAL_MEMORY;
	for (size_t i = 0; i < FAN; i++) {
		own->at[i].child = shared->at[i].child;
		if (own->at[i].child != NULL)
			own->at[i].child->refs++;
	}
	shared->refs--;
	*slot = own;
	return ERR_OK;
}

/* ---- lists ---- */

static size_t times_in(const struct key_set_node *list, uint64_t print)
{
	size_t times = 0;

	for (uint32_t i = 0; list != NULL && i < list->count; i++)
		times += list->at[i].print == print;
	return times;
}

/* A list that differs in one print is a new list: they are short. */
static enum err list_with(struct key_set_node **slot, uint64_t print)
{
	struct key_set_node *old = *slot;
	uint32_t count = old != NULL ? old->count : 0;
	struct key_set_node *list = node_new(false, count + 1u);

	if (list == NULL)
		return ERR_LOCAL_MEMORY;
	if (count > 0)
		memcpy(list->at, old->at, count * sizeof(list->at[0]));
	list->at[count].print = print;
	list->count = count + 1;
	node_free(old);
	*slot = list;
	return ERR_OK;
}

static enum err list_without(struct key_set_node **slot, uint64_t print)
{
	struct key_set_node *old = *slot, *list = NULL;
	bool gone = false;

	if (old->count > 1) {
		list = node_new(false, old->count - 1u);
		if (list == NULL)
			return ERR_LOCAL_MEMORY;
	}
	for (uint32_t i = 0; i < old->count; i++) {
		if (!gone && old->at[i].print == print)
			gone = true;
		else if (list != NULL)
			list->at[list->count++].print = old->at[i].print;
	}
	node_free(old);
	*slot = list;
	return ERR_OK;
}

/* A list that is too long becomes a branch of lists. */
static enum err split(struct key_set_node **slot, unsigned level)
{
	struct key_set_node *list = *slot, *branch = node_new(true, FAN);
	enum err e;

	ENSURE(branch != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t i = 0; i < list->count; i++)
		TRY(list_with(
		    &branch->at[branch_of(list->at[i].print, level)].child,
		    list->at[i].print));
	node_free(list);
	*slot = branch;
	return ERR_OK;
out:
	node_free(branch);
	return e;
}

/* ---- the set ---- */

struct key_set key_set_share(const struct key_set *set)
{
	if (set->root != NULL)
		set->root->refs++;
	return *set;
}

void key_set_clear(struct key_set *set)
{
	node_free(set->root);
	*set = KEY_SET_INIT;
}

/* The list where a print is or would be, its branches ours alone. */
static enum err open_list(struct key_set *set, uint64_t print,
			  struct key_set_node ***slot, unsigned *level)
{
	enum err e = ERR_OK;

	*slot = &set->root;
	for (*level = 0; **slot != NULL && (**slot)->branch; (*level)++) {
		TRY(own_branch(*slot));
		*slot = &(**slot)->at[branch_of(print, *level)].child;
	}
out:
	return e;
}

static enum err put(struct key_set *set, uint64_t print)
{
	struct key_set_node **slot;
	unsigned level;
	enum err e;

	TRY(open_list(set, print, &slot, &level));
	while (*slot != NULL && !(*slot)->branch &&
	       (*slot)->count >= LIST_MAX && level < LEVELS) {
		TRY(split(slot, level));
		slot = &(*slot)->at[branch_of(print, level++)].child;
	}
	set->repeated += times_in(*slot, print) > 0;
	TRY(list_with(slot, print));
out:
	return e;
}

static enum err take(struct key_set *set, uint64_t print)
{
	struct key_set_node **slot;
	unsigned level;
	enum err e;

	TRY(open_list(set, print, &slot, &level));
	ENSURE(times_in(*slot, print) > 0, ERR_LOCAL_BUG);
	set->repeated -= times_in(*slot, print) > 1;
	TRY(list_without(slot, print));
out:
	return e;
}

enum err key_set_put(struct key_set *set, struct span key)
{
	return put(set, fingerprint(key));
}

enum err key_set_remove(struct key_set *set, struct span key)
{
	return take(set, fingerprint(key));
}

bool key_set_may_have(const struct key_set *set, struct span key)
{
	uint64_t print = fingerprint(key);
	const struct key_set_node *node = set->root;

	for (unsigned level = 0; node != NULL && node->branch; level++)
		node = node->at[branch_of(print, level)].child;
	return times_in(node, print) > 0;
}

bool key_set_may_repeat(const struct key_set *set)
{
	return set->repeated > 0;
}

/* ---- pairs ---- */

/* The key's bits, and below them the number's. */
static uint64_t pair(struct span key, uint32_t number)
{
	return fingerprint(key) >> NUMBER_BITS << NUMBER_BITS | number;
}

enum err key_set_put_pair(struct key_set *set, struct span key, uint32_t number)
{
	return number < KEY_SET_NUMBERS ? put(set, pair(key, number))
					: ERR_LOCAL_BUG;
}

enum err key_set_remove_pair(struct key_set *set, struct span key,
			     uint32_t number)
{
	return number < KEY_SET_NUMBERS ? take(set, pair(key, number))
					: ERR_LOCAL_BUG;
}

/* The lowest print from `from` to `last` in the list. */
static bool lowest_in(const struct key_set_node *list, uint64_t from,
		      uint64_t last, uint64_t *lowest)
{
	bool found = false;

	for (uint32_t i = 0; i < list->count; i++) {
		uint64_t print = list->at[i].print;

		if (print < from || print > last || (found && print >= *lowest))
			continue;
		*lowest = print;
		found = true;
	}
	return found;
}

/* The same below a node whose prints all begin as `from` does, in the bits of the
 * levels above. As deep as there are levels. */
static bool lowest_below(const struct key_set_node *node, unsigned level,
			 uint64_t from, uint64_t last, uint64_t *lowest)
{
	size_t first, end;

	if (node == NULL)
		return false;
	if (!node->branch)
		return lowest_in(node, from, last, lowest);
	first = branch_of(from, level);
	end = branch_of(last, level);
	for (size_t i = first; i <= end; i++) {
		unsigned rest = 64 - BITS * (level + 1);
		uint64_t begin = (from >> rest >> BITS << BITS | i) << rest;
		uint64_t until = begin | (((uint64_t)1 << rest) - 1);

		if (lowest_below(node->at[i].child, level + 1,
				 from > begin ? from : begin,
				 last < until ? last : until, lowest))
			return true;
	}
	return false;
}

bool key_set_next_pair(const struct key_set *set, struct span key,
		       uint32_t *number)
{
	uint64_t found = 0;

	if (*number >= KEY_SET_NUMBERS ||
	    !lowest_below(set->root, 0, pair(key, *number),
			  pair(key, KEY_SET_NUMBERS - 1), &found))
		return false;
	*number = found & (KEY_SET_NUMBERS - 1);
	return true;
}
