#include "command/line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define LINE_BYTES_MAX 65536

enum key {
	CTRL_C = 3,
	CTRL_D = 4,
	CTRL_H = 8,
	CTRL_U = 21,
	CTRL_W = 23,
	ESCAPE = 27,
	DELETE = 127
};

enum escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_SEQUENCE, ESCAPE_CHARACTER };

struct line {
	int fd;
	bool terminal, ended;
	struct termios before;
	struct buf input; /* read, not looked at yet */
	struct buf text;  /* what is being typed */
	enum escape escape;
	char prompt[64];
};

struct line *line_open(int fd)
{
	struct line *line = calloc(1, sizeof(*line));
	struct termios raw;

	if (line == NULL)
		return NULL;
	line->fd = fd;
	line->terminal = isatty(fd) && isatty(STDOUT_FILENO) &&
			 tcgetattr(fd, &line->before) == 0;
	if (!line->terminal)
		return line;
	raw = line->before;
	/* signals too come as keys: nobody dies with the terminal raw */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(fd, TCSADRAIN, &raw);
	return line;
}

void line_close(struct line *line)
{
	if (line == NULL)
		return;
	if (line->terminal) {
		line_hide(line);
		(void)fflush(stdout);
		(void)tcsetattr(line->fd, TCSADRAIN, &line->before);
	}
	buf_clear(&line->input);
	buf_clear(&line->text);
	free(line);
}

bool line_is_terminal(const struct line *line)
{
	return line->terminal;
}

void line_prompt(struct line *line, const char *prompt)
{
	(void)snprintf(line->prompt, sizeof(line->prompt), "%s", prompt);
}

/* ---- showing ---- */

static bool continues(uint8_t c)
{
	return (c & 0xc0) == 0x80; /* UTF-8: not the first byte */
}

static size_t count_characters(const uint8_t *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += continues(p[i]) ? 0 : 1;
	return count;
}

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void line_hide(struct line *line)
{
	if (line->terminal)
		(void)fputs("\r\033[K", stdout);
}

/* A text that is too long shows its end. */
void line_show(struct line *line)
{
	size_t room = columns() - 1, used, skip = 0;
	const uint8_t *p = line->text.p;

	if (!line->terminal)
		return;
	used = strlen(line->prompt);
	room = room > used + 10 ? room - used : 10;
	while (count_characters(p + skip, line->text.n - skip) > room) {
		skip++;
		while (skip < line->text.n && continues(p[skip]))
			skip++;
	}
	(void)printf("\r\033[K%s", line->prompt);
	if (line->text.n > skip)
		(void)fwrite(p + skip, 1, line->text.n - skip, stdout);
	(void)fflush(stdout);
}

/* ---- typing ---- */

void line_fill(struct line *line)
{
	uint8_t *room = buf_reserve(&line->input, 4096);
	ssize_t n = room != NULL ? read(line->fd, room, 4096) : -1;

	if (n > 0)
		line->input.n += (size_t)n;
	else if (!(n < 0 && (errno == EINTR || errno == EAGAIN)))
		line->ended = true;
}

static void erase_character(struct line *line)
{
	struct buf *t = &line->text;

	while (t->n > 0 && continues(t->p[t->n - 1]))
		t->n--;
	if (t->n > 0)
		t->n--;
}

static void erase_word(struct line *line)
{
	struct buf *t = &line->text;

	while (t->n > 0 && t->p[t->n - 1] == ' ')
		t->n--;
	while (t->n > 0 && t->p[t->n - 1] != ' ')
		t->n--;
}

/* Cursor keys and the like are passed over: ESC [ ... final byte, or ESC and a
 * character, all bytes of it. */
static bool is_escaped(struct line *line, uint8_t c)
{
	if (line->escape == ESCAPE_CHARACTER && !continues(c))
		line->escape = ESCAPE_NONE;
	switch (line->escape) {
	case ESCAPE_NONE:
		if (c == ESCAPE)
			line->escape = ESCAPE_BEGUN;
		return c == ESCAPE;
	case ESCAPE_BEGUN:
		line->escape =
		    c == '[' || c == 'O' ? ESCAPE_SEQUENCE : ESCAPE_CHARACTER;
		return true;
	case ESCAPE_CHARACTER:
		return true;
	case ESCAPE_SEQUENCE:
		if (c >= 0x40 && c <= 0x7e)
			line->escape = ESCAPE_NONE;
		return true;
	}
	return false;
}

/* True when the line is finished. */
static bool press(struct line *line, uint8_t c)
{
	if (is_escaped(line, c))
		return false;
	if (c == '\n' || c == '\r')
		return true;
	if (c == CTRL_C || (c == CTRL_D && line->text.n == 0))
		line->ended = true;
	else if (c == DELETE || c == CTRL_H)
		erase_character(line);
	else if (c == CTRL_U)
		line->text.n = 0;
	else if (c == CTRL_W)
		erase_word(line);
	else if ((c >= 0x20 || c == '\t') && line->text.n < LINE_BYTES_MAX)
		buf_put_u8(&line->text, c);
	return false;
}

static bool finish(struct line *line, uint8_t c)
{
	if (line->terminal)
		return press(line, c);
	if (c == '\n' || line->text.n >= LINE_BYTES_MAX)
		return true;
	buf_put_u8(&line->text, c);
	return false;
}

enum line_result line_next(struct line *line, struct buf *text)
{
	bool ready = false;
	size_t used = 0;

	while (!ready && used < line->input.n &&
	       !(line->terminal && line->ended))
		ready = finish(line, line->input.p[used++]);
	buf_consume(&line->input, used);
	/* a pipe's last line may have no end */
	if (!ready && line->ended && !line->terminal && line->text.n > 0)
		ready = true;
	if (!ready)
		return line->ended ? LINE_END : LINE_NONE;
	buf_reset(text);
	buf_put(text, buf_span(&line->text));
	buf_reset(&line->text);
	return LINE_READY;
}
