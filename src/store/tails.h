/*
 * The ends of logs, as a writer believes them to be: where each stood after the
 * last batch, which devices could send in that epoch, and the last heads, which
 * are what senders mostly say that they have seen. What is believed of the end is
 * compared with the truth under the session's lock, before anything is stored.
 */
#ifndef HERMETIC_STORE_TAILS_H
#define HERMETIC_STORE_TAILS_H

#include "base/digest.h"
#include "base/uuid.h"

enum { TAIL_DEVICES = 16, TAIL_HEADS = 16, TAIL_VIEWS = 4 };

struct tail_head {
	uint64_t seq; /* 0: none */
	struct digest head;
};

struct tail {
	struct uuid session;
	struct digest head;
	uint64_t epoch, seq;
	struct uuid devices[TAIL_DEVICES]; /* the last ones that sent */
	unsigned device_count, next_device;
	struct tail_head heads[TAIL_HEADS]; /* of seq s at s % TAIL_HEADS */
	struct tail_head views[TAIL_VIEWS]; /* older ones, found right */
	unsigned view_count, next_view;
	unsigned doubts; /* batches until it is believed again */
	uint64_t batch;	 /* that last said so */
	bool known;
};

struct tails;

MUST_CHECK enum err tails_new(struct tails **out);
void tails_free(struct tails *tails);

/* What is believed; NULL: nothing, or not enough for this device and epoch. */
struct tail *tails_expect(struct tails *tails, struct uuid session,
			  uint64_t epoch, struct uuid device);

/* The database has numbered a message of the batch of that number (1, 2, …).
 * Where somebody else has written since the last batch, that may happen again:
 * for some batches nothing is believed. Number 0: it was as expected. */
void tails_learn(struct tails *tails, uint64_t batch, struct uuid session,
		 uint64_t epoch, uint64_t seq, struct digest head,
		 struct uuid device);

/* An entry that stands in the log. */
void tails_note_head(struct tails *tails, struct uuid session, uint64_t seq,
		     struct digest head);

/* The same of an older entry, which somebody said to have seen last: who does not
 * read says so again and again. */
void tails_note_view(struct tails *tails, struct uuid session, uint64_t seq,
		     struct digest head);

/* Whether that head is known to stand there; false: perhaps. */
bool tails_has_head(struct tails *tails, struct uuid session, uint64_t seq,
		    struct digest head);

/* It was not as expected: of its heads nothing is known any more. */
void tails_doubt(struct tails *tails, struct uuid session);

/* Nothing is known of that session any more. */
void tails_forget(struct tails *tails, struct uuid session);

#endif
