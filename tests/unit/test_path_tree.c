/* Routes: what stands for a path, and that a look costs the same with ten of
 * them and with ten thousand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

#include <stdio.h>

/* The edge is no archive; this file of it needs base only. */
#include "server/edge/path_tree.c"

enum { FEW = 10, MANY = 10000, PATH_SIZE = 32, LOOK_MAX = 8 };

static char a[] = "a", b[] = "b", c[] = "c";

static void add(struct path_tree *t, const char *path, void *value)
{
	assert_int_equal(path_tree_add(t, span_str(path), value), ERR_OK);
}

static void *find(const struct path_tree *t, const char *path)
{
	return path_tree_find(t, span_str(path));
}

static void tree_free(struct path_tree *t)
{
	struct node *next;

	for (size_t i = 0; i < t->size; i++)
		for (struct node *n = t->buckets[i]; n != NULL; n = next) {
			next = n->of_bucket;
			free(n->any);
			free(n);
		}
	free(t->root.any);
	free(t->buckets);
	free(t);
}

static void finds_paths(void **state)
{
	struct path_tree *t = path_tree_new();

	(void)state;
	assert_non_null(t);
	add(t, "/session/{id}", a);
	add(t, "/session/create", b);
	add(t, "/", c);
	assert_ptr_equal(find(t, "/session/create"), b);
	assert_ptr_equal(find(t, "/session/creat"), a);
	assert_ptr_equal(find(t, "/session/creates"), a);
	assert_ptr_equal(find(t, "/"), c);
	assert_null(find(t, "/session/"));
	assert_null(find(t, "/session"));
	assert_null(find(t, "/session/1/more"));
	assert_null(find(t, "/session/1/"));
	assert_null(find(t, "//session/1"));
	assert_null(find(t, "/{id}"));
	assert_null(find(t, "session/1"));
	assert_null(find(t, ""));
	tree_free(t);
}

static void costs_the_same(void **state)
{
	static char paths[MANY][PATH_SIZE];
	struct path_tree *t = path_tree_new();
	size_t few;

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(paths[i], PATH_SIZE, "/api/thing%zu", i);
		add(t, paths[i], paths[i]);
		if (i + 1 == FEW)
			few = path_tree_longest(t);
	}
	assert_true(few <= LOOK_MAX);
	assert_true(path_tree_longest(t) <= LOOK_MAX);
	for (size_t i = 0; i < MANY; i++)
		assert_ptr_equal(find(t, paths[i]), paths[i]);
	tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_paths),
		cmocka_unit_test(costs_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
