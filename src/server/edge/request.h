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

/* ---- for the edge ---- */

struct route;

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
