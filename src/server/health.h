/* /healthz and /readyz. */
#ifndef HERMETIC_SERVER_HEALTH_H
#define HERMETIC_SERVER_HEALTH_H

#include <stdbool.h>

/* This node is going away: nobody should come any more. */
void health_drain(void);
bool health_is_draining(void);

#endif
