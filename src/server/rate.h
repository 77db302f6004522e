/* How often somebody has tried something in the last minute: a bounded table,
 * of one worker. */
#ifndef HERMETIC_SERVER_RATE_H
#define HERMETIC_SERVER_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* Counts one try under a name; false when there were more than `limit` within
 * a minute. Names share a slot when the table is full of others. */
bool rate_allows(const char *name, uint64_t limit);

#endif
