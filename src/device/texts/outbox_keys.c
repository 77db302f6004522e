#include "device/texts/outbox_keys.h"

#include "crypto/hash.h"
#include "device/core.h"
#include "device/texts/attached.h"
#include "device/texts/content.h"
#include "device/texts/outbox.h"
#include "device/texts/said.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 192

static void key_name(const struct device *d, const char *key,
		     char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "sent/%s/%s", d->open.id, key);
}

/* The digest of what the person said. It leaves out the salt and the end, because they are new
 * each time that the person says the same text, and the mentions, because the client adds them
 * for those who are members at that moment. */
static enum err digest_said(struct span content, struct digest *digest)
{
	/* the salt stands behind the type and the heads of an array and of 16
	 * bytes */
	const size_t from = 3, to = from + MIMI_SALT;
	static const uint8_t text[] = { CONTENT_TEXT };
	struct span parts[] = { content, SPAN_EMPTY };
	struct buf given = BUF_INIT;
	bool alone;
	enum err e;

	if (content.n > to && content.p[0] == CONTENT_MIMI) {
		TRY(said_as_given(span_of(content.p + 1, content.n - 1), &given,
				  &alone));
		parts[0] = alone ? SPAN_ARRAY(text) : span_of(content.p, from);
		parts[1] = alone
			       ? buf_span(&given)
			       : span_of(given.p + to - 1, given.n - (to - 1));
	}
	TRY(hash_sha256(parts, 2, digest->bytes));
out:
	buf_clear(&given);
	return e;
}

enum err outbox_keys_put(struct device *d, const char *key, struct span content,
			 uint64_t item)
{
	json_t *record =
	    json_pack("{s:I, s:i, s:I}", "item", (json_int_t)item, "seq", 0,
		      "line", (json_int_t)membership_line(&d->open));
	struct digest digest;
	char name[NAME_SIZE];
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(digest_said(content, &digest));
	TRY(record_set_hex(record, "digest", SPAN_ARRAY(digest.bytes)));
	key_name(d, key, name);
	TRY(record_put(core_store(d), name, record));
out:
	json_decref(record);
	return e;
}

enum err outbox_keys_sent(struct device *d, const char *key, uint64_t seq)
{
	json_t *record = NULL;
	char name[NAME_SIZE];
	enum err e;

	key_name(d, key, name);
	TRY(record_get(core_store(d), name, &record));
	(void)json_object_set_new(record, "seq", json_integer((json_int_t)seq));
	(void)json_object_set_new(
	    record, "line",
	    json_integer((json_int_t)membership_line(&d->open)));
	TRY(record_put(core_store(d), name, record));
out:
	json_decref(record);
	return e;
}

bool outbox_keys_was_left(const struct device *d, const json_t *record,
			  uint64_t seq)
{
	uint64_t line;

	return record_number(record, "line", &line) == ERR_OK &&
	       membership_left(core_store(d), &d->open, line, seq);
}

static enum err read_key(struct device *d, const json_t *record, uint64_t *item,
			 uint64_t *seq)
{
	uint64_t number, place;
	enum err e;

	TRY(record_number(record, "item", &number));
	TRY(record_number(record, "seq", &place));
	ENSURE(place > 0 ? !outbox_keys_was_left(d, record, place)
			 : outbox_find_item(&d->open, number) != NULL,
	       ERR_STATE_GONE);
	*item = number;
	*seq = place;
out:
	return e;
}

enum err outbox_find_key(struct device *d, const char *key, struct span content,
			 uint64_t *item, uint64_t *seq)
{
	struct digest digest, said;
	json_t *record = NULL;
	char name[NAME_SIZE];
	enum err e;

	key_name(d, key, name);
	TRY(record_get(core_store(d), name, &record));
	TRY(digest_said(content, &digest));
	TRY(record_digest(record, "digest", said.bytes));
	ENSURE(digest_equal(digest, said), ERR_STATE_CONFLICT);
	TRY(read_key(d, record, item, seq));
out:
	json_decref(record);
	return e;
}

enum err outbox_keys_reused(struct why *why, const char *key)
{
	return why_set(why, ERR_STATE_CONFLICT, "key-reused",
		       "Something else was sent with the id %.128s.", key);
}

static enum err file_of(struct device *d, const char *key,
			struct attachment *file)
{
	json_t *record = NULL, *entry = NULL;
	uint64_t item, seq;
	char name[NAME_SIZE];
	enum err e;

	ENSURE(d->open.session != NULL, ERR_STATE_GONE);
	key_name(d, key, name);
	TRY(record_get(core_store(d), name, &record));
	TRY(read_key(d, record, &item, &seq));
	if (seq > 0) {
		TRY(membership_entry(core_store(d), d->open.id, seq, &entry));
	} else {
		entry = json_object();
		ENSURE(entry != NULL, ERR_LOCAL_MEMORY);
		TRY(outbox_put_content(
		    &d->open, outbox_find_item(&d->open, item), entry));
	}
	e = attached_get(entry, file);
	if (e == ERR_STATE_GONE) /* a text without one */
		e = ERR_STATE_CONFLICT;
out:
	json_decref(entry);
	json_decref(record);
	return e;
}

enum err device_file_said(struct device *device, const char *session,
			  const char *key, struct attachment *file)
{
	enum err e;

	memset(file, 0, sizeof(*file));
	TRY(core_begin(device));
	TRY(core_load(device, session));
	TRY(file_of(device, key, file));
out:
	core_end_reading(device);
	return e;
}
