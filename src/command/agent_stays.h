/*
 * What the agent does beside holding keys, in a process of its own, so that who asks for the
 * keys waits for no network: it is connected, takes in what comes, and delivers what waits.
 */
#ifndef HERMETIC_COMMAND_AGENT_STAYS_H
#define HERMETIC_COMMAND_AGENT_STAYS_H

#include "hermetic/hermetic.h"

#include <sys/types.h>

/* After hermetic_agent_begin(), of which the new process takes nothing over: it asks for the
 * keys as others do. It ends with its parent. -1: there is none, and the keys are held all the
 * same. */
pid_t agent_stays_begin(struct hermetic *h);

/* Returns when that process and its keys are no more. Takes -1. */
void agent_stays_end(pid_t child);

#endif
