#include "server/device_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/ws.h"

static void tell(const uint8_t device[16], struct buf *text)
{
	if (buf_end(text) == ERR_OK)
		ws_tell(device, buf_span(text));
	buf_clear(text);
}

/* Asks what there is to tell, if there is somebody to tell it to. */
static void ask(const uint8_t device[16], enum statement statement,
		connection_done *done)
{
	struct params params = PARAMS_INIT;
	uint8_t *copy = ws_has(device) ? malloc(16) : NULL;

	if (copy == NULL)
		return;
	memcpy(copy, device, 16);
	params_uuid(&params, device);
	if (store_query(answer_store(), statement, &params, done, copy) !=
	    ERR_OK)
		free(copy);
}

static void put_session(struct buf *out, struct rows *rows, size_t i,
			const char *type)
{
	char text[TEXT_UUID_SIZE];
	uint8_t session[16];

	rows_uuid(rows, i, "session_id", session);
	text_uuid(text, session);
	buf_putf(out, "{\"type\":\"%s\",\"session_id\":\"%s\",", type, text);
}

static void on_welcomes(void *arg, enum err e, struct rows *rows)
{
	uint8_t *device = arg, welcome[16];
	char text[TEXT_UUID_SIZE];

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf out = BUF_INIT;

		rows_uuid(rows, i, "welcome_id", welcome);
		text_uuid(text, welcome);
		put_session(&out, rows, i, "welcome");
		buf_putf(&out, "\"welcome_id\":\"%s\"}", text);
		tell(device, &out);
	}
	free(device);
}

void device_events_welcome(const uint8_t device[16])
{
	ask(device, STATEMENT_WELCOME_LIST, on_welcomes);
}

static void on_asked(void *arg, enum err e, struct rows *rows)
{
	uint8_t *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf out = BUF_INIT;

		put_session(&out, rows, i, "rotation_due");
		buf_put_str(&out, "\"reason\":");
		json_put_string(&out, rows_text(rows, i, "reason"));
		buf_put_u8(&out, '}');
		tell(device, &out);
	}
	free(device);
}

void device_events_rotation(const uint8_t device[16])
{
	ask(device, STATEMENT_ROTATION_ASKED, on_asked);
}

void device_events_key_packages(const uint8_t device[16])
{
	ws_tell(device, SPAN_LIT("{\"type\":\"key_packages_low\"}"));
}

void device_events_approval(const uint8_t device[16])
{
	ws_tell(device, SPAN_LIT("{\"type\":\"device_waits\"}"));
}
