#include "device/record.h"

#include "base/sec.h"
#include "base/text.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum err record_parse(struct span text, json_t **out)
{
	json_t *value =
	    json_loadb((const char *)text.p, text.n,
		       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	if (value == NULL)
		return ERR_PEER_MALFORMED;
	*out = value;
	return ERR_OK;
}

enum err record_get(const struct device_store *store, const char *name,
		    json_t **out)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(store->get(store->context, name, &text));
	TRY(record_parse(buf_span(&text), out));
out:
	buf_clear(&text);
	return e;
}

enum err record_print(const json_t *value, struct buf *out)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text == NULL)
		return ERR_LOCAL_MEMORY;
	buf_put_str(out, text);
	sec_wipe(text, strlen(text));
	free(text);
	return out->fail;
}

enum err record_put(const struct device_store *store, const char *name,
		    const json_t *value)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(record_print(value, &text));
	TRY(buf_end(&text));
	TRY(store->put(store->context, name, buf_span(&text)));
out:
	buf_clear(&text);
	return e;
}

enum err record_set_bytes(json_t *object, const char *member, struct span bytes)
{
	struct buf text = BUF_INIT;
	enum err e;

	text_put_base64(&text, bytes);
	TRY(buf_end(&text));
	ENSURE(json_object_set_new(
		   object, member,
		   json_stringn((const char *)text.p, text.n)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&text);
	return e;
}

enum err record_bytes(const json_t *object, const char *member, struct buf *out)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_string(value))
		return ERR_PEER_MALFORMED;
	return text_base64(
	    out, span_of(json_string_value(value), json_string_length(value)));
}

enum err record_set_text(json_t *object, const char *member, struct span text)
{
	/* an empty span may have no place */
	json_t *value = json_stringn_nocheck(
	    text.n > 0 ? (const char *)text.p : "", text.n);

	return json_object_set_new(object, member, value) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

const char *record_string(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

uint64_t record_number_or_0(const json_t *object, const char *member)
{
	uint64_t value = 0;

	return record_number(object, member, &value) == ERR_OK ? value : 0;
}

enum err record_set_hex(json_t *object, const char *member, struct span bytes)
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(&hex, bytes);
	TRY(buf_end(&hex));
	TRY(record_set_text(object, member, buf_span(&hex)));
out:
	buf_clear(&hex);
	return e;
}

enum err record_text(const json_t *object, const char *member, char *out,
		     size_t size)
{
	const json_t *value = json_object_get(object, member);
	const char *text = json_string_value(value);

	if (text == NULL || json_string_length(value) >= size ||
	    strlen(text) != json_string_length(value))
		return ERR_PEER_MALFORMED;
	memcpy(out, text, strlen(text) + 1);
	return ERR_OK;
}

enum err record_number(const json_t *object, const char *member, uint64_t *out)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return ERR_PEER_MALFORMED;
	*out = (uint64_t)json_integer_value(value);
	return ERR_OK;
}

enum err record_digest(const json_t *object, const char *member,
		       uint8_t out[32])
{
	const char *text = json_string_value(json_object_get(object, member));
	struct buf bytes = BUF_INIT;
	enum err e;

	ENSURE(text != NULL, ERR_PEER_MALFORMED);
	TRY(text_hex(&bytes, span_str(text)));
	TRY(buf_end(&bytes));
	ENSURE(bytes.n == 32, ERR_PEER_MALFORMED);
	memcpy(out, bytes.p, 32);
out:
	buf_clear(&bytes);
	return e;
}

static void wipe_and_free(void *p)
{
	if (p != NULL)
		sec_wipe(p, malloc_usable_size(p));
	free(p);
}

void record_wipe_json(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}
