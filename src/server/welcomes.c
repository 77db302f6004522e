/* /welcomes: the Welcomes that wait for this device. */
#include "base/text.h"
#include "server/answer.h"
#include "server/routes_table.h"

static void put_welcome(struct buf *out, struct rows *rows, size_t i)
{
	buf_putf(out,
		 "{\"welcome_id\":\"%s\",\"session_id\":\"%s\",\"seq\":%lld,"
		 "\"head\":\"",
		 uuid_text(rows_uuid(rows, i, "welcome_id")).text,
		 uuid_text(rows_uuid(rows, i, "session_id")).text,
		 (long long)rows_i64(rows, i, "seq"));
	text_put_hex(out, rows_bytes(rows, i, "head"));
	buf_put_str(out, "\",\"welcome\":\"");
	text_put_base64(out, rows_bytes(rows, i, "welcome"));
	buf_putf(out, "\",\"created_at\":%lld}",
		 (long long)rows_i64(rows, i, "created_ms"));
}

static void on_listed(void *arg, enum err e, struct rows *rows)
{
	answer_list(arg, e, rows, "welcomes", put_welcome);
}

void welcomes_list(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.device);
	answer_query(call->req, STATEMENT_WELCOME_LIST, &params, on_listed);
}
