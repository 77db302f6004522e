/* send, react, rename, delete, read */
#include "command/cmd.h"

#include "command/copies.h"
#include "command/entry_line.h"
#include "command/out.h"
#include "command/shown.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/live.h"
#include "reach/view.h"

#include <string.h>
#include <unistd.h>

/* How often read --follow asks when it goes by REST. */
#define POLL_MS 1000

/* Standard input is read up to here; what is longer is refused as too long. */
#define INPUT_MAX (1u << 20)

/* ---- send ---- */

static enum err read_input(struct cmd *cmd, struct buf *text)
{
	for (;;) {
		uint8_t *room = buf_reserve(text, 4096);
		ssize_t n;

		if (room == NULL)
			return ERR_LOCAL_MEMORY;
		n = read(STDIN_FILENO, room, 4096);
		if (n < 0)
			return why_set(&cmd->a.why, ERR_LOCAL_IO, "input",
				       "Cannot read standard input.");
		if (n == 0)
			break;
		text->n += (size_t)n;
		if (text->n > INPUT_MAX)
			break;
	}
	if (text->n > 0 && text->p[text->n - 1] == '\n')
		text->n--;
	return ERR_OK;
}

/* The message as the verified log has it. */
static enum err print_sent(struct cmd *cmd, const char *id, uint64_t seq)
{
	json_t *message = NULL;
	enum err e = ERR_OK;

	if (!cmd->args->json) {
		out_line("Sent #%llu.", (unsigned long long)seq);
		return ERR_OK;
	}
	e = view_entry(&cmd->a, id, seq, &message);
	if (e == ERR_STATE_GONE) {
		/* in the log, but before the place where we joined again */
		message =
		    json_pack("{s:b, s:I}", "sent", 1, "seq", (json_int_t)seq);
		e = ERR_OK;
	}
	TRY(e);
	out_message_json(id, message);
out:
	json_decref(message);
	return e;
}

static bool ignore_entry(void *context, const char *id, const json_t *entry)
{
	(void)context;
	(void)id;
	(void)entry;
	return true;
}

static enum err send_text(struct cmd *cmd, const char *id,
			  const struct order *order)
{
	const struct outcome *outcome;
	enum err e = view_send(&cmd->a, order, &outcome);

	if (outcome != NULL && outcome->kept) {
		cmd_print_kept(cmd, id, outcome->item);
		return ERR_OK;
	}
	return e == ERR_OK ? print_sent(cmd, id, outcome->seq) : e;
}

enum err cmd_send_order(struct cmd *cmd, struct order order)
{
	char id[TEXT_UUID_SIZE];
	struct live_listener nobody = { .entry = ignore_entry };
	struct live *live = NULL;
	enum err e;

	TRY(directory_find(&cmd->a, cmd->args->operands[0], false, id));
	order.kind = ORDER_SEND;
	order.session = id;
	if (cmd->args->key != NULL)
		order.key = cmd->args->key;
	order.to_new_members = cmd->args->to_new_members;
	if (cmd->args->transport == TRANSPORT_DEFAULT ||
	    cmd->args->transport == TRANSPORT_REST)
		return send_text(cmd, id, &order);
	TRY(live_open(&cmd->a, &nobody, &live));
	TRY(send_text(cmd, id, &order));
out:
	live_close(live);
	return e;
}

enum err cmd_send(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	struct order order = {
		.act = args->edit > 0 ? SAID_EDIT : SAID_TEXT,
		.about = args->edit > 0 ? args->edit : args->reply,
		.expires_s = args->expires_s,
	};
	struct buf text = BUF_INIT;
	enum err e;

	if (args->file != NULL)
		return cmd_send_file(cmd);
	if (strcmp(args->operands[1], "-") == 0)
		TRY(read_input(cmd, &text));
	else
		buf_put_str(&text, args->operands[1]);
	TRY(buf_end(&text));
	order.text = buf_span(&text);
	TRY(cmd_send_order(cmd, order));
out:
	buf_clear(&text);
	return e;
}

enum err cmd_read_number(struct cmd *cmd, uint64_t *number)
{
	const char *word = cmd->args->operands[1];

	if (text_parse_u64(number, span_str(word), INT64_MAX) == ERR_OK &&
	    *number > 0)
		return ERR_OK;
	return why_set(&cmd->a.why, ERR_PEER_INVALID, "usage",
		       "\"%.40s\" is no number of a message.", word);
}

enum err cmd_react(struct cmd *cmd)
{
	struct order order = { .act = SAID_REACTION };
	enum err e;

	TRY(cmd_read_number(cmd, &order.about));
	order.text = span_str(cmd->args->operands[2]);
	TRY(cmd_send_order(cmd, order));
out:
	return e;
}

enum err cmd_rename(struct cmd *cmd)
{
	const struct order order = { .name = cmd->args->operands[1] };

	return cmd_send_order(cmd, order);
}

enum err cmd_delete(struct cmd *cmd)
{
	struct order order = { .act = SAID_DELETE };
	enum err e;

	TRY(cmd_read_number(cmd, &order.about));
	TRY(cmd_send_order(cmd, order));
out:
	return e;
}

/* ---- read ---- */

struct reading {
	struct cmd *cmd;
	json_t *printed; /* marks of those whose coming in was printed */
};

static bool print_entry(void *context, const char *id, const json_t *entry)
{
	struct reading *reading = context;
	json_t *marked = copies_marked(&reading->cmd->a, id, entry);
	struct buf line = BUF_INIT;

	if (reading->cmd->args->json) {
		out_message_json(id, marked);
	} else if (entry_line_is_shown(marked)) {
		entry_line_put(&line, marked);
		if (buf_end(&line) == ERR_OK)
			out_line("%.*s", (int)line.n, (const char *)line.p);
		buf_clear(&line);
	}
	shown_note_printed(entry, reading->printed);
	json_decref(marked);
	return out_is_good(); /* false: the reader went away */
}

static enum err note_shown(struct reading *reading, const char *id)
{
	return shown_update(&reading->cmd->a, id, reading->printed,
			    reading->cmd->args->json);
}

/* Prints what is kept after *told. */
static enum err print_kept(struct reading *reading, const char *id,
			   uint64_t *told)
{
	struct account *a = &reading->cmd->a;
	uint64_t last = device_last_seq(a->device, id);
	uint64_t first = device_first_seq(a->device, id);
	bool go_on = true, any = *told < last;
	json_t *entry = NULL;
	enum err e = ERR_OK;

	if (*told + 1 < first)
		*told = first - 1;
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

static enum err follow_by_rest(struct reading *reading, const char *id,
			       uint64_t told)
{
	enum err e;

	for (;;) {
		TRY(print_kept(reading, id, &told));
		(void)usleep(POLL_MS * 1000);
		TRY(view_refresh(&reading->cmd->a, id));
	}
out:
	return e;
}

static enum err follow_live(struct reading *reading, const char *id,
			    uint64_t told)
{
	struct live_listener listener = { .entry = print_entry,
					  .context = reading };
	struct account *a = &reading->cmd->a;
	bool readable, stopped = false;
	struct live *live = NULL;
	uint64_t shown = 0, last;
	enum err e;

	TRY(live_open(a, &listener, &live));
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

/* What is kept here is printed even when the server cannot be asked. */
enum err cmd_read(struct cmd *cmd)
{
	struct reading reading = { cmd, json_object() };
	uint64_t told = cmd->args->after;
	char id[TEXT_UUID_SIZE];
	enum err e, fresh;

	TRY(directory_find(&cmd->a, cmd->args->operands[0], false, id));
	fresh = view_refresh(&cmd->a, id);
	if (fresh == ERR_OK && cmd->args->follow) {
		e = cmd->args->transport == TRANSPORT_REST
			? follow_by_rest(&reading, id, told)
			: follow_live(&reading, id, told);
		goto out;
	}
	TRY(print_kept(&reading, id, &told));
	/* what was read is told, where it is time for that */
	if (fresh == ERR_OK)
		drive_receipt(&cmd->a, id);
	e = fresh;
out:
	json_decref(reading.printed);
	return e;
}
