/* /users/{username}/devices and /devices/{device_id}. */
#include "base/text.h"
#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/revocations.h"
#include "server/routes_table.h"

static void put_device(struct buf *out, struct rows *rows, size_t i)
{
	buf_putf(out, "%s{\"device_id\":\"%s\",\"name\":", i > 0 ? "," : "",
		 uuid_text(rows_uuid(rows, i, "device_id")).text);
	json_put_string(out, rows_text(rows, i, "name"));
	buf_putf(out, ",\"created_at\":%lld,\"ready\":%s",
		 (long long)rows_i64(rows, i, "created_ms"),
		 rows_bool(rows, i, "ready") ? "true" : "false");
	if (!rows_is_null(rows, i, "link_number"))
		buf_putf(out, ",\"number\":%lld",
			 (long long)rows_i64(rows, i, "link_number"));
	if (rows_bool(rows, i, "pending"))
		buf_put_str(out, ",\"pending\":true");
	buf_put_u8(out, '}');
}

static void on_devices(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	buf_put_str(&out, "{\"username\":");
	json_put_string(&out, request_param(req, "username"));
	buf_put_str(&out, ",\"devices\":[");
	for (size_t i = 0; i < rows_count(rows); i++)
		put_device(&out, rows, i);
	buf_put_str(&out, "]}");
	answer_rows(req, 200, rows, &out);
}

/* Names and times of devices are for the account itself. */
void devices_list(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct request *req = call->req;

	if (!span_equal(request_param(req, "username"),
			span_str(call->who.username))) {
		request_problem(
		    req, OUTCOME_FORBIDDEN,
		    "the list of devices is for the account itself");
		return;
	}
	params_uuid(&params, call->who.user);
	answer_query(req, STATEMENT_DEVICE_LIST, &params, on_devices);
}

static void on_removed(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (e != ERR_OK) {
		answer_fail(req, e);
	} else if (rows_count(rows) == 0) {
		request_problem(req, OUTCOME_NO_SUCH_DEVICE, NULL);
	} else if (rows_bool(rows, 0, "signed")) {
		request_problem(req, OUTCOME_LINK_WANTED,
				"a link of the account's log removes it");
	} else {
		revocations_tell_rows(rows);
		request_answer(req, 204, NULL, SPAN_EMPTY);
	}
}

void devices_remove(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	struct uuid device;

	if (uuid_parse(&device, request_param(req, "device_id")) != ERR_OK) {
		request_problem(req, OUTCOME_NOT_FOUND, NULL);
		return;
	}
	params_uuid(&params, device);
	params_uuid(&params, call->who.user);
	answer_query(req, STATEMENT_DEVICE_REMOVE, &params, on_removed);
}
