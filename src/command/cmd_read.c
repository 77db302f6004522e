/* read, search */
#include "command/cmd.h"

#include "command/copies.h"
#include "command/entry_line.h"
#include "command/out.h"
#include "command/shown.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/live.h"
#include "reach/past.h"
#include "reach/pause.h"
#include "reach/view.h"

#include <string.h>

/* How often read --follow asks when it goes by REST: less often, while the server is away. */
#define POLL_MS 1000
#define POLL_MAX_MS 15000

struct reading {
	struct cmd *cmd;
	json_t *printed; /* marks of those whose coming in was printed */
	struct shown_part part;
	bool found;
	struct entry_lines lines;
};

static uint64_t seq_of(const json_t *entry)
{
	return (uint64_t)json_integer_value(json_object_get(entry, "seq"));
}

static bool print_entry(void *context, const char *id, const json_t *entry)
{
	struct reading *reading = context;
	json_t *marked = copies_marked(&reading->cmd->h->a, id, entry);
	struct buf line = BUF_INIT;

	if (reading->cmd->args->json) {
		out_message_json(id, marked);
	} else if (entry_line_is_shown(marked)) {
		entry_line_put(&line, &reading->lines, marked);
		if (buf_end(&line) == ERR_OK)
			out_line("%.*s", (int)line.n, (const char *)line.p);
		buf_clear(&line);
	}
	shown_note_printed(entry, reading->printed);
	reading->part.to = seq_of(entry);
	json_decref(marked);
	return out_is_good(); /* false: the reader went away */
}

static enum err note_shown(struct reading *reading, const char *id)
{
	return shown_update(reading->cmd, id, reading->printed,
			    reading->cmd->args->json, reading->part);
}

/* Prints what is kept after *told. */
static enum err print_kept(struct reading *reading, const char *id,
			   uint64_t *told)
{
	struct account *a = &reading->cmd->h->a;
	uint64_t last = device_last_seq(a->device, id);
	uint64_t first = device_first_seq(a->device, id);
	bool go_on = true, any = *told < last;
	json_t *entry = NULL;
	enum err e = ERR_OK;

	if (*told + 1 < first)
		*told = first - 1;
	if (reading->part.from == 0)
		reading->part.from = *told + 1;
	for (; go_on && *told < last; (*told)++) {
		e = view_entry(a, id, *told + 1, &entry);
		if (e == ERR_STATE_GONE)
			continue; /* before this device joined */
		TRY(e);
		go_on = print_entry(reading, id, entry);
		json_decref(entry);
		entry = NULL;
	}
	e = go_on ? ERR_OK : ERR_LOCAL_IO;
	if (go_on && any)
		TRY(note_shown(reading, id));
out:
	json_decref(entry);
	return e;
}

/* As by the other transports, who follows waits until a server that is away comes back. */
static enum err ask_later(struct account *a, const char *id, int *wait_ms)
{
	enum err e;

	(void)pause_poll(NULL, 0, *wait_ms);
	e = view_refresh(a, id);
	if (e == ERR_OK || !drive_is_passing(a, NULL, e)) {
		*wait_ms = POLL_MS;
		return e;
	}
	why_clear(&a->why);
	*wait_ms *= 2;
	if (*wait_ms > POLL_MAX_MS)
		*wait_ms = POLL_MAX_MS;
	return ERR_OK;
}

static enum err follow_by_rest(struct reading *reading, const char *id,
			       uint64_t told)
{
	int wait_ms = POLL_MS;
	enum err e;

	for (;;) {
		TRY(print_kept(reading, id, &told));
		TRY(ask_later(&reading->cmd->h->a, id, &wait_ms));
	}
out:
	return e;
}

static enum err follow_live(struct reading *reading, const char *id,
			    uint64_t told)
{
	struct live_listener listener = { .entry = print_entry,
					  .context = reading };
	struct account *a = &reading->cmd->h->a;
	bool readable, stopped = false;
	struct live *live = NULL;
	uint64_t shown = 0, last;
	enum err e;

	TRY(live_open(a, &listener, &live));
	if (reading->part.from == 0)
		reading->part.from = told + 1;
	TRY(live_follow(live, id, told));
	TRY(live_tell(live, &stopped));
	while (!stopped) {
		last = device_last_seq(a->device, id);
		if (last != shown)
			TRY(note_shown(reading, id));
		shown = last;
		TRY(live_wait(live, -1, 60000, &readable, &stopped));
	}
out:
	live_close(live);
	return e;
}

/* ---- a part of what is kept ---- */

/* Is not all of it asked for? */
static bool is_part(const struct args *args)
{
	return args->before > 0 || args->last > 0 || args->since_ms > 0 ||
	       args->words != NULL || args->topic != NULL;
}

static struct past past_of(const struct args *args, const char *words)
{
	return (struct past){ .after = args->after,
			      .before = args->before,
			      .since_ms = args->since_ms,
			      .last = args->last,
			      .topic = args->topic,
			      .words = words };
}

static enum err print_array(struct reading *reading, const char *id,
			    const json_t *entries)
{
	const json_t *entry;
	size_t i;

	reading->part.from = seq_of(json_array_get(entries, 0));
	json_array_foreach(
	    entries, i,
	    entry) if (!print_entry(reading, id, entry)) return ERR_LOCAL_IO;
	return ERR_OK;
}

/* What stands in every text finds nothing. `words` may be NULL. */
static enum err check_words(struct cmd *cmd, const char *words)
{
	if (words == NULL || words[strspn(words, " \t\n")] != '\0')
		return ERR_OK;
	return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
		       "There are no words to search for.");
}

static void say_nothing_found(const struct cmd *cmd)
{
	if (!cmd->args->json)
		out_line("Nothing found.");
}

/* Who looks at the last entries has read them; who looks for words or a topic has
 * not. */
static enum err print_part(struct reading *reading, const char *id,
			   uint64_t *told)
{
	struct account *a = &reading->cmd->h->a;
	const struct args *args = reading->cmd->args;
	const struct past past = past_of(args, args->words);
	json_t *entries = NULL;
	enum err e;

	*told = device_last_seq(a->device, id);
	TRY(past_read(a->device, id, &past, &a->why, &entries));
	TRY(print_array(reading, id, entries));
	if (args->words != NULL && json_array_size(entries) == 0)
		say_nothing_found(reading->cmd);
	if (args->words == NULL && args->topic == NULL)
		TRY(args->before == 0 ? note_shown(reading, id)
				      : shown_read(reading->cmd, id, args->json,
						   reading->part));
	reading->part.from = *told + 1;
out:
	json_decref(entries);
	return e;
}

/* What is kept here is printed even when the server cannot be asked. */
enum err cmd_read(struct cmd *cmd)
{
	struct reading reading = { .cmd = cmd,
				   .printed = json_object(),
				   .lines.chat = cmd->chat };
	uint64_t told = cmd->args->after;
	char id[TEXT_UUID_SIZE];
	struct cmd_failure stale;
	enum err e, fresh;

	TRY(check_words(cmd, cmd->args->words));
	TRY(directory_find(&cmd->h->a, cmd->args->operands[0], false, id));
	fresh = view_refresh(&cmd->h->a, id);
	cmd_keep(cmd, fresh, &stale);
	if (is_part(cmd->args))
		TRY(print_part(&reading, id, &told));
	if (fresh == ERR_OK && cmd->args->follow) {
		e = cmd->args->transport == TRANSPORT_REST
			? follow_by_rest(&reading, id, told)
			: follow_live(&reading, id, told);
		goto out;
	}
	if (!is_part(cmd->args))
		TRY(print_kept(&reading, id, &told));
	/* what was read is told, where it is time for that */
	if (fresh == ERR_OK)
		drive_receipt(&cmd->h->a, id);
	e = cmd_fail(cmd, &stale);
out:
	json_decref(reading.printed);
	return e;
}

/* ---- search ---- */

static enum err search_in(struct reading *reading, const char *id)
{
	struct account *a = &reading->cmd->h->a;
	const struct args *args = reading->cmd->args;
	const struct past past = past_of(args, args->operands[0]);
	struct buf label = BUF_INIT, inside = BUF_INIT;
	json_t *entries = NULL;
	enum err e;

	TRY(past_read(a->device, id, &past, &a->why, &entries));
	if (json_array_size(entries) > 0 && !args->json && args->in == NULL) {
		TRY(directory_label(a, id, &label));
		out_put_inside(&inside, buf_span(&label));
		TRY(buf_end(&inside));
		out_line("* \"%.*s\" (%.8s):", (int)inside.n,
			 (const char *)inside.p, id);
	}
	reading->lines.day = 0;
	reading->found |= json_array_size(entries) > 0;
	TRY(print_array(reading, id, entries));
out:
	json_decref(entries);
	buf_clear(&label);
	buf_clear(&inside);
	return e;
}

/* Nothing is asked of the server, and nobody counts as seen. */
enum err cmd_search(struct cmd *cmd)
{
	struct reading reading = { .cmd = cmd,
				   .printed = json_object(),
				   .lines.chat = cmd->chat };
	char id[TEXT_UUID_SIZE];
	json_t *ids = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(check_words(cmd, cmd->args->operands[0]));
	if (cmd->args->in != NULL) {
		TRY(directory_find(&cmd->h->a, cmd->args->in, false, id));
		TRY(search_in(&reading, id));
	} else {
		TRY(view_sessions(&cmd->h->a, &ids));
		json_array_foreach(ids, i, row)
		    TRY(search_in(&reading, json_string_value(row)));
	}
	if (!reading.found)
		say_nothing_found(cmd);
out:
	json_decref(ids);
	json_decref(reading.printed);
	return e;
}
