/* send, react, rename, delete */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/directory.h"
#include "reach/live.h"
#include "reach/view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLOCK_PART 8 /* of the time that a message lasts */

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
			return why_set(&cmd->h->a.why, ERR_LOCAL_IO, "input",
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

/* The message as the verified log has it. The chat tells it as what it hears. */
static enum err print_sent(struct cmd *cmd, const char *id, uint64_t seq)
{
	json_t *message = NULL;
	enum err e = ERR_OK;

	if (cmd->chat)
		return ERR_OK;
	if (!cmd->args->json) {
		out_line("Sent #%llu.", (unsigned long long)seq);
		return ERR_OK;
	}
	e = view_entry(&cmd->h->a, id, seq, &message);
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

/* When a message ends is said by this machine's clock, and each member holds it against
 * another one. Where the server's differs by much of the time, the person is told. */
static void warn_of_clock(struct cmd *cmd, const struct order *order)
{
	int64_t ahead = cmd->h->a.clock_ahead_ms;
	int64_t off = ahead < 0 ? -ahead : ahead;
	int64_t lasts = (int64_t)order->expires_s * 1000;
	json_t *line;

	if (lasts == 0 || off < lasts / CLOCK_PART)
		return;
	if (cmd->args->json) {
		line = json_pack("{s:s, s:I}", "note", "clock",
				 "clock_ahead_ms", (json_int_t)ahead);
		out_json(line);
		json_decref(line);
		return;
	}
	(void)fprintf(
	    stderr,
	    "This machine's clock is %lld seconds %s the server's. For members "
	    "whose clocks go as the server's does, the message %s%s. Set the "
	    "clock, or let it last longer.\n",
	    (long long)(off / 1000), ahead > 0 ? "behind" : "ahead of",
	    ahead >= lasts ? "has ended already" : "ends that much ",
	    ahead >= lasts ? ""
	    : ahead > 0	   ? "sooner"
			   : "later");
}

static enum err send_text(struct cmd *cmd, const struct order *order)
{
	const struct outcome *outcome;
	enum err e = view_send(&cmd->h->a, order, &outcome);

	if (e == ERR_OK)
		warn_of_clock(cmd, order);
	if (outcome != NULL && outcome->kept) {
		cmd_print_kept(cmd, order->session, outcome->item);
		return ERR_OK;
	}
	return e == ERR_OK ? print_sent(cmd, order->session, outcome->seq) : e;
}

enum err cmd_send_order(struct cmd *cmd, struct order order)
{
	char id[TEXT_UUID_SIZE];
	struct live_listener nobody = { .entry = ignore_entry };
	struct live *live = NULL;
	enum err e;

	if (order.session == NULL) {
		TRY(directory_find(&cmd->h->a, cmd->args->operands[0], false,
				   id));
		order.session = id;
	}
	order.kind = ORDER_SEND;
	if (cmd->args->key != NULL)
		order.key = cmd->args->key;
	order.to_new_members = cmd->args->to_new_members;
	if (cmd->args->transport == TRANSPORT_DEFAULT ||
	    cmd->args->transport == TRANSPORT_REST)
		return send_text(cmd, &order);
	TRY(live_open(&cmd->h->a, &nobody, &live));
	TRY(send_text(cmd, &order));
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
		.topic = args->topic,
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
	return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
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

enum err cmd_subject(struct cmd *cmd)
{
	const struct order order = { .subject = cmd->args->operands[1] };

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
