/* /devices/requests: what a new device asks of the others of its account, and their
 * answer. The server carries both, and can make neither (wire/approval.h). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "door/json.h"
#include "server/app.h"
#include "server/body.h"
#include "server/config.h"
#include "server/device_events.h"
#include "server/limited.h"
#include "server/revocations.h"
#include "server/tokens.h"
#include "wire/approval.h"

EDGE_HANDLER void device_requests(struct request *req);
EDGE_HANDLER void device_request(struct request *req);

/* ---- asking ---- */

static void on_asked(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	uint8_t device[16];

	if (e != ERR_OK) {
		app_fail(req, e);
		return;
	}
	if (rows_count(rows) == 0) {
		request_problem(req, OUTCOME_CONFLICT,
				"this device stands in its account's log");
		return;
	}
	for (size_t i = 0; i < rows_count(rows); i++) {
		if (rows_is_null(rows, i, "other"))
			continue;
		rows_uuid(rows, i, "other", device);
		store_tell(app_store(), NOTICE_APPROVAL, device, 0);
		device_events_approval(device);
	}
	request_answer(req, 204, NULL, SPAN_EMPTY);
}

static void ask(struct request *req, const struct identity *who)
{
	struct params params = PARAMS_INIT;
	struct approval_request request;
	struct span bytes;
	struct body body;

	if (!limited_allows(req, LIMIT_LINKS, span_str(who->username),
			    SPAN_LIT("approval")) ||
	    !body_read(&body, req))
		return;
	bytes = body_bytes(&body, "request", APPROVAL_REQUEST_MAX);
	if (!body_end(&body, req))
		return;
	if (approval_request_decode(bytes, &request) != ERR_OK) {
		body_free(&body);
		request_problem(req, OUTCOME_INVALID,
				"this is no request for approval");
		return;
	}
	params_uuid(&params, who->device);
	params_bytea(&params, request.entry);
	params_bytea(&params, bytes);
	app_query(req, STATEMENT_DEVICE_REQUEST_PUT, &params, on_asked);
	body_free(&body);
}

static void put_request(struct buf *out, struct rows *rows, size_t i)
{
	char device[TEXT_UUID_SIZE];
	uint8_t id[16];

	rows_uuid(rows, i, "device_id", id);
	text_uuid(device, id);
	buf_putf(out, "%s{\"device_id\":\"%s\",\"name\":", i > 0 ? "," : "",
		 device);
	json_put_string(out, rows_text(rows, i, "name"));
	buf_putf(out, ",\"created_at\":%lld,\"request\":\"",
		 (long long)rows_i64(rows, i, "created_ms"));
	text_put_base64(out, rows_bytes(rows, i, "request"));
	buf_put_str(out, "\"}");
}

static void on_listed(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		app_fail(req, e);
		return;
	}
	buf_put_str(&out, "{\"requests\":[");
	for (size_t i = 0; i < rows_count(rows); i++)
		put_request(&out, rows, i);
	buf_put_str(&out, "]}");
	app_answer(req, 200, rows, &out);
}

void device_requests(struct request *req)
{
	struct params params = PARAMS_INIT;
	struct identity who;

	if (request_method(req) == HEAD_POST) {
		if (tokens_require_any(req, &who))
			ask(req, &who);
		return;
	}
	if (!tokens_require(req, &who))
		return;
	params_uuid(&params, who.user);
	app_query(req, STATEMENT_DEVICE_REQUEST_LIST, &params, on_listed);
}

/* ---- one request ---- */

static bool no_request(struct request *req, enum err e, struct rows *rows)
{
	if (e != ERR_OK)
		app_fail(req, e);
	else if (rows_count(rows) == 0)
		request_problem(req, OUTCOME_NOT_FOUND,
				"no such device of yours asks to be approved");
	return e != ERR_OK || rows_count(rows) == 0;
}

static void on_got(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (no_request(req, e, rows))
		return;
	buf_putf(&out, "{\"pending\":%s",
		 rows_bool(rows, 0, "pending") ? "true" : "false");
	if (!rows_is_null(rows, 0, "answer")) {
		buf_put_str(&out, ",\"answer\":\"");
		text_put_base64(&out, rows_bytes(rows, 0, "answer"));
		buf_put_u8(&out, '"');
	}
	buf_put_u8(&out, '}');
	app_answer(req, 200, rows, &out);
}

static void on_answered(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (no_request(req, e, rows))
		return;
	if (rows_bool(rows, 0, "pending"))
		request_problem(req, OUTCOME_LINK_WANTED,
				"the link that adds it comes first");
	else
		request_answer(req, 204, NULL, SPAN_EMPTY);
}

static void answer(struct request *req, struct params *params)
{
	struct approval_answer got;
	struct span bytes;
	struct body body;
	bool good;

	if (!body_read(&body, req)) {
		params_clear(params);
		return;
	}
	bytes = body_bytes(&body, "answer", APPROVAL_ANSWER_MAX);
	if (!body_end(&body, req)) {
		params_clear(params);
		return;
	}
	good = approval_answer_decode(bytes, &got) == ERR_OK;
	if (good)
		params_bytea(params, bytes);
	body_free(&body);
	if (good) {
		app_query(req, STATEMENT_DEVICE_REQUEST_ANSWER, params,
			  on_answered);
		return;
	}
	params_clear(params);
	request_problem(req, OUTCOME_INVALID,
			"this is no answer to a request for approval");
}

static void on_refused(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (no_request(req, e, rows))
		return;
	revocations_tell_rows(rows);
	request_answer(req, 204, NULL, SPAN_EMPTY);
}

/* A device that waits sees its own only. */
static bool admit(struct request *req, const uint8_t device[16],
		  struct identity *who)
{
	if (request_method(req) != HEAD_GET)
		return tokens_require(req, who);
	if (!tokens_require_any(req, who))
		return false;
	if (!who->pending || memcmp(device, who->device, 16) == 0)
		return true;
	request_problem(req, OUTCOME_DEVICE_PENDING,
			"this device waits to be approved");
	return false;
}

void device_request(struct request *req)
{
	struct params params = PARAMS_INIT;
	struct identity who;
	uint8_t device[16] = { 0 };
	bool is_id =
	    text_parse_uuid(device, request_param(req, "device_id")) == ERR_OK;

	if (!admit(req, device, &who))
		return;
	if (!is_id) {
		request_problem(req, OUTCOME_NOT_FOUND, NULL);
		return;
	}
	params_uuid(&params, device);
	params_uuid(&params, who.user);
	if (request_method(req) == HEAD_POST)
		answer(req, &params);
	else if (request_method(req) == HEAD_GET)
		app_query(req, STATEMENT_DEVICE_REQUEST_GET, &params, on_got);
	else
		app_query(req, STATEMENT_DEVICE_REQUEST_REFUSE, &params,
			  on_refused);
}
