#include "command/view.h"

#include "command/out.h"
#include "reach/drive.h"

#include <stdlib.h>
#include <string.h>

enum err view_refresh(struct account *a, const char *id)
{
	static const char *const waiting[] = { "new-members",
					       "rotation-required", "kept" };
	enum err e = drive_session(a, ORDER_REFRESH, id);

	for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
		if (e == ERR_STATE_PENDING &&
		    strcmp(a->why.slug, waiting[i]) == 0) {
			why_clear(&a->why);
			return ERR_OK;
		}
	return e;
}

static enum err parse(struct buf *text, json_t **out)
{
	enum err e;

	TRY(buf_end(text));
	*out = json_loadb((const char *)text->p, text->n, 0, NULL);
	ENSURE(*out != NULL, ERR_LOCAL_BUG);
out:
	return e;
}

enum err view_session(struct account *a, const char *id, json_t **session)
{
	struct buf text = BUF_INIT;
	enum err e;

	e = device_describe(a->device, id, &text);
	if (e == ERR_STATE_GONE)
		e = why_set(&a->why, e, "no-such-session",
			    "There is no session %.40s here. See: hermetic "
			    "sessions",
			    id);
	TRY(e);
	TRY(parse(&text, session));
out:
	buf_clear(&text);
	return e;
}

enum err view_entry(struct account *a, const char *id, uint64_t seq,
		    json_t **entry)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_entry(a->device, id, seq, &text));
	TRY(parse(&text, entry));
out:
	buf_clear(&text);
	return e;
}

enum err view_outbox(struct account *a, const char *id, json_t **items)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_outbox(a->device, id, &text));
	TRY(parse(&text, items));
out:
	buf_clear(&text);
	return e;
}

enum err view_person(struct account *a, const char *user, json_t **person)
{
	struct buf text = BUF_INIT;
	enum err e;

	*person = NULL;
	TRY(device_person(a->device, user, &text));
	TRY(parse(&text, person));
out:
	buf_clear(&text);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

bool view_item_waits(const json_t *item)
{
	return strcmp(out_member(item, "state"), "waiting") == 0;
}

enum err view_waiting(struct account *a, const char *id, json_t *ids)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(view_outbox(a, id, &items));
	json_array_foreach(items, i, item) if (view_item_waits(item))
	    ENSURE(json_object_set_new(ids, out_member(item, "session_id"),
				       json_true()) == 0,
		   ERR_LOCAL_MEMORY);
out:
	json_decref(items);
	return e;
}

enum err view_sessions(struct account *a, json_t **ids)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_sessions(a->device, &text));
	TRY(parse(&text, ids));
out:
	buf_clear(&text);
	return e;
}

enum err view_key_changes(struct account *a, const char *user, json_t **changes)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_key_changes(a->device, user, &text));
	TRY(parse(&text, changes));
out:
	buf_clear(&text);
	return e;
}

/* ---- who was seen ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

void view_note_printed(const json_t *entry, json_t *printed)
{
	const json_t *mark;
	size_t i;

	json_array_foreach(json_object_get(entry, "marks"), i, mark)
	{
		if (json_is_string(mark))
			(void)json_object_set_new(
			    printed, json_string_value(mark), json_true());
	}
}

static bool is_new(const json_t *member)
{
	return json_is_false(json_object_get(member, "seen")) &&
	       !json_is_true(json_object_get(member, "own"));
}

/* Prints the new members that were not printed, and notes their marks. */
static void print_others(const json_t *session, json_t *printed)
{
	const json_t *member;
	size_t i;

	json_array_foreach(json_object_get(session, "members"), i, member)
	{
		const char *mark = text_of(member, "mark");

		if (!is_new(member) || json_object_get(printed, mark) != NULL)
			continue;
		out_line("* New since you looked last: %s, device %s",
			 out_name(member, "username"),
			 out_name(member, "device_id"));
		(void)json_object_set_new(printed, mark, json_true());
	}
}

/* `marks` is an object whose members' names they are. */
static enum err note_shown(struct account *a, const char *id,
			   const json_t *marks)
{
	const char **list = calloc(json_object_size(marks) + 1, sizeof(*list));
	json_t *object = (json_t *)(uintptr_t)marks, *value;
	const char *mark;
	size_t n = 0;
	enum err e = ERR_OK;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	json_object_foreach(object, mark, value) list[n++] = mark;
	if (out_is_good())
		e = device_shown(a->device, id, list, n);
out:
	free(list);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err view_shown(struct account *a, const char *id, const json_t *printed,
		    bool json)
{
	json_t *session = NULL,
	       *marks = json_copy((json_t *)(uintptr_t)printed);
	enum err e;

	ENSURE(marks != NULL, ERR_LOCAL_MEMORY);
	TRY(view_session(a, id, &session));
	if (!json)
		print_others(session, marks);
	TRY(note_shown(a, id, marks));
	if (!json && out_is_good())
		TRY(device_read_to(a->device, id,
				   (uint64_t)json_integer_value(
				       json_object_get(session, "last_seq"))));
out:
	json_decref(marks);
	json_decref(session);
	return e;
}

enum err view_members_shown(struct account *a, const char *id,
			    const json_t *session)
{
	json_t *marks = json_object();
	const json_t *member;
	size_t i;
	enum err e;

	ENSURE(marks != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(json_object_get(session, "members"), i, member)(void)
	    json_object_set_new(marks, text_of(member, "mark"), json_true());
	TRY(note_shown(a, id, marks));
out:
	json_decref(marks);
	return e;
}
