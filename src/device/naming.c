#include "device/naming.h"

#include "device/content.h"
#include "device/outbox.h"
#include "device/say.h"
#include "device/steps.h"

#include <string.h>

#define TURN_MS 10000

enum err naming_check(struct device *d, const char *name)
{
	if (name == NULL || content_is_sound(CONTENT_NAME, span_str(name)))
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_INVALID, "name",
		       "A session's name is UTF-8 of at most %d bytes.",
		       CONTENT_NAME_MAX);
}

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

void naming_note_joiner(struct device *d, const struct session_event *event)
{
	uint64_t at;

	if (event->own_commit || membership_name(&d->open) == NULL)
		return;
	at = core_now_ms(d) + turn_of(d, event->sender) * TURN_MS;
	(void)json_object_set_new(d->open.notes, "rename_at",
				  json_integer((json_int_t)at));
}

/* Was it said without having seen the present name, by another device than the one
 * that said that? Of an item that an earlier version sealed the view is not known. */
static bool is_late(const struct device *d, const struct session_event *event)
{
	const char *by = record_string(d->open.notes, "name_by");
	uint64_t view = event->kind == SESSION_OWN
			    ? outbox_view(&d->open, event->nonce)
			    : event->view_seq;

	return by != NULL && view > 0 &&
	       view < record_number_or_0(d->open.notes, "name_at") &&
	       !span_equal(span_str(by), buf_span(&event->identity));
}

enum err naming_heard(struct device *d, const struct session_event *event,
		      struct span name, bool *late)
{
	json_t *notes = d->open.notes;
	enum err e = ERR_OK;

	*late = is_late(d, event);
	if (*late)
		return ERR_OK;
	(void)json_object_del(notes, "rename_at");
	(void)json_object_set_new(notes, "name_at",
				  json_integer((json_int_t)event->seq));
	(void)json_object_set_new(
	    notes, "name_by",
	    json_stringn((const char *)event->identity.p, event->identity.n));
	TRY(record_set_text(notes, "name", name));
out:
	return e;
}

/* ---- for those whom a commit of ours added ---- */

static bool announce_due(struct device *d)
{
	return d->open.session != NULL && session_member(d->open.session) &&
	       membership_todo_is(&d->open, "announce");
}

static enum err say_name(struct device *d, uint64_t *item)
{
	const char *name = membership_name(&d->open);
	struct buf content = BUF_INIT;
	enum err e = ERR_OK;

	*item = 0;
	if (name == NULL)
		return ERR_OK;
	content_put(&content, CONTENT_NAME, span_str(name));
	TRY(buf_end(&content));
	TRY(outbox_put(d, buf_span(&content), 0, NULL, item));
out:
	buf_clear(&content);
	return e;
}

static enum err announce(struct device *d)
{
	uint64_t item;

	membership_set_todo(&d->open, NULL);
	work_changed(d);
	return say_name(d, &item);
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
	bool free;
	uint64_t item;
	enum err e;

	d->work.repeated = true;
	TRY(say_is_free(d, &free));
	if (!free)
		goto out;
	(void)json_object_set_new(
	    d->open.notes, "rename_at",
	    json_integer((json_int_t)(core_now_ms(d) + TURN_MS)));
	work_changed(d);
	TRY(say_name(d, &item));
	outbox_set_quiet(&d->open, item, OUTBOX_NAME);
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
