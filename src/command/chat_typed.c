/* What is typed in the chat: which words Tab puts in, and what becomes of a text. */
#include "command/chat.h"

#include "command/out.h"
#include "command/typed.h"

#include <string.h>

/* A text of more lines or bytes is asked about: a paste may have been a slip. */
#define ASKED_LINES 10
#define ASKED_BYTES 4096

/* ---- completion ---- */

static void put_word(struct buf *words, struct span word)
{
	if (word.n == 0 || memchr(word.p, 0, word.n) != NULL)
		return;
	buf_put(words, word);
	buf_put_u8(words, 0);
}

static bool begins(const char *word, struct span with)
{
	size_t n = strlen(word);

	return n >= with.n &&
	       strncasecmp(word, (const char *)with.p, with.n) == 0;
}

struct sought {
	struct span begin;
	struct buf *words;
};

static void take_word(void *context, const char *word)
{
	const struct sought *sought = context;

	if (begins(word, sought->begin))
		put_word(sought->words, span_str(word));
}

static void each_session(struct chat *chat,
			 void (*each)(void *context, const char *word),
			 void *context)
{
	const struct hermetic_label *const *list;
	size_t count, i;

	if (hermetic_labels(chat->cmd->h, &list, &count) != HERMETIC_OK)
		return;
	for (i = 0; i < count; i++)
		each(context, list[i]->label);
}

static void each_of_session(struct chat *chat,
			    void (*each)(void *context, const char *word),
			    void *context)
{
	const struct hermetic_member *const *list;
	size_t count, i;

	if (chat->current[0] == '\0' ||
	    hermetic_members(chat->cmd->h, chat->current, &list, &count) !=
		HERMETIC_OK)
		return;
	for (i = 0; i < count; i++)
		if (i == 0 ||
		    strcmp(list[i]->username, list[i - 1]->username) != 0)
			each(context, list[i]->username);
}

/* Where the last word begins. */
static size_t last_word(struct span text)
{
	size_t at = text.n;

	while (at > 0 && text.p[at - 1] != ' ' && text.p[at - 1] != '\n')
		at--;
	return at;
}

/* A name of a session has spaces, so what is behind the command counts as one word. */
static size_t operand(struct span text)
{
	const uint8_t *space = memchr(text.p, ' ', text.n);

	return space != NULL ? (size_t)(space + 1 - text.p) : text.n;
}

/* Where the path begins, where the command wants one; 0: it does not. */
static size_t path_of(struct span text)
{
	static const struct {
		const char *command;
		size_t words;
	} wanted[] = { { "/send ", 1 }, { "/picture ", 1 }, { "/save ", 2 } };
	struct buf copy = BUF_INIT;
	size_t at = 0;

	buf_put(&copy, text);
	buf_put_u8(&copy, 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (buf_end(&copy) == ERR_OK &&
		    strncmp((const char *)copy.p, wanted[i].command,
			    strlen(wanted[i].command)) == 0)
			at = (size_t)(typed_behind((const char *)copy.p,
						   wanted[i].words) -
				      (const char *)copy.p);
	buf_clear(&copy);
	return at;
}

void chat_complete(void *context, struct span text, size_t *from,
		   struct buf *words)
{
	struct chat *chat = context;
	struct sought sought = { .words = words };
	bool slash = text.n > 0 && text.p[0] == '/';
	bool first = memchr(text.p, ' ', text.n) == NULL;
	bool open = text.n > 6 && memcmp(text.p, "/open ", 6) == 0;

	*from = path_of(text);
	if (*from > 0) {
		chat_complete_path(span_of(text.p + *from, text.n - *from),
				   words);
		return;
	}
	*from = slash && open ? operand(text) : last_word(text);
	if (!open && *from < text.n && text.p[*from] == '@')
		++*from; /* it mentions a member */
	sought.begin = span_of(text.p + *from, text.n - *from);
	if (slash && first)
		chat_each_command(take_word, &sought);
	else if (slash && open)
		each_session(chat, take_word, &sought);
	else if (sought.begin.n > 0 || slash)
		each_of_session(chat, take_word, &sought);
}

void chat_list_words(void *context, struct span words)
{
	const char *word = (const char *)words.p, *end = word + words.n;
	struct buf line = BUF_INIT;

	(void)context;
	for (; word < end; word += strlen(word) + 1) {
		buf_put_str(&line, line.n > 0 ? "  " : "");
		out_put_name(&line, span_str(word));
	}
	if (buf_end(&line) == ERR_OK)
		out_line("%.*s", (int)line.n, (const char *)line.p);
	buf_clear(&line);
}

/* ---- a long text ---- */

static size_t count_lines(struct span text)
{
	size_t lines = text.n > 0 && text.p[text.n - 1] != '\n';

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	return lines;
}

/* The text waits for the person's answer. False: there is nothing to ask. */
static bool ask(struct chat *chat, struct span text)
{
	size_t lines = count_lines(text);
	struct buf prompt = BUF_INIT;

	if (!line_is_edited(chat->line) ||
	    (lines <= ASKED_LINES && text.n <= ASKED_BYTES))
		return false;
	buf_put(&chat->asked, text);
	buf_putf(&prompt, "Send %zu line%s, ", lines, lines == 1 ? "" : "s");
	out_put_size(&prompt, text.n);
	buf_put_str(&prompt, ", as one message? (y or n) ");
	line_prompt(chat->line, buf_span(&prompt));
	buf_clear(&prompt);
	return true;
}

static bool is_yes(struct span text)
{
	return (text.n == 1 &&
		strncasecmp((const char *)text.p, "y", 1) == 0) ||
	       (text.n == 3 &&
		strncasecmp((const char *)text.p, "yes", 3) == 0);
}

static enum err answer(struct chat *chat, struct span text)
{
	struct buf asked = chat->asked;
	enum err e = ERR_OK;

	chat->asked = BUF_INIT;
	chat_update_prompt(chat);
	if (is_yes(text))
		e = chat_say(chat, buf_span(&asked),
			     (struct hermetic_saying){ .about = 0 });
	else
		out_line("* It was not sent. The arrow up, twice, brings it "
			 "back.");
	buf_clear(&asked);
	return e;
}

static bool is_blank(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (memchr(" \t\n", text.p[i], 3) == NULL)
			return false;
	return true;
}

enum err chat_take(struct chat *chat, struct buf *text)
{
	struct span whole = buf_span(text);
	enum err e;

	if (chat->asked.n > 0)
		return answer(chat, whole);
	if (is_blank(whole))
		return ERR_OK;
	if (whole.p[0] != '/' || (whole.n > 1 && whole.p[1] == '/')) {
		size_t slash = whole.p[0] == '/';

		whole = span_of(whole.p + slash, whole.n - slash);
		return ask(chat, whole)
			   ? ERR_OK
			   : chat_say(chat, whole,
				      (struct hermetic_saying){ .about = 0 });
	}
	buf_put_u8(text, 0);
	TRY(buf_end(text));
	TRY(chat_command(chat, (char *)text->p));
out:
	return e;
}
