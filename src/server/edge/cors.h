/* Which pages of other origins may call the API from a browser (Fetch
 * standard, "CORS protocol"). None by default. Tokens travel in a header that
 * such a page must have itself, so there are no credentials to allow. */
#ifndef HERMETIC_SERVER_EDGE_CORS_H
#define HERMETIC_SERVER_EDGE_CORS_H

struct request;

/* A list of origins, "https://a.example,https://b.example:8443", or "*". NULL,
 * or what is wrong with it (a setting's parser). */
const char *cors_set(const char *text);

/* Adds what any answer says. */
void cors_add(struct request *req);

/* Adds what a preflight's answer says; `methods` as in Allow. */
void cors_add_preflight(struct request *req, const char *methods);

#endif
