/* An envelope on its way into a log, and what comes of it (writer.h). */
#ifndef HERMETIC_STORE_APPEND_H
#define HERMETIC_STORE_APPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/uuid.h"

enum append_outcome {
	APPEND_OK,
	APPEND_DUPLICATE, /* the same nonce and bytes: the first answer */
	APPEND_NONCE_REUSED,
	APPEND_VIEW_DIFFERS,  /* its view is not in the log */
	APPEND_EPOCH_CHANGED, /* `epoch` is the session's */
	APPEND_NOT_A_MEMBER,
	APPEND_NO_SESSION,
	APPEND_ROTATION_REQUIRED, /* a commit first, then seal again */
	APPEND_SESSION_ENDED,
	APPEND_UNAVAILABLE /* may or may not be stored: ask again */
};

struct append_result {
	enum append_outcome outcome;
	uint64_t seq, sent_ms; /* OK and DUPLICATE */
	struct digest head;
	struct digest hash; /* OK: of the envelope */
	uint64_t epoch;
	bool rotation_due; /* OK: the sender should renew the keys */
};

struct append {
	struct uuid session, device;
	uint8_t nonce[16];
	uint64_t epoch;
	uint64_t view_seq; /* what its sender has seen (wire/log_view.h) */
	struct digest view_head;
	uint64_t expires_ms;  /* Unix: its bytes go then; 0: nobody said */
	struct span envelope; /* copied, as is the origin */
	struct span origin;   /* of its request, for logs; may be empty */
};

typedef void append_done(void *arg, const struct append_result *result);

/* When a session's keys are due for rotation; zero: never. The seconds that
 * make them due are the rotation worker's matter. */
struct rotation_limits {
	uint64_t messages;	/* from then on they are due, */
	uint64_t grace_seconds; /* so much later old ones are refused */
	uint64_t hard_messages; /* refused in any case after so many, */
	uint64_t hard_seconds;	/* and after so long */
};

/* The hash of one more envelope, and the head of a log's chain after it
 * (docs/protocol.md, "Transcript"). */
typedef enum err append_head(struct digest before, uint64_t seq,
			     struct span envelope, struct digest *hash,
			     struct digest *after);

#endif
