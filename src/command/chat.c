/* The conversation of a person with a terminal (or of a script with a pipe). */
#include "command/chat.h"

#include "command/copies.h"
#include "command/out.h"
#include "command/screen.h"
#include "command/wrap.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So long the chat waits for an answer: while a person types, before there is a line to type
 * in, and where the server has left a request before it without an answer. */
#define PATIENCE_MS 5000
#define START_MS 10000
#define DEAF_MS 1000

static const int SIGNALS[] = { SIGTERM, SIGHUP, SIGINT, SIGWINCH };

static volatile sig_atomic_t told_to_stop, resized;

static void on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		told_to_stop = 1;
}

/* A server that takes a connection and says nothing keeps nobody from leaving, and not for
 * long from typing: what is typed meanwhile waits to be sent. */
static bool is_over(void *context, uint64_t waited_ms)
{
	struct chat *chat = context;
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	bool deaf = chat->disconnected || chat->deaf;
	uint64_t patience_ms = !chat->begun ? START_MS : PATIENCE_MS;

	if (told_to_stop != 0)
		return true;
	if (chat->line != NULL ? !line_is_edited(chat->line)
			       : !isatty(STDIN_FILENO))
		return false;
	if (chat->leaving)
		return true;
	if (chat->begun && poll(&input, 1, 0) <= 0 && !deaf)
		return false;
	if (waited_ms < (deaf ? DEAF_MS : patience_ms))
		return false;
	chat->deaf = true;
	return true;
}

/* ---- what happens ---- */

static bool is_kind(const json_t *entry, const char *kind)
{
	return strcmp(out_member(entry, "kind"), kind) == 0;
}

/* What people say in a session that is not open, or outside of the topic, is read there. */
static bool is_talk(const json_t *entry)
{
	return is_kind(entry, "text") || is_kind(entry, "edit") ||
	       is_kind(entry, "delete") || is_kind(entry, "reaction");
}

static bool is_naming(const json_t *entry)
{
	return is_kind(entry, "name") || is_kind(entry, "room");
}

static bool is_own(const struct chat *chat, const json_t *entry)
{
	return strcmp(out_member(entry, "from"),
		      hermetic_username(chat->cmd->h)) == 0;
}

bool chat_is_news(const struct chat *chat, const json_t *entry)
{
	return is_kind(entry, "text") && !is_own(chat, entry);
}

/* Said once of a session, or of all that is outside of the topic, until it is opened, and
 * each time that somebody mentions the person. */
static void notice(struct chat *chat, const char *id, const json_t *entry)
{
	bool mentioned = json_is_true(json_object_get(entry, "mentioned"));
	bool here = strcmp(id, chat->current) == 0;
	const char *does = mentioned ? "mentions you" : "writes";

	if (here && is_own(chat, entry)) {
		out_line("* You said #%lld outside of this topic: /topic",
			 (long long)json_integer_value(
			     json_object_get(entry, "seq")));
		return;
	}
	if (!mentioned && (!chat_is_news(chat, entry) ||
			   (here ? chat->outside
				 : json_object_get(chat->noticed, id) != NULL)))
		return;
	if (here) {
		chat->outside = true;
		out_line("* %s %s outside of this topic: /topic",
			 out_name(entry, "from"), does);
		return;
	}
	(void)json_object_set_new(chat->noticed, id, json_true());
	out_line("* %s %s in %s: /open %.8s", out_name(entry, "from"), does,
		 chat_label(chat, id), id);
}

/* An entry of another session has that one's label, and the day stands before both. */
static void print_entry(struct chat *chat, const char *id, const json_t *entry)
{
	struct entry_lines *lines = &chat->lines;
	struct buf text = BUF_INIT, label = BUF_INIT;

	lines->label = SPAN_EMPTY;
	if (strcmp(id, chat->current) == 0) {
		chat_mark_unread(chat, entry);
	} else {
		buf_putf(&label, "[%s] ", chat_label(chat, id));
		lines->label = buf_span(&label);
	}
	entry_line_put(&text, lines, entry);
	if (buf_end(&text) == ERR_OK)
		out_line("%.*s", (int)text.n, (const char *)text.p);
	lines->label = SPAN_EMPTY;
	buf_clear(&text);
	buf_clear(&label);
}

static void on_entry(struct chat *chat, const char *id, const json_t *message)
{
	bool json = chat->cmd->args->json;
	bool current = strcmp(id, chat->current) == 0;
	json_t *marked = copies_marked(chat->cmd, id, message);
	bool apart =
	    is_talk(marked) && (!current || !chat_topic_has(chat, marked));

	if (json)
		out_message_json(id, marked);
	else if (apart)
		notice(chat, id, marked);
	else if (entry_line_is_shown(marked))
		print_entry(chat, id, marked);
	if (json || !apart)
		chat_note_printed(chat, id, message);
	if (current && is_naming(marked))
		chat_update_prompt(chat);
	json_decref(marked);
}

/* What became of a line that was said here before. One that was sent at once is
 * printed, and that is all there is to say. */
static void on_sent(struct chat *chat, const struct hermetic_event *event)
{
	if (chat->cmd->args->json ||
	    chat_has_waited(chat, event->session, event->item))
		cmd_print_event(chat->cmd, event);
}

/* One that was listed is told when the server tells of it once more. */
static void on_invited(struct chat *chat, const char *id)
{
	if (json_object_del(chat->invited, id) != 0 && !chat->cmd->args->json)
		out_line("* This device was added to a session: /join %.8s",
			 id);
}

static void on_device_waits(const struct chat *chat)
{
	if (!chat->cmd->args->json)
		out_line("* A new device of yours waits to be approved, or "
			 "somebody who knows your passphrase has one: hermetic "
			 "devices");
}

static void on_disconnected(struct chat *chat,
			    const struct hermetic_event *event)
{
	struct buf safe = BUF_INIT;
	struct reason why;

	reason_of_event(&why, event);
	chat->disconnected = true;
	if (strcmp(why.text, "connection lost") != 0)
		out_put_safe(&safe, span_str(why.text));
	if (!chat->cmd->args->json)
		out_line(!chat->listens ? "* What is kept here is shown. %.*s "
					  "Trying again."
			 : safe.n > 0
			     ? "* Connection lost (%.*s); trying again."
			     : "* Connection lost; trying again.%.*s",
			 (int)safe.n, safe.n > 0 ? (const char *)safe.p : "");
	buf_clear(&safe);
}

static void on_connected(struct chat *chat)
{
	bool again = chat->disconnected;

	chat->disconnected = chat->deaf = false;
	if (again && !chat->cmd->args->json)
		out_line("* Connected again.");
}

static void on_happening(struct chat *chat, const struct hermetic_event *event)
{
	json_t *entry;

	switch (event->kind) {
	case HERMETIC_EVENT_TEXT:
	case HERMETIC_EVENT_EDIT:
	case HERMETIC_EVENT_DELETE:
	case HERMETIC_EVENT_REACTION:
	case HERMETIC_EVENT_RECEIPT:
	case HERMETIC_EVENT_ENTRY:
		entry = json_loads(event->json, 0, NULL);
		if (entry != NULL)
			on_entry(chat, event->session, entry);
		json_decref(entry);
		break;
	case HERMETIC_EVENT_SENT:
		on_sent(chat, event);
		break;
	case HERMETIC_EVENT_REFUSED:
	case HERMETIC_EVENT_ENDED:
		cmd_print_event(chat->cmd, event);
		break;
	case HERMETIC_EVENT_WAITS:
		chat_on_waits(chat, event);
		break;
	case HERMETIC_EVENT_INVITED:
		on_invited(chat, event->session);
		break;
	case HERMETIC_EVENT_DEVICE_WAITS:
		on_device_waits(chat);
		break;
	case HERMETIC_EVENT_CONNECTED:
		on_connected(chat);
		break;
	case HERMETIC_EVENT_DISCONNECTED:
		on_disconnected(chat, event);
		break;
	case HERMETIC_EVENT_TYPING:
		break;
	}
}

static void take_events(struct chat *chat)
{
	const struct hermetic_event *event;

	while (!chat->leaving &&
	       (event = hermetic_next_event(chat->cmd->h)) != NULL) {
		if (event->kind == HERMETIC_EVENT_TYPING) {
			chat_on_typing(chat, event);
			continue;
		}
		line_hide(chat->line);
		on_happening(chat, event);
		line_show(chat->line);
		chat->leaving |= !out_is_good();
	}
}

/* ---- input ---- */

/* Tells what is new, and what of it was seen. */
static enum err tell(struct chat *chat)
{
	enum err e = cmd_did(chat->cmd, hermetic_step(chat->cmd->h, 0));

	take_events(chat);
	if (chat->cmd->why.result == HERMETIC_LOCAL && e != ERR_OK)
		return e;
	chat_complain(chat, e);
	TRY(chat_note_shown(chat));
out:
	return e;
}

/* Whoever pipes lines in learns at the end that one was refused. A program is told of each,
 * with --json. */
static void note_refusal(struct chat *chat, enum err e)
{
	if (e == ERR_OK || chat->refused != ERR_OK || chat->cmd->args->json ||
	    isatty(STDIN_FILENO))
		return;
	chat->refused = e;
	chat->refusal = chat->cmd->why;
}

static void take_text(struct chat *chat, struct buf *text)
{
	enum err e;

	line_hide(chat->line);
	line_signal(chat->line, true);
	e = chat_take(chat, text);
	note_refusal(chat, e);
	chat_complain(chat, e);
	line_signal(chat->line, false);
	line_show(chat->line);
}

static void refuse_text(struct chat *chat)
{
	line_hide(chat->line);
	chat_complain(
	    chat, cmd_no(chat->cmd, HERMETIC_REFUSED, "too-long",
			 "That is too long for a message, and was not taken. A "
			 "file goes with: /send FILE"));
	line_show(chat->line);
}

static void take_lines(struct chat *chat)
{
	struct buf text = BUF_INIT;
	enum line_result result;

	line_fill(chat->line);
	do {
		result = line_next(chat->line, &text);
		if (result == LINE_READY) {
			take_text(chat, &text);
			chat_complain(chat, tell(chat));
		} else if (result == LINE_TOO_LONG) {
			refuse_text(chat);
		}
	} while ((result == LINE_READY || result == LINE_TOO_LONG) &&
		 !chat->leaving);
	if (result == LINE_END)
		chat->leaving = true;
	line_show(chat->line);
	buf_clear(&text);
}

/* The only session that this device is in; NULL: there is none, or several. */
static const char *only_session(const json_t *list)
{
	const json_t *row, *only = NULL;
	size_t i;

	json_array_foreach(list, i, row)
	{
		if (strcmp(out_member(row, "state"), "member") != 0)
			continue;
		if (only != NULL)
			return NULL;
		only = row;
	}
	return json_string_value(json_object_get(only, "session_id"));
}

static void note_invited(struct chat *chat, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach(
	    list, i,
	    row) if (strcmp(out_member(row, "state"), "invited") == 0 ||
		     strcmp(out_member(row, "state"), "added") == 0)(void)
	    json_object_set_new(chat->invited, out_member(row, "session_id"),
				json_true());
}

/* Every session of ours is listened to; the only one is opened. One that is stopped
 * keeps the person from no other, and is resolved from here, too. */
static enum err listen_to_all(struct chat *chat)
{
	struct cmd *cmd = chat->cmd;
	enum hermetic_result looked = hermetic_look(cmd->h);
	json_t *list = cmd_given(cmd);
	struct cmd_failure failed;
	const char *only;
	enum err e;

	cmd_keep(cmd, cmd_did(cmd, looked), &failed);
	ENSURE(list != NULL, failed.e != ERR_OK ? failed.e : ERR_LOCAL_MEMORY);
	note_invited(chat, list);
	TRY(cmd_did(cmd, hermetic_listen(cmd->h)));
	take_events(chat);
	chat->listens = true;
	cmd_print_sessions(cmd, list, looked == HERMETIC_OK);
	/* that the server is away was told */
	if (!chat->disconnected || looked != HERMETIC_UNREACHABLE)
		chat_complain(chat, cmd_fail(cmd, &failed));
	only = only_session(list);
	if (only != NULL)
		e = chat_enter(chat, only);
	if (e != ERR_OK && cmd->why.result != HERMETIC_LOCAL) {
		chat_complain(chat, e);
		e = ERR_OK;
	}
out:
	json_decref(list);
	return e;
}

static void redraw_resized(struct chat *chat)
{
	if (resized == 0)
		return;
	resized = 0;
	line_show(chat->line);
}

/* A signal that comes before this looks is seen, and one that comes behind it ends the
 * waiting. */
static bool wait_for_input(const struct chat *chat)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = hermetic_fd(chat->cmd->h),
				  .events = POLLIN } };
	sigset_t ours, before;

	(void)sigemptyset(&ours);
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(*SIGNALS); i++)
		(void)sigaddset(&ours, SIGNALS[i]);
	(void)sigprocmask(SIG_BLOCK, &ours, &before);
	if (told_to_stop == 0 && resized == 0 &&
	    ppoll(fds, 2, NULL, &before) <= 0)
		fds[0].revents = 0;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return (fds[0].revents & (POLLIN | POLLHUP)) != 0;
}

static void begin(struct chat *chat)
{
	struct cmd *cmd = chat->cmd;

	chat->begun = true;
	line_hide(chat->line);
	cmd_remind_recovery(cmd);
	line_show(chat->line);
}

static enum err talk(struct chat *chat)
{
	struct sigaction action = { .sa_handler = on_signal };
	bool readable;
	enum err e;

	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(*SIGNALS); i++)
		(void)sigaction(SIGNALS[i], &action, NULL);
	TRY(listen_to_all(chat));
	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line("* You are %s. /help lists the commands.",
			 hermetic_username(chat->cmd->h));
	TRY(tell(chat));
	begin(chat);
	while (!chat->leaving && told_to_stop == 0) {
		redraw_resized(chat);
		readable = wait_for_input(chat);
		TRY(tell(chat));
		if (readable) {
			take_lines(chat);
			chat_tell_typing(chat);
		}
	}
	e = chat->refused;
	if (e != ERR_OK)
		chat->cmd->why = chat->refusal;
out:
	return e;
}

/* What is printed above the line, as that line, breaks between words. */
static void put_rows(struct buf *out, struct span line)
{
	wrap_put(out, line, screen_size().columns);
}

static bool make_tables(struct chat *chat)
{
	chat->printed = json_object();
	chat->invited = json_object();
	chat->noticed = json_object();
	chat->waiting = json_object();
	chat->typing = json_object();
	return chat->printed != NULL && chat->invited != NULL &&
	       chat->noticed != NULL && chat->waiting != NULL &&
	       chat->typing != NULL;
}

static void clear(struct chat *chat)
{
	line_close(chat->line);
	json_decref(chat->printed);
	json_decref(chat->invited);
	json_decref(chat->noticed);
	json_decref(chat->waiting);
	json_decref(chat->typing);
	buf_clear(&chat->asked);
}

enum err cmd_chat(struct cmd *cmd)
{
	struct chat chat = { .cmd = cmd };
	const struct line_ports ports = { chat_complete, chat_list_words,
					  &chat };
	enum err e;

	if (hermetic_exists(cmd->h)) /* who logs in waits */
		hermetic_set_patience(cmd->h, is_over, &chat);
	TRY(chat_log_in(cmd));
	hermetic_set_patience(cmd->h, is_over, &chat);
	ENSURE(make_tables(&chat), ERR_LOCAL_MEMORY);
	chat.lines.chat = cmd->chat = true;
	out_in_chat(!cmd->args->json);
	chat.line = line_open(STDIN_FILENO, cmd->args->plain || cmd->args->json,
			      &ports);
	ENSURE(chat.line != NULL, ERR_LOCAL_MEMORY);
	if (line_is_edited(chat.line))
		out_wrap_by(put_rows);
	chat_update_prompt(&chat);
	TRY(talk(&chat));
out:
	out_wrap_by(NULL);
	out_in_chat(false);
	hermetic_set_patience(cmd->h, NULL, NULL);
	clear(&chat);
	return e;
}
