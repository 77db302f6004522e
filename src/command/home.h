/* The folder of a device's state: --home as it is; otherwise one folder for
 * each user name below $XDG_DATA_HOME/hermetic or ~/.local/share/hermetic, so
 * that several accounts can live on one machine. */
#ifndef HERMETIC_COMMAND_HOME_H
#define HERMETIC_COMMAND_HOME_H

#include "base/buf.h"
#include "command/reason.h"

/* Appends the path with a NUL. `home` and `username` may be NULL: without
 * both, the only account there is. ERR_STATE_CONFLICT when there are several,
 * ERR_STATE_GONE when there is none. */
MUST_CHECK enum err home_find(const char *home, const char *username,
			      struct reason *why, struct buf *path);

#endif
