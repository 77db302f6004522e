/* What this device has noted of a membership: a record of JSON, which is saved with it. */
#include "device/group/membership.h"

#include <string.h>

static json_t *suites_to_json(const struct suites *suites)
{
	json_t *list = json_array();

	for (size_t i = 0; i < suites->count; i++)
		(void)json_array_append_new(
		    list, json_string(suite_by_id(suites->ids[i])->algorithm));
	return list;
}

const char *membership_name(const struct membership *m)
{
	return record_string(m->notes, "name");
}

enum err membership_offer(const struct membership *m, struct suites *offer)
{
	const json_t *list = json_object_get(m->notes, "offer"), *value;
	size_t i;

	offer->count = 0;
	json_array_foreach(list, i, value)
	{
		const char *name = json_string_value(value);
		const struct suite *suite =
		    name != NULL ? suite_by_algorithm(span_str(name)) : NULL;

		if (suite == NULL || offer->count == SUITES_MAX)
			return ERR_PEER_MALFORMED;
		offer->ids[offer->count++] = suite->id;
	}
	return offer->count > 0 ? ERR_OK : ERR_PEER_MALFORMED;
}

void membership_set_offer(struct membership *m, const struct suites *offer)
{
	(void)json_object_set_new(m->notes, "offer", suites_to_json(offer));
}

enum err membership_set_self(struct membership *m, struct span identity)
{
	return record_set_text(m->notes, "self", identity);
}

json_t *membership_todo(const struct membership *m)
{
	return json_object_get(m->notes, "todo");
}

uint64_t membership_todos(const struct membership *m)
{
	return record_number_or_0(m->notes, "todos");
}

void membership_set_todo(struct membership *m, json_t *todo)
{
	(void)json_object_set_new(
	    m->notes, "todos",
	    json_integer((json_int_t)membership_todos(m) + 1));
	if (todo == NULL) {
		todo = json_incref(json_object_get(m->notes, "later"));
		(void)json_object_del(m->notes, "later");
	}
	if (todo == NULL)
		(void)json_object_del(m->notes, "todo");
	else
		(void)json_object_set_new(m->notes, "todo", todo);
}

json_t *membership_pending(const struct membership *m)
{
	if (membership_todo_is(m, "commit"))
		return json_object_get(membership_todo(m), "redo");
	if (membership_todo_is(m, "change") || membership_todo_is(m, "leave") ||
	    membership_todo_is(m, "announce"))
		return membership_todo(m);
	return json_object_get(m->notes, "later");
}

bool membership_todo_is(const struct membership *m, const char *kind)
{
	const char *value = record_string(membership_todo(m), "kind");

	return value != NULL && strcmp(value, kind) == 0;
}

/* ---- behind ---- */

static const char *const BEHIND[] = { "no", "broken", "copy" };

enum behind membership_behind(const struct membership *m)
{
	const json_t *behind = json_object_get(m->notes, "behind");
	const char *text = record_string(behind, "why");

	for (unsigned i = BEHIND_BROKEN; i <= BEHIND_COPY; i++)
		if (text != NULL && strcmp(text, BEHIND[i]) == 0)
			return (enum behind)i;
	/* a text: from a version that did not note the place */
	return json_is_string(behind) ? BEHIND_BROKEN : BEHIND_NO;
}

/* A place of the log as a note: {seq, head}. */
static enum err note_place(struct membership *m, const char *name, uint64_t seq,
			   const uint8_t head[CHAIN_HEAD])
{
	json_t *note = json_pack("{s:I}", "seq", (json_int_t)seq);
	enum err e;

	ENSURE(note != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_hex(note, "head", span_of(head, CHAIN_HEAD)));
	(void)json_object_set(m->notes, name, note);
out:
	json_decref(note);
	return e;
}

static enum err read_place(const struct membership *m, const char *name,
			   uint64_t *seq, uint8_t head[CHAIN_HEAD])
{
	const json_t *note = json_object_get(m->notes, name);
	enum err e;

	TRY(record_number(note, "seq", seq));
	TRY(record_digest(note, "head", head));
out:
	return e;
}

enum err membership_set_behind(struct membership *m, enum behind behind,
			       uint64_t seq, const uint8_t head[CHAIN_HEAD])
{
	enum err e;

	if (membership_behind(m) != BEHIND_NO)
		return ERR_OK;
	TRY(note_place(m, "behind", seq, head));
	(void)json_object_set_new(json_object_get(m->notes, "behind"), "why",
				  json_string(BEHIND[behind]));
out:
	return e;
}

enum err membership_behind_place(const struct membership *m, uint64_t *seq,
				 uint8_t head[CHAIN_HEAD])
{
	return read_place(m, "behind", seq, head);
}

enum err membership_set_ended(struct membership *m, uint64_t seq,
			      const uint8_t head[CHAIN_HEAD])
{
	return note_place(m, "ended", seq, head);
}

void membership_set_removed(struct membership *m)
{
	(void)json_object_set_new(json_object_get(m->notes, "ended"), "removed",
				  json_true());
}

bool membership_was_removed(const struct membership *m)
{
	return json_is_true(
	    json_object_get(json_object_get(m->notes, "ended"), "removed"));
}

enum err membership_ended_place(const struct membership *m, uint64_t *seq,
				uint8_t head[CHAIN_HEAD])
{
	return read_place(m, "ended", seq, head);
}

static void set_mark(struct membership *m, const char *name, bool on)
{
	if (on)
		(void)json_object_set_new(m->notes, name, json_true());
	else
		(void)json_object_del(m->notes, name);
}

bool membership_is_gathering(const struct membership *m)
{
	return json_is_true(json_object_get(m->notes, "gathering"));
}

void membership_set_gathering(struct membership *m, bool gathering)
{
	set_mark(m, "gathering", gathering);
}

bool membership_leaf_is_shared(const struct membership *m)
{
	return json_is_true(json_object_get(m->notes, "shared_leaf"));
}

void membership_set_shared_leaf(struct membership *m, bool shared)
{
	set_mark(m, "shared_leaf", shared);
}

bool membership_was_known(const struct membership *m)
{
	return json_is_true(json_object_get(m->notes, "again"));
}

void membership_continue(struct membership *next, struct membership *m)
{
	static const char *const kept[] = {
		"name",	   "subject", "picture", "shown",   "outbox",
		"item",	   "asked",   "copies",	 "rejoins", "line",
		"lines",   "sent",    "breaks",	 "granted", "grant",
		"broken",  "cause",   "dropped", "first",   "verified_only",
		"receipts"
	};

	(void)json_object_set_new(next->notes, "again", json_true());
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		json_t *value = json_object_get(m->notes, kept[i]);

		if (value != NULL)
			(void)json_object_set(next->notes, kept[i], value);
	}
	(void)json_object_set_new(
	    next->notes, "todos",
	    json_integer((json_int_t)membership_todos(m) + 1));
	if (membership_pending(m) != NULL)
		(void)json_object_set(next->notes, "later",
				      membership_pending(m));
	session_move_outbox(m->session, next->session);
}
