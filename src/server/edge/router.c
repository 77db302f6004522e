#include "server/edge/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/edge/path_tree.h"

enum { ROUTES_MAX = 64, METHODS = 5 };

/* What is called for one method. */
struct target {
	void (*called)(struct request *req, const void *arg);
	const void *arg;
	bool streamed;
};

struct route {
	const char *path;
	struct target targets[METHODS];
	unsigned methods;
	size_t number;
	char allow[80];
};

static struct path_tree *tree;

static const char *paths[ROUTES_MAX] = { "none" };
static size_t path_count = 1;

static bool (*admission)(struct request *req, const void *arg);

static size_t target_of(enum head_method method)
{
	switch (method) {
	case HEAD_POST:
		return 1;
	case HEAD_PUT:
		return 2;
	case HEAD_DELETE:
		return 3;
	case HEAD_PATCH:
		return 4;
	case HEAD_GET:
	case HEAD_HEAD:
	case HEAD_OPTIONS:
		break;
	}
	return 0;
}

static void name_methods(struct route *r)
{
	(void)snprintf(r->allow, sizeof(r->allow), "%s%s%s%s%sOPTIONS",
		       r->methods & HEAD_GET ? "GET, HEAD, " : "",
		       r->methods & HEAD_POST ? "POST, " : "",
		       r->methods & HEAD_PUT ? "PUT, " : "",
		       r->methods & HEAD_PATCH ? "PATCH, " : "",
		       r->methods & HEAD_DELETE ? "DELETE, " : "");
}

/* NULL: no memory, or there are too many. The paths are few when it is asked. */
static struct route *find_or_add(const char *path)
{
	struct route *r = NULL;

	if (tree == NULL)
		tree = path_tree_new();
	if (tree == NULL)
		return NULL;
	for (size_t i = 1; i < path_count; i++)
		if (strcmp(paths[i], path) == 0)
			return path_tree_find(tree, span_str(path));
	if (path_count < ROUTES_MAX)
		r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->path = path;
	r->methods = HEAD_OPTIONS;
	if (path_tree_add(tree, span_str(path), r) != ERR_OK) {
		free(r);
		return NULL;
	}
	r->number = path_count;
	paths[path_count++] = path;
	return r;
}

static void add(enum head_method method, const char *path,
		const struct target *target)
{
	struct route *r = find_or_add(path);

	if (r == NULL) {
		LOG(ERROR, "no memory for routes", LOG_STR("path", path));
		exit(EXIT_FAILURE);
	}
	r->methods |= method;
	if (method == HEAD_GET)
		r->methods |= HEAD_HEAD;
	r->targets[target_of(method)] = *target;
	name_methods(r);
}

void router_add(enum head_method method, const char *path,
		void (*called)(struct request *req, const void *arg),
		const void *arg)
{
	add(method, path, &(const struct target){ called, arg, false });
}

void router_add_streamed(enum head_method method, const char *path,
			 void (*called)(struct request *req, const void *arg),
			 const void *arg)
{
	add(method, path, &(const struct target){ called, arg, true });
}

const struct route *router_find(struct span path)
{
	return path_tree_find(tree, path);
}

const char *const *router_paths(size_t *count)
{
	*count = path_count;
	return paths;
}

size_t router_number(const struct route *route)
{
	return route != NULL ? route->number : 0;
}

const char *router_path(const struct route *route)
{
	return route->path;
}

bool router_allows(const struct route *route, enum head_method method)
{
	return (route->methods & (unsigned)method) != 0;
}

bool router_is_streamed(const struct route *route, enum head_method method)
{
	return router_allows(route, method) &&
	       route->targets[target_of(method)].streamed;
}

const char *router_allow_header(const struct route *route)
{
	return route->allow;
}

void router_call(const struct route *route, enum head_method method,
		 struct request *req)
{
	const struct target *t = &route->targets[target_of(method)];

	t->called(req, t->arg);
}

void router_ask_first(bool (*admits)(struct request *req, const void *arg))
{
	admission = admits;
}

bool router_asks_first(void)
{
	return admission != NULL;
}

bool router_admits(const struct route *route, enum head_method method,
		   struct request *req)
{
	return admission(req, route->targets[target_of(method)].arg);
}

struct span router_param(const struct route *route, struct span path,
			 const char *name)
{
	struct span pattern = span_str(route->path), part, segment;
	size_t n = strlen(name);

	while (path_next_segment(&pattern, &part) &&
	       path_next_segment(&path, &segment))
		if (part.n == n + 2 && part.p[0] == '{' &&
		    memcmp(part.p + 1, name, n) == 0)
			return segment;
	return SPAN_EMPTY;
}
