#include "store/queue.h"

#include <stdlib.h>

void store_queue_init(struct store_queue *q)
{
	*q = (struct store_queue){ NULL, &q->first, 0 };
}

void store_queue_put(struct store_queue *q, struct store_request *r)
{
	r->next = NULL;
	*q->end = r;
	q->end = &r->next;
	q->count++;
}

struct store_request *store_queue_take(struct store_queue *q)
{
	struct store_request *r = q->first;

	if (r == NULL)
		return NULL;
	q->first = r->next;
	if (q->first == NULL)
		q->end = &q->first;
	q->count--;
	return r;
}

void store_queue_finish(struct store_request *r, enum err e, struct rows *rows)
{
	r->done(r->arg, e, rows);
	params_clear(&r->params);
	free(r);
}

void store_queue_fail(struct store_queue *q, enum err e)
{
	struct store_request *r = q->first, *next;

	store_queue_init(q);
	for (; r != NULL; r = next) {
		next = r->next;
		store_queue_finish(r, e, NULL);
	}
}
