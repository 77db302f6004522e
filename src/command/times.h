/* Times as people write them on a command line. */
#ifndef HERMETIC_COMMAND_TIMES_H
#define HERMETIC_COMMAND_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* "90s", "5m", "2h", "1d" or "1w", and at most `most` seconds. False: it is none of
 * them. */
bool times_parse_seconds(const char *text, uint64_t most, uint64_t *seconds);

/* "2026-11-29", "2026-11-29 18:00", "18:00" of today, all as the clocks here have it,
 * or so long ago ("2h"): Unix milliseconds. */
bool times_parse_since(const char *text, uint64_t now_ms, uint64_t *ms);

#endif
