/*
 * From a method and a path to what is called. The routes are those that the server
 * above names (server/routes_table.h). A segment of a path in braces stands for any
 * one segment (path_tree.h).
 */
#ifndef HERMETIC_SERVER_EDGE_ROUTER_H
#define HERMETIC_SERVER_EDGE_ROUTER_H

#include "server/edge/head.h"

struct request;
struct route;

/* Adds a method of a path, before the workers: `called` gets its requests, with `arg`.
 * HEAD is a GET, and OPTIONS is answered by the edge. Ends the process when there
 * is no memory. */
void router_add(enum head_method method, const char *path,
		void (*called)(struct request *req, const void *arg),
		const void *arg);

/* The same for a method whose body is as long as it likes: `called` gets the request
 * before it, and takes it piece by piece (request_take_body()). */
void router_add_streamed(enum head_method method, const char *path,
			 void (*called)(struct request *req, const void *arg),
			 const void *arg);

/* A body that is longer than this is read only of whom `admits` lets in: it gets the request
 * when its head is there, with what was given for the method of the path, and answers
 * when it returns false. Until it is set, nobody is let in. */
enum { ROUTER_BODY_OF_ANYBODY = 16384 };
void router_ask_first(bool (*admits)(struct request *req, const void *arg));
bool router_asks_first(void);
bool router_admits(const struct route *route, enum head_method method,
		   struct request *req);

/* NULL when no route has that path. */
const struct route *router_find(struct span path);

/* Every route's path by its number; number 0, "none", is of requests that have
 * no route. */
const char *const *router_paths(size_t *count);
size_t router_number(const struct route *route); /* may be NULL */

const char *router_path(const struct route *route);
bool router_allows(const struct route *route, enum head_method method);
bool router_is_streamed(const struct route *route, enum head_method method);
/* "GET, HEAD, OPTIONS" */
const char *router_allow_header(const struct route *route);
void router_call(const struct route *route, enum head_method method,
		 struct request *req);

/* The segment of `path` where the route has {name}; empty without. */
struct span router_param(const struct route *route, struct span path,
			 const char *name);

#endif
