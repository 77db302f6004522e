/*
 * WebSocket (RFC 6455) on a connection; framing by libwslay. Text messages
 * only: binary is refused with 1003.
 */
#ifndef HERMETIC_SERVER_EDGE_WEBSOCKET_H
#define HERMETIC_SERVER_EDGE_WEBSOCKET_H

#include "server/edge/request.h"

struct websocket;

struct websocket_handler {
	/* A whole message, valid UTF-8. */
	void (*on_text)(void *user, struct span text);
	/* The connection is gone; called once, `user` is not used after. */
	void (*on_gone)(void *user);
	/* The client lags by more than its budget: writes the reason of the
	 * close (1013), at most 123 bytes, into `reason`. */
	void (*on_overflow)(void *user, char reason[124]);
};

/*
 * Answers the request with 101, or with what is wrong with it: then NULL, and
 * the request is gone too. `protocol` is the subprotocol that was chosen, or
 * NULL.
 */
struct websocket *websocket_accept(struct request *req, const char *protocol,
				   const struct websocket_handler *handler,
				   void *user);

/* Queues a text message. */
void websocket_send(struct websocket *ws, struct span text);

/* A message as a frame, encoded once for many receivers. */
/* NULL: no memory. It is dropped with shared_drop() (shared.h). */
struct shared *websocket_frame(struct span text);
void websocket_send_frame(struct websocket *ws, struct shared *frame);

/* Bytes that the client has not taken yet. */
size_t websocket_queued(const struct websocket *ws);

/* Starts the closing handshake; further sends do nothing. */
void websocket_close(struct websocket *ws, unsigned code, const char *reason);

#endif
