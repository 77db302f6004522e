#include "command/line.h"

#include "base/clock.h"
#include "command/editor.h"
#include "command/keys.h"
#include "command/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_BYTES_MAX EDITOR_BYTES_MAX
#define KEY_MS 1000 /* for the next key of a command: nothing else goes on */

struct line {
	int fd;
	bool ended, shown, too_long;
	struct buf text; /* what has come of a line of a pipe */
	struct buf prompt, status;
	struct keys keys;      /* of a pipe the bytes alone */
	struct editor *editor; /* NULL: lines are just read */
	struct termios edited; /* before line_signal() */
	struct screen screen;
	struct line_ports ports;
};

/* ---- showing ---- */

static void put_prompt(const struct line *line, struct buf *out)
{
	struct span sought;

	if (!editor_is_searching(line->editor, &sought)) {
		buf_put(out, buf_span(&line->prompt));
		return;
	}
	buf_put_str(out, "(search: ");
	buf_put(out, sought);
	buf_put_str(out, ") ");
}

static void draw(struct line *line, bool show)
{
	struct buf out = BUF_INIT, text = BUF_INIT, before = BUF_INIT;
	size_t cursor;

	if (line->editor == NULL)
		return;
	if (line->shown)
		screen_hide(&line->screen, &out);
	if (show) {
		editor_text(line->editor, &text, &cursor);
		buf_put(&before, buf_span(&line->status));
		if (before.n > 0)
			buf_put_u8(&before, '\n');
		put_prompt(line, &before);
		screen_show(&line->screen, screen_size(), buf_span(&before),
			    buf_span(&text), cursor, &out);
	}
	if (buf_end(&out) == ERR_OK && out.n > 0)
		(void)fwrite(out.p, 1, out.n, stdout);
	(void)fflush(stdout);
	line->shown = show;
	buf_clear(&before);
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
	uint64_t now = clock_steady_ms(), until = now + KEY_MS;

	for (; now < until; now = clock_steady_ms()) {
		enum key_kind kind = keys_next(&line->keys, key);

		if (kind == KEY_CHARACTER || kind == KEY_SEQUENCE)
			return true;
		if (kind != KEY_NONE)
			continue; /* no key is pasted */
		if (line->ended)
			return false;
		if (poll(&input, 1, (int)(until - now)) > 0)
			line_fill(line);
	}
	return false;
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
	buf_clear(&line->status);
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

void line_status(struct line *line, struct span status)
{
	buf_reset(&line->status);
	buf_put(&line->status, status);
	if (line->shown)
		line_show(line);
}

void line_text(struct line *line, struct buf *text)
{
	size_t cursor;

	buf_reset(text);
	if (line->editor != NULL)
		editor_text(line->editor, text, &cursor);
}

void line_signal(struct line *line, bool on)
{
	struct termios now;

	if (line->editor == NULL || tcgetattr(line->fd, &now) != 0)
		return;
	if (on) {
		line->edited = now;
		now.c_lflag |= ISIG;
		/* no other one: nobody stops with the terminal raw */
		now.c_cc[VINTR] = KEYS_CTRL_C;
		now.c_cc[VSUSP] = now.c_cc[VQUIT] = _POSIX_VDISABLE;
	}
	(void)tcsetattr(line->fd, TCSANOW, on ? &now : &line->edited);
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

/* Takes up to a line's end; false: it is not there yet. */
static bool take_line(struct line *line)
{
	struct buf *input = &line->keys.input;
	const uint8_t *end =
	    input->n > 0 ? memchr(input->p, '\n', input->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - input->p) : input->n;

	if (line->text.n + n > LINE_BYTES_MAX)
		line->too_long = true;
	if (line->too_long)
		buf_reset(&line->text);
	else
		buf_put(&line->text, span_of(input->p, n));
	buf_consume(input, end != NULL ? n + 1 : n);
	/* the last line may have no end */
	return end != NULL ||
	       (line->ended && (line->text.n > 0 || line->too_long));
}

static enum line_result next_read(struct line *line, struct buf *text)
{
	bool too_long;

	if (!take_line(line))
		return line->ended ? LINE_END : LINE_NONE;
	too_long = line->too_long;
	line->too_long = false;
	buf_reset(text);
	buf_put(text, buf_span(&line->text));
	buf_reset(&line->text);
	return too_long ? LINE_TOO_LONG : LINE_READY;
}

enum line_result line_next(struct line *line, struct buf *text)
{
	return line->editor != NULL ? next_edited(line, text)
				    : next_read(line, text);
}
