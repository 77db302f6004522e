/* What is kept of an entry of the log (device/entry.h), as a line for a person. */
#ifndef HERMETIC_COMMAND_ENTRY_LINE_H
#define HERMETIC_COMMAND_ENTRY_LINE_H

#include "base/buf.h"

#include <jansson.h>

/* Is there a line of it? None of a receipt. */
bool entry_line_is_shown(const json_t *entry);

/* Appends the line, without its end. */
void entry_line_put(struct buf *line, const json_t *entry);

#endif
