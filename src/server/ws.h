/* /ws: the WebSocket's side of docs/protocol.md. */
#ifndef HERMETIC_SERVER_WS_H
#define HERMETIC_SERVER_WS_H

#include <stdint.h>

/* A Welcome waits for that device. */
void ws_welcome(const uint8_t device[16]);

/* Tokens that expire close their sockets: once in a worker. */
void ws_start(void);

#endif
