/* read, search */
#include "command/reading.h"

#include "command/out.h"

#include <string.h>

/* ---- a part of what is kept ---- */

/* Is not all of it asked for? */
static bool is_part(const struct args *args)
{
	return args->before > 0 || args->last > 0 || args->since_ms > 0 ||
	       args->words != NULL || args->topic != NULL;
}

static struct hermetic_search search_of(const struct args *args, const char *id,
					const char *words)
{
	return (struct hermetic_search){ .size = sizeof(struct hermetic_search),
					 .session = id,
					 .words = words,
					 .after = args->after,
					 .since_ms = args->since_ms,
					 .last = args->last,
					 .before = args->before,
					 .topic = args->topic };
}

static enum err print_event(struct reading *reading,
			    const struct hermetic_event *event)
{
	json_t *entry = json_loads(event->json, 0, NULL);
	bool go_on;

	if (entry == NULL)
		return ERR_LOCAL_MEMORY;
	go_on = reading_entry(reading, event->session, entry);
	json_decref(entry);
	return go_on ? ERR_OK : cmd_no_output(reading->cmd);
}

/* What stands in every text finds nothing. `words` may be NULL. */
static enum err check_words(struct cmd *cmd, const char *words)
{
	if (words == NULL || words[strspn(words, " \t\n")] != '\0')
		return ERR_OK;
	return cmd_no(cmd, HERMETIC_USAGE, "usage",
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
	const struct args *args = reading->cmd->args;
	const struct hermetic_search search = search_of(args, id, args->words);
	const struct hermetic_event *const *events;
	struct cmd *cmd = reading->cmd;
	uint64_t first;
	size_t count, i;
	enum err e;

	TRY(cmd_did(cmd, hermetic_kept(cmd->h, id, &first, told)));
	TRY(cmd_did(cmd, hermetic_search(cmd->h, &search, &events, &count)));
	reading->part.from = count > 0 ? events[0]->number : 0;
	for (i = 0; i < count; i++)
		TRY(print_event(reading, events[i]));
	if (args->words != NULL && count == 0)
		say_nothing_found(cmd);
	if (args->words == NULL && args->topic == NULL)
		TRY(args->before == 0
			? reading_note_shown(reading, id)
			: shown_read(cmd, id, args->json, reading->part));
	reading->part.from = *told + 1;
out:
	return e;
}

/* What is kept here is printed even when the server cannot be asked. */
enum err cmd_read(struct cmd *cmd)
{
	struct reading reading = { .cmd = cmd,
				   .printed = json_object(),
				   .lines.chat = cmd->chat };
	uint64_t told = cmd->args->after;
	char id[HERMETIC_ID_SIZE];
	struct cmd_failure stale;
	enum err e, fresh;

	TRY(check_words(cmd, cmd->args->words));
	TRY(cmd_find(cmd, id));
	fresh = cmd_did(cmd, hermetic_refresh(cmd->h, id));
	cmd_keep(cmd, fresh, &stale);
	if (is_part(cmd->args))
		TRY(print_part(&reading, id, &told));
	if (fresh == ERR_OK && cmd->args->follow) {
		e = reading_follow(&reading, id, told);
		goto out;
	}
	if (!is_part(cmd->args))
		TRY(reading_kept(&reading, id, &told));
	/* what was read is told, where it is time for that */
	if (fresh == ERR_OK)
		TRY(cmd_did(cmd, hermetic_give_receipt(cmd->h, id)));
	e = cmd_fail(cmd, &stale);
out:
	json_decref(reading.printed);
	return e;
}

/* ---- search ---- */

static enum err print_label(struct cmd *cmd, const char *id)
{
	struct buf inside = BUF_INIT;
	const char *label;
	enum err e;

	TRY(cmd_did(cmd, hermetic_label(cmd->h, id, &label)));
	out_put_inside(&inside, span_str(label));
	TRY(buf_end(&inside));
	out_line("* \"%.*s\" (%.8s):", (int)inside.n, (const char *)inside.p,
		 id);
out:
	buf_clear(&inside);
	return e;
}

/* The events of one session stand together. */
static enum err print_found(struct reading *reading,
			    const struct hermetic_event *const *events,
			    size_t count)
{
	const struct args *args = reading->cmd->args;
	const char *before = "";
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(events[i]->session, before) != 0) {
			before = events[i]->session;
			reading->lines.day = 0;
			if (!args->json && args->in == NULL)
				TRY(print_label(reading->cmd, before));
		}
		TRY(print_event(reading, events[i]));
	}
out:
	return e;
}

/* Nothing is asked of the server, and nobody counts as seen. */
enum err cmd_search(struct cmd *cmd)
{
	struct reading reading = { .cmd = cmd,
				   .printed = json_object(),
				   .lines.chat = cmd->chat };
	const char *words = cmd->args->operands[0], *in = cmd->args->in;
	const struct hermetic_event *const *events;
	struct hermetic_search search;
	char id[HERMETIC_ID_SIZE];
	size_t count;
	enum err e;

	TRY(check_words(cmd, words));
	if (in != NULL)
		TRY(cmd_find_at(cmd, HERMETIC_WHERE_HERE, in, id));
	search = search_of(cmd->args, in != NULL ? id : NULL, words);
	TRY(cmd_did(cmd, hermetic_search(cmd->h, &search, &events, &count)));
	TRY(print_found(&reading, events, count));
	if (count == 0)
		say_nothing_found(cmd);
out:
	json_decref(reading.printed);
	return e;
}
