/* What the handlers of one worker share. */
#ifndef HERMETIC_SERVER_APP_H
#define HERMETIC_SERVER_APP_H

#include "server/edge/request.h"
#include "store/store.h"

struct store *app_store(void);

/* Answers a request whose statement was not answered: 503, or 500. */
void app_fail(struct request *req, enum err e);

/* Asks the store; `done` gets the request as its argument. When the store
 * takes no more, answers 503 instead. */
void app_query(struct request *req, enum statement statement,
	       struct params *params, connection_done *done);

/* Answers with JSON that was made of rows, or 500 when they were not as
 * expected; clears `json`. */
void app_answer(struct request *req, int status, const struct rows *rows,
		struct buf *json);

/* This node is going away: nobody should come any more. */
bool app_is_draining(void);

#endif
