#include "server/answer.h"

#include "base/log.h"

static struct store *store;

void answer_from(struct store *s)
{
	store = s;
}

struct store *answer_store(void)
{
	return store;
}

/* The class of an error decides. */
void answer_fail(struct request *req, enum err e)
{
	if (e == ERR_LOCAL_BUSY || e == ERR_LOCAL_IO ||
	    e == ERR_STATE_CONFLICT) {
		request_problem(req, OUTCOME_UNAVAILABLE, NULL);
		return;
	}
	LOG(ERROR, "request failed", LOG_STR("request_id", request_id(req)),
	    LOG_STR("route", request_route(req)), LOG_STR("why", err_text(e)));
	request_problem(req, OUTCOME_INTERNAL, NULL);
}

void answer_query(struct request *req, enum statement statement,
		  struct params *params, connection_done *done)
{
	enum err e = store_query(store, statement, params, done, req);

	if (e != ERR_OK)
		answer_fail(req, e);
}

void answer_rows(struct request *req, int status, const struct rows *rows,
		 struct buf *json)
{
	enum err e = rows_end(rows);

	if (e == ERR_OK)
		e = buf_end(json);
	if (e != ERR_OK)
		answer_fail(req, e);
	else
		request_answer(req, status, "application/json", buf_span(json));
	buf_clear(json);
}

bool answer_has_one(struct request *req, enum err e, const struct rows *rows)
{
	if (e == ERR_OK && rows_count(rows) == 1)
		return true;
	answer_fail(req, e != ERR_OK ? e : ERR_LOCAL_BUG);
	return false;
}

void answer_list(struct request *req, enum err e, struct rows *rows,
		 const char *member,
		 void (*put)(struct buf *out, struct rows *rows, size_t i))
{
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	buf_putf(&out, "{\"%s\":[", member);
	for (size_t i = 0; i < rows_count(rows); i++) {
		buf_put_str(&out, i > 0 ? "," : "");
		put(&out, rows, i);
	}
	buf_put_str(&out, "]}");
	answer_rows(req, 200, rows, &out);
}
