/* Conditional GET (RFC 9110, 13): for what does not change once it is there. */
#ifndef HERMETIC_SERVER_EDGE_CONDITIONAL_H
#define HERMETIC_SERVER_EDGE_CONDITIONAL_H

#include "base/span.h"

struct request;

/* Answers 200 with an ETag, or 304 to a client that has just this. `version`: a
 * few bytes that differ wherever `body` or its type does. */
void conditional_answer(struct request *req, const char *content_type,
			struct span body, struct span version);

#endif
