/*
 * GET /metrics, on a listener of its own beside what clients reach: any
 * process with a store_loop can answer Prometheus. One answer a connection,
 * HTTP/1.0; nothing else is known here.
 */
#ifndef HERMETIC_STORE_SCRAPE_H
#define HERMETIC_STORE_SCRAPE_H

#include <stdint.h>

#include "base/err.h"
#include "store/loop.h"

/* Listens at a numeric address; port 0: not at all. Several processes of a
 * node may share the port. ERR_LOCAL_CONFIG: it cannot be had. */
MUST_CHECK enum err scrape_start(const struct store_loop *loop,
				 const char *host, uint64_t port);

#endif
