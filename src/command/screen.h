/* The rows at the bottom of a terminal where a text is typed, while lines are printed
 * above them. The terminal itself says where its cursor is, as widths differ. */
#ifndef HERMETIC_COMMAND_SCREEN_H
#define HERMETIC_COMMAND_SCREEN_H

#include "base/buf.h"

#define SCREEN_ROWS_MAX 10

struct screen {
	size_t above; /* rows above the cursor that are ours */
};

struct screen_size {
	size_t columns, rows;
};

/* Of the terminal at standard output; 80 and 24 where it does not say. */
struct screen_size screen_size(void);

/* What is drawn where a terminal says that; 0: it does not. Too small a one is drawn on as if
 * it had room for a few signs. */
struct screen_size screen_bounds(size_t columns, size_t rows);

/* Appends what erases the rows, and leaves the cursor where they began. */
void screen_hide(struct screen *screen, struct buf *out);

/* Appends what draws the text behind the prompt, where the rows were hidden: the part
 * of both around the byte `cursor` of the text. Both are UTF-8. */
void screen_show(struct screen *screen, struct screen_size size,
		 struct span prompt, struct span text, size_t cursor,
		 struct buf *out);

#endif
