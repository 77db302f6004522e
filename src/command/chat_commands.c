/* What is typed with a slash in front. */
#include "command/chat.h"

#include "command/args_verbs.h"
#include "command/out.h"
#include "command/typed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY 20 /* entries that /history shows */
#define WORDS_MAX 32
#define SPACES " \t"

/* ---- commands ---- */

enum err chat_need_current(struct chat *chat)
{
	if (chat->current[0] != '\0')
		return ERR_OK;
	return cmd_no(chat->cmd, HERMETIC_GONE, "no-session",
		      "No session is open: /list, then /open ID, or /create "
		      "NAME USER.");
}

/* No operand is passed over. */
static enum err check_words(struct chat *chat, char **words, size_t count)
{
	if (count <= WORDS_MAX)
		return ERR_OK;
	return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
		      "%s takes at most %d words at a time.", words[0],
		      WORDS_MAX - 1);
}

/* As chat_rest(), of a path. Here no shell makes the home of it. */
static enum err take_path(const struct chat *chat, size_t count,
			  struct buf *path)
{
	struct buf rest = BUF_INIT;
	enum err e;

	TRY(chat_rest(chat, count, &rest));
	chat_put_path(path, (const char *)rest.p);
	TRY(buf_end(path));
out:
	buf_clear(&rest);
	return e;
}

static enum err do_list(struct chat *chat, char **words, size_t count)
{
	struct args args = { .verb = VERB_SESSIONS };

	(void)words;
	(void)count;
	return chat_run_args(chat, &args);
}

static enum err do_create(struct chat *chat, char **words, size_t count)
{
	const struct hermetic_creation creation = {
		.size = sizeof(creation),
		.name = count > 1 ? words[1] : NULL,
		.users = (const char *const *)(words + 2),
		.user_count = count > 2 ? count - 2 : 0,
	};
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(check_words(chat, words, count));
	TRY(cmd_did(chat->cmd, hermetic_create(chat->cmd->h, &creation, id)));
	TRY(chat_enter(chat, id));
out:
	return e;
}

/* The line as it was typed, without its first words. */
const char *chat_behind_words(const struct chat *chat, size_t count)
{
	return typed_behind(chat->typed, count);
}

enum err chat_rest(const struct chat *chat, size_t count, struct buf *rest)
{
	typed_put_rest(rest, chat_behind_words(chat, count));
	buf_put_u8(rest, 0);
	return buf_end(rest);
}

static enum err do_open(struct chat *chat, char **words, size_t count)
{
	struct buf word = BUF_INIT;
	char id[TEXT_UUID_SIZE];
	enum err e;

	(void)words;
	if (count < 2)
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      "/open wants the name of a session, or an "
			      "ID.");
	TRY(chat_rest(chat, 1, &word));
	TRY(cmd_find_at(chat->cmd, HERMETIC_WHERE_HERE, (const char *)word.p,
			id));
	TRY(chat_enter(chat, id));
out:
	buf_clear(&word);
	return e;
}

/* The person has seen why something waits. While the server is away it is tried again. */
static enum err do_flush(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	return chat_flush(chat);
}

static enum err do_drop(struct chat *chat, char **words, size_t count)
{
	struct args args = { .verb = VERB_OUTBOX,
			     .operands = { chat->current } };
	enum err e;

	if (count < 2 || !args_set_drop(&args, words[1]))
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      "/drop wants the number of an item, or all.");
	TRY(chat_need_current(chat));
	TRY(chat_run_args(chat, &args));
out:
	return e;
}

/* ---- about a message ---- */

static bool is_number(const char *word, uint64_t *number)
{
	return text_parse_u64(number, span_str(word), INT64_MAX) == ERR_OK &&
	       *number > 0;
}

static enum err say_about(struct chat *chat, enum hermetic_act act,
			  char **words, size_t count)
{
	uint64_t about;

	if (count < (act == HERMETIC_DELETE ? 2 : 3) ||
	    !is_number(words[1], &about))
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      act == HERMETIC_DELETE
				  ? "%s wants the number of a message."
				  : "%s wants the number of a message, and "
				    "what to say.",
			      words[0]);
	return chat_say(chat, span_str(chat_behind_words(chat, 2)),
			(struct hermetic_saying){ .act = act, .about = about });
}

static enum err do_reply(struct chat *chat, char **words, size_t count)
{
	return say_about(chat, HERMETIC_SAY, words, count);
}

static enum err do_edit(struct chat *chat, char **words, size_t count)
{
	return say_about(chat, HERMETIC_EDIT, words, count);
}

static enum err do_react(struct chat *chat, char **words, size_t count)
{
	return say_about(chat, HERMETIC_REACT, words, count);
}

static enum err do_delete(struct chat *chat, char **words, size_t count)
{
	return say_about(chat, HERMETIC_DELETE, words, count);
}

/* ---- what was said before, and files ---- */

static enum err do_history(struct chat *chat, char **words, size_t count)
{
	struct args args = { .verb = VERB_READ,
			     .operands = { chat->current },
			     .last = HISTORY };
	enum err e;

	if (chat->topic[0] != '\0')
		args.topic = chat->topic;
	if ((count > 1 && !is_number(words[1], &args.last)) ||
	    (count > 2 && !is_number(words[2], &args.before)))
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      "/history wants how many messages to show, and "
			      "the number before which.");
	TRY(chat_need_current(chat));
	TRY(chat_run_args(chat, &args));
out:
	return e;
}

static enum err do_search(struct chat *chat, char **words, size_t count)
{
	struct args args = { .verb = VERB_SEARCH,
			     .in = chat->current[0] != '\0' ? chat->current
							    : NULL,
			     .last = CHAT_FOUND_MAX };
	struct buf sought = BUF_INIT;
	enum err e;

	(void)words;
	if (count < 2)
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      "/search wants words.");
	TRY(chat_rest(chat, 1, &sought));
	args.operands[0] = (const char *)sought.p;
	TRY(chat_run_args(chat, &args));
out:
	buf_clear(&sought);
	return e;
}

static enum err do_send(struct chat *chat, char **words, size_t count)
{
	struct args args = { .verb = VERB_SEND,
			     .operands = { chat->current },
			     .operand_count = 1 };
	struct buf path = BUF_INIT;
	enum err e;

	(void)words;
	if (count < 2)
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      "/send wants a FILE.");
	TRY(chat_need_current(chat));
	if (chat->topic[0] != '\0')
		args.topic = chat->topic;
	TRY(take_path(chat, 1, &path));
	args.file = (const char *)path.p;
	TRY(chat_run_args(chat, &args));
out:
	buf_clear(&path);
	return e;
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
	{ "/open", "NAME|ID", "talk in another session", do_open },
	{ "/history", "[N [M]]", "the last N messages, before #M", do_history },
	{ "/search", "WORDS", "find messages here", do_search },
	{ "/send", "FILE", "send a file", do_send },
	{ "/reply", "N TEXT", "answer message number N", do_reply },
	{ "/topic", "[TOPIC [TEXT]]", "be in a topic, or say it there",
	  chat_topic_command },
	{ "/edit", "N TEXT", "another text for your message", do_edit },
	{ "/react", "N TEXT", "react to it", do_react },
	{ "/delete", "N", "take your message or reaction back", do_delete },
	{ "/flush", "", "try to send it", do_flush },
	{ "/drop", "ITEM|all", "forget it", do_drop },
	{ "/help", "", "this", do_help },
	{ "/quit", "", "leave; also Ctrl-D", do_quit },
};

#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(*COMMANDS))

/* ---- the verbs of the command line ---- */

/* What a person types of the operands. */
static const char *operands_of(enum verb verb)
{
	const char *operands = args_verbs[verb].operands;

	if (args_in_chat[verb] == CHAT_IN_SESSION)
		operands += strcspn(operands, " ");
	return operands + strspn(operands, " ");
}

static bool takes_path(enum verb verb)
{
	return verb == VERB_SAVE || verb == VERB_PICTURE;
}

/* A name of a session and one of a folder may have spaces. */
static bool ends_with_text(enum verb verb)
{
	return verb == VERB_RENAME || verb == VERB_SUBJECT || takes_path(verb);
}

/* As the command line takes them, with the open session in its place; "yes" behind
 * them is --yes. */
static enum err run_verb(struct chat *chat, enum verb verb, char **words,
			 size_t count)
{
	bool inside = args_in_chat[verb] == CHAT_IN_SESSION, agreed;
	char *argv[WORDS_MAX + 3] = { words[0], words[0] + 1, chat->current };
	char yes[] = "--yes", problem[256];
	struct buf rest = BUF_INIT;
	size_t argc = inside ? 3 : 2;
	struct args args;
	enum err e;

	if (inside)
		TRY(chat_need_current(chat));
	if (!ends_with_text(verb))
		TRY(check_words(chat, words, count));
	agreed = argc + count - 3 > args_verbs[verb].most &&
		 strcmp(words[count - 1], "yes") == 0;
	for (size_t i = 1; i < count; i++) {
		argv[argc++] = agreed && i == count - 1 ? yes : words[i];
		if (argc - 2 == args_verbs[verb].most && ends_with_text(verb)) {
			TRY(takes_path(verb) ? take_path(chat, i, &rest)
					     : chat_rest(chat, i, &rest));
			argv[argc - 1] = (char *)rest.p;
			break;
		}
	}
	e = args_parse(&args, (int)argc, argv, problem);
	if (e == ERR_OK && args.help)
		args_help(verb, stdout);
	else if (e == ERR_OK)
		e = chat_run_args(chat, &args);
	else if (count - 1 < args_verbs[verb].least - (inside ? 1 : 0))
		e = cmd_no(chat->cmd, HERMETIC_USAGE, "usage", "%s wants: %s",
			   words[0], operands_of(verb));
	else
		e = cmd_no(chat->cmd, HERMETIC_USAGE, "usage", "%s", problem);
out:
	buf_clear(&rest);
	return e;
}

static void print_help(const char *slash, const char *name,
		       const char *operands, const char *summary)
{
	int width = (int)(strlen(slash) + strlen(name));

	out_line("  %s%s%*s %-15s %s", slash, name, width < 12 ? 12 - width : 0,
		 "", operands, summary);
}

static enum err do_help(struct chat *chat, char **words, size_t count)
{
	(void)words;
	(void)count;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		print_help("", COMMANDS[i].name, COMMANDS[i].operands,
			   COMMANDS[i].summary);
	for (unsigned i = VERB_CHAT + 1; i < VERB_COUNT; i++)
		if (args_in_chat[i] != CHAT_HAS_NOT)
			print_help("/", args_verbs[i].name,
				   operands_of((enum verb)i),
				   args_verbs[i].summary);
	out_line("\"yes\" behind /accept, /resolve and /verify goes on. "
		 "A name with spaces stands between quotes. Everything else is "
		 "sent to the open session; // is for a text that begins "
		 "with /.");
	if (line_is_edited(chat->line))
		out_line("Tab completes, the arrow up brings back what was "
			 "typed, Ctrl-R searches it, Alt-Enter begins another "
			 "line.");
	return ERR_OK;
}

/* ---- words for Tab ---- */

void chat_each_command(void (*each)(void *context, const char *word),
		       void *context)
{
	char name[32] = "/";

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		each(context, COMMANDS[i].name);
	for (unsigned i = VERB_CHAT + 1; i < VERB_COUNT; i++) {
		if (args_in_chat[i] == CHAT_HAS_NOT)
			continue;
		(void)snprintf(name + 1, sizeof(name) - 1, "%s",
			       args_verbs[i].name);
		each(context, name);
	}
}

static enum err run(struct chat *chat, char *text)
{
	char *words[WORDS_MAX + 2] = { NULL };
	/* of more than WORDS_MAX words one more is taken: most are of a text */
	size_t count = typed_split(text, words, WORDS_MAX + 1);
	enum verb verb = args_find_verb(words[0] + 1);

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(words[0], COMMANDS[i].name) == 0)
			return COMMANDS[i].run(chat, words, count);
	if (verb != VERB_COUNT && args_in_chat[verb] != CHAT_HAS_NOT)
		return run_verb(chat, verb, words, count);
	return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
		      "There is no %.40s: /help lists what there is.",
		      words[0]);
}

enum err chat_command(struct chat *chat, char *text)
{
	char *typed = strdup(text);
	size_t n = typed != NULL ? strlen(typed) : 0;
	enum err e = ERR_LOCAL_MEMORY;

	while (n > 0 && strchr(SPACES, typed[n - 1]) != NULL)
		typed[--n] = '\0';
	chat->typed = typed;
	if (typed != NULL)
		e = run(chat, text);
	chat->typed = NULL;
	if (typed != NULL)
		sec_wipe(typed, strlen(typed));
	free(typed);
	return e;
}
