/* What handlers of one worker share: the store, and the answers that belong to no
 * resource. */
#ifndef HERMETIC_SERVER_ANSWER_H
#define HERMETIC_SERVER_ANSWER_H

#include "server/edge/request.h"
#include "store/store.h"

/* Once in a worker: the store that is asked. */
void answer_from(struct store *store);

struct store *answer_store(void);

/* Answers a request whose statement was not answered: 503, or 500. */
void answer_fail(struct request *req, enum err e);

/* Asks the store; `done` gets the request as its argument. When the store
 * takes no more, answers 503 instead. */
void answer_query(struct request *req, enum statement statement,
		  struct params *params, connection_done *done);

/* Answers with JSON that was made of rows, or 500 when they were not as
 * expected; clears `json`. */
void answer_rows(struct request *req, int status, const struct rows *rows,
		 struct buf *json);

/* The statement gives one row. False: it did not, or was not answered, and the request
 * has been answered. */
bool answer_has_one(struct request *req, enum err e, const struct rows *rows);

/* Answers {"MEMBER":[…]}, an element a row, which `put` appends. */
void answer_list(struct request *req, enum err e, struct rows *rows,
		 const char *member,
		 void (*put)(struct buf *out, struct rows *rows, size_t i));

#endif
