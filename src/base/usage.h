/* What a process of this machine uses, as Linux tells it. */
#ifndef HERMETIC_BASE_USAGE_H
#define HERMETIC_BASE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct usage {
	uint64_t cpu_us;   /* user and system, since it began */
	uint64_t resident; /* bytes */
	uint64_t files;	   /* open ones; 0: it does not let us see */
};

/* False: there is no such process any more; *out is zero then. */
MUST_CHECK bool usage_read(uint64_t pid, struct usage *out);

#endif
