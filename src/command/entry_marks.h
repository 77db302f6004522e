/* What the program says of a message, between its sender and the text: marks in
 * parentheses, in which others' words are quoted. Behind the colon stands the text alone,
 * so no text reads as a mark. */
#ifndef HERMETIC_COMMAND_ENTRY_MARKS_H
#define HERMETIC_COMMAND_ENTRY_MARKS_H

#include "base/buf.h"

#include <jansson.h>

/* ` (topic "lunch") (to #2) (file "notes.txt", 1.4 kB: hermetic save SESSION 3) (edited by
 * #5) (until 2026-11-30 09:15) ("ok" alice) (read by bob)`: of those that the entry has.
 * `chat`: what to type is a line of the chat. */
void entry_marks_put(struct buf *out, const json_t *entry, bool chat);

/* "#12", of an entry that may not be here. */
void entry_marks_put_which(struct buf *out, const json_t *entry,
			   const char *member);

/* The text was to end, and has. */
bool entry_marks_is_over(const json_t *entry);

#endif
