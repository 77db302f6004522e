#include "device/todo.h"

#include "device/change.h"
#include "wire/departure.h"

static json_t *redo_of(const struct device *d)
{
	return json_object_get(membership_todo(&d->open), "redo");
}

void todo_commit_done(struct device *d)
{
	bool announce;

	if (!membership_todo_is(&d->open, "commit"))
		return;
	announce = change_adds(redo_of(d)) && membership_name(&d->open) != NULL;
	membership_set_todo(
	    &d->open, announce ? json_pack("{s:s}", "kind", "announce") : NULL);
}

void todo_commit_lost(struct device *d)
{
	json_t *redo;
	uint64_t tries;

	if (!membership_todo_is(&d->open, "commit"))
		return;
	redo = json_incref(redo_of(d));
	tries = record_number_or_0(redo, "tries");
	(void)json_object_set_new(redo, "tries",
				  json_integer((json_int_t)tries + 1));
	membership_set_todo(&d->open, redo);
}

static bool is_out(const struct session *session, struct span bytes)
{
	struct departure departure;
	struct mls_member member;
	uint32_t leaf;

	if (departure_decode(bytes, &departure) != ERR_OK)
		return false;
	leaf = departure.leaf_index;
	return departure.generation == session_generation(session) &&
	       (session_departed(session, departure.leaf_index) ||
		!mls_group_next_member(session_group(session), &leaf,
				       &member) ||
		member.leaf_index != departure.leaf_index);
}

void todo_settle_departure(struct device *d)
{
	struct buf departure = BUF_INIT;

	if (membership_todo_is(&d->open, "leave") &&
	    record_bytes(membership_todo(&d->open), "departure", &departure) ==
		ERR_OK &&
	    is_out(d->open.session, buf_span(&departure)))
		membership_set_todo(&d->open, NULL);
	buf_clear(&departure);
}

enum err todo_set_commit(struct device *d, json_t *change,
			 const struct mls_commit *commit)
{
	json_t *made =
	    json_pack("{s:s, s:O}", "kind", "commit", "redo", change);
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(made, "group_info",
			     buf_span(&commit->group_info)));
	if (commit->welcome.n > 0)
		TRY(record_set_bytes(made, "welcome",
				     buf_span(&commit->welcome)));
	membership_set_todo(&d->open, json_incref(made));
out:
	json_decref(made);
	return e;
}

void todo_drop(struct device *d)
{
	session_discard(d->open.session);
	membership_set_todo(&d->open, NULL);
	work_changed(d);
}
