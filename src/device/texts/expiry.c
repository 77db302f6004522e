#include "device/texts/expiry.h"

#include "base/fault.h"
#include "device/texts/entry_kind.h"
#include "device/texts/marks.h"
#include "device/texts/redact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD "ends"
#define NAME_SIZE 80
#define HOUR_MS UINT64_C(3600000)

enum { PART = 64 /* rows of a record */ };

static void part_name(char name[NAME_SIZE], const char *hour, uint64_t part)
{
	(void)snprintf(name, NAME_SIZE, RECORD "/%.24s/%" PRIu64, hour, part);
}

/* A new reference; an empty object where there is no such record. */
static enum err get_hours(const struct device *d, json_t **hours)
{
	enum err e = record_get(core_store(d), RECORD, hours);

	if (e != ERR_STATE_GONE)
		return e;
	*hours = json_object();
	return *hours != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static enum err get_part(const struct device *d, const char *name,
			 json_t **rows)
{
	enum err e = record_get(core_store(d), name, rows);

	if (e != ERR_STATE_GONE)
		return e;
	*rows = json_array();
	return *rows != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

/* ---- noting ---- */

/* The hour under which an end stands: that far in the future all ends of a day, of 30
 * days, of 365 days stand under the first hour of these, so that the book of hours has
 * a bound whatever members say. A sweep that finds one of them over writes the others
 * anew, by the hour as they come near. */
static uint64_t hour_of(uint64_t ends_ms, uint64_t now_ms)
{
	static const struct {
		uint64_t from, each; /* hours */
	} steps[] = { { 17520, 8760 }, { 1440, 720 }, { 48, 24 } };
	uint64_t now = now_ms / HOUR_MS, hour = ends_ms / HOUR_MS;

	if (hour < now)
		return now;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (hour - now >= steps[i].from)
			return hour - hour % steps[i].each;
	return hour;
}

/* Appends a row to those of its hour. */
static enum err add_row(struct device *d, json_t *hours, uint64_t ends_ms,
			const json_t *row)
{
	char hour[24], name[NAME_SIZE];
	json_t *rows = NULL;
	uint64_t count;
	enum err e;

	(void)snprintf(hour, sizeof(hour), "%" PRIu64,
		       hour_of(ends_ms, core_now_ms(d)));
	count = record_number_or_0(hours, hour);
	part_name(name, hour, count / PART);
	TRY(get_part(d, name, &rows));
	ENSURE(json_array_append_new(rows, json_deep_copy(row)) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), name, rows));
	(void)json_object_set_new(hours, hour,
				  json_integer((json_int_t)count + 1));
out:
	json_decref(rows);
	return e;
}

enum err expiry_note(struct device *d, uint64_t seq, uint64_t ends_ms)
{
	json_t *hours = NULL;
	json_t *row = json_pack("[s, I, I]", d->open.id, (json_int_t)seq,
				(json_int_t)ends_ms);
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(get_hours(d, &hours));
	TRY(add_row(d, hours, ends_ms, row));
	TRY(record_put(core_store(d), RECORD, hours));
	if (ends_ms < d->ends_ms)
		d->ends_ms = ends_ms;
out:
	json_decref(row);
	json_decref(hours);
	return e;
}

/* ---- what is over ---- */

static enum err end_message(const struct device *d, const struct membership *m,
			    const json_t *entry, uint64_t seq)
{
	const struct device_store *store = core_store(d);
	json_t *marks = NULL;
	uint8_t id[MIMI_ID];
	enum err e;

	/* an id that another entry had before is in no record */
	if (record_digest(entry, "id", id) != ERR_OK)
		return redact_entry(store, m, seq, true);
	e = marks_get(store, m->id, id, &marks);
	if (err_class(e) == ERR_CLASS_LOCAL)
		return e;
	if (e != ERR_OK)
		return redact_entry(store, m, seq, true);
	TRY(redact_message(store, m, marks, seq, true));
	(void)json_object_set_new(marks, "expired", json_true());
	TRY(marks_save(store, m->id, id, marks));
out:
	json_decref(marks);
	return e;
}

static bool is_kind(const json_t *entry, enum entry_kind kind)
{
	const char *text = record_string(entry, "kind");

	return text != NULL && strcmp(text, entry_kind_text(kind)) == 0;
}

/* With an edit the whole message goes: what it said before is no substitute. */
static enum err end_edited(const struct device *d, const struct membership *m,
			   uint64_t seq)
{
	json_t *entry = NULL;
	enum err e = membership_entry(core_store(d), m->id, seq, &entry);

	if (e == ERR_OK)
		e = end_message(d, m, entry, seq);
	json_decref(entry);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

/* What ends then. In a history that the person took since, another entry may have that
 * number. */
static enum err end_entry(const struct device *d, const struct membership *m,
			  uint64_t seq, uint64_t ends_ms)
{
	const struct device_store *store = core_store(d);
	json_t *entry = NULL;
	enum err e;

	TRY(membership_entry(store, m->id, seq, &entry));
	if (record_number_or_0(entry, "expires_at") != ends_ms)
		goto out;
	if (is_kind(entry, ENTRY_TEXT)) {
		TRY(end_message(d, m, entry, seq));
		goto out;
	}
	if (is_kind(entry, ENTRY_EDIT))
		TRY(end_edited(d, m, record_number_or_0(entry, "of")));
	if (is_kind(entry, ENTRY_REACTION))
		TRY(redact_reaction(store, m, entry, seq));
	TRY(redact_entry(store, m, seq, true));
out:
	json_decref(entry);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

static uint64_t end_of(const json_t *row)
{
	return (uint64_t)json_integer_value(json_array_get(row, 2));
}

static enum err end_row(const struct device *d, const json_t *row)
{
	const char *id = json_string_value(json_array_get(row, 0));
	uint64_t seq = (uint64_t)json_integer_value(json_array_get(row, 1));
	struct membership m = { .notes = NULL };
	enum err e;

	ENSURE(id != NULL, ERR_PEER_MALFORMED);
	ENSURE(!FAULT(EXPIRED_STAYS), ERR_PEER_INVALID);
	TRY(membership_peek(core_store(d), id, false, &m));
	TRY(end_entry(d, &m, seq, end_of(row)));
out:
	membership_clear(&m);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

/* What an hour has. */
struct hour {
	json_t *left; /* rows that are not over */
	size_t over;
	uint64_t next; /* the first end of those */
};

static enum err sweep_part(struct device *d, const char *name, uint64_t now,
			   struct hour *hour)
{
	json_t *rows = NULL, *row;
	size_t i;
	enum err e;

	TRY(get_part(d, name, &rows));
	json_array_foreach(rows, i, row)
	{
		if (end_of(row) <= now) {
			TRY(end_row(d, row));
			hour->over++;
			continue;
		}
		(void)json_array_append(hour->left, row);
		if (end_of(row) < hour->next)
			hour->next = end_of(row);
	}
out:
	json_decref(rows);
	return e;
}

/* Writes those that are left as the rows of that hour. */
static enum err keep_left(struct device *d, json_t *hours, const char *name,
			  const json_t *left)
{
	const struct device_store *store = core_store(d);
	uint64_t count = record_number_or_0(hours, name);
	char part[NAME_SIZE];
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	for (uint64_t n = 0; n * PART < count; n++) {
		part_name(part, name, n);
		TRY(store->remove(store->context, part));
	}
	(void)json_object_del(hours, name);
	json_array_foreach(left, i, row)
	    TRY(add_row(d, hours, end_of(row), row));
out:
	return e;
}

static enum err sweep_hour(struct device *d, json_t *hours, const char *name,
			   uint64_t now, uint64_t *next)
{
	uint64_t count = record_number_or_0(hours, name);
	struct hour hour = { json_array(), 0, *next };
	char part[NAME_SIZE];
	enum err e = ERR_OK;

	ENSURE(hour.left != NULL, ERR_LOCAL_MEMORY);
	for (uint64_t n = 0; n * PART < count; n++) {
		part_name(part, name, n);
		TRY(sweep_part(d, part, now, &hour));
	}
	if (hour.over > 0)
		TRY(keep_left(d, hours, name, hour.left));
	*next = hour.next;
out:
	json_decref(hour.left);
	return e;
}

static enum err sweep_hours(struct device *d, json_t *hours, uint64_t now,
			    uint64_t *next)
{
	json_t *before = json_copy(hours), *count;
	const char *name;
	enum err e = ERR_OK;

	ENSURE(before != NULL, ERR_LOCAL_MEMORY);
	json_object_foreach(before, name, count)
	{
		uint64_t begins = strtoull(name, NULL, 10) * HOUR_MS;

		if (begins <= now)
			TRY(sweep_hour(d, hours, name, now, next));
		else if (begins < *next)
			*next = begins;
	}
	if (!json_equal(before, hours))
		TRY(record_put(core_store(d), RECORD, hours));
out:
	json_decref(before);
	return e;
}

enum err expiry_sweep(struct device *d)
{
	uint64_t now = core_now_ms(d), next = UINT64_MAX;
	json_t *hours = NULL;
	enum err e;

	if (d->ends_ms > now)
		return ERR_OK;
	TRY(get_hours(d, &hours));
	TRY(sweep_hours(d, hours, now, &next));
	d->ends_ms = next;
out:
	json_decref(hours);
	return e;
}

enum err expiry_sweep_now(struct device *d)
{
	enum err e;

	if (d->in_transaction || d->ends_ms > core_now_ms(d))
		return ERR_OK;
	TRY(core_begin(d));
	TRY(expiry_sweep(d));
	TRY(core_commit(d));
out:
	core_rollback(d);
	return e;
}
