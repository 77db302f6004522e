/*
 * What every door to a session shares: the check of an envelope that arrives,
 * the problem that goes with what the writer says, and a message as JSON.
 */
#ifndef HERMETIC_DOOR_DELIVERY_H
#define HERMETIC_DOOR_DELIVERY_H

#include "base/buf.h"
#include "door/outcomes.h"
#include "store/message.h"
#include "store/writer.h"

struct delivery_limits {
	uint64_t envelope_bytes;
	uint64_t nonce_window_ms; /* how far a nonce's time may be off */
};

/* The last time, in Unix milliseconds, that a sender may give for the end of a
 * message: the year 9999. */
#define DELIVERY_EXPIRES_MAX UINT64_C(253402300799999)

/* Checks what a server can see of an envelope and fills `out`, which borrows
 * from it and has no origin and no end. False: `problem` says why. `session` NULL: that
 * of the envelope. */
bool delivery_check(struct span bytes, const struct delivery_limits *limits,
		    uint64_t now_ms, struct uuid device,
		    const struct uuid *session, struct append *out,
		    struct problem *problem);

/* Counts a message that arrives from a device, before anything else is done for
 * it; delivery_check() does so by itself. False: `problem` says why. */
bool delivery_admit(struct uuid device, size_t bytes, struct problem *problem);

/* Counts a message that was stored, for its session. */
void delivery_count(const struct message *message);

/* Why it was not stored. Its outcome is OK where it was, now or before. */
struct problem delivery_problem(const struct append_result *result);

/* Appends the object {"session_id":…}, as history and pushes give it, without
 * an envelope where only its hash is kept; with type, it starts with
 * "type":"message". */
void delivery_put(struct buf *out, const struct message *message,
		  bool with_type);

/* Room that is enough for it. */
size_t delivery_size(const struct message *message);

#endif
