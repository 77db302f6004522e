#include "device/texts/redact.h"

#include "base/fault.h"
#include "device/texts/entry_kind.h"
#include "device/texts/marks.h"

#include <string.h>

void redact_said(json_t *entry)
{
	static const char *const said[] = {
		"text", "file", "topic", "topic_id", "mentions", "mentioned"
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		(void)json_object_del(entry, said[i]);
}

enum err redact_entry(const struct device_store *store,
		      const struct membership *m, uint64_t seq, bool expired)
{
	json_t *entry = NULL;
	enum err e = membership_entry(store, m->id, seq, &entry);

	if (e != ERR_OK)
		return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
	if (expired || !FAULT(DELETED_STAYS))
		redact_said(entry);
	if (expired)
		(void)json_object_set_new(entry, "expired", json_true());
	e = membership_rewrite(store, m, seq, entry);
	json_decref(entry);
	return e;
}

/* In a history that the person took since, another entry may have that number. */
static enum err redact_edit(const struct device_store *store,
			    const struct membership *m, uint64_t seq,
			    uint64_t of, bool expired)
{
	json_t *entry = NULL;
	const char *kind;
	bool edits;
	enum err e = membership_entry(store, m->id, seq, &entry);

	if (e != ERR_OK)
		return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
	kind = record_string(entry, "kind");
	edits = kind != NULL &&
		strcmp(kind, entry_kind_text(ENTRY_EDIT)) == 0 &&
		record_number_or_0(entry, "of") == of;
	json_decref(entry);
	return edits ? redact_entry(store, m, seq, expired) : ERR_OK;
}

enum err redact_message(const struct device_store *store,
			const struct membership *m, json_t *marks, uint64_t seq,
			bool expired)
{
	const json_t *edits = json_object_get(marks, "edits"), *row;
	size_t i;
	enum err e;

	json_array_foreach(edits, i, row) TRY(redact_edit(
	    store, m, record_number_or_0(row, "seq"), seq, expired));
	TRY(redact_entry(store, m, seq, expired));
	(void)json_object_del(marks, "edits");
out:
	return e;
}

enum err redact_reaction(const struct device_store *store,
			 const struct membership *m, const json_t *reaction,
			 uint64_t seq)
{
	json_t *marks = NULL, *liked = NULL;
	uint8_t id[MIMI_ID];
	enum err e;

	TRY(membership_entry(store, m->id, record_number_or_0(reaction, "of"),
			     &liked));
	TRY(record_digest(liked, "id", id));
	TRY(marks_get(store, m->id, id, &marks));
	(void)marks_unreact(marks, seq);
	TRY(marks_save(store, m->id, id, marks));
out:
	json_decref(marks);
	json_decref(liked);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}
