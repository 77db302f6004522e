/* Entries that another copy of this device's state made: this device's leaf sent
 * them, and this state did not (docs/protocol.md, "Two copies of one state"). */
#ifndef HERMETIC_COMMAND_COPIES_H
#define HERMETIC_COMMAND_COPIES_H

#include "command/cmd.h"

/* A new reference: the entry as it is, or a copy of it with the member `copy`
 * (true), where that is so. */
json_t *copies_marked(struct cmd *cmd, const char *id, const json_t *entry);

/* Tells the person on standard error which of the entries that the device has taken
 * since are so: one of each session. */
void copies_tell(struct cmd *cmd);

#endif
