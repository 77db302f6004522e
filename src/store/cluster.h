/*
 * Which PostgreSQL this is: the system identifier, which a cluster and its
 * standbys share for life, and the timeline, which is one more after each
 * promotion. A primary that was replaced and comes back has an older timeline:
 * what it says is not true any more, and what it is told is lost.
 */
#ifndef HERMETIC_STORE_CLUSTER_H
#define HERMETIC_STORE_CLUSTER_H

#include <stdint.h>

#include "base/err.h"

enum cluster_verdict {
	CLUSTER_FITS,
	CLUSTER_OLDER, /* a newer timeline has been seen */
	CLUSTER_OTHER  /* another cluster has been seen */
};

/*
 * What has been seen is common to this process and those that it forks later,
 * and, with a `path`, to all that open the file, also later: it is made where
 * there is none. NULL or "": no file. Without a call each process remembers for
 * itself. ERR_LOCAL_CONFIG: the file cannot be made, or holds something else;
 * ERR_LOCAL_MEMORY.
 */
MUST_CHECK enum err cluster_open(const char *path);

/* Takes the first `system`, and the newest `timeline` of it, as seen. */
MUST_CHECK enum cluster_verdict cluster_meet(uint64_t system,
					     uint32_t timeline);

/* The newest timeline that was seen; 0: none. */
uint32_t cluster_timeline(void);

/* In words: what is wrong with such a PostgreSQL. NULL for CLUSTER_FITS. */
const char *cluster_text(enum cluster_verdict verdict);

#endif
