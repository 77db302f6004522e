/* The libraries that a device without input and output needs, once for the process. */
#ifndef HERMETIC_REACH_LIBRARIES_H
#define HERMETIC_REACH_LIBRARIES_H

#include "base/err.h"

/* Before other threads of the process use jansson, which wipes what it frees from then
 * on. A second call does nothing. */
MUST_CHECK enum err libraries_start(void);

#endif
