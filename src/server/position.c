#include "server/position.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "server/answer.h"
#include "server/config.h"

static const char HEADER[] = "Hermetic-Position";

bool position_matters(void)
{
	return config()->database_read_url != NULL;
}

uint64_t position_given(const struct request *req)
{
	struct span text;
	uint64_t position;

	if (!request_header(req, HEADER, &text) ||
	    text_parse_u64(&position, text, INT64_MAX) != ERR_OK)
		return 0;
	return position;
}

void position_add(struct request *req, uint64_t position)
{
	char text[24];

	if (!position_matters())
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64, position);
	request_add(req, HEADER, text);
}

struct answer {
	struct request *req;
	int status;
	struct buf json;
};

static void finish(struct answer *a)
{
	request_answer(a->req, a->status, "application/json",
		       buf_span(&a->json));
	buf_clear(&a->json);
	free(a);
}

/* Without a position the client reads of the primary. */
static void on_position(void *arg, enum err e, struct rows *rows)
{
	struct answer *a = arg;
	int64_t position = 0;

	if (e == ERR_OK)
		position = rows_i64(rows, 0, "position");
	if (e == ERR_OK && rows_end(rows) == ERR_OK)
		position_add(a->req, (uint64_t)position);
	finish(a);
}

void position_answer(struct request *req, int status, struct buf *json)
{
	struct params none = PARAMS_INIT;
	struct answer *a = position_matters() ? malloc(sizeof(*a)) : NULL;

	if (a == NULL) {
		request_answer(req, status, "application/json", buf_span(json));
		buf_clear(json);
		return;
	}
	*a = (struct answer){ req, status, *json };
	*json = BUF_INIT;
	if (store_query(answer_store(), STATEMENT_POSITION_NOW, &none,
			on_position, a) != ERR_OK)
		finish(a);
}
