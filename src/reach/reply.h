/*
 * What a server answered, as JSON, as a device's answer (device/ports.h).
 * Members that are not known are ignored, and members that older servers do
 * not send may be missing. What is there and has another form is
 * ERR_PEER_MALFORMED.
 */
#ifndef HERMETIC_REACH_REPLY_H
#define HERMETIC_REACH_REPLY_H

#include "device/ports.h"
#include "device/why.h"

#include <jansson.h>

/* An answer that owns what it points to. */
struct reply {
	struct answer answer;
	const json_t *body; /* borrowed; texts of the answer point there */
	struct buf *bytes;  /* owned: decoded base64, one buffer each */
	size_t byte_count;
	void *list; /* owned: the answer's rows */
};

/* Reads the body of a success into reply->answer; `body` may be NULL and must
 * outlive the reply. The caller clears the reply, also after a failure. */
MUST_CHECK enum err reply_read(const struct request *request,
			       const json_t *body, struct reply *reply);

/* What came of a request. */
struct reply_came {
	enum err
	    result; /* as struct answer has it, by problem_read() for one */
	const json_t *body;
	const char *server; /* its URL, for a person */
	const char *slug;   /* of a problem; "" otherwise */
	int64_t clock_ahead_ms;
};

/* All of reply->answer: of a success the body is read, and one that no server of ours
 * gives has its reason in `why`, which like `came` has to outlive the reply. */
void reply_fill(const struct request *request, const struct reply_came *came,
		struct why *why, struct reply *reply);

/* reply_read() for `messages` that were pushed: an array of entries. */
MUST_CHECK enum err reply_entries(const json_t *messages, struct reply *reply);

/* Of entries that were pushed: whether bytes are lacking. That they are not kept any more
 * is for the log to say: what is pushed was said just now. */
bool reply_lacks_bytes(const struct reply *reply);

void reply_clear(struct reply *reply);

#endif
