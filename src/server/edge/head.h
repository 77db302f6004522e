/*
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: what two readers
 * could understand differently is refused, so that nothing can be smuggled.
 */
#ifndef HERMETIC_SERVER_EDGE_HEAD_H
#define HERMETIC_SERVER_EDGE_HEAD_H

#include "base/buf.h"
#include "base/span.h"

enum { HEAD_BYTES_MAX = 16384, HEAD_FIELDS_MAX = 64, HEAD_TARGET_MAX = 4096 };

enum head_method {
	HEAD_GET = 1,
	HEAD_POST = 2,
	HEAD_PUT = 4,
	HEAD_DELETE = 8,
	HEAD_HEAD = 16,
	HEAD_PATCH = 32,
	HEAD_OPTIONS = 64
};

struct head_field {
	struct span name, value; /* value without space around it */
};

/* Borrows from the bytes it was read from. */
struct head {
	enum head_method method;
	struct span path;  /* of the target, as sent */
	struct span query; /* after '?', may be empty */
	bool http_1_0;
	bool keep_alive;
	bool expects_continue;
	bool has_body; /* Content-Length was there */
	size_t content_length;
	struct head_field fields[HEAD_FIELDS_MAX];
	size_t field_count;
};

/* The length of the head that `bytes` starts with, end line included; 0 while
 * it is not complete. */
size_t head_length(struct span bytes);

/* Reads a complete head. Returns 0, or the status of the refusal: 400, 411,
 * 413 (a length no integer holds), 414, 431, 501, 505. */
int head_parse(struct head *head, struct span bytes);

/* The field's value; false when it is not there. Names compare without case. */
bool head_find(const struct head *head, const char *name, struct span *value);

/* The value of a field that is a list: all lines of that name in their order, as one
 * (RFC 9110, 5.3). Empty when there is none. */
void head_list(const struct head *head, const char *name, struct buf *out);

/* head_has_token() and head_after_prefix() of a field that is a list, in whichever of its
 * lines. */
bool head_list_has(const struct head *head, const char *name,
		   const char *token);
bool head_list_after_prefix(const struct head *head, const char *name,
			    const char *prefix, struct span *rest);

/* Empty for none. */
const char *head_method_name(enum head_method method);

/* Names and tokens compare so: without case. */
bool head_equals(struct span s, const char *text);

/* Takes the first part off a list, without the blanks around it; false when
 * nothing is left. */
bool head_next_part(struct span *list, char separator, struct span *part);

/* Is the token one of a comma-separated list, without case? */
bool head_has_token(struct span list, const char *token);

/* What follows `prefix` in the first part of a comma-separated list that begins with it,
 * case and all; false: none does. */
bool head_after_prefix(struct span list, const char *prefix, struct span *rest);

#endif
