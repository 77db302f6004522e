#include "command/keys.h"

#include "base/text.h"

#include <string.h>

enum { ESCAPE = 27 };

#define PASTE_BEGIN "\033[200~"
#define PASTE_END "\033[201~"
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void keys_clear(struct keys *keys)
{
	buf_clear(&keys->input);
	buf_clear(&keys->paste);
	memset(keys, 0, sizeof(*keys));
}

/* How many bytes a character takes that begins with `first`; 0: none does. */
static size_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* May more bytes make a character of it? */
static bool is_begun(struct span text)
{
	size_t n = length_of(text.p[0]);

	if (text.n >= n)
		return false;
	for (size_t i = 1; i < text.n; i++)
		if ((text.p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Takes the first character, or what is none; 0 bytes: it is not whole yet. */
static size_t take_character(struct span text, struct buf *out)
{
	uint32_t c;
	size_t n = text_character(text, &c);

	if (n == 0 && is_begun(text))
		return 0;
	if (n > 0)
		buf_put(out, span_of(text.p, n));
	else
		buf_put_str(out, REPLACEMENT);
	return n > 0 ? n : 1;
}

/* ---- pastes ---- */

static bool begins(struct span text, const char *with)
{
	return text.n >= strlen(with) &&
	       memcmp(text.p, with, strlen(with)) == 0;
}

/* Is `text` no more than a beginning of the end's mark? */
static bool is_part_of_end(struct span text)
{
	return text.n < strlen(PASTE_END) &&
	       memcmp(text.p, PASTE_END, text.n) == 0;
}

/* A line's end is CR, LF or both: as terminals send it. */
static void put_pasted(struct keys *keys, struct span character)
{
	struct buf *paste = &keys->paste;

	if (character.p[0] == '\r')
		character = SPAN_LIT("\n");
	else if (character.p[0] == '\0') /* no message has one */
		character = SPAN_LIT(REPLACEMENT);
	if (paste->n + character.n > KEYS_PASTE_MAX)
		keys->too_long = true;
	if (keys->too_long)
		buf_reset(paste);
	else
		buf_put(paste, character);
}

static enum key_kind end_paste(struct keys *keys, struct buf *key)
{
	enum key_kind kind = keys->too_long ? KEY_TOO_LONG : KEY_PASTE;

	buf_put(key, buf_span(&keys->paste));
	buf_reset(&keys->paste);
	keys->pasting = keys->too_long = false;
	return kind;
}

static enum key_kind take_paste(struct keys *keys, struct buf *key)
{
	struct span all = buf_span(&keys->input);
	struct buf character = BUF_INIT;
	enum key_kind kind = KEY_NONE;
	size_t used = 0, n;

	for (; used < all.n; used += n) {
		struct span rest = span_of(all.p + used, all.n - used);

		if (begins(rest, PASTE_END)) {
			used += strlen(PASTE_END);
			kind = end_paste(keys, key);
			break;
		}
		/* CR LF is one end */
		if (is_part_of_end(rest) || (rest.n == 1 && rest.p[0] == '\r'))
			break;
		buf_reset(&character);
		n = take_character(rest, &character);
		if (n == 0 || buf_end(&character) != ERR_OK)
			break;
		put_pasted(keys, buf_span(&character));
		if (rest.p[0] == '\r' && rest.p[1] == '\n')
			n++;
	}
	buf_consume(&keys->input, used);
	buf_clear(&character);
	return kind;
}

/* ---- sequences ---- */

/* ESC [ ... final, ESC O and a character, or ESC and a character; 0: it is not
 * whole yet. */
static size_t sequence_length(struct span text)
{
	struct buf character = BUF_INIT;
	size_t at = 1, n;

	if (text.n < 2)
		return 0;
	if (text.p[1] == ESCAPE)
		return 1; /* a key that was pressed alone */
	if (text.p[1] == '[') {
		for (at = 2; at < text.n; at++)
			if (text.p[at] >= 0x40 && text.p[at] <= 0x7e)
				return at + 1;
		return 0;
	}
	if (text.p[1] == 'O')
		at = 2;
	if (at == text.n)
		return 0;
	n = take_character(span_of(text.p + at, text.n - at), &character);
	buf_clear(&character);
	return n > 0 ? at + n : 0;
}

/* A terminal sends a paste with its mark; what comes as a read of its own in the midst of
 * one is a key, by which a person gives up a paste whose end is lost. */
static bool is_given_up(const struct keys *keys)
{
	return keys->pasting && keys->input.n == 1 &&
	       keys->input.p[0] == KEYS_CTRL_C;
}

enum key_kind keys_next(struct keys *keys, struct buf *key)
{
	enum key_kind kind = KEY_CHARACTER;
	struct span text;
	size_t n;

	buf_reset(key);
	if (is_given_up(keys)) {
		buf_reset(&keys->input);
		buf_reset(&keys->paste);
		keys->pasting = keys->too_long = false;
	}
	for (;;) {
		if (keys->pasting)
			return take_paste(keys, key);
		text = buf_span(&keys->input);
		if (text.n == 0)
			return KEY_NONE;
		if (text.p[0] != ESCAPE) {
			n = take_character(text, key);
			break;
		}
		n = sequence_length(text);
		if (n == 0)
			return KEY_NONE;
		keys->pasting = begins(text, PASTE_BEGIN);
		if (!keys->pasting && n > 1 && n <= KEYS_SEQUENCE_MAX) {
			buf_put(key, span_of(text.p, n));
			kind = KEY_SEQUENCE;
			break;
		}
		buf_consume(&keys->input, n);
	}
	buf_consume(&keys->input, n);
	return n > 0 ? kind : KEY_NONE;
}
