/* What of a session a person at the command has seen. */
#ifndef HERMETIC_COMMAND_SHOWN_H
#define HERMETIC_COMMAND_SHOWN_H

#include "command/cmd.h"

#include <jansson.h>

/* Notes the marks of whoever came in by a printed entry, as members of the
 * object `printed`. */
void shown_note_printed(const json_t *entry, json_t *printed);

/*
 * Entries were printed, and `printed` has the marks that they named: these
 * members count as seen. Members who are new and were not printed are printed
 * now; with `json` nothing is printed, and they stay unseen. Nobody counts as
 * seen when printing failed. `part` was printed, and counts as read where nothing that is
 * not read was passed over before it (device_read()).
 */
struct shown_part {
	uint64_t from, to; /* entries of the log; `to` 0: none */
};
MUST_CHECK enum err shown_update(struct cmd *cmd, const char *id,
				 const json_t *printed, bool json,
				 struct shown_part part);

/* The same of the entries alone, whoever came in. */
MUST_CHECK enum err shown_read(struct cmd *cmd, const char *id, bool json,
			       struct shown_part part);

/* The members of `session`, which cmd_describe() gave, were printed. */
MUST_CHECK enum err shown_members(struct cmd *cmd, const char *id,
				  const json_t *session);

#endif
