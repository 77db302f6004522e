/* /session/{session_id}/leave and /session/{session_id}/departures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/app.h"
#include "server/body.h"
#include "server/hub/hub.h"
#include "server/sessions.h"
#include "server/tokens.h"

EDGE_HANDLER void session_leave(struct request *req);
EDGE_HANDLER void session_departures(struct request *req);

enum { PROOF_MAX = 256 };

/* ---- leaving ---- */

static void on_left(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	uint8_t session[16];

	if (e != ERR_OK || rows_count(rows) != 1) {
		app_fail(req, e != ERR_OK ? e : ERR_LOCAL_BUG);
	} else if (rows_i64(rows, 0, "left") == 0) {
		sessions_problem(req, SPAN_LIT("not-a-member"), 0);
	} else {
		if (text_parse_uuid(
			session, request_param(req, "session_id")) == ERR_OK) {
			hub_members(session);
			store_tell(app_store(), NOTICE_MEMBERS, session, 0);
		}
		request_answer(req, 204, NULL, SPAN_EMPTY);
	}
}

void session_leave(struct request *req)
{
	struct params params = PARAMS_INIT;
	struct identity who;
	uint8_t session[16];
	struct body body;

	if (!tokens_require(req, &who) || !sessions_param(req, session) ||
	    !body_read(&body, req))
		return;
	params_uuid(&params, session);
	params_uuid(&params, who.device);
	params_bytea(&params, body_bytes(&body, "proof", PROOF_MAX));
	if (!body_end(&body, req)) {
		params_clear(&params);
		return;
	}
	body_free(&body);
	app_query(req, STATEMENT_SESSION_LEAVE, &params, on_left);
}

/* ---- who has left ---- */

static void put_departure(struct buf *out, struct rows *rows, size_t i)
{
	char device[TEXT_UUID_SIZE];
	uint8_t id[16];

	rows_uuid(rows, i, "device_id", id);
	text_uuid(device, id);
	buf_putf(out,
		 "%s{\"device_id\":\"%s\",\"leaf_index\":%lld,\"username\":",
		 i > 0 ? "," : "", device,
		 (long long)rows_i64(rows, i, "leaf_index"));
	body_put_string(out, rows_text(rows, i, "username"));
	buf_put_str(out, ",\"reason\":");
	body_put_string(out, rows_text(rows, i, "reason"));
	if (!rows_is_null(rows, i, "proof")) {
		buf_put_str(out, ",\"proof\":\"");
		text_put_base64(out, rows_bytes(rows, i, "proof"));
		buf_put_u8(out, '"');
	}
	buf_putf(out, ",\"departed_at\":%lld}",
		 (long long)rows_i64(rows, i, "departed_ms"));
}

static void on_departures(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		app_fail(req, e);
		return;
	}
	if (rows_count(rows) == 0) {
		sessions_problem(req, SPAN_LIT("not-a-member"), 0);
		return;
	}
	buf_put_str(&out, "{\"departures\":[");
	for (size_t i = 0; i < rows_count(rows); i++)
		if (!rows_is_null(rows, i, "device_id"))
			put_departure(&out, rows, i);
	buf_put_str(&out, "]}");
	app_answer(req, 200, rows, &out);
}

void session_departures(struct request *req)
{
	struct params params = PARAMS_INIT;
	struct identity who;
	uint8_t session[16];

	if (!tokens_require(req, &who) || !sessions_param(req, session))
		return;
	params_uuid(&params, session);
	params_uuid(&params, who.device);
	app_query(req, STATEMENT_DEPARTURE_LIST, &params, on_departures);
}
