#include "device/group/notes.h"

#include "base/siphash.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 96
#define LIST                                                                   \
	"spread" /* of the notes: what is spread, NAME: DIGEST of its parts */

/* Who was shown, and how far each is (people.h, receipts.h). */
static const struct {
	const char *in,
	    *name; /* in: the member that it is a member of, or NULL */
} large[NOTES_LARGE] = { { NULL, "shown" }, { "receipts", "of" } };

static void main_name(char name[NAME_SIZE], const char *id)
{
	(void)snprintf(name, NAME_SIZE, "meta/%s", id);
}

static void part_name(char name[NAME_SIZE], const char *id, size_t which,
		      size_t part)
{
	(void)snprintf(name, NAME_SIZE, "meta/%s/%s/%zu", id, large[which].name,
		       part);
}

/* It spreads names, and keeps nothing from anybody. */
static size_t part_of(const char *key)
{
	static const uint8_t none[SIPHASH_KEY];

	return (size_t)(siphash(none, span_str(key)) % NOTES_PARTS);
}

static json_t *holder_of(json_t *notes, size_t which)
{
	return large[which].in != NULL ? json_object_get(notes, large[which].in)
				       : notes;
}

static bool is_listed(const json_t *notes, size_t which)
{
	return json_object_get(json_object_get(notes, LIST),
			       large[which].name) != NULL;
}

/* Of all parts of one, so that they are read as they were written together. */
static enum err digest_parts(const struct notes_stored *stored, size_t which,
			     struct digest *digest)
{
	return hash_one(span_of((const uint8_t *)stored->parts[which],
				sizeof(stored->parts[which])),
			digest->bytes);
}

static enum err check_parts(const json_t *notes,
			    const struct notes_stored *stored, size_t which)
{
	struct digest listed, read;
	enum err e;

	TRY(record_digest(json_object_get(notes, LIST), large[which].name,
			  listed.bytes));
	TRY(digest_parts(stored, which, &read));
	ENSURE(digest_equal(listed, read), ERR_PEER_MALFORMED);
out:
	return e;
}

/* ---- reading ---- */

/* As record_get(), and the hash of the bytes. */
static enum err get(const struct device_store *store, const char *name,
		    struct digest *digest, json_t **value)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(store->get(store->context, name, &text));
	TRY(hash_one(buf_span(&text), digest->bytes));
	TRY(record_parse(buf_span(&text), value));
out:
	buf_clear(&text);
	return e;
}

static enum err gather(const struct device_store *store, const char *id,
		       size_t which, struct notes_stored *stored, json_t *into)
{
	char name[NAME_SIZE];
	json_t *part = NULL;
	enum err e = ERR_OK;

	for (size_t i = 0; i < NOTES_PARTS; i++) {
		part_name(name, id, which, i);
		e = get(store, name, &stored->parts[which][i], &part);
		if (e == ERR_STATE_GONE) {
			e = ERR_OK;
			continue;
		}
		TRY(e);
		ENSURE(json_object_update(into, part) == 0, ERR_PEER_MALFORMED);
		json_decref(part);
		part = NULL;
	}
out:
	json_decref(part);
	return e;
}

enum err notes_get(const struct device_store *store, const char *id, bool whole,
		   struct notes_stored *stored, json_t **notes)
{
	struct notes_stored seen = { .known = true };
	char name[NAME_SIZE];
	json_t *read = NULL, *into = NULL;
	enum err e;

	main_name(name, id);
	TRY(get(store, name, &seen.main, &read));
	for (size_t i = 0; whole && i < NOTES_LARGE; i++) {
		if (!is_listed(read, i))
			continue;
		seen.spread[i] = true;
		into = json_object();
		ENSURE(into != NULL, ERR_LOCAL_MEMORY);
		TRY(gather(store, id, i, &seen, into));
		TRY(check_parts(read, &seen, i));
		ENSURE(json_object_set(holder_of(read, i), large[i].name,
				       into) == 0,
		       ERR_PEER_MALFORMED);
		json_decref(into);
		into = NULL;
	}
	(void)json_object_del(read, LIST);
	if (stored != NULL)
		*stored = seen;
	*notes = read;
	read = NULL;
out:
	json_decref(into);
	json_decref(read);
	return e;
}

/* ---- writing ---- */

/* An empty object is no record. */
static enum err put(const struct device_store *store, const char *name,
		    const json_t *value, bool known, struct digest *digest)
{
	struct buf text = BUF_INIT;
	struct digest now = { { 0 } };
	enum err e = ERR_OK;

	if (json_object_size(value) > 0) {
		TRY(record_print(value, &text));
		TRY(buf_end(&text));
		TRY(hash_one(buf_span(&text), now.bytes));
	}
	if (known && digest_equal(now, *digest))
		goto out;
	TRY(text.n > 0 ? store->put(store->context, name, buf_span(&text))
		       : store->remove(store->context, name));
	*digest = now;
out:
	buf_clear(&text);
	return e;
}

static enum err put_parts(const struct device_store *store, const char *id,
			  size_t which, json_t *object,
			  struct notes_stored *stored)
{
	bool known = stored->known && stored->spread[which];
	json_t *parts[NOTES_PARTS] = { NULL }, *value;
	char name[NAME_SIZE];
	const char *key;
	enum err e = ERR_OK;

	for (size_t i = 0; i < NOTES_PARTS; i++) {
		parts[i] = json_object();
		ENSURE(parts[i] != NULL, ERR_LOCAL_MEMORY);
	}
	json_object_foreach(object, key, value)
	    ENSURE(json_object_set(parts[part_of(key)], key, value) == 0,
		   ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < NOTES_PARTS; i++) {
		part_name(name, id, which, i);
		TRY(put(store, name, parts[i], known,
			&stored->parts[which][i]));
	}
	stored->spread[which] = true;
out:
	for (size_t i = 0; i < NOTES_PARTS; i++)
		json_decref(parts[i]);
	return e;
}

/* Takes it out of `rest`, a copy of the notes of one level. */
static enum err leave_out(json_t *rest, size_t which,
			  const struct notes_stored *stored)
{
	json_t *holder = holder_of(rest, which), *list;
	struct digest parts;
	enum err e = ERR_OK;

	if (holder != rest) {
		holder = json_copy(holder);
		ENSURE(json_object_set_new(rest, large[which].in, holder) == 0,
		       ERR_LOCAL_MEMORY);
	}
	(void)json_object_del(holder, large[which].name);
	list = json_object_get(rest, LIST);
	if (list == NULL) {
		list = json_object();
		ENSURE(json_object_set_new(rest, LIST, list) == 0,
		       ERR_LOCAL_MEMORY);
	}
	TRY(digest_parts(stored, which, &parts));
	TRY(record_set_hex(list, large[which].name, SPAN_ARRAY(parts.bytes)));
out:
	return e;
}

enum err notes_put(const struct device_store *store, const char *id,
		   json_t *notes, struct notes_stored *stored)
{
	json_t *rest = json_copy(notes);
	char name[NAME_SIZE];
	enum err e = ERR_OK;

	ENSURE(rest != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < NOTES_LARGE; i++) {
		json_t *object =
		    json_object_get(holder_of(notes, i), large[i].name);

		if (json_object_size(object) < NOTES_SPREAD &&
		    (object == NULL || !stored->spread[i]))
			continue;
		TRY(put_parts(store, id, i, object, stored));
		TRY(leave_out(rest, i, stored));
	}
	main_name(name, id);
	TRY(put(store, name, rest, stored->known, &stored->main));
	stored->known = true;
out:
	json_decref(rest);
	return e;
}

enum err notes_forget(const struct device_store *store, const char *id)
{
	char name[NAME_SIZE];
	enum err e;

	for (size_t which = 0; which < NOTES_LARGE; which++)
		for (size_t i = 0; i < NOTES_PARTS; i++) {
			part_name(name, id, which, i);
			TRY(store->remove(store->context, name));
		}
	main_name(name, id);
	TRY(store->remove(store->context, name));
out:
	return e;
}
