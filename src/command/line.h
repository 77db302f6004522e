/* One line of input that is typed while other lines are printed above it. On
 * a terminal it is edited here (UTF-8; backspace, Ctrl-U, Ctrl-W, Ctrl-D);
 * from a pipe lines are just read. */
#ifndef HERMETIC_COMMAND_LINE_H
#define HERMETIC_COMMAND_LINE_H

#include "base/buf.h"

struct line;

enum line_result { LINE_NONE, LINE_READY, LINE_END };

/* Takes the terminal over until line_close(). NULL: out of memory. */
struct line *line_open(int fd);
void line_close(struct line *line);

bool line_is_terminal(const struct line *line);

/* Copied, and made short. */
void line_prompt(struct line *line, const char *prompt);

/* Reads what is there; call it when fd can be read. */
void line_fill(struct line *line);

/* The next finished line, without its end, in place of what `text` held.
 * LINE_END after the last one, and for Ctrl-C and Ctrl-D. */
enum line_result line_next(struct line *line, struct buf *text);

/* Around printing to standard output. */
void line_hide(struct line *line);
void line_show(struct line *line);

#endif
