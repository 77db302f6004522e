#include "server/edge/router.h"

#include <regex.h>

#include <kore/kore.h>

#include <kore/http.h>
#include <stdio.h>
#include <string.h>

#include "server/edge/path_tree.h"

struct route {
	const char *path;
	request_handler *handler;
	unsigned methods;
	size_t number;
	char allow[80];
};

static struct path_tree *tree;

enum { ROUTES_MAX = 64 };
static const char *paths[ROUTES_MAX] = { "none" };
static size_t path_count = 1;

static unsigned methods_of(int kore_methods)
{
	unsigned methods = HEAD_OPTIONS;

	if ((kore_methods & HTTP_METHOD_GET) != 0)
		methods |= HEAD_GET | HEAD_HEAD;
	if ((kore_methods & HTTP_METHOD_POST) != 0)
		methods |= HEAD_POST;
	if ((kore_methods & HTTP_METHOD_PUT) != 0)
		methods |= HEAD_PUT;
	if ((kore_methods & HTTP_METHOD_DELETE) != 0)
		methods |= HEAD_DELETE;
	if ((kore_methods & HTTP_METHOD_PATCH) != 0)
		methods |= HEAD_PATCH;
	return methods;
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

static void add_route(const struct kore_module_handle *h)
{
	struct route *r = kore_calloc(1, sizeof(*r));

	r->path = h->path;
	r->methods = methods_of(h->methods);
	/* Kore keeps what dlsym() found: a function of our own type */
	memcpy(&r->handler, &h->rcall->addr, sizeof(r->handler));
	name_methods(r);
	if (path_count < ROUTES_MAX) {
		r->number = path_count;
		paths[path_count++] = r->path;
	}
	if (path_tree_add(tree, span_str(h->path), r) != ERR_OK)
		fatal("no memory for routes");
}

void router_read_config(void)
{
	const struct kore_server *server;
	const struct kore_domain *domain;
	const struct kore_module_handle *h;

	tree = path_tree_new();
	if (tree == NULL)
		fatal("no memory for routes");
	LIST_FOREACH(server, &kore_servers, list)
	TAILQ_FOREACH(domain, &server->domains, list)
	TAILQ_FOREACH(h, &domain->handlers, list)
	add_route(h);
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

const char *router_allow_header(const struct route *route)
{
	return route->allow;
}

void router_call(const struct route *route, struct request *req)
{
	route->handler(req);
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
