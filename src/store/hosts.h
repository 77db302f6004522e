/*
 * The hosts of a connection string, their names looked up beside the loop:
 * libpq would wait for a name server itself, and its caller with it.
 */
#ifndef HERMETIC_STORE_HOSTS_H
#define HERMETIC_STORE_HOSTS_H

#include "base/buf.h"

#include <stdbool.h>

/* Values of libpq's keywords of these names, comma-separated with a NUL; all
 * empty: they are to be taken as the connection string has them. */
struct hosts {
	struct buf host, hostaddr, port;
	size_t count;
};

/*
 * Fills `out` (all BUF_INIT), beginning with the host at place `turn` of the
 * string, modulo their number: one that never answers is not always the first.
 * A name with several addresses comes several times; one that has none just
 * now is left out.
 *
 * *found is false while no address is known: ask again soon. ERR_LOCAL_CONFIG:
 * no connection string; ERR_LOCAL_MEMORY.
 */
MUST_CHECK enum err hosts_find(const char *conninfo, unsigned turn,
			       struct hosts *out, bool *found);

void hosts_clear(struct hosts *hosts);

#endif
