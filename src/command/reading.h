/* Entries that are read and printed: for `read`, what it follows, and `search`. */
#ifndef HERMETIC_COMMAND_READING_H
#define HERMETIC_COMMAND_READING_H

#include "command/cmd.h"
#include "command/entry_line.h"
#include "command/shown.h"

struct reading {
	struct cmd *cmd;
	json_t *printed; /* marks of those whose coming in was printed */
	struct shown_part part;
	struct entry_lines lines;
};

/* As struct live_listener has it; the context is the reading. False: the reader went
 * away. */
bool reading_entry(void *context, const char *id, const json_t *entry);

/* What was printed counts as shown. */
MUST_CHECK enum err reading_note_shown(struct reading *reading, const char *id);

/* Prints what is kept after *told. */
MUST_CHECK enum err reading_kept(struct reading *reading, const char *id,
				 uint64_t *told);

/* Prints what is said there after `told`, until the reader goes away. */
MUST_CHECK enum err reading_follow(struct reading *reading, const char *id,
				   uint64_t told);

#endif
