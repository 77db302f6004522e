/* /ws: the WebSocket's side of docs/protocol.md. */
#ifndef HERMETIC_SERVER_WS_H
#define HERMETIC_SERVER_WS_H

#include <stdbool.h>

#include "base/uuid.h"

/* Tokens that end close their sockets: once in a worker. */
void ws_start(void);

/* The node is going away: each WebSocket is told where it got to, and ends as
 * soon as what it sent has been answered. */
void ws_go_away(void);

/* The sockets of one device, in this worker: is there one, and a text for
 * each. */
bool ws_has(struct uuid device);
void ws_tell(struct uuid device, struct span text);

/* The device of each socket, of some more than once. */
void ws_each(void (*each)(void *arg, struct uuid device), void *arg);

#endif
