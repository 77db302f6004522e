/* A device's request (device/ports.h) as an HTTP request of docs/protocol.md. */
#ifndef HERMETIC_REACH_CALL_H
#define HERMETIC_REACH_CALL_H

#include "device/ports.h"

#include <jansson.h>

#define CALL_PATH_SIZE 192

struct call {
	const char *method;
	char path[CALL_PATH_SIZE];
	json_t *body; /* owned; NULL: the request has none */
};

/* The caller clears `call`, also after a failure. ERR_LOCAL_BUG: a session's
 * id that is none, or a kind that there is not. */
MUST_CHECK enum err call_make(const struct request *request, struct call *call);
void call_clear(struct call *call);

#endif
