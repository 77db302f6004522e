/* Files of this machine, sent and saved. */
#include "reach/files.h"
#include "hermetic/inside.h"
#include "reach/view.h"

/* What is told how far it is, and who says the message. */
struct sending {
	struct hermetic *h;
	struct hermetic_sent *sent;
	enum hermetic_result result; /* HERMETIC_KEPT: it waits */
};

static enum err say(void *context, const struct order *order)
{
	struct sending *sending = context;
	const struct outcome *outcome;
	enum err e = view_send(&sending->h->a, order, &outcome);

	sending->result =
	    saying_kept(sending->h, order, e, outcome, sending->sent);
	return sending->result == HERMETIC_KEPT ? ERR_OK : e;
}

/* Who watches a file, with the handle: the functions of the program may not call it. */
struct watched {
	struct hermetic *h;
	struct hermetic_watch by;
};

static bool watch(void *context, uint64_t done, uint64_t total)
{
	struct watched *watched = context;
	bool goes_on;

	watched->h->within++;
	goes_on = watched->by.watch(watched->by.context, done, total);
	watched->h->within--;
	return goes_on;
}

static bool goes_on(void *context)
{
	struct watched *watched = context;
	bool goes_on;

	watched->h->within++;
	goes_on = watched->by.goes_on(watched->by.context);
	watched->h->within--;
	return goes_on;
}

static struct files_watch watcher_of(struct watched *watched)
{
	return (struct files_watch){ .watch = watch,
				     .goes_on = watched->by.goes_on != NULL
						    ? goes_on
						    : NULL,
				     .context = watched };
}

static bool take_watch(const void *given, struct hermetic_watch *watch)
{
	return given == NULL || (inside_take(watch, sizeof(*watch), given) &&
				 watch->watch != NULL);
}

enum hermetic_result hermetic_send_file(struct hermetic *h, const char *session,
					const char *path, const char *text,
					const struct hermetic_saying *saying,
					const struct hermetic_watch *given,
					struct hermetic_sent *sent)
{
	struct watched watched = { .h = h };
	struct order order = { .kind = ORDER_SEND, .session = session };
	struct sending sending = { h, sent, HERMETIC_OK };
	const struct files_sayer sayer = { say, &sending };
	struct files_watch watcher;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, path);
	if (!take_watch(given, &watched.by) || !inside_saying(saying, &order))
		return inside_refuse(h, "usage",
				     "struct hermetic_saying and struct "
				     "hermetic_watch want their size.");
	order.text = span_str(text != NULL ? text : "");
	watcher = watcher_of(&watched);
	e = files_send(&h->a, path, order, given != NULL ? &watcher : NULL,
		       &sayer);
	return e == ERR_OK && sending.result == HERMETIC_KEPT
		   ? HERMETIC_KEPT
		   : inside_result(h, e);
}

static void give_saved(struct hermetic *h, const struct attachment *file,
		       const struct saving *saving)
{
	json_t *given = json_pack(
	    "{s:s, s:I, s:s%, s:s%}", "saved", (const char *)saving->name.p,
	    "size", (json_int_t)file->size, "name", file->name.p, file->name.n,
	    "type", file->type.p, file->type.n);

	inside_give(h, given);
	json_decref(given);
}

enum hermetic_result hermetic_save_file(struct hermetic *h, const char *session,
					uint64_t number, const char *folder,
					const struct hermetic_watch *given,
					const char **name)
{
	struct saving saving = { .folder = -1, .part = -1 };
	struct attachment file = { .size = 0 };
	struct watched watched = { .h = h };
	struct files_watch watcher;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, folder);
	if (!take_watch(given, &watched.by))
		return inside_refuse(h, "usage",
				     "struct hermetic_watch wants its size, "
				     "and a function that is told.");
	watcher = watcher_of(&watched);
	TRY(files_save(&h->a, session, number, folder,
		       given != NULL ? &watcher : NULL, &file, &saving));
	give_saved(h, &file, &saving);
	buf_clear(&h->saved);
	h->saved = saving.name;
	saving.name = (struct buf){ .n = 0 };
	if (name != NULL)
		*name = (const char *)h->saved.p;
out:
	saving_close(&saving);
	attachment_clear(&file);
	return inside_result(h, e);
}
