/* Commands that a text names, as they are typed where it is shown. */
#ifndef HERMETIC_COMMAND_HINT_H
#define HERMETIC_COMMAND_HINT_H

#include "base/buf.h"

/* Appends a text of ours as it reads in the chat: "hermetic join 3f2a" is "/join 3f2a" there,
 * and what is about the session that is open does not name it. A command that the chat does
 * not have is one of the shell still. */
void hint_put(struct buf *out, struct span text);

#endif
