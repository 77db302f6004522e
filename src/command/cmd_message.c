/* send, react, rename, delete */
#include "command/cmd.h"

#include "command/out.h"

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
			return cmd_no(cmd, HERMETIC_LOCAL, "input",
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
	enum hermetic_result result;
	json_t *message = NULL;
	enum err e = ERR_OK;

	if (cmd->chat)
		return ERR_OK;
	if (!cmd->args->json) {
		out_line("Sent #%llu.", (unsigned long long)seq);
		return ERR_OK;
	}
	result = cmd_entry(cmd, id, seq, &message);
	if (result == HERMETIC_GONE)
		/* in the log, but before the place where we joined again */
		message =
		    json_pack("{s:b, s:I}", "sent", 1, "seq", (json_int_t)seq);
	else
		TRY(cmd_did(cmd, result));
	out_message_json(id, message);
out:
	json_decref(message);
	return e;
}

/* When a message ends is said by this machine's clock, and each member holds it against
 * another one. Where the server's differs by much of the time, the person is told. */
static void warn_of_clock(struct cmd *cmd, uint64_t expires_s)
{
	int64_t ahead = hermetic_clock_ahead(cmd->h);
	int64_t off = ahead < 0 ? -ahead : ahead;
	int64_t lasts = (int64_t)expires_s * 1000;
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

/* The rest of what a verb says: `act`, `about` and so on are its own. */
struct hermetic_saying cmd_saying(const struct cmd *cmd, enum hermetic_act act)
{
	return (struct hermetic_saying){
		.size = sizeof(struct hermetic_saying),
		.act = act,
		.key = cmd->args->key,
		.to_new_members = cmd->args->to_new_members,
	};
}

enum err cmd_begin_saying(struct cmd *cmd, char id[HERMETIC_ID_SIZE])
{
	enum transport by = cmd->args->transport;
	enum err e;

	TRY(cmd_find(cmd, id));
	if (by != TRANSPORT_DEFAULT && by != TRANSPORT_REST)
		TRY(cmd_did(cmd, hermetic_connect(cmd->h)));
out:
	return e;
}

enum err cmd_said(struct cmd *cmd, const char *id, enum hermetic_result result,
		  const struct hermetic_sent *sent)
{
	struct reason kept;
	enum err e = ERR_OK;

	if (result == HERMETIC_OK || result == HERMETIC_KEPT)
		warn_of_clock(cmd, cmd->args->expires_s);
	if (result == HERMETIC_KEPT) {
		reason_of(&kept, cmd->h, result);
		cmd_print_kept(cmd, id, sent->item, &kept);
		goto out;
	}
	TRY(cmd_did(cmd, result));
	TRY(print_sent(cmd, id, sent->number));
out:
	return e;
}

static enum err say(struct cmd *cmd, const char *text,
		    const struct hermetic_saying *saying)
{
	struct hermetic_sent sent = { 0 };
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_begin_saying(cmd, id));
	TRY(cmd_said(cmd, id, hermetic_send(cmd->h, id, text, saying, &sent),
		     &sent));
out:
	return e;
}

enum err cmd_end_text(struct cmd *cmd, struct buf *text)
{
	if (text->n > 0 && memchr(text->p, 0, text->n) != NULL)
		return cmd_no(cmd, HERMETIC_REFUSED, "utf-8",
			      "The message is no UTF-8 text, or has a NUL in "
			      "it.");
	buf_put_u8(text, 0);
	return buf_end(text);
}

enum err cmd_send(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	struct hermetic_saying saying =
	    cmd_saying(cmd, args->edit > 0 ? HERMETIC_EDIT : HERMETIC_SAY);
	struct buf text = BUF_INIT;
	enum err e;

	if (args->file != NULL)
		return cmd_send_file(cmd);
	saying.about = args->edit > 0 ? args->edit : args->reply;
	saying.topic = args->topic;
	saying.expires_s = args->expires_s;
	if (strcmp(args->operands[1], "-") == 0)
		TRY(read_input(cmd, &text));
	else
		buf_put_str(&text, args->operands[1]);
	TRY(cmd_end_text(cmd, &text));
	TRY(say(cmd, (const char *)text.p, &saying));
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
	return cmd_no(cmd, HERMETIC_USAGE, "usage",
		      "\"%.40s\" is no number of a message.", word);
}

enum err cmd_react(struct cmd *cmd)
{
	struct hermetic_saying saying = cmd_saying(cmd, HERMETIC_REACT);
	enum err e;

	TRY(cmd_read_number(cmd, &saying.about));
	TRY(say(cmd, cmd->args->operands[2], &saying));
out:
	return e;
}

enum err cmd_rename(struct cmd *cmd)
{
	const struct hermetic_saying saying = cmd_saying(cmd, HERMETIC_NAME);

	return say(cmd, cmd->args->operands[1], &saying);
}

enum err cmd_subject(struct cmd *cmd)
{
	const struct hermetic_saying saying = cmd_saying(cmd, HERMETIC_SUBJECT);

	return say(cmd, cmd->args->operands[1], &saying);
}

enum err cmd_delete(struct cmd *cmd)
{
	struct hermetic_saying saying = cmd_saying(cmd, HERMETIC_DELETE);
	enum err e;

	TRY(cmd_read_number(cmd, &saying.about));
	TRY(say(cmd, NULL, &saying));
out:
	return e;
}

enum err cmd_say_picture(struct cmd *cmd, struct span bytes)
{
	struct hermetic_saying saying = cmd_saying(cmd, HERMETIC_PICTURE);

	saying.bytes = bytes.p;
	saying.count = bytes.n;
	return say(cmd, NULL, &saying);
}
