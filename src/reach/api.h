/*
 * The server's REST side (docs/protocol.md), one request at a time over one
 * kept connection. Requests wait: 10 seconds for a connection, 60 for an
 * answer.
 */
#ifndef HERMETIC_REACH_API_H
#define HERMETIC_REACH_API_H

#include "base/buf.h"
#include "device/why.h"

#include <jansson.h>

struct api;

struct api_answer {
	long status;
	json_t *body;  /* an object, or NULL */
	char slug[48]; /* of a problem; empty otherwise */
	/* The header Date less our clock; 0: within a second, or not said. */
	int64_t clock_ahead_ms;
};

void api_answer_clear(struct api_answer *answer);

/*
 * Turns "host", "host:port" or a URL into a base URL without a trailing
 * slash: http for this machine, https for others, unless the text says.
 * ERR_PEER_MALFORMED when it is none of these.
 */
MUST_CHECK enum err api_base_url(const char *server, struct buf *url);

/* `ca`: a file of certificates to trust for https, borrowed; NULL: the
 * system's. */
MUST_CHECK enum err api_open(const char *server, const char *ca,
			     struct api **out);
void api_close(struct api *api);

const char *api_url(const struct api *api);

/* The bearer token of later calls, copied; NULL: none. */
MUST_CHECK enum err api_set_token(struct api *api, const char *token);

/* The present one, "" when there is none; valid until it is set again. */
const char *api_token(const struct api *api);

/*
 * One request; `body` (or NULL) is taken over. Any 2xx is ERR_OK. Otherwise
 * `why` says what the server said and what to do, and the result is:
 * ERR_LOCAL_IO unreachable; ERR_STATE_EPOCH 409 epoch-changed;
 * ERR_STATE_CONFLICT another 409; ERR_STATE_GONE 404; ERR_PEER_DENIED 401
 * and 403; ERR_LOCAL_BUSY 429 and 5xx; ERR_PEER_INVALID any other.
 * `answer` is filled also then; the caller clears it.
 */
MUST_CHECK enum err api_call(struct api *api, const char *method,
			     const char *path, json_t *body, struct why *why,
			     struct api_answer *answer);

/* A request whose body, or whose answer, does not fit into memory. */
struct api_stream {
	const char *method, *path;
	const char *const
	    *headers; /* of the request, or NULL; NULL ends them */
	/* Fills up to n bytes of the body and says how many; SIZE_MAX: it
	 * cannot. NULL: there is no body. */
	size_t (*give)(void *context, uint8_t *to, size_t n);
	uint64_t length; /* of the body */
	/* Bytes of an answer of 2xx; false: it cannot take them. NULL: such an
	 * answer has none. `part`: the answer is 206. */
	bool (*take)(void *context, bool part, struct span bytes);
	/* Is asked about every second, and now and then: false ends it. */
	bool (*goes_on)(void *context);
	void *context;
};

/*
 * As api_call(), tried once, and without an end in time as long as bytes pass.
 * `answer` has a body of a problem only. ERR_LOCAL_IO also when `give` or `take` could
 * not, or when it was ended ("interrupted").
 */
MUST_CHECK enum err api_pass(struct api *api, const struct api_stream *stream,
			     struct why *why, struct api_answer *answer);

/* A number in a header of the last answer; false: it has none. */
bool api_header(const struct api *api, const char *name, uint64_t *number);

#endif
