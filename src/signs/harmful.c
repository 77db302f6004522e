#include "signs/harmful.h"

#include "base/text.h"

#include <utf8proc.h>

enum {
	NONE = 0, /* of a text's end, and of what is no UTF-8 */
	SOFT_HYPHEN = 0xad,
	ARABIC_MARK = 0x61c,
	NONJOINER = 0x200c,
	JOINER = 0x200d,
	LEFT_MARK = 0x200e,
	RIGHT_MARK = 0x200f,
	TEXT_STYLE = 0xfe0e,
	EMOJI_STYLE = 0xfe0f,
	BLACK_FLAG = 0x1f3f4,
	TAG_FIRST = 0xe0020,
	TAG_END = 0xe007f,
	TAGS_MAX = 6, /* of a region: "gbeng" */
	NEAR = 128,   /* bytes to either side of a mark of direction */
	VIRAMA = 9    /* a combining class */
};

/* ---- neighbours ---- */

static uint32_t at_of(struct span text, size_t at)
{
	uint32_t c = NONE;

	(void)text_character(span_of(text.p + at, text.n - at), &c);
	return c;
}

/* Where the character before `at` begins; `at` itself: there is none. */
static size_t before(struct span text, size_t at)
{
	uint32_t c;

	for (size_t n = 1; n <= 4 && n <= at; n++)
		if (text_character(span_of(text.p + at - n, n), &c) == n)
			return at - n;
	return at;
}

static uint32_t last_of(struct span text, size_t at)
{
	size_t from = before(text, at);

	return from < at ? at_of(text, from) : NONE;
}

static uint32_t next_of(struct span text, size_t at)
{
	uint32_t c;
	size_t n = text_character(span_of(text.p + at, text.n - at), &c);

	return n > 0 ? at_of(text, at + n) : NONE;
}

static const utf8proc_property_t *of(uint32_t c)
{
	return utf8proc_get_property((utf8proc_int32_t)c);
}

static bool is_mark(uint32_t c)
{
	return (of(c)->category == UTF8PROC_CATEGORY_MN && !of(c)->ignorable) ||
	       of(c)->category == UTF8PROC_CATEGORY_MC;
}

static bool is_letter(uint32_t c)
{
	return of(c)->category >= UTF8PROC_CATEGORY_LU &&
	       of(c)->category <= UTF8PROC_CATEGORY_LO && !of(c)->ignorable;
}

static bool is_emoji(uint32_t c)
{
	return of(c)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool is_tag(uint32_t c)
{
	return c >= TAG_FIRST && c <= TAG_END;
}

/* The letter, or whatever it is, that marks before `at` stand on. */
static uint32_t base_of(struct span text, size_t at)
{
	uint32_t c = last_of(text, at);

	while (is_mark(c)) {
		at = before(text, at);
		c = last_of(text, at);
	}
	return c;
}

/* ---- joiners ---- */

static bool is_arabic(uint32_t c)
{
	return of(c)->bidi_class == UTF8PROC_BIDI_CLASS_AL;
}

/* An emoji with what changes its look: a style, a colour of skin. */
static bool is_behind_emoji(struct span text, size_t at)
{
	uint32_t c = last_of(text, at);

	while (c == EMOJI_STYLE || (c >= 0x1f3fb && c <= 0x1f3ff)) {
		at = before(text, at);
		c = last_of(text, at);
	}
	return is_emoji(c);
}

/* As RFC 5892, A.1 and A.2, has it, and as emoji have it. */
static bool joins(struct span text, size_t at, bool joiner)
{
	uint32_t last = last_of(text, at), next = next_of(text, at);

	if (of(last)->combining_class == VIRAMA || is_arabic(base_of(text, at)))
		return true;
	if (!joiner)
		return false;
	return is_arabic(next) ||
	       (of(next)->combining_class == VIRAMA && is_letter(last)) ||
	       (is_emoji(next) && is_behind_emoji(text, at));
}

/* ---- others ---- */

static bool is_selector(uint32_t c)
{
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef) ||
	       (c >= 0x180b && c <= 0x180d) || c == 0x180f;
}

/* Letters of alphabets have no variants; digits have for keys. */
static bool has_variants(uint32_t base, uint32_t selector)
{
	utf8proc_category_t category = (utf8proc_category_t)of(base)->category;

	if (base < 0x80)
		return (selector == TEXT_STYLE || selector == EMOJI_STYLE) &&
		       ((base >= '0' && base <= '9') || base == '#' ||
			base == '*');
	return !of(base)->ignorable && (category == UTF8PROC_CATEGORY_LO ||
					(category >= UTF8PROC_CATEGORY_ND &&
					 category <= UTF8PROC_CATEGORY_SO));
}

/* The flag of a region: a black one, tags, and their end. */
static bool is_flag(struct span text, size_t at)
{
	uint32_t c = at_of(text, at);
	size_t tags = 0;

	for (size_t i = at; is_tag(c); i = before(text, i), tags++) {
		if (tags > TAGS_MAX)
			return false;
		c = last_of(text, i);
	}
	if (c != BLACK_FLAG)
		return false;
	for (; tags <= TAGS_MAX + 1; tags++) {
		c = at_of(text, at);
		if (c == TAG_END)
			return tags > 1;
		if (!is_tag(c))
			return false;
		at += 4;
	}
	return false;
}

/* A mark of direction between words that go to the left. */
static bool is_of_direction(struct span text, size_t at)
{
	uint32_t c, last = last_of(text, at);
	size_t from = at > NEAR ? at - NEAR : 0;
	utf8proc_bidi_class_t direction;

	if (last == LEFT_MARK || last == RIGHT_MARK || last == ARABIC_MARK)
		return false;
	for (size_t i = from, n; i < text.n && i<at + NEAR; i += n> 0 ? n : 1) {
		n = text_character(span_of(text.p + i, text.n - i), &c);
		direction =
		    n > 0 ? (utf8proc_bidi_class_t)of(c)->bidi_class : 0;
		if (n > 0 && is_letter(c) &&
		    (direction == UTF8PROC_BIDI_CLASS_R ||
		     direction == UTF8PROC_BIDI_CLASS_AL))
			return true;
	}
	return false;
}

static bool is_of_use(struct span text, size_t at, uint32_t c)
{
	if (c == NONJOINER || c == JOINER)
		return joins(text, at, c == JOINER);
	if (c == LEFT_MARK || c == RIGHT_MARK || c == ARABIC_MARK)
		return is_of_direction(text, at);
	if (c == SOFT_HYPHEN)
		return is_letter(base_of(text, at)) &&
		       is_letter(next_of(text, at));
	if (is_selector(c))
		return has_variants(last_of(text, at), c);
	return is_tag(c) && is_flag(text, at);
}

/* Unicode keeps these places for signs that do not show. */
static bool is_reserved(uint32_t c)
{
	return c == 0x2065 || (c >= 0xfff0 && c <= 0xfff8) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

/* Arabic signs before numbers are of the category Cf, and show. */
static bool is_hidden(uint32_t c)
{
	switch (of(c)->category) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	case UTF8PROC_CATEGORY_CF:
		return of(c)->boundclass != UTF8PROC_BOUNDCLASS_PREPEND;
	case UTF8PROC_CATEGORY_CN:
		return is_reserved(c);
	default:
		return of(c)->ignorable;
	}
}

bool harmful_at(struct span text, size_t at)
{
	uint32_t c;

	if (text_character(span_of(text.p + at, text.n - at), &c) == 0)
		return true;
	return is_hidden(c) && !is_of_use(text, at, c);
}
