#include "server/device_events.h"

#include <stdlib.h>

#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/ws.h"

static void tell(struct uuid device, struct buf *text)
{
	if (buf_end(text) == ERR_OK)
		ws_tell(device, buf_span(text));
	buf_clear(text);
}

/* Asks what there is to tell, if there is somebody to tell it to. */
static void ask(struct uuid device, enum statement statement,
		connection_done *done)
{
	struct params params = PARAMS_INIT;
	struct uuid *copy = ws_has(device) ? malloc(sizeof(*copy)) : NULL;

	if (copy == NULL)
		return;
	*copy = device;
	params_uuid(&params, device);
	if (store_query(answer_store(), statement, &params, done, copy) !=
	    ERR_OK)
		free(copy);
}

static void put_session(struct buf *out, struct rows *rows, size_t i,
			const char *type)
{
	buf_putf(out, "{\"type\":\"%s\",\"session_id\":\"%s\",", type,
		 uuid_text(rows_uuid(rows, i, "session_id")).text);
}

static void on_welcomes(void *arg, enum err e, struct rows *rows)
{
	struct uuid *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf out = BUF_INIT;

		put_session(&out, rows, i, "welcome");
		buf_putf(&out, "\"welcome_id\":\"%s\"}",
			 uuid_text(rows_uuid(rows, i, "welcome_id")).text);
		tell(*device, &out);
	}
	free(device);
}

void device_events_welcome(struct uuid device)
{
	ask(device, STATEMENT_WELCOME_LIST, on_welcomes);
}

static void on_asked(void *arg, enum err e, struct rows *rows)
{
	struct uuid *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf out = BUF_INIT;

		put_session(&out, rows, i, "rotation_due");
		buf_put_str(&out, "\"reason\":");
		json_put_string(&out, rows_text(rows, i, "reason"));
		buf_put_u8(&out, '}');
		tell(*device, &out);
	}
	free(device);
}

void device_events_rotation(struct uuid device)
{
	ask(device, STATEMENT_ROTATION_ASKED, on_asked);
}

void device_events_key_packages(struct uuid device)
{
	ws_tell(device, SPAN_LIT("{\"type\":\"key_packages_low\"}"));
}

void device_events_approval(struct uuid device)
{
	ws_tell(device, SPAN_LIT("{\"type\":\"device_waits\"}"));
}
