/* What files are called: by who sends them, and where they are saved. */
#ifndef HERMETIC_SIGNS_FILE_NAME_H
#define HERMETIC_SIGNS_FILE_NAME_H

#include "base/buf.h"

/* Appends a name of at most `max` bytes: U+FFFD for bytes that are no UTF-8; and one that
 * is longer loses the end of its stem, in whole grapheme clusters, and keeps its ending. */
void file_name_put(struct buf *out, struct span name, size_t max);

/* The beginning of a name, of at most `max` bytes, in whole clusters where one fits. */
struct span file_name_cut(struct span name, size_t max);

/* Bytes before the ending, ".pdf" or ".tar.gz"; all of them where there is none. */
size_t file_name_stem(struct span name);

#endif
