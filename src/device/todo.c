#include "device/todo.h"

#include "check/departure.h"
#include "device/group/change.h"
#include "device/group/staged_info.h"
#include "device/texts/naming.h"
#include "wire/departure.h"

#include <string.h>

static json_t *redo_of(const struct device *d)
{
	return json_object_get(membership_todo(&d->open), "redo");
}

static bool is_first(const struct device *d)
{
	return json_is_true(
	    json_object_get(membership_todo(&d->open), "first"));
}

/* The change is staged for one more try. */
static void stage_again(struct device *d)
{
	json_t *redo = json_incref(redo_of(d));
	uint64_t tries = record_number_or_0(redo, "tries");

	(void)json_object_set_new(redo, "tries",
				  json_integer((json_int_t)tries + 1));
	membership_set_todo(&d->open, redo);
}

void todo_commit_done(struct device *d)
{
	bool announce;

	if (!membership_todo_is(&d->open, "commit"))
		return;
	if (is_first(d)) {
		stage_again(d);
		return;
	}
	announce = change_adds(redo_of(d)) && naming_has_any(d);
	membership_set_todo(
	    &d->open, announce ? json_pack("{s:s}", "kind", "announce") : NULL);
}

void todo_commit_lost(struct device *d)
{
	if (membership_todo_is(&d->open, "commit"))
		stage_again(d);
}

static const char *departs_by(const struct device *d, const json_t *todo)
{
	const char *whom = record_string(todo, "whom");

	return whom != NULL ? whom : core_self(d);
}

const char *todo_departs(const struct device *d)
{
	return departs_by(d, membership_todo(&d->open));
}

void todo_settle_departure(struct device *d)
{
	struct mls_member member;

	if (membership_todo_is(&d->open, "leave") &&
	    (!session_find(d->open.session, span_str(todo_departs(d)),
			   &member) ||
	     session_departed(d->open.session, member.leaf_index)))
		membership_set_todo(&d->open, NULL);
}

bool todo_departure_fits(struct device *d)
{
	const struct session *session = d->open.session;
	uint8_t hash[DEPARTURE_HASH];
	struct buf bytes = BUF_INIT;
	struct departure departure;
	struct mls_member member;
	bool fits = record_bytes(membership_todo(&d->open), "departure",
				 &bytes) == ERR_OK &&
		    departure_decode(buf_span(&bytes), &departure) == ERR_OK &&
		    session_find(session, span_str(todo_departs(d)), &member) &&
		    check_leaf_hash(member.leaf_node, hash) == ERR_OK &&
		    departure.generation == session_generation(session) &&
		    departure.leaf_index == member.leaf_index &&
		    span_equal(departure.leaf_hash, SPAN_ARRAY(hash));

	buf_clear(&bytes);
	return fits;
}

enum err todo_set_commit(struct device *d, json_t *change,
			 const struct mls_commit *commit, bool first)
{
	json_t *made =
	    json_pack("{s:s, s:O}", "kind", "commit", "redo", change);
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(staged_info_note(made, commit,
			     json_object_get(change, "algorithm") != NULL));
	if (commit->welcome.n > 0)
		TRY(record_set_bytes(made, "welcome",
				     buf_span(&commit->welcome)));
	if (first)
		(void)json_object_set_new(made, "first", json_true());
	membership_set_todo(&d->open, json_incref(made));
out:
	json_decref(made);
	return e;
}

bool todo_commit_moves(const struct device *d)
{
	return membership_todo_is(&d->open, "commit") && !is_first(d) &&
	       json_object_get(redo_of(d), "algorithm") != NULL;
}

void todo_stay(struct device *d)
{
	const json_t *pending;

	if (d->open.session == NULL)
		return;
	pending = membership_pending(&d->open);
	if (record_string(pending, "departure") == NULL ||
	    strcmp(departs_by(d, pending), core_self(d)) != 0)
		return;
	if (pending == membership_todo(&d->open))
		membership_set_todo(&d->open, NULL);
	else
		(void)json_object_del(d->open.notes, "later");
	work_changed(d);
}

uint64_t todo_id(const struct membership *m)
{
	return record_number_or_0(membership_pending(m), "id");
}

uint64_t todo_new_id(const struct membership *m)
{
	return membership_todos(m) + 1;
}

enum todo_fate todo_fate(const struct membership *m, uint64_t id)
{
	if (id == todo_id(m))
		return TODO_WAITS;
	return id == record_number_or_0(m->notes, "dropped") ? TODO_WAS_DROPPED
							     : TODO_IS_DONE;
}

void todo_drop(struct device *d)
{
	(void)json_object_set_new(d->open.notes, "dropped",
				  json_integer((json_int_t)todo_id(&d->open)));
	session_discard(d->open.session);
	membership_set_todo(&d->open, NULL);
	work_changed(d);
}
