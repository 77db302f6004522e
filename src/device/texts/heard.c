#include "device/texts/heard.h"

#include "base/fault.h"
#include "device/texts/attached.h"
#include "device/texts/content.h"
#include "device/texts/entry_kind.h"
#include "device/texts/expiry.h"
#include "device/texts/marks.h"
#include "device/texts/mentions.h"
#include "device/texts/naming.h"
#include "device/texts/redact.h"
#include "device/texts/said.h"
#include "device/texts/unwanted.h"

#include <string.h>

static void set_text(json_t *entry, const char *member, const char *text)
{
	(void)json_object_set_new(entry, member, json_string(text));
}

/* Nothing of what it said stays: deleting the message would not find it. */
static void refuse(json_t *entry, const char *reason)
{
	redact_said(entry);
	set_text(entry, "kind", entry_kind_text(ENTRY_UNREADABLE));
	set_text(entry, "reason", reason);
}

static bool is_kind(const json_t *entry, enum entry_kind kind)
{
	const char *text = record_string(entry, "kind");

	return text != NULL && strcmp(text, entry_kind_text(kind)) == 0;
}

/* ---- ids ---- */

static enum err put_id(struct device *d, const struct session_event *event,
		       struct span message, const uint8_t *salt, json_t *entry)
{
	uint8_t id[MIMI_ID];
	bool again;
	enum err e;

	TRY(said_id(buf_span(&event->identity), d->open.id, message, salt, id));
	TRY(marks_put_id(core_store(d), d->open.id, id, event->seq, &again));
	if (!again)
		TRY(record_set_hex(entry, "id", SPAN_ARRAY(id)));
out:
	return e;
}

enum err heard_text(struct device *d, const struct session_event *event,
		    json_t *entry)
{
	return put_id(d, event, buf_span(&event->data), event->nonce, entry);
}

/* ---- what it is about ---- */

struct target {
	json_t *marks; /* owned; NULL: the message is not here */
	json_t *entry; /* owned */
	uint64_t seq;
};

static void target_clear(struct target *target)
{
	json_decref(target->marks);
	json_decref(target->entry);
}

static bool has_id(const json_t *entry, const uint8_t id[MIMI_ID])
{
	uint8_t own[MIMI_ID];

	return record_digest(entry, "id", own) == ERR_OK &&
	       memcmp(own, id, MIMI_ID) == 0;
}

/* In a history that the person took since, another message may have its number. */
static enum err find_target(struct device *d, const uint8_t id[MIMI_ID],
			    struct target *target)
{
	enum err e;

	memset(target, 0, sizeof(*target));
	TRY(marks_get(core_store(d), d->open.id, id, &target->marks));
	target->seq = record_number_or_0(target->marks, "seq");
	TRY(membership_entry(core_store(d), d->open.id, target->seq,
			     &target->entry));
	ENSURE(has_id(target->entry, id), ERR_STATE_GONE);
out:
	if (err_class(e) == ERR_CLASS_LOCAL || e == ERR_OK)
		return e;
	target_clear(target);
	memset(target, 0, sizeof(*target));
	return ERR_OK;
}

static bool is_author(const struct target *target, const json_t *entry)
{
	const json_t *from = json_object_get(entry, "from");

	return FAULT(EDITED_BY_ANYBODY) ||
	       (from != NULL &&
		json_equal(from, json_object_get(target->entry, "from")));
}

static bool is_over(const json_t *entry)
{
	return json_is_true(json_object_get(entry, "expired"));
}

/* ---- deleting ---- */

static void set_deleted(struct target *target,
			const struct session_event *event)
{
	(void)json_object_set_new(target->marks, "deleted",
				  json_integer((json_int_t)event->seq));
}

static enum err delete_text(struct device *d, struct target *target,
			    const struct session_event *event)
{
	enum err e;

	if (event->kind == SESSION_OWN)
		TRY(unwanted_note(d, target->entry));
	TRY(redact_message(core_store(d), &d->open, target->marks, target->seq,
			   false));
	set_deleted(target, event);
out:
	return e;
}

static enum err delete_reaction(struct device *d, struct target *target,
				const struct session_event *event)
{
	enum err e;

	TRY(redact_reaction(core_store(d), &d->open, target->entry,
			    target->seq));
	TRY(redact_entry(core_store(d), &d->open, target->seq, false));
	set_deleted(target, event);
out:
	return e;
}

/* ---- acts ---- */

static enum err act_delete(struct device *d, struct target *target,
			   const struct session_event *event, json_t *entry)
{
	if (!is_author(target, entry)) {
		refuse(entry, "only who said a message may delete it");
		return ERR_OK;
	}
	if (json_object_get(target->marks, "deleted") != NULL)
		return ERR_OK; /* the first one has deleted it */
	if (is_kind(target->entry, ENTRY_REACTION))
		return delete_reaction(d, target, event);
	if (is_kind(target->entry, ENTRY_TEXT))
		return delete_text(d, target, event);
	refuse(entry, "what it deletes is no message");
	return ERR_OK;
}

static void act_edit(struct target *target, uint64_t seq, json_t *entry)
{
	if (!is_author(target, entry))
		refuse(entry, "only who said a message may change it");
	else if (!is_kind(target->entry, ENTRY_TEXT))
		refuse(entry, "what it changes is no text");
	else if (json_object_get(target->marks, "deleted") != NULL ||
		 json_object_get(target->marks, "expired") != NULL)
		redact_said(entry);
	else if (!is_over(entry) && !marks_edit(target->marks, seq, entry))
		refuse(entry, "it changes a message that was changed too "
			      "often");
}

static void act_react(struct target *target, uint64_t seq, json_t *entry)
{
	if (is_over(entry))
		return;
	if (!marks_react(target->marks, seq, json_object_get(entry, "from"),
			 json_object_get(entry, "text")))
		(void)json_object_set_new(entry, "again", json_true());
}

/* The entry of another message changes, and *entry says of which. */
static enum err act(struct device *d, const struct said *said,
		    const struct session_event *event, json_t *entry)
{
	uint64_t seq = event->seq;
	struct target target;
	enum err e;

	TRY(find_target(d, said->about, &target));
	(void)json_object_set_new(entry,
				  said->act == SAID_TEXT ? "reply_to" : "of",
				  json_integer((json_int_t)target.seq));
	if (target.marks == NULL || said->act == SAID_TEXT)
		goto out;
	if (said->act == SAID_DELETE)
		TRY(act_delete(d, &target, event, entry));
	else if (said->act == SAID_EDIT)
		act_edit(&target, seq, entry);
	else
		act_react(&target, seq, entry);
	TRY(marks_save(core_store(d), d->open.id, said->about, target.marks));
out:
	target_clear(&target);
	return e;
}

static enum entry_kind kind_of(enum said_act act)
{
	static const enum entry_kind kinds[] = {
		[SAID_TEXT] = ENTRY_TEXT,     [SAID_EDIT] = ENTRY_EDIT,
		[SAID_DELETE] = ENTRY_DELETE, [SAID_REACTION] = ENTRY_REACTION,
		[SAID_ROOM] = ENTRY_ROOM,
	};

	return kinds[act];
}

/* When its text goes. What is over already is not kept at all; if it is an edit, the
 * next sweep ends what it changes. */
static enum err put_end(struct device *d, const struct said *said, uint64_t seq,
			json_t *entry)
{
	uint64_t now = core_now_ms(d), ends = said_end(said, now);

	if (ends == 0 || said->act == SAID_DELETE)
		return ERR_OK;
	(void)json_object_set_new(entry, "expires_at",
				  json_integer((json_int_t)ends));
	if (ends <= now)
		(void)json_object_set_new(entry, "expired", json_true());
	return expiry_note(d, seq, ends);
}

/* A topic is bytes: those of other clients may be no text. */
static enum err put_topic(json_t *entry, const struct buf *topic)
{
	struct span bytes = buf_span(topic);

	if (bytes.n == 0)
		return ERR_OK;
	if (bytes.n <= SAID_TOPIC_MAX && content_is_sound(CONTENT_TEXT, bytes))
		return record_set_text(entry, "topic", bytes);
	return record_set_hex(entry, "topic_id", bytes);
}

/* It refers to no message, none refers to it, and it has no end: the next one does. */
static enum err put_room(struct device *d, const struct session_event *event,
			 const struct room *room, json_t *entry)
{
	bool late;
	enum err e;

	TRY(naming_heard(d, event, room, entry, &late));
	if (late)
		refuse(entry, "another one came before it");
out:
	return e;
}

enum err heard_mimi(struct device *d, const struct session_event *event,
		    struct span mimi, json_t *entry)
{
	struct said said;
	enum err e = said_read(mimi, &said);

	if (err_class(e) == ERR_CLASS_PEER) {
		refuse(entry, err_text(e));
		return ERR_OK;
	}
	TRY(e);
	set_text(entry, "kind", entry_kind_text(kind_of(said.act)));
	if (said.act == SAID_ROOM) {
		TRY(put_room(d, event, &said.room, entry));
		goto out;
	}
	TRY(put_end(d, &said, event->seq, entry));
	if (said.act != SAID_DELETE && !is_over(entry))
		TRY(record_set_text(entry, "text", buf_span(&said.text)));
	if (said.has_file && !is_over(entry))
		TRY(attached_put(entry, &said.file));
	if (said.act != SAID_DELETE && !is_over(entry)) {
		TRY(put_topic(entry, &said.topic));
		TRY(mentions_keep(d, buf_span(&said.mentions), entry));
	}
	if (said.fallback)
		(void)json_object_set_new(entry, "fallback", json_true());
	TRY(put_id(d, event, mimi, said.salt, entry));
	if (said.is_about)
		TRY(act(d, &said, event, entry));
out:
	said_clear(&said);
	return e;
}
