/* What is kept of an entry of the log (device/texts/entry.h), as a line for a person. */
#ifndef HERMETIC_COMMAND_ENTRY_LINE_H
#define HERMETIC_COMMAND_ENTRY_LINE_H

#include "base/buf.h"

#include <jansson.h>

/* Is there a line of it? None of a receipt. */
bool entry_line_is_shown(const json_t *entry);

/* Of lines that follow each other; of zeros before the first one. */
struct entry_lines {
	bool chat; /* commands that a line names are typed with a slash */
	int day;   /* on which the last one was sent */
	struct span label; /* stands before the entry; not owned */
};

/* Appends the line, without its end; where another day has begun, that one's line
 * first. */
void entry_line_put(struct buf *line, struct entry_lines *lines,
		    const json_t *entry);

#endif
