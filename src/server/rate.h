/*
 * How often somebody has tried something in the last minute: a bounded table
 * of each worker, which tells the database once a second what is new in it and
 * hears what all the others have counted. So a limit holds for all nodes
 * together, a second late; while the database is away, for each worker.
 */
#ifndef HERMETIC_SERVER_RATE_H
#define HERMETIC_SERVER_RATE_H

#include "server/edge/request.h"

/* Once in a worker. */
void rate_start(void);

/* Counts one try under a name; when there were more than `limit` within a
 * minute, answers 429 and is false: the request is gone. Names share a slot
 * when the table is full of others. */
bool rate_allows(struct request *req, const char *name, uint64_t limit);

#endif
