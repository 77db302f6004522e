#include "mqtt_bridge/payload.h"

#include <jansson.h>

#include "base/text.h"
#include "door/delivery.h"

/* `name`: of the member that has the bytes. */
static enum err read_json(json_t *json, const char *name, const json_t *expires,
			  struct payload *out)
{
	const json_t *id = json_object_get(json, "id");
	const json_t *bytes = json_object_get(json, name);
	json_int_t expires_ms = json_integer_value(expires);
	size_t members =
	    (id != NULL) + (size_t)(bytes != NULL) + (expires != NULL);
	enum err e = ERR_OK;

	if (json_is_integer(id) && json_integer_value(id) >= 0) {
		out->has_id = true;
		out->id = json_integer_value(id);
	}
	ENSURE(json_is_string(bytes) && json_object_size(json) == members &&
		   (id == NULL || out->has_id),
	       ERR_PEER_MALFORMED);
	ENSURE(expires == NULL ||
		   (json_is_integer(expires) && expires_ms >= 0 &&
		    (uint64_t)expires_ms <= DELIVERY_EXPIRES_MAX),
	       ERR_PEER_MALFORMED);
	out->expires_ms = (uint64_t)expires_ms;
	TRY(text_base64(&out->bytes, span_of(json_string_value(bytes),
					     json_string_length(bytes))));
out:
	return e;
}

static enum err read(struct span bytes, const char *name, bool ends,
		     struct payload *out)
{
	json_t *json;
	enum err e;

	*out = (struct payload){ .bytes = BUF_INIT };
	if (bytes.n == 0 || bytes.p[0] != '{') {
		buf_put(&out->bytes, bytes);
		return out->bytes.fail;
	}
	json = json_loadb((const char *)bytes.p, bytes.n,
			  JSON_REJECT_DUPLICATES, NULL);
	e = json_is_object(json)
		? read_json(json, name,
			    ends ? json_object_get(json, "expires_at") : NULL,
			    out)
		: ERR_PEER_MALFORMED;
	json_decref(json);
	return e;
}

enum err payload_read(struct span bytes, struct payload *out)
{
	return read(bytes, "envelope", true, out);
}

enum err payload_read_typing(struct span bytes, struct payload *out)
{
	return read(bytes, "notice", false, out);
}
