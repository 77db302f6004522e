#include "device/texts/reading.h"

#include "device/core.h"
#include "device/texts/entry_kind.h"
#include "device/texts/receipts.h"

#define NOTE "read_to"

/* A state of before has it from its receipts. */
uint64_t reading_to(const struct membership *m)
{
	if (json_object_get(m->notes, NOTE) != NULL)
		return record_number_or_0(m->notes, NOTE);
	return record_number_or_0(json_object_get(m->notes, "receipts"),
				  "read");
}

static void set(struct membership *m, uint64_t seq)
{
	(void)json_object_set_new(m->notes, NOTE,
				  json_integer((json_int_t)seq));
}

void reading_begin_line(struct membership *m, uint64_t seq)
{
	uint64_t read = reading_to(m);

	set(m, read < seq ? read : seq);
}

bool reading_note(struct membership *m, uint64_t seq)
{
	if (seq <= reading_to(m))
		return false;
	set(m, seq);
	return true;
}

/* Something for the person to read: a text of another user. */
static bool is_news(const struct device *d, const json_t *entry)
{
	const char *from = record_string(entry, "from");
	enum entry_kind kind;

	return entry_kind_parse(record_string(entry, "kind"), &kind) &&
	       kind == ENTRY_TEXT && from != NULL &&
	       !span_equal(span_str(from), roles_user(span_str(core_self(d))));
}

/* Behind unread->read; up to so many, and before that number. */
static enum err count(struct device *d, uint64_t before, uint64_t most,
		      struct device_unread *unread)
{
	uint64_t last = session_seq(d->open.session), seq = unread->read + 1;
	json_t *entry = NULL;
	enum err e = ERR_OK;

	if (seq < membership_first(&d->open))
		seq = membership_first(&d->open);
	for (; seq <= last && seq < before && unread->count < most; seq++) {
		e = membership_entry(core_store(d), d->open.id, seq, &entry);
		if (e == ERR_OK && is_news(d, entry))
			unread->count++;
		json_decref(entry);
		entry = NULL;
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
	}
	e = ERR_OK;
out:
	return e;
}

enum err device_unread(struct device *device, const char *session,
		       uint64_t before, struct device_unread *unread)
{
	enum err e;

	*unread = (struct device_unread){ 0 };
	TRY(core_begin(device));
	TRY(core_load(device, session));
	unread->read = reading_to(&device->open);
	TRY(count(device, before, DEVICE_UNREAD_MAX, unread));
out:
	core_end_reading(device);
	return e;
}

/* The person was shown all from `from` on. What is not read and stands before it was
 * passed over. */
static enum err is_passed_over(struct device *device, uint64_t from,
			       bool *passed)
{
	struct device_unread unread = { .read = reading_to(&device->open) };
	enum err e;

	TRY(count(device, from, 1, &unread));
	*passed = unread.count > 0;
out:
	return e;
}

enum err device_read(struct device *device, const char *session, uint64_t from,
		     uint64_t seq)
{
	bool wanted = true, changed = false, passed;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(receipts_wish(device, &wanted));
	TRY(core_load(device, session));
	TRY(is_passed_over(device, from, &passed));
	if (!passed && seq <= session_seq(device->open.session)) {
		changed = reading_note(&device->open, seq);
		if (wanted)
			changed |= receipts_note_read(device, seq);
	}
	if (!changed) {
		core_end_reading(device);
		goto out;
	}
	TRY(core_save(device));
	TRY(core_commit(device));
out:
	core_rollback(device);
	return e;
}

enum err device_read_to(struct device *device, const char *session,
			uint64_t seq)
{
	return device_read(device, session, 0, seq);
}
