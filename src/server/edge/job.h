/* Work that takes long, on a Kore task: a thread beside the event loop. */
#ifndef HERMETIC_SERVER_EDGE_JOB_H
#define HERMETIC_SERVER_EDGE_JOB_H

#include "base/err.h"

/* Threads of a worker, and how many jobs may wait for one. Once, before the
 * first job. */
void job_set_limits(unsigned threads, unsigned queue);

/* Calls work(arg) on a thread, which may touch nothing but `arg`, then
 * done(arg) on the event loop. ERR_LOCAL_BUSY when the queue is full; neither
 * is then called. */
MUST_CHECK enum err job_run(void (*work)(void *arg), void (*done)(void *arg),
			    void *arg);

#endif
