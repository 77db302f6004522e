#include "reach/files.h"

#include "device/texts/outbox_keys.h"
#include "reach/look.h"
#include "reach/transfer.h"
#include "reach/upload.h"
#include "reach/view.h"

#include <string.h>

struct watched {
	const struct files_watch *watch;
	uint64_t total;
};

static bool watch(void *context, uint64_t done)
{
	const struct watched *w = context;

	return w->watch == NULL ||
	       w->watch->watch(w->watch->context, done, w->total);
}

/* Nothing passes yet. */
static bool is_wanted(void *context, uint64_t done)
{
	const struct watched *w = context;

	(void)done;
	return w->watch == NULL || w->watch->goes_on == NULL ||
	       w->watch->goes_on(w->watch->context);
}

/* ---- sending ---- */

/* The key of an upload is its message's own id, where the caller has none, so a try that was
 * cut off behind the message finds that it was said. */
static enum err say(const struct upload *upload, struct order order,
		    const struct files_sayer *sayer)
{
	char key[UPLOAD_KEY_SIZE];

	upload_key(upload->file.id, key);
	if (order.key == NULL)
		order.key = key;
	order.file = &upload->file;
	return sayer->say(sayer->context, &order);
}

/* *said: under the caller's key a message names this very file. Then the upload has what that
 * message says of it, and there is nothing to seal and to send. An upload that was cut off
 * behind the message goes on to its end. */
static enum err find_said(struct account *a, const struct order *order,
			  const struct sealing_watch *watch,
			  struct upload *upload, bool *said)
{
	struct attachment before = { .size = 0 };
	enum err e;

	*said = false;
	if (order->key == NULL)
		return ERR_OK;
	e = upload_said(a->device, order->session, order->key, &upload->file,
			&a->why, &before);
	if (e == ERR_STATE_GONE ||
	    (e == ERR_OK && uuid_equal(before.id, upload->file.id))) {
		e = ERR_OK;
		goto out;
	}
	TRY(e);
	if (before.size == upload->file.size)
		TRY(upload_is_of(a, upload, &before, watch, said));
	if (!*said)
		TRY(outbox_keys_reused(&a->why, order->key));
	attachment_clear(&upload->file);
	upload->file = before;
	before = (struct attachment){ .size = 0 };
out:
	attachment_clear(&before);
	return e;
}

/* Ciphertext of the upload is at the server after that. */
static enum err store(struct account *a, struct upload *upload,
		      const struct sealing_watch *sealing, struct transfer *t)
{
	enum err e;

	if (upload->fd < 0) { /* nothing is sealed for nothing */
		t->watch = is_wanted;
		TRY(transfer_place(a, t));
		t->watch = watch;
		e = upload_seal(a, upload, sealing);
		if (e != ERR_OK)
			transfer_give_back(a, t);
		TRY(e);
		t->fd = upload->fd;
	}
	TRY(transfer_up(a, t));
out:
	return e;
}

enum err files_send(struct account *a, const char *path, struct order order,
		    const struct files_watch *watcher,
		    const struct files_sayer *sayer)
{
	struct upload upload = { .fd = -1 };
	struct watched watched = { .watch = watcher };
	const struct suite *suite;
	const struct sealing_watch sealing = {
		watcher != NULL ? watcher->goes_on : NULL,
		watcher != NULL ? watcher->context : NULL
	};
	struct transfer t;
	bool said = false, before;
	enum err e, closed;

	TRY(look_suite(a->device, order.session, &a->why, &suite));
	TRY(upload_open(a, order.session, path, suite, &upload));
	TRY(find_said(a, &order, sealing.goes_on != NULL ? &sealing : NULL,
		      &upload, &before));
	watched.total = attachment_sealed_size(upload.file.size);
	t = (struct transfer){ .session = order.session,
			       .file = upload.file.id,
			       .fd = upload.fd,
			       .folder = a->home,
			       .size = watched.total,
			       .watch = watch,
			       .context = &watched };
	if (!before)
		TRY(store(a, &upload, sealing.goes_on != NULL ? &sealing : NULL,
			  &t));
	e = say(&upload, order, sayer);
	said = !before && (e == ERR_OK || e == ERR_STATE_CONFLICT);
out:
	closed = upload_close(a, &upload, said);
	return e != ERR_OK ? e : closed;
}

/* ---- saving ---- */

static enum err find(struct account *a, const char *id, uint64_t seq,
		     struct attachment *file)
{
	enum err e = device_file(a->device, id, seq, file);

	if (e == ERR_STATE_GONE) { /* it may not be read yet */
		attachment_clear(file);
		TRY(view_refresh(a, id));
		e = device_file(a->device, id, seq, file);
	}
	if (e == ERR_STATE_GONE)
		e = why_set(&a->why, e, "no-file",
			    "Message #%llu names no file that is known here.",
			    (unsigned long long)seq);
out:
	return e;
}

enum err files_save(struct account *a, const char *session, uint64_t seq,
		    const char *folder, const struct files_watch *watcher,
		    struct attachment *file, struct saving *saving)
{
	struct watched watched = { .watch = watcher };
	struct transfer t;
	enum err e;

	TRY(find(a, session, seq, file));
	TRY(saving_open(folder, file, saving, &a->why));
	watched.total = attachment_sealed_size(file->size);
	t = (struct transfer){ .session = session,
			       .file = file->id,
			       .fd = saving->part,
			       .folder = folder,
			       .size = watched.total,
			       .watch = watch,
			       .context = &watched };
	TRY(transfer_down(a, &t));
	TRY(saving_end(saving, &a->why));
out:
	return e;
}
