/*
 * One client's connection, taken over from Kore when it is accepted: our own
 * buffers, our own reading and writing, in the clear or by TLS. What is sent within
 * one turn of the loop leaves in one write. What the bytes mean is up to the
 * handler: requests at first (exchange.h), later perhaps a WebSocket.
 */
#ifndef HERMETIC_SERVER_EDGE_CONN_H
#define HERMETIC_SERVER_EDGE_CONN_H

#include <stdbool.h>

#include "base/buf.h"

enum { CONN_READ_CHUNK = 16384 }; /* bytes that are read at once */

struct conn;
struct shared;

/* What is called for a connection; `user` is what belongs to the handler. */
struct conn_handler {
	/* The connection is new. NULL where no connection begins with it. */
	void (*begin)(void *user, struct conn *conn);
	/* Takes from `in` what it can use. Called again with what it leaves. */
	void (*input)(void *user, struct buf *in);
	/* Is there room for more, while so many bytes wait in `in`? Otherwise
	 * they stay in the kernel, and TCP tells the client to wait. */
	bool (*wants)(const void *user, size_t waiting);
	/* The client's machine has taken what was put, or almost all of it.
	 * NULL: that does not matter. */
	void (*sent)(void *user);
	/* The client's side is closed. True: there is something to say yet.
	 * NULL: never. */
	bool (*half_closed)(void *user);
	/* Does it wait for a request? NULL: never. */
	bool (*is_idle)(const void *user);
	/* Time passes: `age` milliseconds since conn_begin_time(). */
	void (*tick)(void *user, struct buf *in, unsigned long age);
	/* The connection is gone; the last call. */
	void (*gone)(void *user);
	bool lives_by_input; /* whatever arrives begins its time */
};

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
/* The first handler of each; its `user` is so many bytes, zero at the beginning. */
void conn_begin_with(const struct conn_handler *handler, size_t user_bytes);

/* From now on what arrives belongs to another. The handler before is not called
 * any more. */
void conn_hand_over(struct conn *conn, const struct conn_handler *handler,
		    void *user);

const char *conn_peer(const struct conn *conn);
bool conn_is_gone(const struct conn *conn);
bool conn_is_handshaking(const struct conn *conn); /* of TLS */

/* Its time begins anew. */
void conn_begin_time(struct conn *conn);

/* Where to put bytes for the client; they leave at the end of the turn. */
struct buf *conn_out(struct conn *conn);
/* The same, for bytes that other connections get, too (shared.h). */
void conn_put_shared(struct conn *conn, struct shared *bytes);

/* Writes what the kernel takes, before the end of the turn. Nothing is dropped or closed
 * here, and no handler is called. */
void conn_write_now(struct conn *conn);

/* Bytes that the client has not taken yet. */
size_t conn_queued(const struct conn *conn);
/* Are these few enough to put more? */
bool conn_has_room(const struct conn *conn);

/* What waits in the handler's input is given to it again, soon. */
void conn_resume(struct conn *conn);

/* No further request is read: the process is going away, or that was said. */
bool conn_is_last(const struct conn *conn);
void conn_set_last(struct conn *conn);

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
