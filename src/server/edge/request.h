/*
 * One HTTP request and its answer. A handler gets a whole, checked request
 * and answers it exactly once, at once or from a later event; the request is
 * gone with its answer. When the client leaves first, answering still frees
 * it and does nothing else.
 */
#ifndef HERMETIC_SERVER_EDGE_REQUEST_H
#define HERMETIC_SERVER_EDGE_REQUEST_H

#include "base/buf.h"
#include "door/outcomes.h"
#include "server/edge/head.h"

struct request;
struct conn;

/* ---- what was asked ---- */

enum head_method request_method(const struct request *req);
struct span request_body(const struct request *req);
bool request_header(const struct request *req, const char *name,
		    struct span *value);

/* head_list() and head_list_has() of its head. */
void request_list(const struct request *req, const char *name, struct buf *out);
bool request_list_has(const struct request *req, const char *name,
		      const char *token);

/* The segment of the path that stands for {name}; empty when the route has
 * none. As sent: percent-encoding does not occur in ids and names. */
struct span request_param(const struct request *req, const char *name);

/* A query parameter; false when it is not there. */
bool request_query(const struct request *req, const char *name,
		   struct span *value);

/* The path of the route, for logs. */
const char *request_route(const struct request *req);

/* What it is called in logs and in its answer, and its place in a trace. */
const struct trace *request_trace(const struct request *req);
const char *request_id(const struct request *req);

/* The client's address as text, as a trusted proxy says it. */
const char *request_peer(struct request *req);

/* ---- the answer ---- */

/* Adds a header to the answer. */
void request_add(struct request *req, const char *name, const char *value);
void request_add_span(struct request *req, const char *name, struct span value);

/* Answers, and ends the request. content_type may be NULL without a body. */
void request_answer(struct request *req, int status, const char *content_type,
		    struct span body);

/* Answers with a problem, as application/problem+json. */
void request_refuse(struct request *req, struct problem problem);

/* The same; `detail` is NULL where the table's words will do. */
void request_problem(struct request *req, enum outcome outcome,
		     const char *detail);

/* ---- a body that is not kept (router_add_streamed()) ---- */

struct request_taker {
	/* Takes some of the bytes that have come and says how many; 0: none for
	 * now, until request_go_on(). It does not answer. */
	size_t (*take)(void *arg, struct span bytes);
	/* All of the body was taken. */
	void (*whole)(void *arg);
	/* The client has left, and no more comes. */
	void (*cut)(void *arg);
};

/* From now on the body is taken so; nothing is asked of the client before. An empty one
 * is whole at once. The request is answered as ever, also after cut(). An answer before
 * the end of the body ends the connection. */
void request_take_body(struct request *req, const struct request_taker *taker,
		       void *arg);
void request_go_on(struct request *req);

/* ---- an answer that is put piece by piece ---- */

struct request_giver {
	/* There is room for more. It may be called again while that is being
	 * fetched. */
	void (*more)(void *arg);
	/* The client has left. request_end_answer() is still to come. */
	void (*cut)(void *arg);
};

/* The head of an answer of `length` bytes. To a HEAD nothing is put after it. The client
 * may have left: then the answer is cut at once. */
void request_begin_answer(struct request *req, int status,
			  const char *content_type, uint64_t length,
			  const struct request_giver *giver, void *arg);
void request_put(struct request *req, struct span bytes);
/* Ends the request. When fewer bytes than said were put, the connection breaks, so
 * that the client does not take them for all. */
void request_end_answer(struct request *req);

/* ---- for the edge ---- */

struct route;

/* Its body is not kept, or is. */
void request_set_streamed(struct request *req, bool streamed);
/* Gives it bytes of the body, and says how many were taken. It may be gone after the
 * last ones. */
size_t request_feed(struct request *req, struct span bytes);
size_t request_body_left(const struct request *req);
/* It is the client who keeps it waiting for the body. */
bool request_waits_for_body(const struct request *req);
/* Its answer is put piece by piece. */
bool request_is_giving(const struct request *req);
void request_give_more(struct request *req);

/* Copies the bytes of a head that head_parse() has taken. `answered` is called once
 * its answer is in conn_out(), unless the client has left or has a WebSocket. */
struct request *request_new(struct conn *conn, struct span head_bytes,
			    void (*answered)(void *arg, bool keep_alive),
			    void *arg);
void request_free(struct request *req);

/* The head, over the request's own copy of its bytes. */
const struct head *request_head(const struct request *req);
struct buf *request_body_buf(struct request *req);
/* The lines of the answer's head that were added. */
struct buf *request_headers(struct request *req);

void request_set_route(struct request *req, const struct route *route);

/* It was answered with 101 and is a WebSocket now; ends the request. */
void request_upgraded(struct request *req);

/* The client left: answers go nowhere. */
void request_forget_conn(struct request *req);
struct conn *request_conn(const struct request *req);

#endif
