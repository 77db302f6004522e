#include "command/typed.h"

#include <string.h>

#define SPACES " \t"
#define QUOTES "\"'"
#define ESCAPED SPACES QUOTES "\\"

static bool is_quote(char c)
{
	return c != '\0' && strchr(QUOTES, c) != NULL;
}

static bool is_escape(const char *at)
{
	return at[0] == '\\' && at[1] != '\0' && strchr(ESCAPED, at[1]) != NULL;
}

/* The quote that ends the word which begins with one there; NULL: it has none. */
static const char *closing(const char *at)
{
	char quote = *at;

	if (!is_quote(quote))
		return NULL;
	for (at++; *at != '\0' && *at != quote; at++)
		if (is_escape(at))
			at++;
	return *at == quote && (at[1] == '\0' || strchr(SPACES, at[1]) != NULL)
		   ? at
		   : NULL;
}

/* Copies the word that begins there, without a NUL, to where it may begin itself. Returns
 * where it ends, and how long it is. */
static const char *take(const char *at, char *out, size_t *n)
{
	const char *end = closing(at);
	bool quoted = end != NULL;

	*n = 0;
	at += quoted;
	while (quoted ? at < end : *at != '\0' && strchr(SPACES, *at) == NULL) {
		at += is_escape(at);
		out[(*n)++] = *at++;
	}
	return at + quoted;
}

size_t typed_split(char *text, char **words, size_t max)
{
	char *at = text + strspn(text, SPACES);
	size_t count = 0, n;

	while (*at != '\0' && count < max) {
		const char *end = take(at, at, &n);
		size_t used = (size_t)(end - at);
		bool last = *end == '\0';

		words[count++] = at;
		at[n] = '\0';
		at += used + !last;
		at += strspn(at, SPACES);
	}
	return count;
}

const char *typed_behind(const char *text, size_t count)
{
	const char *at = text + strspn(text, SPACES), *end;

	for (; count > 0 && *at != '\0'; count--) {
		end = closing(at);
		if (end != NULL)
			at = end + 1;
		while (*at != '\0' && strchr(SPACES, *at) == NULL)
			at += is_escape(at) ? 2 : 1;
		at += strspn(at, SPACES);
	}
	return at;
}

void typed_put_rest(struct buf *out, const char *rest)
{
	size_t length = strlen(rest), n = 0;
	uint8_t *room = buf_reserve(out, length + 1);

	if (room == NULL)
		return;
	if (*take(rest, (char *)room, &n) == '\0') {
		out->n += n;
		return;
	}
	buf_put(out, span_of(rest, length));
}

void typed_put_word(struct buf *out, struct span word)
{
	for (size_t i = 0; i < word.n; i++) {
		/* an apostrophe quotes nothing behind a letter */
		if (word.p[i] != '\0' && strchr(ESCAPED, word.p[i]) != NULL &&
		    (word.p[i] != '\'' || i == 0))
			buf_put_u8(out, '\\');
		buf_put_u8(out, word.p[i]);
	}
}
