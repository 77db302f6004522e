/* The conversation of a person with a terminal (or of a script with a pipe). */
#include "client/cmd.h"

#include "client/conversation.h"
#include "client/description.h"
#include "client/directory.h"
#include "client/line.h"
#include "client/live.h"
#include "client/out.h"
#include "client/packages.h"
#include "client/passphrase.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_MS 500 /* between tries to send what waits */
#define HISTORY 10   /* messages that are shown when a session is opened */
#define WORDS_MAX 32

struct chat {
	struct cmd *cmd;
	struct live *live;
	struct line *line;
	char current[TEXT_UUID_SIZE]; /* "": none */
	bool leaving;
	bool disconnected;
	char unsent[TEXT_UUID_SIZE]; /* something said here waits; "": none */
};

static volatile sig_atomic_t told_to_stop;

static void on_signal(int number)
{
	(void)number;
	told_to_stop = 1;
}

/* ---- what happens ---- */

static const char *short_id(const char *id)
{
	static char text[9];

	(void)snprintf(text, sizeof(text), "%.8s", id);
	return text;
}

static bool on_message(void *context, const char *id, const json_t *message)
{
	struct chat *chat = context;
	struct buf text = BUF_INIT;

	line_hide(chat->line);
	if (chat->cmd->args->json) {
		out_message_json(id, message);
	} else {
		if (strcmp(id, chat->current) != 0)
			buf_putf(&text, "[%s] ", short_id(id));
		out_put_message(&text, message);
		if (buf_end(&text) == ERR_OK)
			out_line("%.*s", (int)text.n, (const char *)text.p);
	}
	buf_clear(&text);
	line_show(chat->line);
	return true;
}

static void on_welcome(void *context, const char *id)
{
	struct chat *chat = context;

	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line("* You are invited: /join %s", short_id(id));
	line_show(chat->line);
}

static void on_connected(void *context, bool connected, const char *reason)
{
	struct chat *chat = context;

	chat->disconnected = !connected;
	line_hide(chat->line);
	if (!chat->cmd->args->json)
		out_line(connected ? "* Connected again.%s"
				   : "* Connection lost (%s); trying again.",
			 reason);
	line_show(chat->line);
}

/* ---- commands ---- */

static void update_prompt(struct chat *chat)
{
	char prompt[64] = "> ";

	if (chat->current[0] != '\0')
		(void)snprintf(prompt, sizeof(prompt), "%s> ",
			       short_id(chat->current));
	line_prompt(chat->line, prompt);
}

static uint64_t number(const json_t *object, const char *member)
{
	return (uint64_t)json_integer_value(json_object_get(object, member));
}

/* A session becomes the one that is talked in; its last messages are told. */
static enum err enter(struct chat *chat, const char *given)
{
	char id[TEXT_UUID_SIZE];
	json_t *d = NULL;
	uint64_t last;
	enum err e;

	(void)snprintf(id, sizeof(id), "%s", given);
	TRY(conversation_refresh(&chat->cmd->c, id));
	TRY(description_make(&chat->cmd->c, id, &d));
	last = number(d, "last_seq");
	memcpy(chat->current, id, sizeof(chat->current));
	update_prompt(chat);
	if (!chat->cmd->args->json)
		out_line("* %s %s, %s, epoch %llu, members: %zu",
			 out_member(d, "session_id"), out_member(d, "name"),
			 out_member(d, "algorithm"),
			 (unsigned long long)(number(d, "epoch") & UINT32_MAX),
			 json_array_size(json_object_get(d, "members")));
	TRY(live_follow(chat->live, id, last > HISTORY ? last - HISTORY : 0));
out:
	json_decref(d);
	return e;
}

/* Runs one of the verbs with words of the line as its operands. */
static enum err run_verb(struct chat *chat, enum err (*verb)(struct cmd *),
			 const char *first, const char *second)
{
	const struct args *kept = chat->cmd->args;
	struct args args = { .json = kept->json,
			     .operands = { first, second } };
	enum err e;

	chat->cmd->args = &args;
	e = verb(chat->cmd);
	chat->cmd->args = kept;
	return e;
}

static enum err need_current(struct chat *chat)
{
	if (chat->current[0] != '\0')
		return ERR_OK;
	return why_set(&chat->cmd->c.why, ERR_STATE_GONE, "no-session",
		       "No session is open: /list, then /open ID, or /create "
		       "NAME USER.");
}

static enum err do_list(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	return run_verb(chat, cmd_sessions, NULL, NULL);
}

static enum err do_create(struct chat *chat, char **words, size_t count)
{
	struct client *c = &chat->cmd->c;
	struct conversation_plan plan = {
		.name = count > 1 ? words[1] : NULL,
		.offer = c->suites,
		.invites = (const char *const *)(words + 2),
		.invite_count = count > 2 ? count - 2 : 0,
	};
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(conversation_create(c, &plan, id));
	TRY(enter(chat, id));
out:
	return e;
}

static enum err do_join(struct chat *chat, char **words, size_t count)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	if (count < 2)
		return why_set(&chat->cmd->c.why, ERR_PEER_INVALID, "usage",
			       "/join wants an ID.");
	TRY(directory_find(&chat->cmd->c, words[1], true, id));
	TRY(conversation_join(&chat->cmd->c, id));
	TRY(enter(chat, id));
	TRY(packages_top_up(&chat->cmd->c));
out:
	return e;
}

static enum err do_open(struct chat *chat, char **words, size_t count)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	if (count < 2)
		return why_set(&chat->cmd->c.why, ERR_PEER_INVALID, "usage",
			       "/open wants an ID.");
	TRY(directory_find(&chat->cmd->c, words[1], false, id));
	TRY(enter(chat, id));
out:
	return e;
}

static enum err do_invite(struct chat *chat, char **words, size_t count)
{
	enum err e;

	if (count < 2)
		return why_set(&chat->cmd->c.why, ERR_PEER_INVALID, "usage",
			       "/invite wants a USER.");
	TRY(need_current(chat));
	TRY(run_verb(chat, cmd_invite, chat->current, words[1]));
out:
	return e;
}

static enum err on_current(struct chat *chat, enum err (*verb)(struct cmd *))
{
	enum err e;

	TRY(need_current(chat));
	TRY(run_verb(chat, verb, chat->current, NULL));
out:
	return e;
}

static enum err do_members(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	return on_current(chat, cmd_members);
}

static enum err do_safety(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	return on_current(chat, cmd_safety);
}

static enum err do_rotate(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	return on_current(chat, cmd_rotate);
}

static enum err do_quit(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	chat->leaving = true;
	return ERR_OK;
}

static enum err do_help(struct chat *chat, char **words, size_t count);

static const struct command {
	const char *name, *operands, *summary;
	enum err (*run)(struct chat *, char **words, size_t count);
} COMMANDS[] = {
	{ "/list", "", "your sessions and invitations", do_list },
	{ "/create", "NAME [USER]...", "start a session", do_create },
	{ "/join", "ID", "accept an invitation", do_join },
	{ "/open", "ID", "talk in another session", do_open },
	{ "/invite", "USER", "add somebody to this session", do_invite },
	{ "/members", "", "who is here", do_members },
	{ "/safety", "", "the number to compare with the others", do_safety },
	{ "/rotate", "", "replace the keys", do_rotate },
	{ "/help", "", "this", do_help },
	{ "/quit", "", "leave; also Ctrl-D", do_quit },
};

#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(*COMMANDS))

static enum err do_help(struct chat *chat, char **words, size_t count)
{
	(void)chat;
	(void)words;
	(void)count;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		out_line("  %-8s %-15s %s", COMMANDS[i].name,
			 COMMANDS[i].operands, COMMANDS[i].summary);
	out_line("Everything else is sent to the open session.");
	return ERR_OK;
}

/* ---- input ---- */

static size_t split(char *text, char *words[WORDS_MAX])
{
	size_t count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(text, " \t", &rest);
	     word != NULL && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &rest))
		words[count++] = word;
	return count;
}

static enum err run_command(struct chat *chat, char *text)
{
	char *words[WORDS_MAX + 1] = { NULL };
	size_t count = split(text, words);

	for (size_t i = 0; count > 0 && i < COMMAND_COUNT; i++)
		if (strcmp(words[0], COMMANDS[i].name) == 0)
			return COMMANDS[i].run(chat, words, count);
	return why_set(&chat->cmd->c.why, ERR_PEER_INVALID, "usage",
		       "There is no %.40s: /help lists what there is.",
		       words[0]);
}

/* A refusal is told, and the chat goes on. */
static void complain(struct chat *chat, enum err e)
{
	struct why *why = &chat->cmd->c.why;
	struct buf text = BUF_INIT;
	json_t *line;

	if (e == ERR_OK)
		return;
	if (why->text[0] == '\0')
		(void)why_set(why, e, "failed", "%s.", err_text(e));
	if (chat->cmd->args->json) {
		line = json_pack("{s:s, s:s}", "error", why->slug, "detail",
				 why->text);
		out_json(line);
		json_decref(line);
	} else {
		out_put_safe(&text, span_str(why->text));
		out_line("! %.*s", (int)text.n,
			 text.n > 0 ? (const char *)text.p : "");
	}
	buf_clear(&text);
	why_clear(why);
}

/* What waits in the outbox and is worth another try: others' changes of keys
 * overtook it, or the server was away. */
static bool waits(const struct chat *chat, enum err e)
{
	return e == ERR_STATE_EPOCH || why_is_passing(e, chat->cmd->c.why.slug);
}

static enum err say(struct chat *chat, struct span text)
{
	struct postbox_courier courier = live_courier(chat->live);
	enum err e;

	TRY(need_current(chat));
	e = conversation_send(&chat->cmd->c, chat->current, text, &courier);
	if (waits(chat, e))
		memcpy(chat->unsent, chat->current, sizeof(chat->unsent));
out:
	return e;
}

static void say_again(struct chat *chat)
{
	struct postbox_courier courier = live_courier(chat->live);
	enum err e;

	if (chat->unsent[0] == '\0' || chat->disconnected)
		return;
	e = settle_session_by(&chat->cmd->c, chat->unsent, &courier);
	if (waits(chat, e)) {
		why_clear(&chat->cmd->c.why);
		return;
	}
	chat->unsent[0] = '\0';
	complain(chat, e);
}

static void take_line(struct chat *chat, struct buf *text)
{
	struct span whole = buf_span(text);
	enum err e = ERR_OK;

	line_hide(chat->line);
	if (whole.n > 0 && whole.p[0] == '/') {
		buf_put_u8(text, 0);
		e = buf_end(text);
		if (e == ERR_OK)
			e = run_command(chat, (char *)text->p);
	} else if (whole.n > 0) {
		e = say(chat, whole);
	}
	complain(chat, e);
	line_show(chat->line);
}

static void take_lines(struct chat *chat)
{
	struct buf text = BUF_INIT;
	enum line_result result;
	bool stopped;

	line_fill(chat->line);
	do {
		result = line_next(chat->line, &text);
		if (result == LINE_READY) {
			take_line(chat, &text);
			complain(chat, live_tell(chat->live, &stopped));
		}
	} while (result == LINE_READY && !chat->leaving);
	if (result == LINE_END)
		chat->leaving = true;
	line_show(chat->line);
	buf_clear(&text);
}

/* ---- beginning ---- */

static enum err begin_again(struct cmd *cmd)
{
	account_close(&cmd->c);
	why_clear(&cmd->c.why);
	return cmd_log_in(cmd, true);
}

/* The server says the same about an unknown user and a wrong passphrase; only
 * the person knows. A script means what it says: it registers. */
static enum err offer_account(struct cmd *cmd, enum err refused)
{
	struct buf answer = BUF_INIT, again = BUF_INIT;
	struct why why = cmd->c.why;
	enum err e;

	if (!isatty(STDIN_FILENO)) {
		e = begin_again(cmd);
		if (strcmp(cmd->c.why.slug, "username-taken") == 0)
			cmd->c.why = why;
		return e;
	}
	e = passphrase_ask("There is no such account, or the passphrase is "
			   "wrong. Make a new account? [y/N] ",
			   true, &answer);
	if (e != ERR_OK || answer.n == 0 || tolower(answer.p[0]) != 'y') {
		e = refused;
		goto out;
	}
	why_clear(&cmd->c.why);
	TRY(passphrase_ask("The passphrase again: ", false, &again));
	ENSURE(span_equal(buf_span(&again), buf_span(&cmd->passphrase)),
	       why_set(&cmd->c.why, ERR_PEER_INVALID, "passphrase",
		       "The two passphrases differ."));
	TRY(begin_again(cmd));
out:
	buf_clear(&answer);
	buf_clear(&again);
	return e;
}

static enum err come_in(struct cmd *cmd)
{
	enum err e;

	if (state_exists(cmd->c.home)) {
		e = cmd_open(cmd);
		if (e == ERR_OK)
			return packages_top_up(&cmd->c);
		/* logged out, or a login that was killed */
		if (e != ERR_STATE_GONE &&
		    strcmp(cmd->c.why.slug, "logged-out") != 0)
			return e;
		account_close(&cmd->c);
		why_clear(&cmd->c.why);
	}
	e = cmd_log_in(cmd, false);
	if (strcmp(cmd->c.why.slug, "bad-credentials") == 0)
		e = offer_account(cmd, e);
	return e;
}

static bool is_ours(const json_t *row)
{
	return strcmp(out_member(row, "state"), "member") == 0;
}

/* Every session of ours is listened to; the only one is opened. */
static enum err listen_to_all(struct chat *chat)
{
	const json_t *row, *only = NULL;
	size_t i, count = 0;
	json_t *list = NULL;
	enum err e;

	TRY(do_list(chat, NULL, 0));
	TRY(directory_list(&chat->cmd->c, &list));
	json_array_foreach(list, i, row) if (is_ours(row))
	{
		only = row;
		count++;
	}
	if (count == 1) {
		TRY(enter(chat, out_member(only, "session_id")));
		goto out;
	}
	json_array_foreach(list, i, row) if (is_ours(row))
	    TRY(live_follow(chat->live, out_member(row, "session_id"),
			    number(row, "last_seq")));
out:
	json_decref(list);
	return e;
}

static enum err talk(struct chat *chat)
{
	struct sigaction action = { .sa_handler = on_signal };
	bool readable, stopped;
	enum err e;

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	TRY(listen_to_all(chat));
	if (!chat->cmd->args->json)
		out_line("* You are %s. /help lists the commands.",
			 chat->cmd->c.username);
	TRY(live_tell(chat->live, &stopped));
	line_show(chat->line);
	while (!chat->leaving && told_to_stop == 0) {
		say_again(chat);
		e = live_wait(chat->live, STDIN_FILENO,
			      chat->unsent[0] != '\0' ? AGAIN_MS : 60000,
			      &readable, &stopped);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
		complain(chat, e);
		if (readable)
			take_lines(chat);
	}
out:
	return e;
}

enum err cmd_chat(struct cmd *cmd)
{
	struct chat chat = { .cmd = cmd };
	struct live_listener listener = { on_message, on_welcome, on_connected,
					  &chat };
	enum err e;

	TRY(come_in(cmd));
	TRY(live_open(&cmd->c, &listener, &chat.live));
	chat.line = line_open(STDIN_FILENO);
	ENSURE(chat.line != NULL, ERR_LOCAL_MEMORY);
	update_prompt(&chat);
	TRY(talk(&chat));
out:
	line_close(chat.line);
	live_close(chat.live);
	return e;
}
