/* Proxies in front of the node whose word about a client's address is taken
 * (X-Forwarded-For); that of anybody else is not. */
#ifndef HERMETIC_SERVER_EDGE_PROXIES_H
#define HERMETIC_SERVER_EDGE_PROXIES_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/span.h"

/* "10.0.0.0/8, ::1": addresses and networks, at most 16; empty: none. NULL when
 * it was taken, otherwise what is wrong. */
const char *proxies_set(const char *text);

/*
 * Who asked: `peer`, or what the last trusted proxy says of him. The list is
 * read from its end, as its beginning is the client's own word.
 */
void proxies_client(const char *peer, struct span forwarded_for,
		    char out[INET6_ADDRSTRLEN]);

#endif
