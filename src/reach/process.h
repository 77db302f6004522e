/* The libraries below, those of the network too, once for the process. */
#ifndef HERMETIC_REACH_PROCESS_H
#define HERMETIC_REACH_PROCESS_H

#include "base/err.h"

/* Before anything else of the folder, and before there are threads. From then
 * on jansson wipes what it frees. */
MUST_CHECK enum err process_start(void);

#endif
