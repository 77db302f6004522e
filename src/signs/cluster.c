#include "signs/cluster.h"

#include "base/text.h"

#include <utf8proc.h>

#define EMOJI_STYLE 0xfe0f /* makes the sign before it as wide as an emoji */

size_t cluster_length(struct span text)
{
	utf8proc_int32_t state = 0;
	uint32_t before, c;
	size_t at = text_character(text, &before), n;

	if (at == 0)
		return text.n > 0 ? 1 : 0;
	while (at < text.n) {
		n = text_character(span_of(text.p + at, text.n - at), &c);
		if (n == 0 ||
		    utf8proc_grapheme_break_stateful(
			(utf8proc_int32_t)before, (utf8proc_int32_t)c, &state))
			break;
		before = c;
		at += n;
	}
	return at;
}

size_t cluster_before(struct span text, size_t at)
{
	size_t start = 0, n;

	while (start < text.n) {
		n = cluster_length(span_of(text.p + start, text.n - start));
		if (start + n >= at)
			break;
		start += n;
	}
	return start;
}

/* A vowel sign of Hindi that has a place of its own is one column to some terminals. */
static size_t width_of(utf8proc_int32_t c)
{
	size_t width = (size_t)utf8proc_charwidth(c);

	return width == 0 && utf8proc_category(c) == UTF8PROC_CATEGORY_MC
		   ? 1
		   : width;
}

size_t cluster_width(struct span cluster)
{
	size_t width = 0, n;
	uint32_t c;

	for (size_t i = 0; i<cluster.n; i += n> 0 ? n : 1) {
		n = text_character(span_of(cluster.p + i, cluster.n - i), &c);
		if (n > 0 && c == EMOJI_STYLE)
			width++;
		else if (n > 0)
			width += width_of((utf8proc_int32_t)c);
	}
	return width;
}
