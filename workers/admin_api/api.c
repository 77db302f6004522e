#include "admin_api/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit.h"
#include "admin/operations.h"
#include "admin_api/bearer.h"
#include "admin_api/config.h"
#include "base/log.h"
#include "base/sec.h"
#include "base/text.h"
#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/edge/router.h"

enum { ROWS = 100, TOKEN_DAYS = 7 };

/* A request of which the token, then the operation is asked for. */
struct call {
	struct request *req;
	const struct operation *operation;
	struct bearer bearer;
	struct operation_args args; /* borrows from the request and from here */
	struct buf new_token;
	struct audit_chain chain;
	char at[OPERATION_AT_MAX];
};

static struct connection *connection;
static size_t waiting;

static void end(struct call *call)
{
	buf_clear(&call->new_token);
	sec_wipe(call, sizeof(*call));
	free(call);
	waiting--;
}

/* The request is answered by whoever calls this. */
static void tell(const struct call *call, enum outcome outcome)
{
	LOG(INFO, "administration", LOG_STR("token", call->bearer.name),
	    LOG_STR("operation", call->operation->name),
	    LOG_STR("outcome",
		    outcome == OUTCOME_OK ? "ok" : outcomes_row(outcome)->slug),
	    LOG_STR("request_id", request_id(call->req)));
}

static void refuse(struct call *call, enum outcome outcome, const char *detail)
{
	tell(call, outcome);
	request_problem(call->req, outcome, detail);
	end(call);
}

static void fail(struct call *call, enum err e)
{
	answer_fail(call->req, e);
	end(call);
}

/* ---- answers ---- */

static void put_list(struct call *call, struct rows *rows, struct buf *json)
{
	const char *comma = "";
	struct span one;
	char at[OPERATION_AT_MAX];

	buf_put_str(json, "{\"items\":[");
	for (size_t i = 0; i < rows_count(rows); i++) {
		one = operations_json(rows, i);
		if (one.n == 0)
			continue;
		buf_put_str(json, comma);
		buf_put(json, one);
		comma = ",";
	}
	buf_put_u8(json, ']');
	operations_next(call->operation, call->args.rows, rows, at);
	if (at[0] != '\0') {
		buf_put_str(json, ",\"next\":");
		json_put_string(json, span_str(at));
	}
	buf_put_u8(json, '}');
}

static void put_chain(const struct audit_chain *chain, struct buf *json)
{
	buf_putf(json, "{\"whole\":%s,\"entries\":%" PRId64 "}",
		 audit_is_whole(chain) ? "true" : "false", chain->n);
}

static void answer(struct call *call, struct rows *rows)
{
	struct buf json = BUF_INIT;
	int status = 200;

	switch (call->operation->gives) {
	case OPERATION_LIST:
		put_list(call, rows, &json);
		break;
	case OPERATION_ONE:
		buf_put(&json, operations_json(rows, 0));
		break;
	case OPERATION_CHAIN:
		put_chain(&call->chain, &json);
		break;
	case OPERATION_TOKEN:
		status = 201;
		buf_put_str(&json, "{\"token\":");
		json_put_string(&json, buf_span(&call->new_token));
		buf_put_u8(&json, '}');
		break;
	case OPERATION_DONE:
		tell(call, OUTCOME_OK);
		request_answer(call->req, 204, NULL, SPAN_EMPTY);
		end(call);
		return;
	}
	tell(call, OUTCOME_OK);
	answer_rows(call->req, status, rows, &json);
	end(call);
}

static void ask(struct call *call);

static void on_answer(void *arg, enum err e, struct rows *rows)
{
	struct call *call = arg;
	enum outcome outcome;

	if (e != ERR_OK) {
		fail(call, e);
		return;
	}
	if (call->operation->gives == OPERATION_CHAIN &&
	    audit_follow(&call->chain, rows)) {
		ask(call); /* the next page of it */
		return;
	}
	outcome = operations_outcome(call->operation, rows);
	e = rows_end(rows);
	if (e != ERR_OK)
		fail(call, e);
	else if (outcome == OUTCOME_OK)
		answer(call, rows);
	else
		refuse(call, outcome, NULL);
}

/* ---- the operation ---- */

static void ask(struct call *call)
{
	struct params params = PARAMS_INIT;
	enum err e;

	if (call->operation->gives == OPERATION_CHAIN) {
		(void)snprintf(call->at, sizeof(call->at), "%" PRId64,
			       call->chain.n);
		call->args.after = span_str(call->at);
	}
	e = operations_params(call->operation, &call->args, &params);
	if (e == ERR_PEER_INVALID)
		refuse(call, OUTCOME_MALFORMED, "nothing can be after that");
	else if (e != ERR_OK)
		refuse(call, call->operation->without, NULL);
	else if ((e = connection_send(connection, call->operation->statement,
				      &params, on_answer, call)) != ERR_OK)
		fail(call, e);
}

/* False: the request was answered. */
static bool read_body(struct call *call)
{
	bool makes = call->operation->gives == OPERATION_TOKEN;
	struct body body;

	call->args.uses = 1;
	call->args.days = TOKEN_DAYS;
	if (request_body(call->req).n == 0)
		return true;
	if (!body_read(&body, call->req))
		return false;
	if (makes && !body_optional_number(&body, "uses", OPERATION_USES_MAX,
					   &call->args.uses))
		call->args.uses = 1;
	if (makes && !body_optional_number(&body, "days", OPERATION_DAYS_MAX,
					   &call->args.days))
		call->args.days = TOKEN_DAYS;
	if (!body_end(&body, call->req))
		return false;
	body_free(&body);
	return true;
}

static bool read_rows(struct call *call)
{
	uint64_t rows = ROWS;
	struct span text;

	if (request_query(call->req, "limit", &text) &&
	    (text_parse_u64(&rows, text, OPERATION_ROWS_MAX) != ERR_OK ||
	     rows == 0))
		return false;
	call->args.rows = call->operation->gives == OPERATION_CHAIN
			      ? OPERATION_ROWS_MAX
			      : (int32_t)rows;
	if (call->operation->gives == OPERATION_LIST)
		(void)request_query(call->req, "after", &call->args.after);
	return true;
}

/* The segment of the path that stands for what is in braces. */
static struct span argument_of(const struct call *call)
{
	const char *open = strchr(call->operation->path, '{');
	char name[32];
	size_t n;

	if (open == NULL)
		return SPAN_EMPTY;
	n = strcspn(open + 1, "}");
	if (n >= sizeof(name))
		return SPAN_EMPTY;
	memcpy(name, open + 1, n);
	name[n] = '\0';
	return request_param(call->req, name);
}

static void begin(struct call *call)
{
	call->args.token = &call->bearer.id;
	call->args.argument = argument_of(call);
	call->args.rotation = config()->rotation;
	call->args.idle = config()->idle;
	call->args.sign = config()->signing_key;
	if (!read_rows(call)) {
		refuse(call, OUTCOME_MALFORMED, "limit must be 1 to 500");
		return;
	}
	if (!read_body(call)) {
		end(call);
		return;
	}
	if (call->operation->gives == OPERATION_TOKEN &&
	    token_new_registration(&call->new_token, &call->args.hash) !=
		ERR_OK)
		fail(call, ERR_LOCAL_CRYPTO);
	else if (call->operation->gives == OPERATION_CHAIN &&
		 audit_start(&call->chain) != ERR_OK)
		fail(call, ERR_LOCAL_CRYPTO);
	else
		ask(call);
}

/* ---- who asks ---- */

static void on_token(void *arg, enum err e, struct rows *rows)
{
	struct call *call = arg;

	if (e != ERR_OK) {
		fail(call, e);
		return;
	}
	if (!bearer_check(call->req, &call->bearer, rows)) {
		end(call);
		return;
	}
	e = rows_end(rows);
	if (e != ERR_OK)
		fail(call, e);
	else if ((call->bearer.scopes & call->operation->scope) == 0)
		refuse(call, OUTCOME_FORBIDDEN,
		       "the token does not have the scope that this wants");
	else
		begin(call);
}

static void on_request(struct request *req, const void *arg)
{
	struct call *call = calloc(1, sizeof(*call));
	struct params params = PARAMS_INIT;
	enum err e;

	if (call == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	waiting++;
	call->req = req;
	call->operation = arg;
	if (!bearer_read(req, &call->bearer)) {
		end(call);
		return;
	}
	params_uuid(&params, call->bearer.id);
	if (!connection_is_ready(connection)) {
		params_clear(&params);
		fail(call, ERR_LOCAL_BUSY);
		return;
	}
	e = connection_send(connection, STATEMENT_ADMIN_API_TOKEN_FIND, &params,
			    on_token, call);
	if (e != ERR_OK)
		fail(call, e);
}

/* ---- the surface ---- */

static void on_live(struct request *req, const void *arg)
{
	(void)arg;
	request_answer(req, 200, "application/json",
		       SPAN_LIT("{\"status\":\"ok\"}"));
}

static void on_ready(struct request *req, const void *arg)
{
	(void)arg;
	if (connection_is_well(connection))
		request_answer(req, 200, "application/json",
			       SPAN_LIT("{\"status\":\"ready\"}"));
	else
		request_problem(req, OUTCOME_UNAVAILABLE,
				connection_refusal(connection));
}

void api_open(void)
{
	static const enum head_method methods[] = { [OPERATION_GET] = HEAD_GET,
						    [OPERATION_POST] =
							HEAD_POST,
						    [OPERATION_DELETE] =
							HEAD_DELETE };
	size_t count;
	const struct operation *all = operations_all(&count);

	for (size_t i = 0; i < count; i++)
		if (all[i].method != OPERATION_ONLY)
			router_add(methods[all[i].method], all[i].path,
				   on_request, &all[i]);
	router_add(HEAD_GET, "/healthz", on_live, NULL);
	router_add(HEAD_GET, "/readyz", on_ready, NULL);
}

void api_start(struct connection *c)
{
	connection = c;
}

bool api_is_idle(void)
{
	return waiting == 0;
}
