/* Rows of a terminal for lines of any length: they break between words, so that neither a
 * word nor letters that belong together come apart. */
#ifndef HERMETIC_COMMAND_WRAP_H
#define HERMETIC_COMMAND_WRAP_H

#include "base/buf.h"

/* Appends the text, which is UTF-8 and safe to show, as rows of at most as many columns. All
 * but the first one of a line are indented. A word that is wider than a row is left to the
 * terminal, which can give it back whole. */
void wrap_put(struct buf *out, struct span text, size_t columns);

#endif
