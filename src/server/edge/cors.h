/* Which pages of other origins may call the API from a browser (Fetch
 * standard, "CORS protocol"). None by default. Tokens travel in a header that
 * such a page must have itself, so there are no credentials to allow. */
#ifndef HERMETIC_SERVER_EDGE_CORS_H
#define HERMETIC_SERVER_EDGE_CORS_H

#include "base/buf.h"
#include "server/edge/head.h"

/* A list of origins, "https://a.example,https://b.example:8443", or "*". NULL,
 * or what is wrong with it (a setting's parser). */
const char *cors_set(const char *text);

/* Puts the lines that any answer has, to a request with this head. */
void cors_put(struct buf *lines, const struct head *head);

/* Puts the lines that a preflight's answer has; `methods` as in Allow. */
void cors_put_preflight(struct buf *lines, const struct head *head,
			const char *methods);

#endif
