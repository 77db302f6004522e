#include "device/device.h"

#include "base/fault.h"
#include "device/accounts/accounts.h"
#include "device/accounts/names.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/accounts/verified.h"
#include "device/core.h"
#include "device/log.h"
#include "device/texts/attached.h"
#include "device/texts/expiry.h"
#include "device/texts/marks.h"
#include "device/texts/outbox.h"
#include "device/texts/receipts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err device_open(const struct device_config *config,
		     const struct device_ports *ports, struct device **device)
{
	struct device *d = calloc(1, sizeof(*d));
	enum err e = ERR_OK;

	ENSURE(d != NULL, ERR_LOCAL_MEMORY);
	ENSURE(strlen(config->username) < sizeof(d->username) &&
		   strlen(config->device_id) < sizeof(d->device_id),
	       ERR_PEER_TOO_LARGE);
	d->ports = *ports;
	d->offer = config->offer;
	d->stock = config->stock;
	d->receipts = config->receipts;
	d->large = DEVICE_LARGE;
	(void)snprintf(d->username, sizeof(d->username), "%s",
		       config->username);
	(void)snprintf(d->device_id, sizeof(d->device_id), "%s",
		       config->device_id);
	(void)snprintf(d->identity, sizeof(d->identity), "%s/%s", d->username,
		       d->device_id);
	TRY(accounts_open(d));
	*device = d;
	d = NULL;
out:
	device_close(d);
	return e;
}

void device_set_large(struct device *device, uint32_t leaves)
{
	device->large = leaves;
}

void device_close(struct device *device)
{
	if (device == NULL)
		return;
	if (device->accounts != NULL)
		core_rollback(device);
	membership_clear(&device->open);
	work_clear(&device->work);
	accounts_reload(device);
	check_accounts_free(device->accounts);
	json_decref(device->names);
	json_decref(device->trusts);
	free(device->events);
	free(device);
}

/* ---- events ---- */

bool device_next_event(struct device *device, struct device_event *event)
{
	if (device->event_first >= device->event_told)
		return false;
	*event = device->events[device->event_first++];
	return true;
}

/* ---- pushes ---- */

enum err device_push(struct device *device, const char *session,
		     const struct answer_entry *entries, size_t count,
		     struct why *why)
{
	struct work *work = &device->work;
	enum err e;

	if (work->running)
		return ERR_STATE_PENDING;
	work_clear(work);
	accounts_forget(device);
	TRY(core_begin(device));
	TRY(expiry_sweep(device));
	TRY(core_load_or_say(device, session, why));
	ENSURE(!membership_is_gathering(&device->open), ERR_STATE_CONFLICT);
	/* the place of the Welcome is looked at in a page that begins there */
	ENSURE(!log_place_is_open(device) || FAULT(PUSHED_OVER_WELCOME),
	       ERR_STATE_CONFLICT);
	e = log_take(device, entries, count);
	/* whose log is lacking is asked of the server */
	ENSURE(e != ERR_STATE_ACCOUNTS, ERR_STATE_CONFLICT);
	TRY(e);
	ENSURE(!accounts_are_wanted(device), ERR_STATE_CONFLICT);
	if (work->changed)
		TRY(core_save(device));
	TRY(core_commit(device));
	work->changed = false;
out:
	if (e != ERR_OK)
		core_rollback(device);
	if (work->why.text[0] != '\0' && e != ERR_OK)
		(void)why_set(why, e, work->why.slug, "%s", work->why.text);
	return e;
}

/* ---- asking ---- */

enum err device_sessions(struct device *device, struct buf *json)
{
	json_t *ids = NULL;
	enum err e;

	TRY(membership_list(core_store(device), &ids));
	TRY(record_print(ids, json));
out:
	json_decref(ids);
	return e;
}

enum err device_entry(struct device *device, const char *session, uint64_t seq,
		      struct buf *json)
{
	json_t *entry = NULL;
	enum err e;

	TRY(expiry_sweep_now(device));
	e = membership_entry(core_store(device), session, seq, &entry);
	if (err_class(e) == ERR_CLASS_PEER) {
		/* one record that is damaged hides no other */
		entry = json_pack("{s:I, s:s, s:s}", "seq", (json_int_t)seq,
				  "kind", "unreadable", "reason", err_text(e));
		e = entry != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
	}
	TRY(e);
	(void)json_object_del(entry, "head"); /* for comparing views */
	attached_hide(entry);
	TRY(marks_show(core_store(device), session, entry));
	TRY(receipts_show(device, session, entry));
	if (record_string(entry, "from") != NULL)
		TRY(verified_put(device, span_str(record_string(entry, "from")),
				 entry));
	TRY(names_dress_entry(device, entry));
	TRY(record_print(entry, json));
out:
	json_decref(entry);
	return e;
}

enum err device_file(struct device *device, const char *session, uint64_t seq,
		     struct attachment *file)
{
	json_t *entry = NULL;
	enum err e;

	memset(file, 0, sizeof(*file));
	TRY(expiry_sweep_now(device));
	TRY(membership_entry(core_store(device), session, seq, &entry));
	TRY(attached_get(entry, file));
out:
	json_decref(entry);
	return e;
}

enum err device_sweep(struct device *device)
{
	return expiry_sweep_now(device);
}

static enum err list_name(const struct device_store *store, const char *id,
			  json_t *list)
{
	struct membership m = { .notes = NULL };
	json_t *row = json_pack("{s:s}", "session_id", id);
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(membership_peek(store, id, false, &m));
	if (membership_name(&m) != NULL)
		(void)json_object_set(row, "name",
				      json_object_get(m.notes, "name"));
	ENSURE(json_array_append(list, row) == 0, ERR_LOCAL_MEMORY);
out:
	membership_clear(&m);
	json_decref(row);
	return e;
}

enum err device_names(struct device *device, struct buf *json)
{
	json_t *ids = NULL, *list = json_array();
	const json_t *id;
	size_t i;
	enum err e;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	TRY(membership_list(core_store(device), &ids));
	json_array_foreach(ids, i, id)
	    TRY(list_name(core_store(device), json_string_value(id), list));
	TRY(record_print(list, json));
out:
	json_decref(ids);
	json_decref(list);
	return e;
}

static uint64_t read_seq(struct device *device, const char *session,
			 uint64_t (*of)(const struct membership *m))
{
	uint64_t seq = 0;

	if (core_begin(device) != ERR_OK)
		return 0;
	if (core_load(device, session) == ERR_OK)
		seq = of(&device->open);
	core_end_reading(device);
	return seq;
}

static uint64_t last_of(const struct membership *m)
{
	return session_seq(m->session);
}

uint64_t device_last_seq(struct device *device, const char *session)
{
	return read_seq(device, session, last_of);
}

uint64_t device_first_seq(struct device *device, const char *session)
{
	return read_seq(device, session, membership_first);
}

static enum err list_outbox(struct device *device, const char *id, json_t *list)
{
	enum err e;

	TRY(core_load(device, id));
	TRY(outbox_list(&device->open, list));
out:
	return e;
}

enum err device_outbox(struct device *device, const char *session,
		       struct buf *json)
{
	json_t *list = json_array(), *ids = NULL;
	const json_t *id;
	size_t i;
	enum err e;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	TRY(core_begin(device));
	if (session != NULL)
		TRY(list_outbox(device, session, list));
	else
		TRY(membership_list(core_store(device), &ids));
	json_array_foreach(ids, i, id)
	{
		/* one session that cannot be read hides no other */
		e = list_outbox(device, json_string_value(id), list);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
	}
	TRY(record_print(list, json));
out:
	core_end_reading(device);
	json_decref(list);
	json_decref(ids);
	return e;
}

/* ---- small changes, without a server ---- */

static enum err begin_change(struct device *device, const char *session)
{
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(core_load(device, session));
out:
	return e;
}

static enum err end_change(struct device *device)
{
	enum err e;

	TRY(core_save(device));
	TRY(core_commit(device));
out:
	return e;
}

enum err device_outbox_drop(struct device *device, const char *session,
			    uint64_t item, size_t *dropped)
{
	enum err e;

	*dropped = 0;
	TRY(begin_change(device, session));
	TRY(outbox_drop(&device->open, item, dropped));
	TRY(end_change(device));
out:
	core_rollback(device);
	return e;
}

enum err device_shown(struct device *device, const char *session,
		      const char *const *marks, size_t count)
{
	struct membership *m = &device->open;
	size_t before, after;
	bool changed;
	enum err e;

	TRY(begin_change(device, session));
	TRY(people_unseen(device, &before, NULL));
	TRY(people_show_marks(m, marks, count, &changed));
	TRY(people_unseen(device, &after, NULL));
	if (after < before)
		outbox_hold(m);
	if (changed)
		TRY(end_change(device));
	else
		core_end_reading(device);
out:
	core_rollback(device);
	return e;
}

/* ---- keys that differ ---- */

enum err device_key_changes(struct device *device, const char *user,
			    struct buf *json)
{
	json_t *list = json_array();
	enum err e;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	TRY(core_begin(device));
	TRY(pins_list_changed(device, user, list));
	TRY(record_print(list, json));
out:
	core_end_reading(device);
	json_decref(list);
	return e;
}

enum err device_accept_keys(struct device *device, const char *user,
			    const char *const *fingerprints, size_t count,
			    size_t *accepted)
{
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(pins_accept(device, user, fingerprints, count, accepted));
	TRY(core_commit(device));
out:
	core_rollback(device);
	return e;
}
