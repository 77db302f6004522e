#include "device/texts/say.h"

#include "base/fault.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/accounts/verified.h"
#include "device/texts/content.h"
#include "device/texts/entry_kind.h"
#include "device/texts/marks.h"
#include "device/texts/mentions.h"
#include "device/texts/said.h"
#include "wire/extension.h"

#include <inttypes.h>
#include <string.h>

/* What a message has beside the two forms of its text, at most: ids, a topic, a file. */
#define BESIDE_MAX 8192

/* ---- who reads it ---- */

static bool reads_mimi(const struct mls_member *member)
{
	return wire_u16_list_has(member->extension_types, CONTENT_EXTENSION);
}

/* As our leaf says it: in a session with places that is no user name. */
static struct span own_identity(const struct device *d)
{
	const struct mls_group *group = session_group(d->open.session);
	uint32_t place = mls_group_own_leaf(group), leaf = place;
	struct mls_member own;

	return mls_group_next_member(group, &leaf, &own) &&
		       own.leaf_index == place
		   ? own.identity
		   : SPAN_EMPTY;
}

bool say_is_read_by_all(const struct device *d)
{
	const struct mls_group *group = session_group(d->open.session);
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(group, &leaf, &member))
		if (!reads_mimi(&member))
			return false;
	return true;
}

static enum err check_readers(struct device *d)
{
	const struct mls_group *group = session_group(d->open.session);
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(group, &leaf, &member)) {
		int n = (int)(member.identity.n < 80 ? member.identity.n : 80);

		if (reads_mimi(&member))
			continue;
		if (span_equal(member.identity, own_identity(d)))
			return why_set(
			    &d->work.why, ERR_PEER_UNSUPPORTED, "keys-before",
			    "The others cannot see yet that this device was "
			    "updated. Renew its keys first.");
		return why_set_about(
		    &d->work.why, member.identity, ERR_PEER_UNSUPPORTED,
		    "not-read-by-all",
		    "The device %.*s reads plain texts only. Where it was "
		    "updated, new keys of that device let the others see it.",
		    n, (const char *)member.identity.p);
	}
	return ERR_OK;
}

enum err say_is_free(struct device *d, bool *free)
{
	bool changed = false, lacks = false;
	size_t unseen;
	enum err e;

	*free = false;
	TRY(people_unseen(d, &unseen, NULL));
	if (unseen > 0)
		goto out;
	TRY(pins_find_changed(d, &changed));
	TRY(verified_lacks(d, &lacks));
	*free = !changed && !lacks;
	why_clear(&d->work.why);
out:
	return e;
}

/* ---- what it is about ---- */

static enum err gone(struct device *d)
{
	return why_set(&d->work.why, ERR_STATE_GONE, "no-such-message",
		       "There is no message #%" PRIu64 " here that can be "
		       "referred to.",
		       d->work.order.about);
}

/* An edit stands for the message that it changed. */
static enum err find(struct device *d, json_t **entry)
{
	const char *id = d->open.id;
	const char *kind;
	uint64_t of;
	enum err e;

	TRY(membership_entry(core_store(d), id, d->work.order.about, entry));
	kind = record_string(*entry, "kind");
	of = record_number_or_0(*entry, "of");
	if (kind == NULL || strcmp(kind, entry_kind_text(ENTRY_EDIT)) != 0)
		goto out;
	json_decref(*entry);
	*entry = NULL;
	TRY(membership_entry(core_store(d), id, of, entry));
out:
	return err_class(e) == ERR_CLASS_STATE ? gone(d) : e;
}

static bool is_kind(const json_t *entry, enum entry_kind kind)
{
	const char *text = record_string(entry, "kind");

	return text != NULL && strcmp(text, entry_kind_text(kind)) == 0;
}

/* Receivers hold these, too (heard.h). */
static enum err check_target(struct device *d, const json_t *entry)
{
	enum said_act act = d->work.order.act;
	const char *from = record_string(entry, "from");
	bool own = from != NULL &&
		   span_equal(span_str(from), roles_user(own_identity(d)));

	if ((act == SAID_EDIT || act == SAID_DELETE) && !own &&
	    !FAULT(EDITED_BY_ANYBODY))
		return why_set(&d->work.why, ERR_PEER_DENIED, "not-yours",
			       "#%" PRIu64 " is not yours: only who said a "
			       "message may change or delete it.",
			       d->work.order.about);
	if (is_kind(entry, ENTRY_TEXT) ||
	    (act == SAID_DELETE && is_kind(entry, ENTRY_REACTION)))
		return ERR_OK;
	return gone(d);
}

static enum err over(struct device *d, const char *slug, const char *how)
{
	return why_set(&d->work.why, ERR_STATE_GONE, slug, "#%" PRIu64 " %s.",
		       d->work.order.about, how);
}

/* What was taken back, or whose time is over, is not changed or liked any more; a reply
 * names what was there. Receivers hold these, too. */
static enum err check_stands(struct device *d, const json_t *entry,
			     const uint8_t id[MIMI_ID])
{
	json_t *marks = NULL;
	bool gone_by_time = json_is_true(json_object_get(entry, "expired"));
	enum err e;

	if (d->work.order.act == SAID_TEXT)
		return ERR_OK;
	e = marks_get(core_store(d), d->open.id, id, &marks);
	if (e != ERR_OK)
		return err_class(e) == ERR_CLASS_STATE ? gone(d) : e;
	if (json_object_get(marks, "deleted") != NULL)
		e = over(d, "deleted", "was deleted");
	else if (gone_by_time || json_object_get(marks, "expired") != NULL)
		e = over(d, "expired", "was kept for a time that is over");
	else if (json_object_get(entry, "again") != NULL)
		e = over(d, "again",
			 "repeats a reaction, which counts once: delete the "
			 "first of the two");
	json_decref(marks);
	return e;
}

/* The topic of a message, which what answers or changes it has, too. */
static enum err take_topic(const json_t *entry, struct buf *topic)
{
	const char *text = record_string(entry, "topic");
	const char *hex = record_string(entry, "topic_id");
	enum err e = ERR_OK;

	if (text != NULL)
		buf_put_str(topic, text);
	else if (hex != NULL)
		TRY(text_hex(topic, span_str(hex)));
	TRY(buf_end(topic));
out:
	return e;
}

/* The id of what the order is about, and the topic that goes with it. */
static enum err find_about(struct device *d, uint8_t id[MIMI_ID],
			   struct buf *topic)
{
	enum said_act act = d->work.order.act;
	json_t *entry = NULL;
	enum err e;

	TRY(find(d, &entry));
	TRY(check_target(d, entry));
	if (record_digest(entry, "id", id) != ERR_OK)
		TRY(gone(d));
	TRY(check_stands(d, entry, id));
	if (act == SAID_EDIT || (act == SAID_TEXT && topic->n == 0))
		TRY(take_topic(entry, topic));
out:
	json_decref(entry);
	return e;
}

/* ---- saying it ---- */

/* The text is one by itself, which every client reads. */
static bool is_plain(const struct order *order, const struct saying *saying)
{
	return order->about == 0 && order->file == NULL &&
	       order->topic == NULL && saying->expires_ms == 0 &&
	       saying->markdown.n == 0;
}

/* Where not all members' devices would read it, or both forms of the text have no room
 * in one message, the words alone are said: they are the same. */
static enum err put_mentions(struct device *d, struct buf *markdown)
{
	const struct order *order = &d->work.order;
	enum err e = ERR_OK;

	if ((order->act != SAID_TEXT && order->act != SAID_EDIT) ||
	    !say_is_read_by_all(d))
		return ERR_OK;
	TRY(mentions_put(d, order->text, markdown));
	if (order->text.n + markdown->n > MIMI_MAX - BESIDE_MAX)
		buf_clear(markdown);
out:
	return e;
}

static enum err put_mimi(struct device *d, const struct saying *saying,
			 struct buf *content)
{
	struct buf mimi = BUF_INIT;
	enum err e = said_put(saying, d->ports.rng, &mimi);

	if (e == ERR_PEER_TOO_LARGE)
		e = why_set(&d->work.why, e, "too-large",
			    "The message is too long.");
	TRY(e);
	content_put(content, CONTENT_MIMI, buf_span(&mimi));
	TRY(buf_end(content));
out:
	buf_clear(&mimi);
	return e;
}

/* What the session is about, and its picture. */
static enum err put_room(struct device *d, struct buf *content)
{
	const struct order *order = &d->work.order;
	struct room room = { .says_subject = order->subject != NULL,
			     .says_picture = order->says_picture,
			     .picture = order->picture };
	struct buf mimi = BUF_INIT;
	enum err e;

	room.subject = span_str(order->subject != NULL ? order->subject : "");
	TRY(check_readers(d));
	TRY(room_put(&room, d->ports.rng, &mimi));
	content_put(content, CONTENT_MIMI, buf_span(&mimi));
	TRY(buf_end(content));
out:
	buf_clear(&mimi);
	return e;
}

enum err say_put(struct device *d, uint64_t expires_ms, struct buf *content)
{
	const struct order *order = &d->work.order;
	struct saying saying = { .act = order->act,
				 .text = order->text,
				 .file = order->file,
				 .expires_ms = expires_ms };
	struct buf markdown = BUF_INIT, topic = BUF_INIT;
	uint8_t id[MIMI_ID];
	enum err e;

	if (order->name != NULL) {
		content_put(content, CONTENT_NAME, span_str(order->name));
		return buf_end(content);
	}
	if (order->subject != NULL || order->says_picture)
		return put_room(d, content);
	TRY(put_mentions(d, &markdown));
	saying.markdown = buf_span(&markdown);
	if (is_plain(order, &saying)) {
		content_put(content, CONTENT_TEXT, order->text);
		TRY(buf_end(content));
		goto out;
	}
	buf_put_str(&topic, order->topic != NULL ? order->topic : "");
	if (order->about > 0) {
		TRY(find_about(d, id, &topic));
		saying.about = SPAN_ARRAY(id);
	}
	TRY(buf_end(&topic));
	saying.topic = buf_span(&topic);
	TRY(check_readers(d));
	TRY(put_mimi(d, &saying, content));
out:
	buf_clear(&markdown);
	buf_clear(&topic);
	return e;
}
