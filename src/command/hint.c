#include "command/hint.h"

#include "command/args_verbs.h"

#include <string.h>

#define NAME SPAN_LIT("hermetic ")

static bool begins(struct span text, struct span with)
{
	return text.n >= with.n && memcmp(text.p, with.p, with.n) == 0;
}

static struct span behind(struct span text, size_t n)
{
	return span_of(text.p + n, text.n - n);
}

/* What the chat calls otherwise. */
static const struct {
	struct span shell, chat;
} OTHERS[] = {
	{ { (const uint8_t *)"sessions", 8 }, { (const uint8_t *)"/list", 5 } },
	{ { (const uint8_t *)"outbox --flush", 14 },
	  { (const uint8_t *)"/flush", 6 } },
	{ { (const uint8_t *)"delete SESSION", 14 },
	  { (const uint8_t *)"/delete", 7 } },
	{ { (const uint8_t *)"create --invite USER", 20 },
	  { (const uint8_t *)"/create NAME USER", 17 } },
};

/* The verb of the chat that the text begins with; VERB_COUNT: none. */
static enum verb verb_of(struct span text, size_t *n)
{
	char name[16];

	for (*n = 0; *n < text.n && text.p[*n] >= 'a' && text.p[*n] <= 'z';)
		++*n;
	if (*n == 0 || *n >= sizeof(name))
		return VERB_COUNT;
	span_copy((uint8_t *)name, span_of(text.p, *n));
	name[*n] = '\0';
	for (unsigned i = VERB_CHAT + 1; i < VERB_COUNT; i++)
		if (args_in_chat[i] != CHAT_HAS_NOT &&
		    strcmp(args_verbs[i].name, name) == 0)
			return (enum verb)i;
	return VERB_COUNT;
}

static bool is_of_id(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
}

/* " SESSION", " ID" or an id: how long it is. */
static size_t session_length(struct span text)
{
	size_t n = 1;

	if (begins(text, SPAN_LIT(" SESSION")))
		return 8;
	if (begins(text, SPAN_LIT(" ID")))
		return 3;
	while (n < text.n && is_of_id(text.p[n]))
		n++;
	return text.n > 0 && text.p[0] == ' ' && n > 8 ? n : 0;
}

/* The command that the text, which is behind NAME, begins with. Returns how much of it was
 * taken; 0: the chat does not have it. */
static size_t put_command(struct buf *out, struct span text)
{
	enum verb verb;
	size_t n;

	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(*OTHERS); i++)
		if (begins(text, OTHERS[i].shell)) {
			buf_put(out, OTHERS[i].chat);
			return OTHERS[i].shell.n;
		}
	verb = verb_of(text, &n);
	if (verb == VERB_COUNT)
		return 0;
	buf_put_u8(out, '/');
	buf_put(out, span_of(text.p, n));
	if (args_in_chat[verb] == CHAT_IN_SESSION)
		n += session_length(behind(text, n));
	return n;
}

void hint_put(struct buf *out, struct span text)
{
	size_t n;

	while (text.n > 0) {
		if (begins(text, NAME)) {
			n = put_command(out, behind(text, NAME.n));
			if (n > 0) {
				text = behind(text, NAME.n + n);
				continue;
			}
		}
		/* behind a command it is an option */
		if (begins(text, SPAN_LIT(" --yes"))) {
			buf_put_str(out, " yes");
			text = behind(text, 6);
			continue;
		}
		buf_put_u8(out, text.p[0]);
		text = behind(text, 1);
	}
}
