#include "command/wrap.h"

#include "base/text.h"
#include "signs/cluster.h"

#include <utf8proc.h>

enum { INDENT = 4, TAB = 8 };

/* Bytes, and the columns that they take. */
struct run {
	size_t n, width;
};

static struct run spaces_of(struct span text)
{
	struct run run = { 0, 0 };

	for (; run.n < text.n; run.n++) {
		if (text.p[run.n] != ' ' && text.p[run.n] != '\t')
			break;
		run.width += text.p[run.n] == '\t' ? TAB : 1;
	}
	return run;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* No row begins with a sign that closes or ends what is before it. */
static bool is_closing(struct span text)
{
	uint32_t c = 0;
	utf8proc_category_t category;

	if (text_character(text, &c) == 0)
		return false;
	category = utf8proc_category((utf8proc_int32_t)c);
	return category == UTF8PROC_CATEGORY_PO ||
	       category == UTF8PROC_CATEGORY_PE ||
	       category == UTF8PROC_CATEGORY_PF;
}

/* A row may end behind a sign of two columns, as of Chinese. */
static struct run word_of(struct span text)
{
	struct run run = { 0, 0 };
	bool wide = false;

	while (run.n < text.n && !is_space(text.p[run.n])) {
		struct span rest = span_of(text.p + run.n, text.n - run.n);
		size_t n = cluster_length(rest);
		size_t width = cluster_width(span_of(rest.p, n));

		if (wide && !is_closing(rest))
			break;
		wide = width >= 2;
		run.n += n;
		run.width += width;
	}
	return run;
}

static void put_spaces(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_put_u8(out, ' ');
}

void wrap_put(struct buf *out, struct span text, size_t columns)
{
	size_t used = 0;

	for (size_t at = 0; at < text.n;) {
		struct span rest = span_of(text.p + at, text.n - at);
		struct run spaces = spaces_of(rest), word;

		word = word_of(span_of(rest.p + spaces.n, rest.n - spaces.n));
		if (used > 0 && word.n > 0 &&
		    used + spaces.width + word.width > columns) {
			buf_put_u8(out, '\n');
			put_spaces(out, INDENT);
			used = INDENT;
		} else {
			buf_put(out, span_of(rest.p, spaces.n));
			used += spaces.width;
		}
		buf_put(out, span_of(rest.p + spaces.n, word.n));
		used += word.width;
		if (used > columns)
			used %= columns;
		at += spaces.n + word.n;
		if (at < text.n && text.p[at] == '\n') {
			buf_put_u8(out, '\n');
			used = 0;
			at++;
		}
	}
}
