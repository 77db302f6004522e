/* /devices/requests: what a new device asks of the others of its account, and their
 * answer. The server carries both, and can make neither (wire/approval.h). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/device_events.h"
#include "server/revocations.h"
#include "server/routes_table.h"
#include "wire/approval.h"

/* ---- asking ---- */

static void on_asked(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct uuid device;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	if (rows_count(rows) == 0) {
		request_problem(req, OUTCOME_CONFLICT,
				"this device stands in its account's log");
		return;
	}
	if (rows_bool(rows, 0, "taken")) {
		request_problem(req, OUTCOME_INVALID,
				"another device of the account has or had "
				"this entry");
		return;
	}
	for (size_t i = 0; i < rows_count(rows); i++) {
		if (rows_is_null(rows, i, "other"))
			continue;
		device = rows_uuid(rows, i, "other");
		store_tell(answer_store(), NOTICE_APPROVAL, device, 0);
		device_events_approval(device);
	}
	request_answer(req, 204, NULL, SPAN_EMPTY);
}

void device_requests_post(const struct call *call)
{
	struct request *req = call->req;
	struct params params = PARAMS_INIT;
	struct approval_request request;
	struct span bytes;
	struct body body;

	if (!body_read(&body, req))
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
	params_uuid(&params, call->who.device);
	params_bytea(&params, request.entry);
	params_bytea(&params, bytes);
	answer_query(req, STATEMENT_DEVICE_REQUEST_PUT, &params, on_asked);
	body_free(&body);
}

static void put_request(struct buf *out, struct rows *rows, size_t i)
{
	buf_putf(out, "{\"device_id\":\"%s\",\"name\":",
		 uuid_text(rows_uuid(rows, i, "device_id")).text);
	json_put_string(out, rows_text(rows, i, "name"));
	buf_putf(out, ",\"created_at\":%lld,\"request\":\"",
		 (long long)rows_i64(rows, i, "created_ms"));
	text_put_base64(out, rows_bytes(rows, i, "request"));
	buf_put_str(out, "\"}");
}

static void on_listed(void *arg, enum err e, struct rows *rows)
{
	answer_list(arg, e, rows, "requests", put_request);
}

void device_requests_list(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.user);
	answer_query(call->req, STATEMENT_DEVICE_REQUEST_LIST, &params,
		     on_listed);
}

/* ---- one request ---- */

static bool no_request(struct request *req, enum err e, struct rows *rows)
{
	if (e != ERR_OK)
		answer_fail(req, e);
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
	answer_rows(req, 200, rows, &out);
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

/* The device that the path names, and whose account must be the caller's. False: it
 * names none, and the request has been answered. */
static bool put_device(const struct call *call, struct params *params)
{
	struct uuid device;

	if (uuid_parse(&device, request_param(call->req, "device_id")) !=
	    ERR_OK) {
		request_problem(call->req, OUTCOME_NOT_FOUND, NULL);
		return false;
	}
	params_uuid(params, device);
	params_uuid(params, call->who.user);
	return true;
}

/* A device that waits sees its own only. */
void device_requests_get(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct uuid device;

	if (call->who.pending &&
	    (uuid_parse(&device, request_param(call->req, "device_id")) !=
		 ERR_OK ||
	     !uuid_equal(device, call->who.device)))
		request_problem(call->req, OUTCOME_DEVICE_PENDING,
				"this device waits to be approved");
	else if (put_device(call, &params))
		answer_query(call->req, STATEMENT_DEVICE_REQUEST_GET, &params,
			     on_got);
}

void device_requests_answer(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct approval_answer got;
	struct span bytes;
	struct body body;

	if (!put_device(call, &params))
		return;
	if (!body_read(&body, call->req)) {
		params_clear(&params);
		return;
	}
	bytes = body_bytes(&body, "answer", APPROVAL_ANSWER_MAX);
	if (!body_end(&body, call->req)) {
		params_clear(&params);
		return;
	}
	if (approval_answer_decode(bytes, &got) == ERR_OK) {
		params_bytea(&params, bytes);
		answer_query(call->req, STATEMENT_DEVICE_REQUEST_ANSWER,
			     &params, on_answered);
	} else {
		params_clear(&params);
		request_problem(call->req, OUTCOME_INVALID,
				"this is no answer to a request for approval");
	}
	body_free(&body);
}

static void on_refused(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (no_request(req, e, rows))
		return;
	revocations_tell_rows(rows);
	request_answer(req, 204, NULL, SPAN_EMPTY);
}

void device_requests_refuse(const struct call *call)
{
	struct params params = PARAMS_INIT;

	if (put_device(call, &params))
		answer_query(call->req, STATEMENT_DEVICE_REQUEST_REFUSE,
			     &params, on_refused);
}
