/*
 * From a path to its handler. The routes are those that kore.conf names:
 *
 *   route /session/{session_id}/messages session_messages
 *   restrict /session/{session_id}/messages get
 *
 * A segment in braces stands for any one segment (path_tree.h).
 */
#ifndef HERMETIC_SERVER_EDGE_ROUTER_H
#define HERMETIC_SERVER_EDGE_ROUTER_H

#include "server/edge/request.h"

struct route;

/* Reads the routes from Kore's configuration: once, before the workers. */
void router_read_config(void);

/* NULL when no route has that path. */
const struct route *router_find(struct span path);

/* Every route's path by its number; number 0, "none", is of requests that have
 * no route. */
const char *const *router_paths(size_t *count);
size_t router_number(const struct route *route); /* may be NULL */

const char *router_path(const struct route *route);
bool router_allows(const struct route *route, enum head_method method);
/* "GET, HEAD, OPTIONS" */
const char *router_allow_header(const struct route *route);
void router_call(const struct route *route, struct request *req);

/* The segment of `path` where the route has {name}; empty without. */
struct span router_param(const struct route *route, struct span path,
			 const char *name);

#endif
