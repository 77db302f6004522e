#include "device/accounts/grown.h"

#include "base/fault.h"
#include "base/rd.h"
#include "device/core.h"

#define RECORD "grown"
#define NOTE "grown"

static enum err load(struct device *d)
{
	const struct device_store *store = core_store(d);
	struct grown *grown = &d->grown;
	struct buf record = BUF_INIT;
	struct rd r;
	enum err e = ERR_OK;

	if (grown->loaded)
		return ERR_OK;
	grown_forget(d);
	e = store->get(store->context, RECORD, &record);
	if (e == ERR_STATE_GONE) {
		e = ERR_OK;
	} else {
		TRY(e);
		TRY(buf_end(&record));
		r = rd_init(buf_span(&record));
		grown->last = rd_u64(&r);
		ENSURE(rd_left(&r) % ACCOUNT_HASH == 0 &&
			   rd_left(&r) / ACCOUNT_HASH <= grown->last,
		       ERR_PEER_MALFORMED);
		buf_put(&grown->list, rd_take(&r, rd_left(&r)));
		TRY(buf_end(&grown->list));
	}
	grown->loaded = true;
out:
	buf_clear(&record);
	return e;
}

/* What the session knows of it. */
static void mark(struct device *d)
{
	(void)json_object_set_new(d->open.notes, NOTE,
				  json_integer((json_int_t)d->grown.last));
}

enum err grown_note(struct device *d, struct span fingerprint)
{
	struct grown *grown = &d->grown;
	enum err e;

	if (FAULT(GROWN_UNNOTED))
		return ERR_OK;
	TRY(load(d));
	buf_put(&grown->list, fingerprint);
	TRY(buf_end(&grown->list));
	grown->last++;
	grown->changed = true;
	if (d->open.session != NULL) {
		session_note_grown(d->open.session, fingerprint);
		mark(d);
	}
out:
	return e;
}

enum err grown_note_all(struct device *d)
{
	struct grown *grown = &d->grown;
	enum err e;

	TRY(load(d));
	buf_reset(&grown->list);
	grown->last++;
	grown->changed = true;
	if (d->open.session != NULL)
		session_unsettle(d->open.session);
out:
	return e;
}

enum err grown_bring(struct device *d)
{
	const json_t *note = json_object_get(d->open.notes, NOTE);
	struct grown *grown = &d->grown;
	uint64_t known, count;
	struct rd r;
	enum err e;

	TRY(load(d));
	known = record_number_or_0(d->open.notes, NOTE);
	count = grown->list.n / ACCOUNT_HASH;
	r = rd_init(buf_span(&grown->list));
	if (note == NULL || known > grown->last || grown->last - known > count)
		session_unsettle(d->open.session);
	else
		(void)rd_take(&r, (size_t)(count - (grown->last - known)) *
				      ACCOUNT_HASH);
	while (rd_left(&r) > 0)
		session_note_grown(d->open.session, rd_take(&r, ACCOUNT_HASH));
	mark(d);
out:
	return e;
}

enum err grown_save(struct device *d)
{
	const struct device_store *store = core_store(d);
	struct span list = buf_span(&d->grown.list);
	struct buf record = BUF_INIT;
	enum err e = ERR_OK;

	if (!d->grown.changed)
		return ERR_OK;
	if (list.n > GROWN_KEPT * ACCOUNT_HASH)
		list = span_of(list.p + list.n - GROWN_KEPT * ACCOUNT_HASH,
			       GROWN_KEPT * ACCOUNT_HASH);
	buf_put_u64(&record, d->grown.last);
	buf_put(&record, list);
	TRY(buf_end(&record));
	TRY(store->put(store->context, RECORD, buf_span(&record)));
	grown_forget(d);
out:
	buf_clear(&record);
	return e;
}

void grown_forget(struct device *d)
{
	buf_clear(&d->grown.list);
	d->grown = (struct grown){ .loaded = false };
}
