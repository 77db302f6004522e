/* /users/{username}/devices and /devices/{device_id}. */
#include "base/text.h"
#include "server/app.h"
#include "server/body.h"
#include "server/revocations.h"
#include "server/tokens.h"

EDGE_HANDLER void user_devices(struct request *req);
EDGE_HANDLER void device_item(struct request *req);

static void put_device(struct buf *out, struct rows *rows, size_t i)
{
	char device[TEXT_UUID_SIZE];
	uint8_t id[16];

	rows_uuid(rows, i, "device_id", id);
	text_uuid(device, id);
	buf_putf(out, "%s{\"device_id\":\"%s\",\"name\":", i > 0 ? "," : "",
		 device);
	body_put_string(out, rows_text(rows, i, "name"));
	buf_putf(out, ",\"created_at\":%lld}",
		 (long long)rows_i64(rows, i, "created_ms"));
}

static void on_devices(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;
	char user[TEXT_UUID_SIZE];
	uint8_t id[16];

	if (e != ERR_OK) {
		app_fail(req, e);
		return;
	}
	if (rows_count(rows) == 0) {
		request_problem(req, 404, "not-found", "no such user", NULL);
		return;
	}
	rows_uuid(rows, 0, "user_id", id);
	text_uuid(user, id);
	buf_putf(&out, "{\"user_id\":\"%s\",\"username\":", user);
	body_put_string(&out, request_param(req, "username"));
	buf_put_str(&out, ",\"devices\":[");
	for (size_t i = 0; i < rows_count(rows); i++)
		if (!rows_is_null(rows, i, "device_id"))
			put_device(&out, rows, i);
	buf_put_str(&out, "]}");
	app_answer(req, 200, rows, &out);
}

void user_devices(struct request *req)
{
	struct params params = PARAMS_INIT;
	struct identity who;

	if (!tokens_require(req, &who))
		return;
	params_text(&params, request_param(req, "username"));
	app_query(req, STATEMENT_DEVICE_LIST, &params, on_devices);
}

static void answer_removed(struct request *req, struct rows *rows)
{
	uint8_t family[16];

	for (size_t i = 0; i < rows_count(rows); i++) {
		if (rows_is_null(rows, i, "family_id"))
			continue;
		rows_uuid(rows, i, "family_id", family);
		revocations_tell(family);
	}
	request_answer(req, 204, NULL, SPAN_EMPTY);
}

static void on_removed(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (e != ERR_OK)
		app_fail(req, e);
	else if (rows_count(rows) == 0)
		request_problem(req, 404, "not-found",
				"no such device of yours", NULL);
	else
		answer_removed(req, rows);
}

void device_item(struct request *req)
{
	struct params params = PARAMS_INIT;
	struct identity who;
	uint8_t device[16];

	if (!tokens_require(req, &who))
		return;
	if (text_parse_uuid(device, request_param(req, "device_id")) !=
	    ERR_OK) {
		request_problem(req, 404, "not-found", NULL, NULL);
		return;
	}
	params_uuid(&params, device);
	params_uuid(&params, who.user);
	app_query(req, STATEMENT_DEVICE_REMOVE, &params, on_removed);
}
