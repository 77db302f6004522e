#include "device/wish.h"

enum err wish_read(struct device *d, const char *name, bool *on)
{
	json_t *record = NULL;
	enum err e = record_get(core_store(d), name, &record);

	*on = e != ERR_OK || !json_is_false(json_object_get(record, "on"));
	json_decref(record);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err wish_get(struct device *d, const char *name, bool *on)
{
	enum err e;

	*on = false;
	TRY(core_begin(d));
	e = wish_read(d, name, on);
	core_end_reading(d);
out:
	return e;
}

enum err wish_set(struct device *d, const char *name, bool on)
{
	json_t *record = json_pack("{s:b}", "on", (int)on);
	enum err e;

	if (d->work.running) {
		json_decref(record);
		return ERR_STATE_PENDING;
	}
	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(core_begin(d));
	TRY(record_put(core_store(d), name, record));
	TRY(core_commit(d));
out:
	core_rollback(d);
	json_decref(record);
	return e;
}
