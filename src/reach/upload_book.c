#include "reach/upload_book.h"

#include "base/digest.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "device/record.h"
#include "device/texts/outbox_keys.h"
#include "signs/file_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOOK "uploads"

enum err upload_name(const char *session, struct span called,
		     char record[UPLOAD_RECORD_SIZE])
{
	struct buf text = BUF_INIT;
	struct digest digest;
	enum err e;

	TRY(hash_one(called, digest.bytes));
	buf_putf(&text, "upload/%s/", session);
	digest_put(&text, digest);
	buf_put_u8(&text, 0);
	TRY(buf_end(&text));
	ENSURE(text.n <= UPLOAD_RECORD_SIZE, ERR_LOCAL_BUG);
	memcpy(record, text.p, text.n);
out:
	buf_clear(&text);
	return e;
}

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{ ".txt", "text/plain" },      { ".md", "text/markdown" },
		{ ".pdf", "application/pdf" }, { ".png", "image/png" },
		{ ".jpg", "image/jpeg" },      { ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },       { ".webp", "image/webp" },
		{ ".mp3", "audio/mpeg" },      { ".ogg", "audio/ogg" },
		{ ".mp4", "video/mp4" },       { ".webm", "video/webm" },
		{ ".zip", "application/zip" },
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(*types);
	     i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

enum err upload_describe(const char *path, const char *type,
			 struct attachment *file)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	struct span kind = span_str(type != NULL ? type : type_of(name));

	file_name_put(&file->name, span_str(name[0] != '\0' ? name : "file"),
		      ATTACHMENT_NAME_MAX);
	if (kind.n == 0 || kind.n > ATTACHMENT_NAME_MAX || !text_is_utf8(kind))
		kind = span_str(type_of(name));
	buf_put(&file->type, kind);
	return file->name.fail != ERR_OK ? file->name.fail : file->type.fail;
}

void upload_key(struct uuid file, char key[UPLOAD_KEY_SIZE])
{
	(void)snprintf(key, UPLOAD_KEY_SIZE, "file/%s", uuid_text(file).text);
}

static bool is_called(const struct attachment *a, const struct attachment *b)
{
	return span_equal(buf_span(&a->name), buf_span(&b->name)) &&
	       span_equal(buf_span(&a->type), buf_span(&b->type));
}

enum err upload_said(struct device *device, const char *session,
		     const char *key, const struct attachment *wanted,
		     struct why *why, struct attachment *said)
{
	enum err e = device_file_said(device, session, key, said);

	if (e == ERR_STATE_CONFLICT ||
	    (e == ERR_OK && !is_called(said, wanted)))
		e = outbox_keys_reused(why, key);
	return e;
}

static enum err open_book(const struct device_store *store, json_t **book)
{
	enum err e = record_get(store, BOOK, book);

	if (e != ERR_STATE_GONE)
		return e;
	*book = json_object();
	return *book != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

/* The keys of what nobody goes on with go, as its ciphertext does. */
static enum err strike_old(const struct device_store *store, json_t *book,
			   json_int_t now)
{
	const char *record;
	json_t *begun;
	void *next;
	enum err e = ERR_OK;

	json_object_foreach_safe(book, next, record, begun)
	{
		if (json_integer_value(begun) >= now - UPLOAD_KEPT_S)
			continue;
		TRY(store->remove(store->context, record));
		(void)json_object_del(book, record);
	}
out:
	return e;
}

enum err upload_note(const struct device_store *store, const char *record,
		     bool begun, uint64_t now_s)
{
	json_int_t now = (json_int_t)now_s;
	json_t *book = NULL;
	enum err e;

	TRY(open_book(store, &book));
	if (begun)
		ENSURE(json_object_set_new(book, record, json_integer(now)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	else
		(void)json_object_del(book, record);
	TRY(strike_old(store, book, now));
	TRY(record_put(store, BOOK, book));
out:
	json_decref(book);
	return e;
}
