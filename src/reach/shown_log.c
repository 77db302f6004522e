#include "reach/shown_log.h"

#include "base/text.h"
#include "device/record.h"

#include <stdio.h>
#include <stdlib.h>

void shown_log_clear(struct shown_log *shown)
{
	buf_clear(&shown->salt);
	buf_clear(&shown->bytes);
	free(shown->links);
	*shown = (struct shown_log){ .count = 0 };
}

void shown_log_path(const struct shown_log *shown, const char *username,
		    char path[SHOWN_LOG_PATH_SIZE])
{
	(void)snprintf(path, SHOWN_LOG_PATH_SIZE, "/users/%.40s/log?after=%zu",
		       username, shown->count);
}

static enum err add_link(struct shown_log *shown, const json_t *text)
{
	struct buf link = BUF_INIT;
	enum err e;

	ENSURE(json_is_string(text), ERR_PEER_MALFORMED);
	ENSURE(shown->count < ACCOUNT_LINKS_MAX, ERR_PEER_TOO_LARGE);
	TRY(text_base64(
	    &link, span_of(json_string_value(text), json_string_length(text))));
	TRY(buf_end(&link));
	buf_put_vec(&shown->bytes, buf_span(&link));
	TRY(buf_end(&shown->bytes));
	shown->count++;
out:
	buf_clear(&link);
	return e;
}

enum err shown_log_add(struct shown_log *shown, const json_t *page, bool *more)
{
	const json_t *links = json_object_get(page, "links"), *link;
	size_t before = shown->count, i;
	enum err e = ERR_OK;

	ENSURE(json_is_array(links), ERR_PEER_MALFORMED);
	if (shown->salt.n == 0 && json_object_get(page, "salt") != NULL) {
		TRY(record_bytes(page, "salt", &shown->salt));
		TRY(buf_end(&shown->salt));
	}
	json_array_foreach(links, i, link) TRY(add_link(shown, link));
	*more = json_object_get(page, "next") != NULL && shown->count > before;
out:
	return e;
}

enum err shown_log_end(struct shown_log *shown, struct account_shown *log)
{
	struct rd r = rd_init(buf_span(&shown->bytes));

	free(shown->links);
	shown->links = calloc(shown->count + 1, sizeof(*shown->links));
	if (shown->links == NULL)
		return ERR_LOCAL_MEMORY;
	for (size_t i = 0; i < shown->count; i++)
		shown->links[i] = rd_vec(&r);
	*log = (struct account_shown){ .salt = buf_span(&shown->salt),
				       .links = shown->links,
				       .count = shown->count };
	return ERR_OK;
}

json_t *shown_log_request(struct span request)
{
	json_t *body = json_object();

	if (body != NULL &&
	    record_set_bytes(body, "request", request) == ERR_OK)
		return body;
	json_decref(body);
	return NULL;
}

enum err shown_log_approval(enum err e, const json_t *body, struct buf *answer,
			    struct why *why)
{
	if (e == ERR_LOCAL_IO || e == ERR_LOCAL_BUSY) {
		why_clear(why);
		return ERR_OK; /* it may come back */
	}
	if (e != ERR_OK && err_class(e) != ERR_CLASS_LOCAL) {
		why_clear(why);
		e = why_set(why, ERR_PEER_DENIED, "not-approved",
			    "This device was not approved: another one has "
			    "refused it, or it waited for too long. It can ask "
			    "again as a new device.");
	}
	TRY(e);
	if (json_object_get(body, "answer") != NULL) {
		TRY(record_bytes(body, "answer", answer));
		TRY(buf_end(answer));
	}
out:
	return e;
}

enum err shown_log_came_in(struct device *device, struct why *why)
{
	uint64_t number;
	bool recovery;
	enum err e;

	TRY(device_number(device, &number, &recovery));
	if (number == 0)
		e = why_set(why, ERR_STATE_CONFLICT, "overtaken",
			    "Another device has changed the account "
			    "meanwhile: try again.");
out:
	return e;
}
