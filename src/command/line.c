#include "command/line.h"

#include "command/editor.h"
#include "command/keys.h"
#include "command/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX EDITOR_BYTES_MAX

struct line {
	int fd;
	bool ended, shown;
	struct buf text; /* what has come of a line of a pipe */
	struct buf prompt;
	struct keys keys;      /* of a pipe the bytes alone */
	struct editor *editor; /* NULL: lines are just read */
	struct screen screen;
	struct line_ports ports;
};

/* ---- showing ---- */

static void draw(struct line *line, bool show)
{
	struct buf out = BUF_INIT, text = BUF_INIT;
	size_t cursor;

	if (line->editor == NULL)
		return;
	if (line->shown)
		screen_hide(&line->screen, &out);
	if (show) {
		editor_text(line->editor, &text, &cursor);
		screen_show(&line->screen, screen_size(),
			    buf_span(&line->prompt), buf_span(&text), cursor,
			    &out);
	}
	if (buf_end(&out) == ERR_OK && out.n > 0)
		(void)fwrite(out.p, 1, out.n, stdout);
	(void)fflush(stdout);
	line->shown = show;
	buf_clear(&out);
	buf_clear(&text);
}

void line_hide(struct line *line)
{
	if (line->shown)
		draw(line, false);
}

void line_show(struct line *line)
{
	draw(line, true);
}

/* ---- the terminal ---- */

static bool can_edit(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && isatty(STDOUT_FILENO) && term != NULL &&
	       term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static bool on_key(void *context, struct buf *key)
{
	struct line *line = context;
	struct pollfd input = { .fd = line->fd, .events = POLLIN };

	for (;;) {
		enum key_kind kind = keys_next(&line->keys, key);

		if (kind == KEY_CHARACTER || kind == KEY_SEQUENCE)
			return true;
		if (kind != KEY_NONE)
			continue; /* no key is pasted */
		if (line->ended || poll(&input, 1, -1) < 0)
			return false;
		line_fill(line);
	}
}

static void on_complete(void *context, struct span text, size_t *from,
			struct buf *words)
{
	struct line *line = context;

	line->ports.complete(line->ports.context, text, from, words);
}

static void on_list(void *context, struct span words)
{
	struct line *line = context;

	line_hide(line);
	line->ports.list(line->ports.context, words);
}

struct line *line_open(int fd, bool plain, const struct line_ports *ports)
{
	struct line *line = calloc(1, sizeof(*line));
	const struct editor_ports editor = { on_key, on_complete, on_list,
					     line };

	if (line == NULL)
		return NULL;
	line->fd = fd;
	line->ports = *ports;
	if (!plain && can_edit(fd))
		line->editor = editor_open(fd, &editor);
	if (line->editor != NULL)
		(void)fputs(KEYS_PASTES_ON, stdout);
	return line;
}

void line_close(struct line *line)
{
	if (line == NULL)
		return;
	if (line->editor != NULL) {
		line_hide(line);
		(void)fputs(KEYS_PASTES_OFF, stdout);
		(void)fflush(stdout);
		editor_close(line->editor);
	}
	keys_clear(&line->keys);
	buf_clear(&line->text);
	buf_clear(&line->prompt);
	free(line);
}

bool line_is_edited(const struct line *line)
{
	return line->editor != NULL;
}

void line_prompt(struct line *line, struct span prompt)
{
	buf_reset(&line->prompt);
	buf_put(&line->prompt, prompt);
}

/* ---- reading ---- */

void line_fill(struct line *line)
{
	uint8_t *room = buf_reserve(&line->keys.input, 4096);
	ssize_t n = room != NULL ? read(line->fd, room, 4096) : -1;

	if (n > 0)
		line->keys.input.n += (size_t)n;
	else if (!(n < 0 && (errno == EINTR || errno == EAGAIN)))
		line->ended = true;
}

static enum line_result next_edited(struct line *line, struct buf *text)
{
	enum editor_result result = EDITOR_GOES_ON;
	struct buf key = BUF_INIT;
	enum key_kind kind = KEY_NONE;
	bool fits = true;
	size_t cursor;

	while (result == EDITOR_GOES_ON && fits && !line->ended) {
		kind = keys_next(&line->keys, &key);
		if (kind == KEY_NONE)
			break;
		if (kind == KEY_PASTE && key.n > 0)
			fits = editor_insert(line->editor, buf_span(&key));
		else if (kind == KEY_TOO_LONG)
			fits = false;
		else if (kind != KEY_PASTE)
			result = editor_key(line->editor, buf_span(&key));
	}
	buf_clear(&key);
	if (!fits)
		return LINE_TOO_LONG;
	if (result == EDITOR_LEFT)
		line->ended = true;
	if (result != EDITOR_SAID)
		return line->ended ? LINE_END : LINE_NONE;
	editor_text(line->editor, text, &cursor);
	editor_begin(line->editor);
	return LINE_READY;
}

static enum line_result next_read(struct line *line, struct buf *text)
{
	struct buf *input = &line->keys.input;
	bool ready = false;
	size_t used = 0;

	while (!ready && used < input->n) {
		uint8_t c = input->p[used];

		ready = c == '\n' || line->text.n >= LINE_BYTES_MAX;
		if (!ready)
			buf_put_u8(&line->text, c);
		used += !ready || c == '\n';
	}
	buf_consume(input, used);
	/* the last line may have no end */
	if (!ready && line->ended && line->text.n > 0)
		ready = true;
	if (!ready)
		return line->ended ? LINE_END : LINE_NONE;
	buf_reset(text);
	buf_put(text, buf_span(&line->text));
	buf_reset(&line->text);
	return LINE_READY;
}

enum line_result line_next(struct line *line, struct buf *text)
{
	return line->editor != NULL ? next_edited(line, text)
				    : next_read(line, text);
}
