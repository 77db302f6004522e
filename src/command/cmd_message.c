/* send, read */
#include "client/cmd.h"

#include "client/conversation.h"
#include "client/directory.h"
#include "client/live.h"
#include "client/out.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* How often read --follow asks when it goes by REST. */
#define POLL_MS 1000

static bool print_message(void *context, const char *id, const json_t *message)
{
	const struct args *args = context;
	struct buf line = BUF_INIT;

	if (args->json) {
		out_message_json(id, message);
		return ferror(stdout) == 0;
	}
	out_put_message(&line, message);
	if (buf_end(&line) == ERR_OK)
		out_line("%.*s", (int)line.n, (const char *)line.p);
	buf_clear(&line);
	return ferror(stdout) == 0; /* the reader went away */
}

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
			return why_set(&cmd->c.why, ERR_LOCAL_IO, "input",
				       "Cannot read standard input.");
		if (n == 0)
			break;
		text->n += (size_t)n;
		if (text->n > SESSION_DATA_MAX)
			break; /* refused as too long */
	}
	if (text->n > 0 && text->p[text->n - 1] == '\n')
		text->n--;
	return ERR_OK;
}

static bool is_own_text(const json_t *message, struct span text)
{
	const json_t *value = json_object_get(message, "text");

	return json_is_true(json_object_get(message, "own")) &&
	       strcmp(out_member(message, "kind"), "text") == 0 &&
	       span_equal(text, span_of(json_string_value(value),
					json_string_length(value)));
}

static enum err last_own(struct cmd *cmd, const char *id, struct span text,
			 json_t **message)
{
	struct client *c = &cmd->c;
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	for (uint64_t seq = session_seq(page.session); seq > 0; seq--) {
		e = book_message(c, id, seq, message);
		if (e != ERR_OK || is_own_text(*message, text))
			break;
		json_decref(*message);
		*message = NULL;
	}
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* The message as the log shows it: it was read back before send returned. */
static enum err print_sent(struct cmd *cmd, const char *id, struct span text)
{
	json_t *message = NULL;
	enum err e;

	e = last_own(cmd, id, text, &message);
	if (e == ERR_STATE_GONE || message == NULL) {
		/* in the log, but before the place where we joined again */
		message = json_pack("{s:s, s:b}", "session_id", id, "sent", 1);
		e = ERR_OK;
	}
	TRY(e);
	if (cmd->args->json)
		out_message_json(id, message);
	else
		out_line("Sent #%lld.", (long long)json_integer_value(
					    json_object_get(message, "seq")));
out:
	json_decref(message);
	return e;
}

static bool ignore_message(void *context, const char *id, const json_t *message)
{
	(void)context;
	(void)id;
	(void)message;
	return true;
}

static enum err send_text(struct cmd *cmd, const char *id, struct span text)
{
	struct live_listener nobody = { .message = ignore_message };
	struct postbox_courier courier;
	struct live *live = NULL;
	enum err e;

	if (cmd->args->transport == TRANSPORT_DEFAULT ||
	    cmd->args->transport == TRANSPORT_REST)
		return conversation_send(&cmd->c, id, text, NULL);
	TRY(live_open(&cmd->c, &nobody, &live));
	courier = live_courier(live);
	TRY(conversation_send(&cmd->c, id, text, &courier));
out:
	live_close(live);
	return e;
}

enum err cmd_send(struct cmd *cmd)
{
	const char *words = cmd->args->operands[1];
	struct buf text = BUF_INIT;
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], false, id));
	if (strcmp(words, "-") == 0)
		TRY(read_input(cmd, &text));
	else
		buf_put_str(&text, words);
	TRY(buf_end(&text));
	TRY(send_text(cmd, id, buf_span(&text)));
	TRY(print_sent(cmd, id, buf_span(&text)));
out:
	buf_clear(&text);
	return e;
}

/* ---- read ---- */

/* Prints what is kept after *told. */
static enum err print_kept(struct cmd *cmd, const char *id, uint64_t *told)
{
	struct client *c = &cmd->c;
	struct page page = { 0 };
	json_t *message = NULL;
	bool go_on = true;
	uint64_t last;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	last = session_seq(page.session);
	for (; go_on && *told < last; (*told)++) {
		e = book_message(c, id, *told + 1, &message);
		if (e == ERR_STATE_GONE)
			continue; /* before we joined */
		TRY(e);
		go_on =
		    print_message((void *)(uintptr_t)cmd->args, id, message);
		json_decref(message);
		message = NULL;
	}
	e = go_on ? ERR_OK : ERR_LOCAL_IO;
out:
	state_rollback(c->state);
	json_decref(message);
	page_clear(&page);
	return e;
}

static enum err follow_by_rest(struct cmd *cmd, const char *id, uint64_t told)
{
	enum err e;

	for (;;) {
		TRY(print_kept(cmd, id, &told));
		(void)usleep(POLL_MS * 1000);
		TRY(conversation_refresh(&cmd->c, id));
	}
out:
	return e;
}

static enum err follow_live(struct cmd *cmd, const char *id, uint64_t told)
{
	struct live_listener listener = {
		.message = print_message,
		.context = (void *)(uintptr_t)cmd->args,
	};
	bool readable, stopped = false;
	struct live *live = NULL;
	enum err e;

	TRY(live_open(&cmd->c, &listener, &live));
	TRY(live_follow(live, id, told));
	TRY(live_tell(live, &stopped));
	while (!stopped)
		TRY(live_wait(live, -1, 60000, &readable, &stopped));
out:
	live_close(live);
	return e;
}

/* What is kept here is printed even when the server cannot be asked. */
enum err cmd_read(struct cmd *cmd)
{
	uint64_t told = cmd->args->after;
	char id[TEXT_UUID_SIZE];
	enum err e, fresh;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], false, id));
	fresh = conversation_refresh(&cmd->c, id);
	if (fresh == ERR_OK && cmd->args->follow) {
		e = cmd->args->transport == TRANSPORT_REST
			? follow_by_rest(cmd, id, told)
			: follow_live(cmd, id, told);
		goto out;
	}
	TRY(print_kept(cmd, id, &told));
	e = fresh;
out:
	return e;
}
