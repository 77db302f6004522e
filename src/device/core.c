#include "device/core.h"

#include "base/fault.h"
#include "device/accounts/accounts.h"
#include "device/accounts/own_log.h"
#include "device/accounts/people.h"
#include "device/group/newer.h"
#include "device/texts/outbox.h"

#include <stdlib.h>
#include <string.h>

/* ---- transactions ---- */

enum err core_begin(struct device *d)
{
	const struct device_store *store = core_store(d);
	bool changed = false;
	enum err e;

	ENSURE(!d->in_transaction, ERR_LOCAL_BUG);
	TRY(store->begin(store->context, &changed));
	d->in_transaction = true;
	if (changed) {
		d->ends_ms = 0;
		membership_clear(&d->open);
		accounts_forget(d);
		accounts_reload(d);
		/* an older copy must not be written over what is there */
		own_log_free(d->work.own);
		d->work.own = NULL;
		json_decref(d->work.places);
		d->work.places = NULL;
	}
out:
	return e;
}

enum err core_commit(struct device *d)
{
	const struct device_store *store = core_store(d);
	enum err e = ERR_OK;

	ENSURE(d->in_transaction, ERR_LOCAL_BUG);
	e = grown_save(d);
	d->in_transaction = false;
	if (e != ERR_OK ||
	    (FAULT(STORED_TOO_LATE) && d->work.requests % 2 == 1))
		store->rollback(store->context);
	else
		e = store->commit(store->context);
	TRY(e);
	d->event_told = d->event_count;
out:
	if (e != ERR_OK) {
		membership_clear(&d->open);
		accounts_forget(d);
		accounts_reload(d);
		d->event_count = d->event_told;
	}
	return e;
}

void core_end_reading(struct device *d)
{
	const struct device_store *store = core_store(d);

	if (d->in_transaction)
		store->rollback(store->context);
	d->in_transaction = false;
}

void core_rollback(struct device *d)
{
	if (!d->in_transaction)
		return;
	core_end_reading(d);
	accounts_forget(d);
	accounts_reload(d);
	d->ends_ms = 0;
	membership_clear(&d->open);
	d->event_count = d->event_told;
}

enum err core_load(struct device *d, const char *id)
{
	enum err e;

	if (d->open.session != NULL && strcmp(d->open.id, id) == 0)
		return ERR_OK;
	membership_clear(&d->open);
	TRY(membership_load(core_store(d), id, &d->open));
	session_set_accounts(d->open.session, d->accounts);
	TRY(outbox_adopt(&d->open));
	TRY(people_adopt(&d->open));
	TRY(grown_bring(d));
out:
	if (e != ERR_OK)
		membership_clear(&d->open);
	return e;
}

bool core_is_damaged(struct device *d, const char *id)
{
	struct membership m;
	enum err e = membership_load(core_store(d), id, &m);
	bool is_id = m.id[0] != '\0';

	membership_clear(&m);
	return is_id && err_class(e) == ERR_CLASS_PEER &&
	       e != ERR_PEER_UNSUPPORTED;
}

enum err core_say_unread(struct device *d, const char *id, enum err e,
			 struct why *why)
{
	if (e == ERR_PEER_UNSUPPORTED)
		return newer_say(why);
	if (err_class(e) == ERR_CLASS_PEER && core_is_damaged(d, id))
		return newer_say_damaged(why, e, id);
	return e;
}

enum err core_load_or_say(struct device *d, const char *id, struct why *why)
{
	return core_say_unread(d, id, core_load(d, id), why);
}

const char *core_self(const struct device *d)
{
	const char *self =
	    d->open.notes != NULL ? record_string(d->open.notes, "self") : NULL;

	return self != NULL ? self : d->identity;
}

enum err core_save(struct device *d)
{
	return membership_save(core_store(d), d->ports.rng, &d->open);
}

bool core_is_settled(const struct device *d)
{
	const struct session *session = d->open.session;

	return session != NULL && session_member(session) && d->work.fresh &&
	       membership_behind(&d->open) == BEHIND_NO &&
	       !session_forked(session);
}

/* ---- events ---- */

void core_tell(struct device *d, enum event_kind kind, uint64_t seq,
	       uint64_t item)
{
	struct device_event *grown;

	if (d->event_first > 0 && d->event_first == d->event_count)
		d->event_first = d->event_count = d->event_told = 0;
	grown = realloc(d->events, (d->event_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return; /* what it tells can be asked for, too */
	d->events = grown;
	grown[d->event_count] =
	    (struct device_event){ .kind = kind, .seq = seq, .item = item };
	memcpy(grown[d->event_count].session, d->open.id, TEXT_UUID_SIZE);
	d->event_count++;
}
