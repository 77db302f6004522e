#include "server/edge/path_tree.h"

#include <stdlib.h>
#include <string.h>

struct node {
	const struct node *parent;
	struct span segment;
	struct node *of_bucket;
	struct node *any; /* the child that stands for any segment */
	void *value;
};

struct path_tree {
	struct node root;
	struct node **buckets;
	size_t size, count; /* a power of two; nodes in the buckets */
};

enum { FIRST_SIZE = 64 };

/* ---- the table ---- */

/* FNV-1a; who could choose what collides is the one who names the paths. */
static uint64_t hash(const struct node *parent, struct span segment)
{
	uint64_t h = 14695981039346656037U ^ (uintptr_t)parent;

	for (size_t i = 0; i < segment.n; i++)
		h = (h ^ segment.p[i]) * 1099511628211U;
	return h ^ h >> 32;
}

static struct node **bucket(const struct path_tree *t,
			    const struct node *parent, struct span segment)
{
	return &t->buckets[hash(parent, segment) & (t->size - 1)];
}

static struct node *find_literal(const struct path_tree *t,
				 const struct node *parent, struct span segment)
{
	struct node *n = *bucket(t, parent, segment);

	while (n != NULL &&
	       (n->parent != parent || !span_equal(n->segment, segment)))
		n = n->of_bucket;
	return n;
}

static void put(struct path_tree *t, struct node *n)
{
	struct node **at = bucket(t, n->parent, n->segment);

	n->of_bucket = *at;
	*at = n;
}

/* Twice as many buckets as there are nodes, at least. */
static enum err make_room(struct path_tree *t)
{
	struct path_tree grown = *t;

	if (2 * (t->count + 1) <= t->size)
		return ERR_OK;
	grown.size = 2 * t->size;
	grown.buckets = calloc(grown.size, sizeof(*grown.buckets));
	if (grown.buckets == NULL)
		return ERR_LOCAL_MEMORY;
	for (size_t i = 0; i < t->size; i++)
		for (struct node *n = t->buckets[i], *next; n != NULL;
		     n = next) {
			next = n->of_bucket;
			put(&grown, n);
		}
	free(t->buckets);
	t->buckets = grown.buckets;
	t->size = grown.size;
	return ERR_OK;
}

size_t path_tree_longest(const struct path_tree *t)
{
	size_t longest = 0;

	for (size_t i = 0; i < t->size; i++) {
		size_t length = 0;

		for (struct node *n = t->buckets[i]; n != NULL;
		     n = n->of_bucket)
			length++;
		if (length > longest)
			longest = length;
	}
	return longest;
}

/* ---- paths ---- */

bool path_next_segment(struct span *path, struct span *segment)
{
	const uint8_t *end;

	if (path->n == 0 || path->p[0] != '/')
		return false;
	path->p++;
	path->n--;
	end = path->n > 0 ? memchr(path->p, '/', path->n) : NULL;
	*segment =
	    span_of(path->p, end != NULL ? (size_t)(end - path->p) : path->n);
	path->p += segment->n;
	path->n -= segment->n;
	return true;
}

static bool is_any(struct span segment)
{
	return segment.n > 2 && segment.p[0] == '{';
}

static struct node *add_child(struct path_tree *t, struct node *parent,
			      struct span segment)
{
	struct node *n =
	    is_any(segment) ? parent->any : find_literal(t, parent, segment);

	if (n != NULL)
		return n;
	if (make_room(t) != ERR_OK)
		return NULL;
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->parent = parent;
	n->segment = segment;
	if (is_any(segment)) {
		parent->any = n;
	} else {
		put(t, n);
		t->count++;
	}
	return n;
}

struct path_tree *path_tree_new(void)
{
	struct path_tree *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->size = FIRST_SIZE;
	t->buckets = calloc(t->size, sizeof(*t->buckets));
	if (t->buckets != NULL)
		return t;
	free(t);
	return NULL;
}

enum err path_tree_add(struct path_tree *t, struct span path, void *value)
{
	struct node *n = &t->root;
	struct span segment;

	while (n != NULL && path_next_segment(&path, &segment))
		n = add_child(t, n, segment);
	if (n == NULL)
		return ERR_LOCAL_MEMORY;
	n->value = value;
	return ERR_OK;
}

void *path_tree_find(const struct path_tree *t, struct span path)
{
	const struct node *n = &t->root, *child;
	struct span segment;

	while (path_next_segment(&path, &segment)) {
		child = find_literal(t, n, segment);
		if (child == NULL && segment.n > 0)
			child = n->any;
		if (child == NULL)
			return NULL;
		n = child;
	}
	return path.n == 0 ? n->value : NULL;
}
