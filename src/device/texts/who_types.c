#include "device/texts/who_types.h"

#include "device/accounts/names.h"
#include "device/core.h"
#include "device/group/ended.h"
#include "device/group/signer.h"
#include "device/texts/outbox.h"
#include "device/texts/say.h"
#include "device/wish.h"
#include "session/typing_seal.h"

#include <string.h>

#define RECORD "typing"

/* ---- what others say ---- */

static bool is_of(const struct who_types_row *row, const char *session)
{
	return strcmp(row->session, session) == 0;
}

/* A notice that is as old is refused by its time: the row is not needed. */
static bool is_over(const struct who_types_row *row, uint64_t now)
{
	return row->session[0] == '\0' ||
	       row->sent_ms + DEVICE_TYPING_OFF_MS < now;
}

/* That of the leaf, or one that is free; NULL: all are taken. */
static struct who_types_row *find_row(struct device *d, uint64_t epoch,
				      uint32_t leaf_index)
{
	struct who_types_row *rows = d->types.rows, *unused = NULL;
	uint64_t now = core_now_ms(d);

	for (size_t i = 0; i < WHO_TYPES_ROWS; i++) {
		if (is_over(&rows[i], now))
			unused = &rows[i];
		else if (is_of(&rows[i], d->open.id) &&
			 rows[i].epoch == epoch &&
			 rows[i].leaf_index == leaf_index)
			return &rows[i];
	}
	if (unused != NULL)
		*unused = (struct who_types_row){ .epoch = epoch,
						  .leaf_index = leaf_index };
	return unused;
}

/* Whatever the epoch: the leaf is another's only where that one was removed. */
static void end(struct device *d, uint32_t leaf_index)
{
	struct who_types_row *rows = d->types.rows;

	for (size_t i = 0; i < WHO_TYPES_ROWS; i++)
		if (is_of(&rows[i], d->open.id) &&
		    rows[i].leaf_index == leaf_index)
			rows[i].until_ms = 0;
}

/* Behind it and ahead of it: a clock may be wrong by so much. */
static bool is_of_now(const struct device *d, uint64_t sent_ms)
{
	uint64_t now = core_now_ms(d);

	return sent_ms <= now + DEVICE_TYPING_OFF_MS &&
	       now <= sent_ms + DEVICE_TYPING_OFF_MS;
}

void who_types_said(struct device *d, const struct session_event *event)
{
	struct who_types_row *row;

	end(d, event->sender);
	if (!is_of_now(d, event->sent_ms))
		return;
	row = find_row(d, event->epoch, event->sender);
	if (row == NULL || event->sent_ms <= row->sent_ms)
		return;
	memcpy(row->session, d->open.id, sizeof(row->session));
	row->sent_ms = event->sent_ms;
}

void device_has_said(struct device *device, const char *session,
		     const char *user)
{
	struct who_types_row *rows = device->types.rows;

	for (size_t i = 0; i < WHO_TYPES_ROWS; i++)
		if (is_of(&rows[i], session) && strcmp(rows[i].user, user) == 0)
			rows[i].until_ms = 0;
}

static enum err note(struct device *d, const struct typing_opened *opened)
{
	const struct session *session = d->open.session;
	struct span user = roles_user(opened->who.identity);
	struct buf name = BUF_INIT;
	struct who_types_row *row;
	enum err e;

	ENSURE(opened->who.leaf_index !=
		   mls_group_own_leaf(session_group(session)),
	       ERR_STATE_CONFLICT);
	ENSURE(is_of_now(d, opened->sent_ms), ERR_STATE_CONFLICT);
	TRY(names_put_user(d, user, &name));
	buf_put_u8(&name, 0);
	TRY(buf_end(&name));
	ENSURE(name.n <= sizeof(row->user), ERR_LOCAL_BUG);
	row = find_row(d, session_epoch(session), opened->who.leaf_index);
	ENSURE(row != NULL, ERR_LOCAL_BUSY);
	ENSURE(opened->sent_ms > row->sent_ms, ERR_STATE_CONFLICT);
	end(d, opened->who.leaf_index);
	memcpy(row->session, d->open.id, sizeof(row->session));
	memcpy(row->user, name.p, name.n);
	row->sent_ms = opened->sent_ms;
	row->until_ms = opened->types && !names_is_own(d, user)
			    ? core_now_ms(d) + DEVICE_TYPING_SHOWN_MS
			    : 0;
out:
	buf_clear(&name);
	return e;
}

enum err device_hear_typing(struct device *device, const char *session,
			    struct span notice)
{
	struct typing_opened opened;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(core_load(device, session));
	TRY(typing_seal_open(device->open.session, notice, &opened));
	TRY(note(device, &opened));
out:
	core_end_reading(device);
	return e;
}

/* ---- showing ---- */

static bool has_name(const json_t *names, const char *user)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		if (strcmp(json_string_value(name), user) == 0)
			return true;
	}
	return false;
}

enum err device_who_types(struct device *device, const char *session,
			  struct buf *json)
{
	const struct who_types_row *rows = device->types.rows;
	uint64_t now = core_now_ms(device);
	json_t *names = json_array();
	enum err e;

	ENSURE(names != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < WHO_TYPES_ROWS; i++)
		if (is_of(&rows[i], session) && rows[i].until_ms > now &&
		    !has_name(names, rows[i].user))
			ENSURE(json_array_append_new(
				   names, json_string(rows[i].user)) == 0,
			       ERR_LOCAL_MEMORY);
	TRY(record_print(names, json));
out:
	json_decref(names);
	return e;
}

uint64_t device_typing_ends_at(const struct device *device)
{
	const struct who_types_row *rows = device->types.rows;
	uint64_t now = core_now_ms(device), at = UINT64_MAX;

	for (size_t i = 0; i < WHO_TYPES_ROWS; i++)
		if (rows[i].until_ms > now && rows[i].until_ms < at)
			at = rows[i].until_ms;
	return at;
}

/* ---- telling ---- */

void who_types_says(struct device *d, const char *session)
{
	if (session != NULL && strcmp(d->types.told_session, session) == 0)
		d->types.told_ms = 0;
}

/* What the others know anyway, or come to know by themselves. */
static bool is_told(const struct device *d, const char *session, bool types)
{
	const struct who_types *t = &d->types;
	uint64_t now = core_now_ms(d), past = now - t->told_ms;

	if (t->told_ms == 0 || now < t->told_ms ||
	    strcmp(t->told_session, session) != 0)
		return !types;
	if (!types)
		return !t->told_types || past >= DEVICE_TYPING_SHOWN_MS;
	return t->told_types && past < DEVICE_TYPING_EVERY_MS;
}

/* As for a receipt: nothing is sealed for whom the person was not shown, for a device
 * that its account has removed, nor where the device itself is not where the log is. */
static enum err is_free(struct device *d, bool *free)
{
	const struct session *session = d->open.session;
	struct mls_member member;
	bool wanted;
	enum err e;

	*free = false;
	TRY(wish_read(d, RECORD, &wanted));
	if (!wanted || !session_member(session) || session_forked(session) ||
	    session_others_departed(session) ||
	    membership_behind(&d->open) != BEHIND_NO ||
	    membership_todo(&d->open) != NULL ||
	    mls_group_member_count(session_group(session)) < 2 ||
	    ended_find(d, &member) != SESSION_STANDS)
		goto out;
	TRY(say_is_free(d, free));
out:
	return e;
}

static enum err tell(struct device *d, bool types, struct buf *notice)
{
	struct who_types *t = &d->types;
	uint64_t now = core_now_ms(d);
	uint64_t sent_ms = now > t->sent_ms ? now : t->sent_ms + 1;
	struct signer signer;
	enum err e;

	TRY(signer_of_session(&signer, d));
	TRY(typing_seal_put(d->open.session, &signer.me, sent_ms, types,
			    notice));
	t->sent_ms = sent_ms;
out:
	signer_clear(&signer);
	return e;
}

enum err device_tell_typing(struct device *device, const char *session,
			    bool types, struct buf *notice)
{
	struct who_types *t = &device->types;
	bool free = false;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	if (is_told(device, session, types))
		return ERR_OK;
	TRY(core_begin(device));
	TRY(core_load(device, session));
	TRY(is_free(device, &free));
	if (!free)
		goto out; /* the next key may be told at once */
	TRY(tell(device, types, notice));
	memcpy(t->told_session, device->open.id, sizeof(t->told_session));
	t->told_types = types;
	t->told_ms = core_now_ms(device);
out:
	core_end_reading(device);
	return e;
}

/* ---- the person ---- */

enum err device_typing(struct device *device, bool *on)
{
	return wish_get(device, RECORD, on);
}

enum err device_set_typing(struct device *device, bool on)
{
	return wish_set(device, RECORD, on);
}
