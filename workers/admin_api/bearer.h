/* The check of the API's tokens: which one a request has, and what that one may do. */
#ifndef HERMETIC_WORKERS_ADMIN_API_BEARER_H
#define HERMETIC_WORKERS_ADMIN_API_BEARER_H

#include "admin/token.h"
#include "server/edge/request.h"
#include "store/rows.h"

enum { BEARER_NAME_MAX = 33 };

struct bearer {
	struct uuid id;
	struct digest hash; /* of what the request has */
	char name[BEARER_NAME_MAX];
	unsigned scopes;
};

/* Once in the worker. 0: wrong tokens are not counted. */
void bearer_start(uint64_t wrong_per_minute);

/* Reads the request's token. False: it has none that can be looked up, or its address has
 * sent too many wrong ones; the request is then answered. */
bool bearer_read(struct request *req, struct bearer *bearer);

/* Compares it with the row of its id (admin_api_token_find.sql), and takes name and scopes
 * from there. False: it is none that is good, and the request is answered. */
bool bearer_check(struct request *req, struct bearer *bearer,
		  struct rows *rows);

#endif
