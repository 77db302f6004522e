/*
 * The ends of logs, as a writer believes them to be: where each stood after the
 * last batch, and which devices could send in that epoch. What is believed is
 * compared with the truth under the session's lock, before anything is stored.
 */
#ifndef HERMETIC_STORE_TAILS_H
#define HERMETIC_STORE_TAILS_H

#include "base/err.h"
#include "base/span.h"

enum { TAIL_DEVICES = 16 };

struct tail {
	uint8_t session[16], head[32];
	uint64_t epoch, seq;
	uint8_t devices[TAIL_DEVICES][16]; /* the last ones that sent */
	unsigned device_count, next_device;
	unsigned doubts; /* batches until it is believed again */
	uint64_t batch;	 /* that last said so */
	bool known;
};

struct tails;

MUST_CHECK enum err tails_new(struct tails **out);
void tails_free(struct tails *tails);

/* What is believed; NULL: nothing, or not enough for this device and epoch. */
struct tail *tails_expect(struct tails *tails, const uint8_t session[16],
			  uint64_t epoch, const uint8_t device[16]);

/* The database has numbered a message of the batch of that number (1, 2, …).
 * Where somebody else has written since the last batch, that may happen again:
 * for some batches nothing is believed. Number 0: it was as expected. */
void tails_learn(struct tails *tails, uint64_t batch, const uint8_t session[16],
		 uint64_t epoch, uint64_t seq, const uint8_t head[32],
		 const uint8_t device[16]);

/* It was not as expected. */
void tails_doubt(struct tails *tails, const uint8_t session[16]);

/* Nothing is known of that session any more. */
void tails_forget(struct tails *tails, const uint8_t session[16]);

#endif
