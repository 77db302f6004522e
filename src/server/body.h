/*
 * The JSON body of a request, read strictly: an unknown member, a missing one
 * or a wrong type refuses the request, and body_end() says so once. Values
 * live until body_free().
 */
#ifndef HERMETIC_SERVER_BODY_H
#define HERMETIC_SERVER_BODY_H

#include "base/uuid.h"
#include "server/edge/request.h"

enum { BODY_ITEMS_MAX = 128, BODY_MEMBERS_MAX = 12 };

struct json_t;

struct body {
	struct json_t *json;
	const char *wanted[BODY_MEMBERS_MAX];
	size_t wanted_count;
	const char *fault; /* what is wrong, NULL: nothing */
	char fault_text[96];
	struct buf bytes; /* decoded base64 */
};

/* Reads the request's body. False: it has been answered (400 or 415). */
bool body_read(struct body *body, struct request *req);

/* The same for a text that is no request's. */
bool body_parse(struct body *body, struct span text);

/* The member, or "" and a fault when it is not a string. */
const char *body_text(struct body *body, const char *name);
/* NULL when it is not there. */
const char *body_optional_text(struct body *body, const char *name);
/* A UUID; nil, and a fault, when it is none. */
struct uuid body_uuid(struct body *body, const char *name);
bool body_optional_uuid(struct body *body, const char *name, struct uuid *out);
/* Base64; max in bytes. Valid until body_free(). */
struct span body_bytes(struct body *body, const char *name, size_t max);
struct span body_optional_bytes(struct body *body, const char *name,
				size_t max);
/* A whole number from 0 to max. */
uint64_t body_number(struct body *body, const char *name, uint64_t max);
bool body_optional_number(struct body *body, const char *name, uint64_t max,
			  uint64_t *out);
/* True or false; false when it is not there. */
bool body_optional_flag(struct body *body, const char *name);
/* An array of strings, at most BODY_ITEMS_MAX; 0 when it is not there. */
size_t body_texts(struct body *body, const char *name,
		  const char *out[BODY_ITEMS_MAX]);

/* An array of whole numbers from 0 to max, at most BODY_ITEMS_MAX; 0 when it is
 * not there. */
size_t body_numbers(struct body *body, const char *name, uint64_t max,
		    uint64_t out[BODY_ITEMS_MAX]);

/* No fault, and no member that was not asked for. False: `fault` says why. */
bool body_is_good(struct body *body);

/* body_is_good(), or answers the request with 400 and frees the body. */
bool body_end(struct body *body, struct request *req);

void body_free(struct body *body);

#endif
