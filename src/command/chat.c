/* The conversation of a person with a terminal (or of a script with a pipe). */
#include "command/chat.h"

#include "command/copies.h"
#include "command/out.h"
#include "command/screen.h"
#include "command/wrap.h"
#include "device/entry_kind.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/pause.h"
#include "reach/state.h"

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
#define AGAIN_MAX_MS 8000 /* between tries to send what waits, at most */

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

/* What people say in a session that is not open, or outside of the topic, is read there. */
static bool is_talk(const json_t *entry)
{
	enum entry_kind kind;

	return entry_kind_parse(out_member(entry, "kind"), &kind) &&
	       (kind == ENTRY_TEXT || kind == ENTRY_EDIT ||
		kind == ENTRY_DELETE || kind == ENTRY_REACTION);
}

static bool is_naming(const json_t *entry)
{
	enum entry_kind kind;

	return entry_kind_parse(out_member(entry, "kind"), &kind) &&
	       (kind == ENTRY_NAME || kind == ENTRY_ROOM);
}

static bool is_own(const struct chat *chat, const json_t *entry)
{
	return strcmp(out_member(entry, "from"), chat->cmd->h->a.username) == 0;
}

bool chat_is_news(const struct chat *chat, const json_t *entry)
{
	return strcmp(out_member(entry, "kind"), entry_kind_text(ENTRY_TEXT)) ==
		   0 &&
	       !is_own(chat, entry);
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

static bool on_entry(void *context, const char *id, const json_t *message)
{
	struct chat *chat = context;
	bool json = chat->cmd->args->json;
	bool current = strcmp(id, chat->current) == 0;
	json_t *marked = copies_marked(chat->cmd, id, message);
	bool apart =
	    is_talk(marked) && (!current || !chat_topic_has(chat, marked));

	line_hide(chat->line);
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
	line_show(chat->line);
	return out_is_good();
}

/* What became of a line that was said here before. One that was sent at once is
 * printed, and that is all there is to say. */
static void on_event(void *context, const struct device_event *told)
{
	static const enum hermetic_event_kind kinds[] = {
		[EVENT_ENTRY] = HERMETIC_EVENT_ENTRY,
		[EVENT_SENT] = HERMETIC_EVENT_SENT,
		[EVENT_REFUSED] = HERMETIC_EVENT_REFUSED,
		[EVENT_ENDED] = HERMETIC_EVENT_ENDED,
	};
	const struct hermetic_event event = { .kind = kinds[told->kind],
					      .session = told->session,
					      .number = told->seq,
					      .item = told->item };
	struct chat *chat = context;

	if (event.kind == HERMETIC_EVENT_SENT && !chat->cmd->args->json &&
	    !chat_has_waited(chat, event.session, event.item))
		return;
	line_hide(chat->line);
	cmd_print_event(chat->cmd, &event);
	line_show(chat->line);
}

static void on_welcome(void *context, const char *id)
{
	struct chat *chat = context;

	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line("* This device was added to a session: /join %.8s",
			 id);
	line_show(chat->line);
}

static void on_waits(void *context)
{
	struct chat *chat = context;

	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line("* A new device of yours waits to be approved, or "
			 "somebody who knows your passphrase has one: hermetic "
			 "devices");
	line_show(chat->line);
}

static void on_connected(void *context, bool connected, const char *reason)
{
	struct chat *chat = context;
	struct buf safe = BUF_INIT;

	chat->disconnected = !connected;
	chat->deaf &= !connected;
	chat->again_ms = CHAT_AGAIN_MS;
	if (strcmp(reason, "connection lost") != 0)
		out_put_safe(&safe, span_str(reason));
	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line(connected ? "* Connected again.%.*s"
			 : chat->live == NULL
			     ? "* What is kept here is shown. %.*s Trying "
			       "again."
			 : safe.n > 0
			     ? "* Connection lost (%.*s); trying again."
			     : "* Connection lost; trying again.%.*s",
			 (int)safe.n, safe.n > 0 ? (const char *)safe.p : "");
	line_show(chat->line);
	buf_clear(&safe);
}

/* ---- input ---- */

/* Tells what is new, and what of it was seen. */
static enum err tell(struct chat *chat)
{
	bool stopped;
	enum err e;

	TRY(live_tell(chat->live, &stopped));
	chat->leaving |= stopped;
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
	chat->refusal = chat->cmd->h->a.why;
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
	    chat,
	    why_set(&chat->cmd->h->a.why, ERR_PEER_TOO_LARGE, "too-long",
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

static bool is_ours(const json_t *row)
{
	return strcmp(out_member(row, "state"), "member") == 0;
}

static enum err follow(struct chat *chat, const json_t *row)
{
	return live_follow(
	    chat->live, out_member(row, "session_id"),
	    (uint64_t)json_integer_value(json_object_get(row, "last_seq")));
}

/* Every session of ours is listened to; the only one is opened. One that is stopped
 * keeps the person from no other, and is resolved from here, too. */
static enum err listen_to_all(struct chat *chat)
{
	const json_t *row, *only = NULL;
	size_t i, count = 0;
	json_t *list = NULL;
	enum err e;

	e = directory_look(&chat->cmd->h->a, &list);
	if (list == NULL)
		goto out;
	cmd_print_sessions(chat->cmd, list, e == ERR_OK);
	if (chat->disconnected && chat->cmd->h->a.why.unreachable)
		why_clear(&chat->cmd->h->a.why); /* it was told */
	else
		chat_complain(chat, e);
	json_array_foreach(list, i, row) if (is_ours(row))
	{
		only = row;
		count++;
	}
	json_array_foreach(list, i, row)
	{
		if (!is_ours(row))
			continue;
		e = count == 1
			? chat_enter(chat, out_member(only, "session_id"))
			: follow(chat, row);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
		chat_complain(chat, e);
	}
	e = ERR_OK;
out:
	json_decref(list);
	return e;
}

/* A server that goes on to lack something is asked less and less often. */
static int wait_ms(struct chat *chat)
{
	int ms = chat->again_ms;

	if (json_object_size(chat->unsent) == 0)
		return 60000;
	chat->again_ms = ms < AGAIN_MAX_MS / 2 ? 2 * ms : AGAIN_MAX_MS;
	return ms;
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
static enum err wait_for_more(struct chat *chat, bool *readable, bool *stopped)
{
	sigset_t ours, before;
	enum err e = ERR_OK;

	*readable = *stopped = false;
	(void)sigemptyset(&ours);
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(*SIGNALS); i++)
		(void)sigaddset(&ours, SIGNALS[i]);
	(void)sigprocmask(SIG_BLOCK, &ours, &before);
	pause_set_mask(&before);
	if (told_to_stop == 0 && resized == 0)
		e = live_wait(chat->live, STDIN_FILENO, wait_ms(chat), readable,
			      stopped);
	pause_set_mask(NULL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return e;
}

static enum err talk(struct chat *chat)
{
	struct sigaction action = { .sa_handler = on_signal };
	bool readable, stopped;
	enum err e;

	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(*SIGNALS); i++)
		(void)sigaction(SIGNALS[i], &action, NULL);
	TRY(listen_to_all(chat));
	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line("* You are %s. /help lists the commands.",
			 chat->cmd->h->a.username);
	TRY(tell(chat));
	chat->begun = true;
	line_hide(chat->line);
	cmd_remind_recovery(chat->cmd);
	if (!chat->disconnected && cmd_someone_waits(chat->cmd))
		on_waits(chat);
	line_show(chat->line);
	while (!chat->leaving && told_to_stop == 0) {
		chat_say_again(chat);
		redraw_resized(chat);
		e = wait_for_more(chat, &readable, &stopped);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
		chat_complain(chat, e);
		chat_complain(chat, chat_note_shown(chat));
		chat->leaving |= stopped;
		if (readable) {
			take_lines(chat);
			chat_tell_typing(chat);
		}
	}
	e = chat->refused;
	if (e != ERR_OK)
		chat->cmd->h->a.why = chat->refusal;
out:
	return e;
}

/* What is printed above the line, as that line, breaks between words. */
static void put_rows(struct buf *out, struct span line)
{
	wrap_put(out, line, screen_size().columns);
}

enum err cmd_chat(struct cmd *cmd)
{
	struct chat chat = { .cmd = cmd, .again_ms = CHAT_AGAIN_MS };
	struct live_listener listener = { .entry = on_entry,
					  .event = on_event,
					  .welcome = on_welcome,
					  .waits = on_waits,
					  .connected = on_connected,
					  .patient = isatty(STDIN_FILENO),
					  .context = &chat };
	const struct line_ports ports = { chat_complete, chat_list_words,
					  &chat };
	enum err e;

	if (hermetic_exists(cmd->h)) /* who logs in waits */
		pause_ask(is_over, &chat);
	TRY(chat_log_in(cmd));
	pause_ask(is_over, &chat);
	chat.printed = json_object();
	chat.unsent = json_object();
	chat.noticed = json_object();
	chat.waiting = json_object();
	chat.typing = json_object();
	chat.lines.chat = cmd->chat = true;
	out_in_chat(!cmd->args->json);
	ENSURE(chat.printed != NULL && chat.unsent != NULL &&
		   chat.noticed != NULL && chat.waiting != NULL &&
		   chat.typing != NULL,
	       ERR_LOCAL_MEMORY);
	chat.line = line_open(STDIN_FILENO, cmd->args->plain || cmd->args->json,
			      &ports);
	ENSURE(chat.line != NULL, ERR_LOCAL_MEMORY);
	if (line_is_edited(chat.line)) {
		listener.typing = chat_on_typing;
		out_wrap_by(put_rows);
	}
	TRY(live_open(&cmd->h->a, &listener, &chat.live));
	chat_update_prompt(&chat);
	TRY(talk(&chat));
out:
	out_wrap_by(NULL);
	out_in_chat(false);
	line_close(chat.line);
	chat.line = NULL;
	live_close(chat.live);
	pause_ask(NULL, NULL);
	json_decref(chat.printed);
	json_decref(chat.unsent);
	json_decref(chat.noticed);
	json_decref(chat.waiting);
	json_decref(chat.typing);
	buf_clear(&chat.asked);
	return e;
}
