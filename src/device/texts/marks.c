#include "device/texts/marks.h"
#include "base/text.h"

#include <stdio.h>

#define NAME_SIZE 128

/* ---- records ---- */

static void name_of(char name[NAME_SIZE], const char *session, const char *hex)
{
	(void)snprintf(name, NAME_SIZE, "mid/%s/%.64s", session, hex);
}

static enum err put_name(char name[NAME_SIZE], const char *session,
			 const uint8_t id[MIMI_ID])
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(&hex, span_of(id, MIMI_ID));
	buf_put_u8(&hex, 0);
	TRY(buf_end(&hex));
	name_of(name, session, (const char *)hex.p);
out:
	buf_clear(&hex);
	return e;
}

enum err marks_get(const struct device_store *store, const char *session,
		   const uint8_t id[MIMI_ID], json_t **marks)
{
	char name[NAME_SIZE];
	enum err e;

	TRY(put_name(name, session, id));
	TRY(record_get(store, name, marks));
out:
	return e;
}

enum err marks_save(const struct device_store *store, const char *session,
		    const uint8_t id[MIMI_ID], const json_t *marks)
{
	char name[NAME_SIZE];
	enum err e;

	TRY(put_name(name, session, id));
	TRY(record_put(store, name, marks));
out:
	return e;
}

enum err marks_put_id(const struct device_store *store, const char *session,
		      const uint8_t id[MIMI_ID], uint64_t seq, bool *again)
{
	json_t *marks = NULL;
	enum err e = marks_get(store, session, id, &marks);

	*again = e == ERR_OK && record_number_or_0(marks, "seq") != seq;
	json_decref(marks);
	if (e != ERR_STATE_GONE)
		return e;
	marks = json_pack("{s:I}", "seq", (json_int_t)seq);
	e = marks != NULL ? marks_save(store, session, id, marks)
			  : ERR_LOCAL_MEMORY;
	json_decref(marks);
	return e;
}

enum err marks_forget(const struct device_store *store, const char *session,
		      const json_t *entry)
{
	const char *id = record_string(entry, "id");
	char name[NAME_SIZE];

	if (id == NULL)
		return ERR_OK;
	name_of(name, session, id);
	return store->remove(store->context, name);
}

/* ---- marks ---- */

static json_t *list_of(json_t *marks, const char *name)
{
	json_t *list = json_object_get(marks, name);

	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(marks, name, list);
	}
	return list;
}

/* The place of the row that the entry `seq` made; the size: there is none. */
static size_t find(const json_t *list, uint64_t seq)
{
	size_t i = 0;

	while (i < json_array_size(list) &&
	       record_number_or_0(json_array_get(list, i), "seq") != seq)
		i++;
	return i;
}

static bool add(json_t *list, json_t *row)
{
	bool room = json_array_size(list) < MARKS_MAX;

	if (row != NULL && room)
		return json_array_append_new(list, row) == 0;
	json_decref(row);
	return false;
}

/* Whom the text of an edit names; the message's own text does not count any more. */
static const char *const MENTIONS[] = { "mentions", "mentioned" };

static void copy(json_t *to, const json_t *from, const char *member)
{
	json_t *value = json_object_get(from, member);

	if (value != NULL)
		(void)json_object_set_new(to, member, json_deep_copy(value));
}

bool marks_edit(json_t *marks, uint64_t seq, const json_t *edit)
{
	json_t *list = list_of(marks, "edits"), *row;

	if (find(list, seq) < json_array_size(list))
		return true;
	row = json_pack("{s:I, s:O}", "seq", (json_int_t)seq, "text",
			json_object_get(edit, "text"));
	for (size_t i = 0; i < sizeof(MENTIONS) / sizeof(*MENTIONS); i++)
		copy(row, edit, MENTIONS[i]);
	return add(list, row);
}

bool marks_react(json_t *marks, uint64_t seq, const json_t *from,
		 const json_t *text)
{
	json_t *list = list_of(marks, "reactions");
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		if (json_equal(json_object_get(row, "from"), from) &&
		    json_equal(json_object_get(row, "text"), text))
			return false;
	}
	return add(list, json_pack("{s:I, s:o, s:o}", "seq", (json_int_t)seq,
				   "from", json_deep_copy(from), "text",
				   json_deep_copy(text)));
}

bool marks_unreact(json_t *marks, uint64_t seq)
{
	json_t *list = list_of(marks, "reactions");

	return json_array_remove(list, find(list, seq)) == 0;
}

/* ---- showing ---- */

static void show_edit(const json_t *marks, json_t *entry)
{
	const json_t *edits = json_object_get(marks, "edits");
	const json_t *last = json_array_get(edits, json_array_size(edits) - 1);

	if (json_array_size(edits) == 0)
		return;
	(void)json_object_set(entry, "edited", json_object_get(last, "seq"));
	(void)json_object_set(entry, "edited_text",
			      json_object_get(last, "text"));
	for (size_t i = 0; i < sizeof(MENTIONS) / sizeof(*MENTIONS); i++) {
		(void)json_object_del(entry, MENTIONS[i]);
		copy(entry, last, MENTIONS[i]);
	}
}

static void show_reactions(const json_t *marks, json_t *entry)
{
	const json_t *list = json_object_get(marks, "reactions"), *row;
	json_t *by_text = json_object();
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *text = record_string(row, "text");

		if (text != NULL)
			(void)json_array_append(list_of(by_text, text),
						json_object_get(row, "from"));
	}
	if (json_object_size(by_text) > 0)
		(void)json_object_set(entry, "reactions", by_text);
	json_decref(by_text);
}

enum err marks_show(const struct device_store *store, const char *session,
		    json_t *entry)
{
	const char *id = record_string(entry, "id");
	json_t *marks = NULL, *deleted;
	char name[NAME_SIZE];
	enum err e;

	if (id == NULL)
		return ERR_OK;
	name_of(name, session, id);
	e = record_get(store, name, &marks);
	if (e != ERR_OK) /* what cannot be read of it hides no message */
		return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
	deleted = json_object_get(marks, "deleted");
	if (deleted != NULL)
		(void)json_object_set(entry, "deleted", deleted);
	else
		show_edit(marks, entry);
	show_reactions(marks, entry);
	json_decref(marks);
	return ERR_OK;
}
