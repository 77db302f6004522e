#include "device/texts/receipts.h"

#include "base/fault.h"
#include "device/accounts/names.h"
#include "device/steps.h"
#include "device/texts/content.h"
#include "device/texts/entry_kind.h"
#include "device/texts/outbox.h"
#include "device/texts/say.h"
#include "device/wish.h"

#include <string.h>

#define RECORD "receipts"

uint64_t receipts_interval_ms(uint32_t members)
{
	uint64_t each = (uint64_t)members * RECEIPTS_EACH_MS;

	return each > RECEIPTS_LEAST_MS ? each : RECEIPTS_LEAST_MS;
}

/* ---- the notes ---- */

static json_t *object_of(json_t *of, const char *name)
{
	json_t *object = json_object_get(of, name);

	if (object == NULL) {
		object = json_object();
		(void)json_object_set_new(of, name, object);
	}
	return object;
}

static json_t *notes_of(struct device *d)
{
	return object_of(d->open.notes, RECORD);
}

/* A number never falls. */
static void raise_to(json_t *object, const char *name, uint64_t number)
{
	if (number > record_number_or_0(object, name))
		(void)json_object_set_new(object, name,
					  json_integer((json_int_t)number));
}

static bool is_own_user(const struct device *d,
			const struct session_event *event)
{
	return span_equal(roles_user(buf_span(&event->identity)),
			  roles_user(span_str(core_self(d))));
}

/* Those of one user; NULL: its name is no text. */
static json_t *row_of(struct device *d, struct span identity)
{
	struct span user = roles_user(identity);
	json_t *key = json_stringn((const char *)user.p, user.n);
	json_t *row = NULL;

	if (key != NULL)
		row = object_of(object_of(notes_of(d), "of"),
				json_string_value(key));
	json_decref(key);
	return row;
}

/* ---- what others say ---- */

void receipts_note_view(struct device *d, const struct session_event *event)
{
	if (event->view_seq > 0 && !is_own_user(d, event))
		raise_to(row_of(d, buf_span(&event->identity)), "delivered",
			 event->view_seq);
}

/* Has that user a leaf that did not come by this commit, or had one that it took? */
static bool was_in(const struct device *d, struct span user,
		   const struct session_event *event,
		   const struct entry_people *people)
{
	struct mls_member member;
	const json_t *identity;
	uint32_t leaf = 0;
	size_t i, came = 0, is = 0;

	json_array_foreach(people->removed, i, identity)
	{
		if (span_equal(
			roles_user(span_str(json_string_value(identity))),
			user))
			return true;
	}
	json_array_foreach(people->added, i, identity) came +=
	    span_equal(roles_user(span_str(json_string_value(identity))), user);
	if (event->external_join)
		came +=
		    span_equal(roles_user(buf_span(&event->identity)), user);
	while (d->open.session != NULL &&
	       mls_group_next_of(session_group(d->open.session), user, &leaf,
				 &member))
		is++;
	return is > came;
}

/* Whoever comes in reads nothing of before, also who was in before. */
static void note_newcomer(struct device *d, struct span identity,
			  const struct session_event *event,
			  const struct entry_people *people)
{
	json_t *row;

	if (was_in(d, roles_user(identity), event, people))
		return;
	row = row_of(d, identity);
	(void)json_object_clear(row);
	raise_to(row, "since", event->seq);
}

void receipts_note_commit(struct device *d, const struct session_event *event,
			  const struct entry_people *people)
{
	const json_t *identity;
	size_t i;

	if (event->kind != SESSION_COMMIT || people == NULL)
		return;
	json_array_foreach(people->added, i, identity) note_newcomer(
	    d, span_str(json_string_value(identity)), event, people);
	if (event->external_join)
		note_newcomer(d, buf_span(&event->identity), event, people);
}

void receipts_note_last(struct device *d, const struct session_event *event)
{
	if (!is_own_user(d, event))
		raise_to(notes_of(d), "last", event->seq);
}

void receipts_heard(struct device *d, const struct session_event *event,
		    struct span value, json_t *entry)
{
	uint64_t delivered, read;
	json_t *row;

	if (content_read_receipt(value, &delivered, &read) != ERR_OK ||
	    delivered >= event->seq) {
		(void)json_object_set_new(
		    entry, "kind",
		    json_string(entry_kind_text(ENTRY_UNREADABLE)));
		(void)json_object_set_new(
		    entry, "reason",
		    json_string("a receipt of what was not there"));
		return;
	}
	(void)json_object_set_new(entry, "kind",
				  json_string(entry_kind_text(ENTRY_RECEIPT)));
	raise_to(entry, "delivered", delivered);
	raise_to(entry, "read", read);
	row = row_of(d, buf_span(&event->identity));
	raise_to(row, "delivered", delivered);
	raise_to(row, "read", read);
}

/* ---- writing one ---- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What a receipt of now would say. A receipt is about what others said, and so never
 * about receipts: nobody answers one. */
static void read_numbers(const struct membership *m, uint64_t *delivered,
			 uint64_t *read)
{
	const json_t *notes = json_object_get(m->notes, RECORD);

	*delivered = record_number_or_0(notes, "last");
	*read = FAULT(READ_UNSEEN)
		    ? *delivered
		    : smaller(record_number_or_0(notes, "read"), *delivered);
}

static bool has_news(const struct membership *m)
{
	const json_t *notes = json_object_get(m->notes, RECORD);
	const json_t *told = json_object_get(notes, "told");
	uint64_t delivered, read;

	read_numbers(m, &delivered, &read);
	return delivered > record_number_or_0(told, "delivered") ||
	       read > record_number_or_0(told, "read");
}

/* When one is to be written, Unix milliseconds; UINT64_MAX: none is. */
static uint64_t due_at(struct device *d)
{
	const json_t *notes = json_object_get(d->open.notes, RECORD);
	const json_t *told = json_object_get(notes, "told");

	if (!d->receipts || d->open.session == NULL ||
	    !session_member(d->open.session) || outbox_waits(&d->open) ||
	    membership_todo(&d->open) != NULL || !has_news(&d->open))
		return UINT64_MAX;
	return record_number_or_0(told, "at") +
	       receipts_interval_ms(
		   mls_group_member_count(session_group(d->open.session)));
}

static bool receipt_due(struct device *d)
{
	return work_is(&d->work, ORDER_REFRESH) && d->work.order.receipt &&
	       core_is_settled(d) && due_at(d) <= core_now_ms(d);
}

/* Where the person wants none, and where it would have to wait, none is written. */
static enum err is_free(struct device *d, bool *free)
{
	bool wanted = true;
	enum err e;

	*free = false;
	TRY(receipts_wish(d, &wanted));
	if (wanted && say_is_read_by_all(d))
		TRY(say_is_free(d, free));
out:
	return e;
}

static enum err receipt_make(struct device *d)
{
	json_t *told = object_of(notes_of(d), "told");
	struct buf content = BUF_INIT;
	uint64_t delivered, read, item;
	bool free;
	enum err e;

	/* also where none is written: it is tried again after the same time */
	(void)json_object_set_new(told, "at",
				  json_integer((json_int_t)core_now_ms(d)));
	work_changed(d);
	TRY(is_free(d, &free));
	if (!free)
		goto out;
	outbox_forget_quiet(&d->open);
	read_numbers(&d->open, &delivered, &read);
	content_put_receipt(&content, delivered, read);
	TRY(buf_end(&content));
	TRY(outbox_put(d, buf_span(&content), 0, NULL, &item));
	outbox_set_quiet(&d->open, item, OUTBOX_RECEIPT);
	raise_to(told, "delivered", delivered);
	raise_to(told, "read", read);
out:
	buf_clear(&content);
	return e;
}

const struct step receipts_step_make = { "receipt",    NULL, receipt_due,
					 receipt_make, NULL, NULL };

/* ---- one that was not sent ---- */

enum err receipts_unsent(struct device *d, uint64_t *item)
{
	const json_t *row = outbox_find_quiet(&d->open, OUTBOX_RECEIPT);
	bool wanted = true;
	enum err e = ERR_OK;

	*item = 0;
	if (row == NULL)
		return ERR_OK;
	TRY(receipts_wish(d, &wanted));
	if (!wanted || core_now_ms(d) >= record_number_or_0(row, "queued_at") +
					     RECEIPTS_WAIT_MS)
		*item = record_number_or_0(row, "item");
out:
	return e;
}

/* That the wish cannot be read ends the order: drop() fails, too. */
static bool drop_due(struct device *d)
{
	uint64_t item;

	return core_is_settled(d) &&
	       (receipts_unsent(d, &item) != ERR_OK || item > 0);
}

/* The log was read to its end, and does not have it. What it told is told by the
 * next one. */
static enum err drop(struct device *d)
{
	json_t *told = object_of(notes_of(d), "told");
	size_t dropped = 0;
	uint64_t item;
	enum err e;

	TRY(receipts_unsent(d, &item));
	TRY(outbox_drop(&d->open, item, &dropped));
	(void)json_object_del(told, "delivered");
	(void)json_object_del(told, "read");
	work_changed(d);
out:
	return e;
}

const struct step receipts_step_drop = {
	"unsent receipt", NULL, drop_due, drop, NULL, NULL
};

/* ---- another history ---- */

enum err receipts_begin_line(struct device *d)
{
	const json_t *row = outbox_find_quiet(&d->open, OUTBOX_RECEIPT);
	size_t dropped = 0;
	enum err e = ERR_OK;

	if (FAULT(RECEIPTS_OUTLIVE))
		return ERR_OK;
	if (row != NULL)
		TRY(outbox_drop(&d->open, record_number_or_0(row, "item"),
				&dropped));
	(void)json_object_del(d->open.notes, RECORD);
out:
	return e;
}

/* ---- showing ---- */

void receipts_describe(const struct membership *m, struct span user,
		       json_t *row)
{
	const json_t *of =
	    json_object_get(json_object_get(m->notes, RECORD), "of");
	json_t *key = json_stringn((const char *)user.p, user.n);
	const json_t *numbers =
	    key != NULL ? json_object_get(of, json_string_value(key)) : NULL;

	json_decref(key);
	raise_to(row, "delivered", record_number_or_0(numbers, "delivered"));
	raise_to(row, "read", record_number_or_0(numbers, "read"));
}

static enum err put_user(struct device *d, const char *user, const char *list,
			 json_t *entry)
{
	struct buf name = BUF_INIT;
	json_t *names = json_object_get(entry, list);
	enum err e;

	TRY(names_put_user(d, span_str(user), &name));
	TRY(buf_end(&name));
	if (names == NULL) {
		names = json_array();
		(void)json_object_set_new(entry, list, names);
	}
	(void)json_array_append_new(names,
				    json_stringn((const char *)name.p, name.n));
out:
	buf_clear(&name);
	return e;
}

enum err receipts_show(struct device *d, const char *session, json_t *entry)
{
	uint64_t seq = record_number_or_0(entry, "seq");
	const char *kind = record_string(entry, "kind"), *user;
	struct membership m = { .notes = NULL };
	json_t *of, *row;
	enum err e = ERR_OK;

	if (kind == NULL || strcmp(kind, entry_kind_text(ENTRY_TEXT)) != 0 ||
	    !json_is_true(json_object_get(entry, "own")))
		return ERR_OK;
	TRY(membership_peek(core_store(d), session, true, &m));
	of = json_object_get(json_object_get(m.notes, RECORD), "of");
	json_object_foreach(of, user, row)
	{
		if (record_number_or_0(row, "since") >= seq ||
		    names_is_own(d, span_str(user)))
			continue;
		if (record_number_or_0(row, "read") >= seq)
			TRY(put_user(d, user, "read_by", entry));
		if (record_number_or_0(row, "delivered") >= seq)
			TRY(put_user(d, user, "delivered_to", entry));
	}
out:
	membership_clear(&m);
	return e;
}

/* ---- the person ---- */

enum err receipts_wish(struct device *d, bool *on)
{
	return wish_read(d, RECORD, on);
}

enum err device_receipts(struct device *device, bool *on)
{
	return wish_get(device, RECORD, on);
}

enum err device_set_receipts(struct device *device, bool on)
{
	return wish_set(device, RECORD, on);
}

bool receipts_note_read(struct device *d, uint64_t seq)
{
	if (seq <= record_number_or_0(notes_of(d), "read"))
		return false;
	raise_to(notes_of(d), "read", seq);
	return true;
}

uint64_t device_receipt_at(struct device *device, const char *session)
{
	uint64_t at = UINT64_MAX;

	if (device->work.running || !device->receipts ||
	    core_begin(device) != ERR_OK)
		return at;
	if (core_load(device, session) == ERR_OK)
		at = due_at(device);
	core_end_reading(device);
	return at;
}
