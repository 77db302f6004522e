/* What is typed while lines are printed above it. On a terminal it is edited
 * (command/editor.h), may have several lines, and a paste is one text. From a pipe, or
 * where the terminal can do no more (TERM=dumb) or nothing else is wanted, lines are
 * just read, and nothing is drawn. */
#ifndef HERMETIC_COMMAND_LINE_H
#define HERMETIC_COMMAND_LINE_H

#include "base/buf.h"

struct line;

enum line_result { LINE_NONE, LINE_READY, LINE_END, LINE_TOO_LONG };

struct line_ports {
	/* As those of command/editor.h; the words are listed while the line is
	 * hidden. */
	void (*complete)(void *context, struct span text, size_t *from,
			 struct buf *words);
	void (*list)(void *context, struct span words);
	void *context;
};

/* Takes the terminal over until line_close(), unless it is to stay `plain`. NULL: out
 * of memory. */
struct line *line_open(int fd, bool plain, const struct line_ports *ports);
void line_close(struct line *line);

bool line_is_edited(const struct line *line);

/* UTF-8 that may be shown as it is; copied. */
void line_prompt(struct line *line, struct span prompt);

/* What stands in a row above the prompt while the line is edited, UTF-8 that may be shown
 * as it is; copied. Empty: nothing does. */
void line_status(struct line *line, struct span status);

/* What is typed so far, in place of what `text` held; nothing where lines are just read. */
void line_text(struct line *line, struct buf *text);

/* Reads what is there; call it when fd can be read. */
void line_fill(struct line *line);

/* The next finished text, without its end, in place of what `text` held.
 * LINE_END after the last one, and for Ctrl-C and Ctrl-D. LINE_TOO_LONG: a paste or
 * a line was, and nothing of it was taken. */
enum line_result line_next(struct line *line, struct buf *text);

/* While a command runs Ctrl-C is a signal. */
void line_signal(struct line *line, bool on);

/* Around printing to standard output. */
void line_hide(struct line *line);
void line_show(struct line *line);

#endif
