/*
 * One client's connection, taken over from Kore when it is accepted: our own
 * buffers, our own reading and writing, one request at a time in order, or a
 * WebSocket. What is sent within one turn of the loop leaves in one write.
 */
#ifndef HERMETIC_SERVER_EDGE_CONN_H
#define HERMETIC_SERVER_EDGE_CONN_H

#include <stdbool.h>

#include "base/buf.h"

struct conn;
struct shared;
struct websocket;

struct conn_limits {
	size_t body_bytes;	   /* of one request: 413 above */
	size_t websocket_message;  /* bytes: close 1009 above */
	size_t websocket_queue;	   /* bytes a client may lag: close 1013 */
	unsigned head_ms, body_ms; /* to send a request */
	unsigned idle_ms;	   /* between requests */
	unsigned ping_ms;	   /* between pings of a WebSocket */
	bool access_log;	   /* a line for each request */
};

/* For the connections of this worker, before the first. */
void conn_set_limits(const struct conn_limits *limits);
const struct conn_limits *conn_limits(void);

const char *conn_peer(const struct conn *conn);

/* Where to put bytes for the client; they leave at the end of the turn. */
struct buf *conn_out(struct conn *conn);
/* The same, for bytes that other connections get, too (shared.h). */
void conn_put_shared(struct conn *conn, struct shared *bytes);

/* Bytes that the client has not taken yet. */
size_t conn_queued(const struct conn *conn);

/* The answer to the current request is in conn_out(). */
void conn_answered(struct conn *conn, bool keep_alive);

/* No further request is read: the process is going away. */
bool conn_is_last(const struct conn *conn);

/* From now on what arrives belongs to a WebSocket. */
void conn_upgrade(struct conn *conn, struct websocket *ws);

/* Writes what is queued, then closes. */
void conn_close_when_sent(struct conn *conn);
/* Closes at the end of this turn. */
void conn_drop(struct conn *conn);

/* Timeouts begin to hold: once in a worker. */
void conn_start_clock(void);

/* From now on each answer is the last of its connection. */
void conn_drain_begin(void);
/* And what comes now is not served any more: open requests are answered, idle
 * connections closed. WebSockets are for the server above to end. */
void conn_drain_all(void);
size_t conn_count(void);

/* Closes those that have waited for a request for longer: others need room. */
void conn_drop_idle(unsigned long ms);

#endif
