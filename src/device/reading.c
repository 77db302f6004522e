#include "device/reading.h"

#include "device/core.h"
#include "device/entry_kind.h"
#include "device/receipts.h"

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

static enum err count(struct device *d, struct device_unread *unread)
{
	uint64_t last = session_seq(d->open.session), seq = unread->read + 1;
	json_t *entry = NULL;
	enum err e = ERR_OK;

	if (seq < membership_first(&d->open))
		seq = membership_first(&d->open);
	for (; seq <= last && unread->count < DEVICE_UNREAD_MAX; seq++) {
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
		       struct device_unread *unread)
{
	enum err e;

	*unread = (struct device_unread){ 0 };
	TRY(core_begin(device));
	TRY(core_load(device, session));
	unread->read = reading_to(&device->open);
	TRY(count(device, unread));
out:
	core_end_reading(device);
	return e;
}

enum err device_read_to(struct device *device, const char *session,
			uint64_t seq)
{
	bool wanted = true, changed = false;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(receipts_wish(device, &wanted));
	TRY(core_load(device, session));
	if (seq <= session_seq(device->open.session)) {
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
