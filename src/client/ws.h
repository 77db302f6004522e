/*
 * One WebSocket to the server (docs/protocol.md, "WebSocket"). Nothing happens
 * between calls: the caller gives it time with ws_wait(), together with a file
 * descriptor of its own. What the server pushes waits in a queue; when that is
 * full, nothing more is read from the socket.
 */
#ifndef HERMETIC_CLIENT_WS_H
#define HERMETIC_CLIENT_WS_H

#include "client/why.h"

#include <jansson.h>

#define WS_CLOSE_TOKEN 4401 /* token expired or revoked */

struct ws;

/* Connects, 15 seconds at most. `url` is the API's base URL; `token` is not
 * kept. ERR_LOCAL_IO: not reached; ERR_PEER_DENIED: the upgrade was refused. */
MUST_CHECK enum err ws_open(const char *url, const char *token, struct why *why,
			    struct ws **out);

/* Says goodbye and frees. */
void ws_close(struct ws *ws);

/* Sends `body` (taken over; an id is added) and waits up to 30 seconds for its
 * answer, a new reference. Pushes that come first are queued. ERR_LOCAL_IO
 * when the connection ends; a problem is mapped as api_call() does, its slug
 * in `slug`. */
MUST_CHECK enum err ws_request(struct ws *ws, json_t *body, struct why *why,
			       char slug[48], json_t **answer);

/* Waits until something is queued, `fd` (or -1) can be read, the connection
 * ended, or the time is over. *readable tells about fd. */
void ws_wait(struct ws *ws, int fd, int timeout_ms, bool *readable);

/* The next push, a new reference; NULL when none is queued. */
json_t *ws_take(struct ws *ws);

/* 0 while open; otherwise the close code, 1006 for a lost connection. */
int ws_ended(const struct ws *ws);
const char *ws_end_reason(const struct ws *ws);

#endif
