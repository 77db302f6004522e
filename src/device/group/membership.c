#include "device/group/membership.h"

#include "base/fault.h"
#include "device/texts/marks.h"
#include "session/items.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDEX "book"
#define NAME_SIZE 96

static void record_name(char out[NAME_SIZE], const char *kind, const char *id)
{
	(void)snprintf(out, NAME_SIZE, "%s/%s", kind, id);
}

static void entry_name(char out[NAME_SIZE], const char *id, uint64_t line,
		       uint64_t seq)
{
	if (line == 0)
		(void)snprintf(out, NAME_SIZE, "message/%s/%" PRIu64, id, seq);
	else
		(void)snprintf(out, NAME_SIZE,
			       "message/%s/%" PRIu64 "/%" PRIu64, id, line,
			       seq);
}

static uint64_t line_of(const json_t *notes)
{
	return record_number_or_0(notes, "line");
}

static enum err set_id(struct membership *m, const char *id)
{
	enum err e;

	TRY(uuid_parse(&m->raw_id, span_str(id)));
	memcpy(m->id, uuid_text(m->raw_id).text, sizeof(m->id));
out:
	return e;
}

enum err membership_new(struct membership *m, const char *id,
			const struct suites *offer)
{
	enum err e;

	memset(m, 0, sizeof(*m));
	TRY(set_id(m, id));
	m->notes = json_pack("{s:{}}", "shown");
	ENSURE(m->notes != NULL, ERR_LOCAL_MEMORY);
	membership_set_offer(m, offer);
out:
	return e;
}

void membership_clear(struct membership *m)
{
	session_free(m->session);
	json_decref(m->notes);
	shelf_free(m->shelf);
	memset(m, 0, sizeof(*m));
}

/* ---- the index ---- */

enum err membership_list(const struct device_store *store, json_t **ids)
{
	enum err e = record_get(store, INDEX, ids);

	if (e != ERR_STATE_GONE)
		return e;
	*ids = json_array();
	return *ids != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static size_t find_id(const json_t *ids, const char *id)
{
	size_t i = 0;

	while (i < json_array_size(ids) &&
	       strcmp(json_string_value(json_array_get(ids, i)), id) != 0)
		i++;
	return i;
}

static enum err enter(const struct device_store *store, const char *id)
{
	json_t *ids = NULL;
	enum err e;

	TRY(membership_list(store, &ids));
	if (find_id(ids, id) < json_array_size(ids))
		goto out;
	ENSURE(json_array_append_new(ids, json_string(id)) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(record_put(store, INDEX, ids));
out:
	json_decref(ids);
	return e;
}

static enum err strike(const struct device_store *store, const char *id)
{
	json_t *ids = NULL;
	enum err e;

	TRY(membership_list(store, &ids));
	(void)json_array_remove(ids, find_id(ids, id));
	TRY(record_put(store, INDEX, ids));
out:
	json_decref(ids);
	return e;
}

/* ---- the store ---- */

/* What lacks something of itself is not the same as what is not there. */
static enum err lacks_nothing(enum err e)
{
	return e == ERR_STATE_GONE ? ERR_PEER_MALFORMED : e;
}

/* After a failure m->shelf is what of it was read. */
static enum err load_items(const struct device_store *store, struct span record,
			   struct membership *m)
{
	struct session *session = NULL;
	struct mls_items items;
	enum err e;

	TRY(shelf_open(m->id, record, &m->shelf));
	items = shelf_items(m->shelf, store);
	TRY(lacks_nothing(session_restore(&items, &session)));
	TRY(shelf_is_read(m->shelf));
	m->session = session;
	session = NULL;
out:
	session_free(session);
	return e;
}

/* What reads as no id is that of no session. */
static enum err set_known_id(struct membership *m, const char *id)
{
	return set_id(m, id) == ERR_OK ? ERR_OK : ERR_STATE_GONE;
}

enum err membership_load(const struct device_store *store, const char *id,
			 struct membership *m)
{
	struct buf saved = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	memset(m, 0, sizeof(*m));
	TRY(set_known_id(m, id));
	record_name(name, "session", m->id);
	TRY(store->get(store->context, name, &saved));
	if (shelf_is_record(buf_span(&saved)))
		TRY(load_items(store, buf_span(&saved), m));
	else
		TRY(session_load(buf_span(&saved), &m->session));
	TRY(lacks_nothing(
	    notes_get(store, m->id, true, &m->stored, &m->notes)));
out:
	buf_clear(&saved);
	return e;
}

enum err membership_peek(const struct device_store *store, const char *id,
			 bool whole, struct membership *m)
{
	enum err e;

	memset(m, 0, sizeof(*m));
	TRY(set_known_id(m, id));
	TRY(notes_get(store, m->id, whole, NULL, &m->notes));
out:
	return e;
}

/* A membership that comes from no shelf takes over the one that its id has, if that can be
 * read: m->shelf stays NULL otherwise. Of one that cannot be read those records go that
 * are known; nobody asks for the others, as no later shelf has its number. */
static enum err take_shelf(const struct device_store *store,
			   struct membership *m)
{
	struct membership before = { .notes = NULL };
	struct buf saved = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	TRY(set_id(&before, m->id));
	record_name(name, "session", m->id);
	e = store->get(store->context, name, &saved);
	if (e == ERR_OK && shelf_is_record(buf_span(&saved)))
		e = load_items(store, buf_span(&saved), &before);
	ENSURE(err_class(e) != ERR_CLASS_LOCAL, e);
	if (before.session != NULL) {
		m->shelf = before.shelf;
		before.shelf = NULL;
	} else if (before.shelf != NULL) {
		TRY(shelf_remove(before.shelf, store));
	}
	e = ERR_OK;
out:
	membership_clear(&before);
	buf_clear(&saved);
	return e;
}

/* A shelf with nothing on it. */
static enum err clear_shelf(const struct device_store *store,
			    const struct rng *rng, struct membership *m)
{
	struct mls_items items;
	enum err e;

	TRY(take_shelf(store, m));
	if (m->shelf == NULL)
		TRY(shelf_new(m->id, rng, &m->shelf));
	items = shelf_items(m->shelf, store);
	TRY(items.drop(items.context, SPAN_EMPTY));
out:
	return e;
}

enum err membership_save(const struct device_store *store,
			 const struct rng *rng, struct membership *m)
{
	struct buf record = BUF_INIT;
	struct mls_items items;
	char name[NAME_SIZE];
	enum err e = ERR_OK;

	if (m->shelf == NULL) {
		session_store_again(m->session);
		TRY(clear_shelf(store, rng, m));
	}
	items = shelf_items(m->shelf, store);
	TRY(session_store(m->session, &items));
	TRY(shelf_flush(m->shelf, store, &record));
	record_name(name, "session", m->id);
	if (record.n > 0)
		TRY(store->put(store->context, name, buf_span(&record)));
	TRY(notes_put(store, m->id, m->notes, &m->stored));
	TRY(enter(store, m->id));
out:
	buf_clear(&record);
	return e;
}

/* Nothing is left of the session's items and notes. */
static enum err forget_items(const struct device_store *store,
			     struct membership *m)
{
	char name[NAME_SIZE];
	enum err e = ERR_OK;

	if (m->shelf == NULL)
		TRY(take_shelf(store, m));
	if (m->shelf != NULL)
		TRY(shelf_remove(m->shelf, store));
	record_name(name, "session", m->id);
	TRY(store->remove(store->context, name));
	TRY(notes_forget(store, m->id));
out:
	return e;
}

/* What is here of the id of the message of that record. */
static enum err forget_id(const struct device_store *store, const char *id,
			  const char *name)
{
	json_t *entry = NULL;
	enum err e = record_get(store, name, &entry);

	if (e == ERR_OK)
		e = marks_forget(store, id, entry);
	json_decref(entry);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

enum err membership_forget(const struct device_store *store,
			   struct membership *m)
{
	char name[NAME_SIZE];
	enum err e;

	for (uint64_t line = 0; line <= line_of(m->notes); line++)
		for (uint64_t i = membership_first(m);
		     i <= session_seq(m->session); i++) {
			entry_name(name, m->id, line, i);
			TRY(forget_id(store, m->id, name));
			TRY(store->remove(store->context, name));
		}
	TRY(forget_items(store, m));
	TRY(membership_set_picture(store, m, SPAN_EMPTY));
	TRY(strike(store, m->id));
out:
	return e;
}

/* ---- entries ---- */

enum err membership_keep(const struct device_store *store,
			 const struct membership *m, uint64_t seq,
			 const json_t *entry)
{
	struct buf there = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	entry_name(name, m->id, line_of(m->notes), seq);
	e = store->get(store->context, name, &there);
	if (e == ERR_STATE_GONE || FAULT(KEPT_IS_REPLACED))
		e = record_put(store, name, entry);
	buf_clear(&there);
	return e;
}

uint64_t membership_line(const struct membership *m)
{
	return line_of(m->notes);
}

uint64_t membership_first(const struct membership *m)
{
	return record_number_or_0(m->notes, "first");
}

void membership_set_first(struct membership *m, uint64_t seq)
{
	(void)json_object_set_new(m->notes, "first",
				  json_integer((json_int_t)seq));
}

/* lines: the entry after which each line but the first begins */
void membership_begin_line(struct membership *m, uint64_t seq)
{
	json_t *lines = json_object_get(m->notes, "lines");

	if (membership_first(m) >
	    seq) /* a server had named one that never was */
		membership_set_first(m, seq);
	if (FAULT(KEPT_IS_REPLACED))
		return;
	if (lines == NULL) {
		lines = json_array();
		(void)json_object_set_new(m->notes, "lines", lines);
	}
	while (json_array_size(lines) < line_of(m->notes))
		(void)json_array_append_new(lines, json_integer(0));
	(void)json_array_append_new(lines, json_integer((json_int_t)seq));
	(void)json_object_set_new(
	    m->notes, "line", json_integer((json_int_t)line_of(m->notes) + 1));
}

enum err membership_rewrite(const struct device_store *store,
			    const struct membership *m, uint64_t seq,
			    const json_t *entry)
{
	uint64_t line = line_of(m->notes);
	struct buf there = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	do {
		buf_reset(&there);
		entry_name(name, m->id, line, seq);
		e = store->get(store->context, name, &there);
	} while (e == ERR_STATE_GONE && line-- > 0);
	TRY(e);
	TRY(record_put(store, name, entry));
out:
	buf_clear(&there);
	return e;
}

bool membership_left(const struct device_store *store,
		     const struct membership *m, uint64_t line, uint64_t seq)
{
	const json_t *lines = json_object_get(m->notes, "lines");
	struct buf there = BUF_INIT;
	char name[NAME_SIZE];
	bool left = false;

	for (; line < line_of(m->notes) && !left; line++) {
		const json_t *begins = json_array_get(lines, (size_t)line);

		entry_name(name, m->id, line + 1, seq);
		left = (begins != NULL &&
			json_integer_value(begins) < (json_int_t)seq) ||
		       store->get(store->context, name, &there) == ERR_OK;
	}
	buf_clear(&there);
	return left;
}

enum err membership_entry(const struct device_store *store, const char *id,
			  uint64_t seq, json_t **entry)
{
	char name[NAME_SIZE];
	json_t *notes = NULL;
	uint64_t line;
	enum err e;

	record_name(name, "meta", id);
	TRY(record_get(store, name, &notes));
	line = line_of(notes);
	do {
		entry_name(name, id, line, seq);
		e = record_get(store, name, entry);
	} while (e == ERR_STATE_GONE && line-- > 0);
out:
	json_decref(notes);
	return e;
}

enum err membership_set_picture(const struct device_store *store,
				const struct membership *m, struct span picture)
{
	char name[NAME_SIZE];

	record_name(name, "picture", m->id);
	return picture.n > 0 ? store->put(store->context, name, picture)
			     : store->remove(store->context, name);
}

enum err membership_picture(const struct device_store *store, const char *id,
			    struct buf *picture)
{
	char name[NAME_SIZE];

	record_name(name, "picture", id);
	return store->get(store->context, name, picture);
}
