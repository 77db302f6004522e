#include "mqtt_bridge/device_events.h"

#include <stdlib.h>

#include "base/text.h"
#include "mqtt/topic.h"
#include "mqtt_bridge/broker.h"
#include "store/store.h"

static struct {
	struct connection *queries; /* borrowed */
	uint32_t expiry_seconds;
} out;

static void tell_device(struct uuid device, struct buf *json)
{
	const struct broker_properties properties = { .expiry_seconds =
							  out.expiry_seconds };
	struct buf topic = BUF_INIT;

	topic_put_events(&topic, device);
	buf_put_u8(&topic, 0);
	if (buf_end(&topic) == ERR_OK && buf_end(json) == ERR_OK)
		(void)broker_publish((const char *)topic.p, buf_span(json),
				     &properties);
	buf_clear(&topic);
	buf_clear(json);
}

static void put_id(struct buf *json, struct rows *rows, size_t i,
		   const char *column)
{
	buf_putf(json, ",\"%s\":\"", column);
	uuid_put(json, rows_uuid(rows, i, column));
	buf_put_u8(json, '"');
}

static void on_welcomes(void *arg, enum err e, struct rows *rows)
{
	struct uuid *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf json = BUF_INIT;

		buf_put_str(&json, "{\"type\":\"welcome\"");
		put_id(&json, rows, i, "session_id");
		put_id(&json, rows, i, "welcome_id");
		buf_put_u8(&json, '}');
		tell_device(*device, &json);
	}
	free(device);
}

static void on_asked(void *arg, enum err e, struct rows *rows)
{
	struct uuid *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf json = BUF_INIT;

		buf_put_str(&json, "{\"type\":\"rotation_due\"");
		put_id(&json, rows, i, "session_id");
		buf_put_str(&json, ",\"reason\":\"");
		buf_put(&json, rows_text(rows, i, "reason"));
		buf_put_str(&json, "\"}");
		tell_device(*device, &json);
	}
	free(device);
}

static void ask_for(struct uuid device, enum statement statement,
		    connection_done *done)
{
	struct params params = PARAMS_INIT;
	struct uuid *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return;
	*copy = device;
	params_uuid(&params, device);
	if (connection_send(out.queries, statement, &params, done, copy) !=
	    ERR_OK)
		free(copy);
}

void device_events_tell(const struct notice *notice)
{
	struct buf json = BUF_INIT;

	if (notice->kind == NOTICE_WELCOME)
		ask_for(notice->id, STATEMENT_MQTT_WELCOMES, on_welcomes);
	if (notice->kind == NOTICE_ROTATION)
		ask_for(notice->id, STATEMENT_ROTATION_ASKED, on_asked);
	if (notice->kind == NOTICE_KEY_PACKAGES) {
		buf_put_str(&json, "{\"type\":\"key_packages_low\"}");
		tell_device(notice->id, &json);
	}
	if (notice->kind == NOTICE_APPROVAL) {
		buf_put_str(&json, "{\"type\":\"device_waits\"}");
		tell_device(notice->id, &json);
	}
}

void device_events_start(struct connection *queries, uint32_t expiry_seconds)
{
	out.queries = queries;
	out.expiry_seconds = expiry_seconds;
}
