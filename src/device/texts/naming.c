#include "device/texts/naming.h"

#include "device/steps.h"
#include "device/texts/content.h"
#include "device/texts/outbox.h"
#include "device/texts/say.h"

#include <stdio.h>
#include <string.h>

#define TURN_MS 10000

/* ---- notes ---- */

static const char *note_of(const char *what, const char *which)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "%s_%s", what, which);
	return name;
}

/* Was it said in this membership, be it that there is none any more? What an earlier
 * membership heard may have been taken back since. Who founds a session says its name
 * without an entry. */
static bool is_heard(const struct device *d, const char *what)
{
	return record_number_or_0(d->open.notes, note_of(what, "at")) > 0 ||
	       (!membership_was_known(&d->open) &&
		json_object_get(d->open.notes, what) != NULL);
}

/* ---- what may be said ---- */

enum err naming_check(struct device *d, const char *name)
{
	if (name == NULL || content_is_sound(CONTENT_NAME, span_str(name)))
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_INVALID, "name",
		       "A session's name is UTF-8 of at most %d bytes.",
		       CONTENT_NAME_MAX);
}

enum err naming_check_subject(struct device *d, const char *subject)
{
	if (subject == NULL || (strlen(subject) <= ROOM_SUBJECT_MAX &&
				text_is_utf8(span_str(subject))))
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_INVALID, "subject",
		       "What a session is about is UTF-8 of at most %d bytes.",
		       ROOM_SUBJECT_MAX);
}

enum err naming_check_picture(struct device *d, struct span picture)
{
	if (picture.n > ROOM_PICTURE_MAX)
		return why_set(&d->work.why, ERR_PEER_TOO_LARGE, "too-large",
			       "A session's picture has at most %d bytes.",
			       ROOM_PICTURE_MAX);
	if (picture.n == 0 || room_picture_type(picture) != NULL)
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_INVALID, "picture",
		       "A session's picture is a PNG, JPEG, GIF or WebP.");
}

/* ---- the picture's bytes ---- */

static enum err take_picture(struct device *d, const struct room *room)
{
	json_t *notes = d->open.notes;
	enum err e;

	(void)json_object_del(notes, "picture");
	TRY(membership_set_picture(core_store(d), &d->open, room->picture));
	if (room->picture.n > 0)
		ENSURE(json_object_set_new(
			   notes, "picture",
			   json_pack("{s:s, s:I}", "type", room->type, "size",
				     (json_int_t)room->picture.n)) == 0,
		       ERR_LOCAL_MEMORY);
out:
	return e;
}

enum err device_picture(struct device *device, const char *session,
			struct buf *bytes)
{
	return membership_picture(core_store(device), session, bytes);
}

void naming_describe(const struct membership *m, json_t *description)
{
	static const char *const members[] = { "name", "subject", "picture" };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		json_t *value = json_object_get(m->notes, members[i]);

		if (value != NULL)
			(void)json_object_set(description, members[i], value);
	}
}

/* ---- who comes in by oneself ---- */

/* How many members are to say it before this device. */
static uint64_t turn_of(const struct device *d, uint32_t joiner)
{
	const struct mls_group *group = session_group(d->open.session);
	uint32_t own = mls_group_own_leaf(group), leaf = 0;
	struct mls_member member;
	uint64_t turn = 0;

	while (mls_group_next_member(group, &leaf, &member) &&
	       member.leaf_index < own)
		if (member.leaf_index != joiner &&
		    !session_departed(d->open.session, member.leaf_index))
			turn++;
	return turn;
}

bool naming_has_any(const struct device *d)
{
	return is_heard(d, "name") || is_heard(d, "subject") ||
	       is_heard(d, "picture");
}

void naming_note_joiner(struct device *d, const struct session_event *event)
{
	uint64_t at;

	if (event->own_commit || !naming_has_any(d))
		return;
	at = core_now_ms(d) + turn_of(d, event->sender) * TURN_MS;
	(void)json_object_set_new(d->open.notes, "rename_at",
				  json_integer((json_int_t)at));
	(void)json_object_set_new(d->open.notes, "rename_for",
				  json_integer((json_int_t)event->seq));
}

/* Has the log said it to whoever came in? */
static bool is_said(const struct device *d, const char *what)
{
	return !is_heard(d, what) ||
	       record_number_or_0(d->open.notes, note_of(what, "at")) >
		   record_number_or_0(d->open.notes, "rename_for");
}

/* Where a member's device reads plain texts only, the name is all that can be said. */
static bool is_all_said(const struct device *d)
{
	if (!is_said(d, "name"))
		return false;
	if (d->open.session != NULL && !say_is_read_by_all(d))
		return true;
	return is_said(d, "subject") && is_said(d, "picture");
}

/* ---- what the log says ---- */

/* Was it said without having seen the present one, by another device than the one
 * that said that? Of an item that an earlier version sealed the view is not known. */
static bool is_late(const struct device *d, const struct session_event *event,
		    const char *what)
{
	const char *by = record_string(d->open.notes, note_of(what, "by"));
	uint64_t view = event->kind == SESSION_OWN
			    ? outbox_view(&d->open, event->nonce)
			    : event->view_seq;

	return by != NULL && view > 0 &&
	       view < record_number_or_0(d->open.notes, note_of(what, "at")) &&
	       !span_equal(span_str(by), buf_span(&event->identity));
}

static void note_by(struct device *d, const struct session_event *event,
		    const char *what)
{
	(void)json_object_set_new(d->open.notes, note_of(what, "at"),
				  json_integer((json_int_t)event->seq));
	(void)json_object_set_new(
	    d->open.notes, note_of(what, "by"),
	    json_stringn((const char *)event->identity.p, event->identity.n));
}

static enum err take_text(struct device *d, const struct session_event *event,
			  const char *what, struct span text, json_t *entry)
{
	enum err e;

	note_by(d, event, what);
	TRY(record_set_text(entry, what, text));
	if (text.n == 0)
		(void)json_object_del(d->open.notes, what);
	else
		TRY(record_set_text(d->open.notes, what, text));
out:
	return e;
}

static enum err take_shown(struct device *d, const struct session_event *event,
			   const struct room *room, json_t *entry)
{
	json_t *picture;
	enum err e;

	note_by(d, event, "picture");
	TRY(take_picture(d, room));
	picture = json_object_get(d->open.notes, "picture");
	ENSURE(json_object_set_new(entry, "picture",
				   picture != NULL ? json_deep_copy(picture)
						   : json_false()) == 0,
	       ERR_LOCAL_MEMORY);
out:
	return e;
}

enum err naming_heard(struct device *d, const struct session_event *event,
		      const struct room *room, json_t *entry, bool *late)
{
	bool name = room->says_name && !is_late(d, event, "name");
	bool subject = room->says_subject && !is_late(d, event, "subject");
	bool picture = room->says_picture && !is_late(d, event, "picture");
	enum err e = ERR_OK;

	*late = !name && !subject && !picture;
	if (*late)
		return ERR_OK;
	if (name)
		TRY(take_text(d, event, "name", room->name, entry));
	if (subject)
		TRY(take_text(d, event, "subject", room->subject, entry));
	if (picture)
		TRY(take_shown(d, event, room, entry));
	if (is_all_said(d))
		(void)json_object_del(d->open.notes, "rename_at");
out:
	return e;
}

/* ---- for those whom a commit of ours added ---- */

static bool announce_due(struct device *d)
{
	return d->open.session != NULL && session_member(d->open.session) &&
	       membership_todo_is(&d->open, "announce");
}

/* Without the name, which is said by itself. */
static enum err put_room(struct device *d, struct buf *content)
{
	const json_t *notes = d->open.notes;
	const char *subject = record_string(notes, "subject");
	struct buf picture = BUF_INIT, mimi = BUF_INIT;
	struct room room = { .says_subject = is_heard(d, "subject"),
			     .says_picture = is_heard(d, "picture") };
	enum err e;

	room.subject = span_str(subject != NULL ? subject : "");
	if (room.says_picture && json_object_get(notes, "picture") != NULL)
		TRY(membership_picture(core_store(d), d->open.id, &picture));
	room.picture = buf_span(&picture);
	TRY(room_put(&room, d->ports.rng, &mimi));
	content_put(content, CONTENT_MIMI, buf_span(&mimi));
	TRY(buf_end(content));
out:
	buf_clear(&picture);
	buf_clear(&mimi);
	return e;
}

static enum err put_item(struct device *d, const struct buf *content,
			 bool quiet, bool *said)
{
	uint64_t item;
	enum err e;

	TRY(outbox_put(d, buf_span(content), 0, NULL, &item));
	if (quiet)
		outbox_set_quiet(&d->open, item, OUTBOX_NAME);
	*said = true;
out:
	return e;
}

/* The name by itself: every client takes it for one. *said is false where there is
 * nothing that the members read. */
static enum err say_again(struct device *d, bool quiet, bool *said)
{
	bool more = is_heard(d, "subject") || is_heard(d, "picture");
	const char *name = membership_name(&d->open);
	struct buf content = BUF_INIT;
	enum err e = ERR_OK;

	*said = false;
	if (is_heard(d, "name")) {
		content_put(&content, CONTENT_NAME,
			    span_str(name != NULL ? name : ""));
		TRY(buf_end(&content));
		TRY(put_item(d, &content, quiet, said));
		buf_reset(&content);
	}
	if (more && say_is_read_by_all(d)) {
		TRY(put_room(d, &content));
		TRY(put_item(d, &content, quiet, said));
	}
out:
	buf_clear(&content);
	return e;
}

static enum err announce(struct device *d)
{
	bool said;

	membership_set_todo(&d->open, NULL);
	work_changed(d);
	return say_again(d, false, &said);
}

const struct step naming_step_announce = { "announce", NULL, announce_due,
					   announce,   NULL, NULL };

/* ---- for those who came in by themselves ---- */

static bool repeat_due(struct device *d)
{
	uint64_t at = d->open.session != NULL
			  ? record_number_or_0(d->open.notes, "rename_at")
			  : 0;

	return at > 0 && at <= core_now_ms(d) && !d->work.repeated &&
	       core_is_settled(d) && work_is(&d->work, ORDER_REFRESH) &&
	       membership_todo(&d->open) == NULL && !outbox_waits(&d->open);
}

/* Where it would have to wait for the person, the next order tries again. */
static enum err repeat(struct device *d)
{
	uint64_t next = core_now_ms(d) + TURN_MS;
	bool free, said;
	enum err e;

	d->work.repeated = true;
	TRY(say_is_free(d, &free));
	if (!free)
		goto out;
	work_changed(d);
	TRY(say_again(d, true, &said));
	if (said)
		(void)json_object_set_new(d->open.notes, "rename_at",
					  json_integer((json_int_t)next));
	else
		(void)json_object_del(d->open.notes, "rename_at");
out:
	return e;
}

const struct step naming_step_repeat = { "repeat", NULL, repeat_due,
					 repeat,   NULL, NULL };

/* ---- a repeat that was not sent ---- */

uint64_t naming_unsent(const struct device *d)
{
	const json_t *item = outbox_find_quiet(&d->open, OUTBOX_NAME);

	return item != NULL &&
		       json_object_get(d->open.notes, "rename_at") == NULL
		   ? record_number_or_0(item, "item")
		   : 0;
}

/* The log was read to its end, and does not have it. */
static bool drop_due(struct device *d)
{
	return core_is_settled(d) && naming_unsent(d) > 0;
}

static enum err drop(struct device *d)
{
	size_t dropped = 0;

	work_changed(d);
	return outbox_drop(&d->open, naming_unsent(d), &dropped);
}

const struct step naming_step_drop = {
	"unsent repeat", NULL, drop_due, drop, NULL, NULL
};
