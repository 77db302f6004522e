#include "command/screen.h"

#include "command/out.h"
#include "signs/cluster.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A cluster has its place, and the line is a row. */
#define COLUMNS_LEAST 6
#define ROWS_LEAST 3

#define ERASE_BELOW "\033[J"
#define UP_ROWS "\033[%zuA"
#define KEEP_CURSOR "\0337"
#define TAKE_CURSOR "\0338"

static size_t bound(size_t said, size_t least, size_t unknown)
{
	if (said == 0)
		return unknown;
	return said > least ? said : least;
}

struct screen_size screen_bounds(size_t columns, size_t rows)
{
	return (struct screen_size){ bound(columns, COLUMNS_LEAST, 80),
				     bound(rows, ROWS_LEAST, 24) };
}

struct screen_size screen_size(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return screen_bounds(0, 0);
	return screen_bounds(size.ws_col, size.ws_row);
}

void screen_hide(struct screen *screen, struct buf *out)
{
	if (screen->above > 0)
		buf_putf(out, UP_ROWS, screen->above);
	buf_put_str(out, "\r" ERASE_BELOW);
	screen->above = 0;
}

/* A cluster as it is shown; nothing of a line's end. */
static void put_cluster(struct buf *out, struct span text, size_t at, size_t n)
{
	if (text.p[at] == '\t')
		buf_put_str(out, "    ");
	else if (text.p[at] != '\n')
		out_put_part(out, text, at, n, false);
}

/* Where the rows begin. */
struct rows {
	size_t *starts; /* of `count` rows */
	size_t count, cursor;
	struct buf room;
};

static void begin_row(struct rows *rows, size_t at)
{
	buf_put(&rows->room, span_of(&at, sizeof(at)));
	rows->count++;
}

/* Where the last word of a row begins, and how many columns are before it. */
struct word {
	size_t at, used;
};

/* A row ends before the word that does not fit; before a space that does not; and in a
 * word where no other one stands before it. */
static size_t end_row(struct rows *rows, const struct word *word, size_t at,
		      bool space, size_t used)
{
	bool whole = !space && word->used > 0;

	begin_row(rows, whole ? word->at : at);
	return whole ? used - word->used : 0;
}

static void find_cursor(struct rows *rows, size_t cursor)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->starts[i] <= cursor)
			rows->cursor = i;
}

/* No row is as wide as the terminal, so none is broken by it. Words begin behind the
 * prompt. */
static enum err lay_out(struct rows *rows, size_t columns, struct span text,
			size_t prompt, size_t cursor)
{
	struct buf shown = BUF_INIT;
	struct word word = { 0, 0 };
	size_t used = 0, n, width;
	enum err e;

	begin_row(rows, 0);
	for (size_t at = 0; at < text.n; at += n) {
		struct span rest = span_of(text.p + at, text.n - at);

		n = cluster_length(rest);
		buf_reset(&shown);
		put_cluster(&shown, text, at, n);
		TRY(buf_end(&shown));
		width = cluster_width(buf_span(&shown));
		while (used > 0 && used + width >= columns) {
			used = end_row(rows, &word, at, rest.p[0] == ' ', used);
			word.used = 0;
		}
		used += width;
		if (rest.p[0] == '\n') {
			begin_row(rows, at + n);
			used = word.used = 0;
		}
		/* behind a sign of two columns, as of Chinese, too */
		if ((rest.p[0] == ' ' || width >= 2) && at >= prompt)
			word = (struct word){ at + n, used };
	}
	TRY(buf_end(&rows->room));
	rows->starts = (size_t *)(void *)rows->room.p;
	find_cursor(rows, cursor);
out:
	buf_clear(&shown);
	return e;
}

static void put_row(struct buf *out, struct span text, size_t from, size_t to,
		    size_t cursor)
{
	for (size_t at = from; at < to;) {
		size_t n = cluster_length(span_of(text.p + at, to - at));

		if (at <= cursor && cursor < at + n)
			buf_put_str(out, KEEP_CURSOR);
		put_cluster(out, text, at, n);
		at += n;
	}
}

/* The first of the rows that are shown. */
static size_t first_of(const struct rows *rows, size_t most)
{
	return rows->cursor < most ? 0 : rows->cursor - most + 1;
}

static void put_rows(struct screen *screen, const struct rows *rows,
		     size_t most, struct span text, size_t cursor,
		     struct buf *out)
{
	size_t first = first_of(rows, most);
	size_t count = rows->count - first < most ? rows->count - first : most;

	/* room first: a terminal that scrolls takes the kept cursor away */
	for (size_t i = 1; i < count; i++)
		buf_put_u8(out, '\n');
	if (count > 1)
		buf_putf(out, UP_ROWS, count - 1);
	buf_put_u8(out, '\r');
	for (size_t i = first; i < first + count; i++) {
		bool last = i + 1 == rows->count;

		put_row(out, text, rows->starts[i],
			last ? text.n : rows->starts[i + 1], cursor);
		if (last && cursor >= text.n)
			buf_put_str(out, KEEP_CURSOR);
		if (i + 1 < first + count)
			buf_put_str(out, "\r\n");
	}
	buf_put_str(out, TAKE_CURSOR);
	screen->above = rows->cursor - first;
}

void screen_show(struct screen *screen, struct screen_size size,
		 struct span prompt, struct span text, size_t cursor,
		 struct buf *out)
{
	size_t most = size.rows / 3;
	struct rows rows = { .starts = NULL };
	struct buf all = BUF_INIT;

	if (most > SCREEN_ROWS_MAX)
		most = SCREEN_ROWS_MAX;
	/* the prompt takes rows as the text does: it may be as wide */
	buf_put(&all, prompt);
	buf_put(&all, text);
	cursor += prompt.n;
	if (buf_end(&all) == ERR_OK &&
	    lay_out(&rows, size.columns, buf_span(&all), prompt.n, cursor) ==
		ERR_OK)
		put_rows(screen, &rows, most, buf_span(&all), cursor, out);
	buf_clear(&rows.room);
	buf_clear(&all);
}
