/* Listening for connections by TCP. */
#ifndef HERMETIC_BASE_LISTEN_H
#define HERMETIC_BASE_LISTEN_H

#include <stdbool.h>

/* A socket that listens at a numeric address, of IPv4 or IPv6, and a numeric port, and does
 * not block; "::" is both kinds. `shared`: other processes may listen there at the same time, and the system
 * spreads connections between them (SO_REUSEPORT). -1: it cannot be had. The caller closes
 * it. */
int listen_at(const char *host, const char *port, bool shared);

#endif
