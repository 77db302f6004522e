#include "reach/typing.h"

#include "base/text.h"
#include "base/uuid.h"

void typing_hear(struct device *device, const json_t *push)
{
	const json_t *notice = json_object_get(push, "notice");
	const char *id = json_string_value(json_object_get(push, "session_id"));
	struct buf bytes = BUF_INIT;
	enum err e;

	ENSURE(id != NULL && uuid_is_text(span_str(id)) &&
		   json_is_string(notice),
	       ERR_PEER_MALFORMED);
	TRY(text_base64(&bytes, span_of(json_string_value(notice),
					json_string_length(notice))));
	TRY(device_hear_typing(device, id, buf_span(&bytes)));
out:
	(void)e; /* what is no notice of now says nothing */
	buf_clear(&bytes);
}

void typing_put(struct buf *out, const char *id, struct span notice)
{
	buf_put_u8(out, '{');
	if (id != NULL)
		buf_putf(out, "\"type\":\"typing\",\"session_id\":\"%s\",", id);
	buf_put_str(out, "\"notice\":\"");
	text_put_base64(out, notice);
	buf_put_str(out, "\"}");
	buf_put_u8(out, 0);
}

const json_t *typing_changed(struct device *device, const char *id,
			     json_t **told)
{
	struct buf text = BUF_INIT;
	json_t *names = NULL;

	if (device_who_types(device, id, &text) == ERR_OK &&
	    buf_end(&text) == ERR_OK)
		names = json_loadb((const char *)text.p, text.n, 0, NULL);
	buf_clear(&text);
	if (names == NULL || (*told == NULL ? json_array_size(names) == 0
					    : json_equal(names, *told) != 0)) {
		json_decref(names);
		return NULL;
	}
	json_decref(*told);
	*told = names;
	return names;
}
