#include "server/edge/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <kore/kore.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/sec.h"
#include "server/edge/exported.h"
#include "server/edge/loop.h"
#include "server/edge/out.h"
#include "server/edge/tls.h"

enum {
	READ_BUDGET = 65536, /* bytes from one client in one turn */
	OUT_LIMIT = 1 << 20, /* unsent bytes above which we stop reading */
	OUT_FEW = 65536,     /* unsent bytes that are almost none */
	OUT_PARTS = 64,	     /* of one write */
	TLS_RECORD = 16384,
	TICK_MS = 500,
	LINGER_MS = 2000
};

struct conn {
	struct connection *kore;
	struct buf in;
	struct out out;
	const struct conn_handler *handler;
	void *user;
	struct tls *tls;     /* NULL: in the clear */
	unsigned long since; /* when its time began */
	bool flush_due, closing, last, gone, resume_due;
	bool lingering; /* our side is closed; what arrives is not looked at */
	bool ending;	/* the client's side is, or there was an error */
	char peer[INET6_ADDRSTRLEN];
	struct conn *next, *prev;
	max_align_t first_user[]; /* of the first handler */
};

static struct conn_limits limits;
static const struct conn_handler *first_handler;
static size_t first_user_bytes;
static struct conn *first_conn;
static size_t count;
static bool draining, closed;

void conn_set_limits(const struct conn_limits *l)
{
	limits = *l;
}

const struct conn_limits *conn_limits(void)
{
	return &limits;
}

void conn_begin_with(const struct conn_handler *handler, size_t user_bytes)
{
	first_handler = handler;
	first_user_bytes = user_bytes;
}

const char *conn_peer(const struct conn *conn)
{
	return conn->peer;
}

size_t conn_queued(const struct conn *conn)
{
	return out_queued(&conn->out);
}

bool conn_has_room(const struct conn *conn)
{
	return conn_queued(conn) < OUT_LIMIT;
}

bool conn_is_gone(const struct conn *conn)
{
	return conn->gone;
}

bool conn_is_handshaking(const struct conn *conn)
{
	return conn->tls != NULL && !tls_is_established(conn->tls);
}

bool conn_is_last(const struct conn *conn)
{
	return conn->last || draining;
}

void conn_set_last(struct conn *conn)
{
	conn->last = true;
}

void conn_begin_time(struct conn *conn)
{
	conn->since = loop_now_ms();
}

size_t conn_count(void)
{
	return count;
}

/* ---- writing ---- */

void conn_drop(struct conn *conn)
{
	if (conn->gone)
		return;
	conn->gone = true;
	kore_connection_disconnect(conn->kore);
}

/* As many of the bytes as one record holds, in one place: what is tried again
 * after EAGAIN must begin with the same bytes and not be shorter. */
static ssize_t give_sealed(struct conn *conn, const struct iovec *parts,
			   size_t part_count)
{
	static uint8_t record[TLS_RECORD];
	size_t n = 0;

	if (part_count == 1)
		return tls_write(conn->tls, parts->iov_base, parts->iov_len);
	for (size_t i = 0; i < part_count && n < sizeof(record); i++) {
		size_t room = sizeof(record) - n;
		size_t k = parts[i].iov_len < room ? parts[i].iov_len : room;

		memcpy(record + n, parts[i].iov_base, k);
		n += k;
	}
	return tls_write(conn->tls, record, n);
}

static ssize_t give(struct conn *conn)
{
	struct iovec parts[OUT_PARTS];
	struct msghdr message = { .msg_iov = parts };

	message.msg_iovlen = out_gather(&conn->out, parts, OUT_PARTS);
	return conn->tls != NULL
		   ? give_sealed(conn, parts, message.msg_iovlen)
		   : sendmsg(conn->kore->fd, &message, MSG_NOSIGNAL);
}

/* False: the connection is lost. */
static bool write_queued(struct conn *conn)
{
	if (out_is_broken(&conn->out))
		return false;
	while (out_queued(&conn->out) > 0) {
		ssize_t n = give(conn);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		out_took(&conn->out, (size_t)n);
	}
	return true;
}

/* A connection that is lost is found so by the flush that is due. */
void conn_write_now(struct conn *conn)
{
	if (!conn->gone)
		(void)write_queued(conn);
}

static void flush(struct conn *conn)
{
	if (!write_queued(conn)) {
		conn_drop(conn);
		return;
	}
	if (!conn->closing && conn->handler->sent != NULL &&
	    out_queued(&conn->out) <= OUT_FEW)
		conn->handler->sent(conn->user);
	if (conn->gone || out_queued(&conn->out) > 0)
		return;
	/* RFC 9112, 9.6: closed at once, with something unread, TCP would take
	 * back the answer that the client has not read yet */
	if (conn->closing && !conn->lingering) {
		if (conn->tls != NULL)
			tls_end(conn->tls);
		(void)shutdown(conn->kore->fd, SHUT_WR);
		conn->lingering = true;
		conn->since = loop_now_ms();
	}
}

static void read_more(struct conn *conn);

/* Not before the loop holds it no more. */
static void free_when_unused(struct conn *conn)
{
	if (conn->flush_due || conn->resume_due)
		return;
	buf_clear(&conn->in);
	out_clear(&conn->out);
	tls_free(conn->tls);
	free(conn);
}

static void on_flush_due(void *arg)
{
	struct conn *conn = arg;

	conn->flush_due = false;
	if (conn->gone) {
		free_when_unused(conn);
		return;
	}
	flush(conn);
	/* the next request, and what had to wait for the client to take its
	 * answers */
	if (!conn->gone &&
	    (conn->in.n > 0 || (conn->kore->evt.flags & KORE_EVENT_READ) != 0))
		read_more(conn);
}

static void flush_soon(struct conn *conn)
{
	if (conn->flush_due)
		return;
	conn->flush_due = true;
	loop_later(0, on_flush_due, conn);
}

struct buf *conn_out(struct conn *conn)
{
	flush_soon(conn);
	return out_own(&conn->out);
}

void conn_resume(struct conn *conn)
{
	flush_soon(conn);
}

void conn_put_shared(struct conn *conn, struct shared *bytes)
{
	flush_soon(conn);
	out_put_shared(&conn->out, bytes);
}

void conn_close_when_sent(struct conn *conn)
{
	conn->closing = true;
	flush_soon(conn);
}

void conn_hand_over(struct conn *conn, const struct conn_handler *handler,
		    void *user)
{
	conn->handler = handler;
	conn->user = user;
	flush_soon(conn);
}

/* ---- reading ---- */

static void on_resume(void *arg)
{
	struct conn *conn = arg;

	conn->resume_due = false;
	if (conn->gone)
		free_when_unused(conn);
	else
		read_more(conn);
}

static bool may_read(const struct conn *conn)
{
	if (conn->lingering)
		return true;
	if (conn->closing)
		return conn->in.n < CONN_READ_CHUNK;
	return conn->handler->wants(conn->user, conn->in.n);
}

static void handle_input(struct conn *conn)
{
	if (conn->lingering)
		buf_reset(&conn->in);
	else
		conn->handler->input(conn->user, &conn->in);
}

/* Nothing more will come. */
static void take_end(struct conn *conn, bool in_order)
{
	if (in_order && !conn->lingering &&
	    conn->handler->half_closed != NULL &&
	    conn->handler->half_closed(conn->user))
		return;
	if (in_order && conn_queued(conn) > 0)
		conn_close_when_sent(conn);
	else
		conn_drop(conn);
}

/* What comes after our end is thrown away, sealed as it is. */
static ssize_t take(struct conn *conn, uint8_t *to, size_t n)
{
	return conn->tls != NULL && !conn->lingering
		   ? tls_read(conn->tls, to, n)
		   : recv(conn->kore->fd, to, n, 0);
}

/* epoll(7): less than there was room for is all there was, and an event tells
 * of more; the end alone is found by asking. Of TLS it was one record. */
static bool took_all(const struct conn *conn, size_t n)
{
	return n < CONN_READ_CHUNK && !conn->ending && conn->tls == NULL;
}

static void read_more(struct conn *conn)
{
	size_t budget = READ_BUDGET;

	handle_input(conn);
	while (!conn->gone && may_read(conn) &&
	       (conn->kore->evt.flags & KORE_EVENT_READ) != 0) {
		/* one place for all: what is idle holds no buffer */
		static uint8_t chunk[CONN_READ_CHUNK];
		ssize_t n = take(conn, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			conn->kore->evt.flags &= ~KORE_EVENT_READ;
			return;
		}
		if (n <= 0) {
			conn->kore->evt.flags &= ~KORE_EVENT_READ;
			take_end(conn, n == 0);
			return;
		}
		buf_put(&conn->in, span_of(chunk, (size_t)n));
		sec_wipe(chunk, (size_t)n);
		if (conn->in.fail != ERR_OK) {
			conn_drop(conn);
			return;
		}
		if (conn->handler->lives_by_input)
			conn->since = loop_now_ms();
		if (took_all(conn, (size_t)n))
			conn->kore->evt.flags &= ~KORE_EVENT_READ;
		handle_input(conn);
		if (!conn->gone && conn->in.n == 0)
			buf_clear(&conn->in);
		budget -= (size_t)n < budget ? (size_t)n : budget;
		if (budget == 0 && !conn->gone && !conn->resume_due) {
			conn->resume_due = true; /* let others have a turn */
			loop_later(0, on_resume, conn);
			return;
		}
	}
}

static void on_event(void *arg, int error)
{
	struct connection *c = arg;
	struct conn *conn = c->hdlr_extra;

	if (conn == NULL || conn->gone)
		return;
	if (error) { /* what was sent before is still to be read */
		c->evt.flags |= KORE_EVENT_READ;
		conn->ending = true;
	}
	if (conn->tls != NULL) /* either direction may wait for the other */
		c->evt.flags |= KORE_EVENT_READ;
	if ((c->evt.flags & KORE_EVENT_WRITE) != 0 && conn_queued(conn) > 0)
		flush(conn);
	if (!conn->gone)
		read_more(conn);
}

/* ---- life ---- */

static void on_disconnect(struct connection *c)
{
	struct conn *conn = c->hdlr_extra;

	c->hdlr_extra = NULL; /* ours to free, not Kore's */
	conn->gone = true;
	if (conn->tls != NULL && !conn->lingering)
		tls_end(conn->tls);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		first_conn = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	metrics_set(METRIC_CONNECTIONS, --count);
	conn->handler->gone(conn->user);
	/* a call of the loop that is still to come frees it, else the end of
	 * this turn does: callers further up may hold it */
	if (!conn->resume_due)
		flush_soon(conn);
}

static void name_peer(struct conn *conn)
{
	const struct connection *c = conn->kore;

	if (c->family == AF_INET)
		(void)inet_ntop(AF_INET, &c->addr.ipv4.sin_addr, conn->peer,
				sizeof(conn->peer));
	else if (c->family == AF_INET6)
		(void)inet_ntop(AF_INET6, &c->addr.ipv6.sin6_addr, conn->peer,
				sizeof(conn->peer));
}

/* Kore calls this for each accepted connection (edge/process.c). */
EDGE_EXPORTED void edge_connect(struct connection *c);

void edge_connect(struct connection *c)
{
	struct conn *conn = calloc(1, sizeof(*conn) + first_user_bytes);

	c->proto = CONN_PROTO_MSG; /* Kore's own timeouts leave it alone */
	if (conn == NULL) {
		kore_connection_disconnect(c);
		return;
	}
	conn->kore = c;
	conn->handler = first_handler;
	conn->user = conn->first_user;
	conn->since = loop_now_ms();
	conn->next = first_conn;
	if (first_conn != NULL)
		first_conn->prev = conn;
	first_conn = conn;
	metrics_set(METRIC_CONNECTIONS, ++count);
	c->hdlr_extra = conn;
	c->disconnect = on_disconnect;
	c->evt.handle = on_event;
	name_peer(conn);
	conn->handler->begin(conn->user, conn);
	if (tls_is_on() && (conn->tls = tls_new(c->fd)) == NULL)
		conn_drop(conn);
	if (closed)
		conn_drop(conn);
}

/* ---- time ---- */

static void on_tick(void *arg)
{
	unsigned long now = loop_now_ms();

	(void)arg;
	for (struct conn *conn = first_conn, *next; conn != NULL; conn = next) {
		next = conn->next;
		/* a client that takes nothing while we close is cut off */
		if (conn->closing &&
		    now - conn->since >
			(conn->lingering ? LINGER_MS : limits.idle_ms))
			conn_drop(conn);
		else if (!conn->closing)
			conn->handler->tick(conn->user, &conn->in,
					    now - conn->since);
	}
}

void conn_drain_begin(void)
{
	draining = true;
}

/* Does it wait for a request of which nothing has come? */
static bool is_idle(const struct conn *conn)
{
	return conn->in.n == 0 && conn->handler->is_idle != NULL &&
	       conn->handler->is_idle(conn->user);
}

void conn_drop_idle(unsigned long ms)
{
	unsigned long now = loop_now_ms();

	for (struct conn *conn = first_conn, *next; conn != NULL; conn = next) {
		next = conn->next;
		if (is_idle(conn) && !conn->closing && now - conn->since > ms)
			conn_drop(conn);
	}
}

void conn_drain_all(void)
{
	draining = closed = true;
	for (struct conn *conn = first_conn, *next; conn != NULL; conn = next) {
		next = conn->next;
		if (is_idle(conn))
			conn_close_when_sent(conn);
	}
}

void conn_start_clock(void)
{
	loop_every(TICK_MS, on_tick, NULL);
}
