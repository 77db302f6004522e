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

enum err naming_heard(struct device *d, struct span name)
{
	(void)json_object_del(d->open.notes, "rename_at");
	return record_set_text(d->open.notes, "name", name);
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
