/*
 * Positions in PostgreSQL's log, which a client carries from one answer to its
 * next request, so that it reads its own writes of a standby, too. To the
 * client they are opaque: the header Hermetic-Position.
 */
#ifndef HERMETIC_SERVER_POSITION_H
#define HERMETIC_SERVER_POSITION_H

#include "server/edge/request.h"

/* Are there any? Only with a standby. */
bool position_matters(void);

/* What the request carries; 0: nothing that could be read. */
uint64_t position_given(const struct request *req);

/* Adds it to the answer, when it matters. */
void position_add(struct request *req, uint64_t position);

/* Answers with JSON, which is taken, and the position that a change has by
 * now. */
void position_answer(struct request *req, int status, struct buf *json);

#endif
