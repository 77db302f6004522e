/*
 * What is next of a file that goes to a server or comes from it, by resumable uploads and by
 * ranges (docs/protocol.md, "Files"), without input and output. What was cut off goes on
 * where it was: by itself while bytes pass, and a few times when none do.
 */
#ifndef HERMETIC_REACH_TRANSFER_PLAN_H
#define HERMETIC_REACH_TRANSFER_PLAN_H

#include "base/uuid.h"
#include "device/why.h"

#include <stdint.h>

enum transfer_turn {
	TRANSFER_ASK,  /* a request; then transfer_plan_take() */
	TRANSFER_WAIT, /* so long, then again */
	TRANSFER_DONE  /* plan->result says how it ended */
};

struct transfer_step {
	const char *method, *path;
	const char *headers[3]; /* "Name: value"; NULL ends them */
	/* The body: bytes of the ciphertext from `from` on; of a GET, what the answer
	 * has. */
	uint64_t from, count;
	uint32_t wait_ms;
};

/* No member is anybody's to change. */
struct transfer_plan {
	bool up;
	char path[128];
	uint64_t size;	/* bytes of the ciphertext */
	uint64_t piece; /* of one request's body */
	uint64_t at;	/* bytes that are there */
	uint64_t had;	/* the same, as it was counted for `tries` */
	unsigned tries; /* in a row that have brought nothing */
	bool placed;	/* the server has said where it goes on */
	uint32_t wait_ms;
	bool ended;
	enum err result;
	struct why why; /* of a failure */
	char lines[2][48];
};

/* `at`: bytes that were fetched before. `piece`: at most so many in a request's body, a
 * multiple of 262,144, or 0: all of them. */
void transfer_plan_begin(struct transfer_plan *plan, bool up,
			 const char *session, struct uuid file, uint64_t size,
			 uint64_t at, uint64_t piece);

/* `step` borrows from the plan until the next call. */
enum transfer_turn transfer_plan_turn(struct transfer_plan *plan,
				      struct transfer_step *step);

/* What came of it: `e` and `why` as tokens_call() has them; the answer's Upload-Offset, or
 * UINT64_MAX; and how many bytes of the file were fetched. */
void transfer_plan_take(struct transfer_plan *plan, enum err e,
			const struct why *why, uint64_t offset,
			uint64_t fetched);

#endif
