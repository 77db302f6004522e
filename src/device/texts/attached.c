#include "device/texts/attached.h"

#include "base/text.h"

#include <string.h>

/* What it takes to open a file. */
static const char *const SECRETS[] = { "aead", "key", "nonce", "hash" };

static enum err put_id(json_t *object, struct uuid id)
{
	struct buf text = BUF_INIT;
	enum err e;

	uuid_put(&text, id);
	TRY(buf_end(&text));
	TRY(record_set_text(object, "id", buf_span(&text)));
out:
	buf_clear(&text);
	return e;
}

enum err attached_put(json_t *object, const struct attachment *file)
{
	json_t *row = json_pack("{s:I, s:i}", "size", (json_int_t)file->size,
				"aead", (int)file->aead);
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(put_id(row, file->id));
	TRY(record_set_text(row, "name", buf_span(&file->name)));
	TRY(record_set_text(row, "type", buf_span(&file->type)));
	TRY(record_set_hex(row, "key", sec_span(&file->key)));
	TRY(record_set_hex(row, "nonce", SPAN_ARRAY(file->nonce)));
	TRY(record_set_hex(row, "hash", SPAN_ARRAY(file->hash)));
	ENSURE(json_object_set(object, "file", row) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(row);
	return e;
}

/* A member in hexadecimal, of exactly so many bytes. */
static enum err read_hex(const json_t *row, const char *member, uint8_t *out,
			 size_t n)
{
	const char *text = record_string(row, member);
	struct buf bytes = BUF_INIT;
	enum err e;

	ENSURE(text != NULL, ERR_PEER_MALFORMED);
	TRY(text_hex(&bytes, span_str(text)));
	ENSURE(bytes.n == n, ERR_PEER_MALFORMED);
	memcpy(out, bytes.p, n);
out:
	buf_clear(&bytes);
	return e;
}

static enum err read_text(const json_t *row, const char *member,
			  struct buf *out)
{
	const json_t *text = json_object_get(row, member);

	if (!json_is_string(text))
		return ERR_PEER_MALFORMED;
	buf_put(out,
		span_of(json_string_value(text), json_string_length(text)));
	return buf_end(out);
}

enum err attached_get(const json_t *object, struct attachment *file)
{
	const json_t *row = json_object_get(object, "file");
	const char *id = record_string(row, "id");
	const struct suite *suite;
	uint8_t key[SEC_MAX];
	uint64_t aead;
	enum err e;

	memset(file, 0, sizeof(*file));
	ENSURE(row != NULL, ERR_STATE_GONE);
	TRY(record_number(row, "size", &file->size));
	TRY(record_number(row, "aead", &aead));
	suite = aead <= UINT16_MAX ? attachment_suite((uint16_t)aead) : NULL;
	ENSURE(suite != NULL && id != NULL, ERR_PEER_MALFORMED);
	file->aead = (uint16_t)aead;
	TRY(uuid_parse(&file->id, span_str(id)));
	TRY(read_text(row, "name", &file->name));
	TRY(read_text(row, "type", &file->type));
	TRY(read_hex(row, "key", key, suite->nk));
	TRY(sec_set(&file->key, span_of(key, suite->nk)));
	TRY(read_hex(row, "nonce", file->nonce, sizeof(file->nonce)));
	TRY(read_hex(row, "hash", file->hash, sizeof(file->hash)));
out:
	sec_wipe(key, sizeof(key));
	return e;
}

void attached_hide(json_t *object)
{
	json_t *row = json_object_get(object, "file");

	for (size_t i = 0; i < sizeof(SECRETS) / sizeof(*SECRETS); i++)
		(void)json_object_del(row, SECRETS[i]);
}
