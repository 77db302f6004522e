/* A session moves to another algorithm: a change (change.h) with `algorithm`. */
#ifndef HERMETIC_CLIENT_MOVE_H
#define HERMETIC_CLIENT_MOVE_H

#include "client/book.h"
#include "client/guests.h"

/* What was agreed on before the transaction. */
struct move {
	const struct suite *suite; /* NULL: there already */
	struct guests guests;
	struct negotiation_plan agreed;
};
void move_clear(struct move *move);

/* Gets the members' KeyPackages of the new algorithm. Never inside a
 * transaction. */
MUST_CHECK enum err move_agree(struct client *c, const char *id,
			       const char *algorithm, struct move *move);

/* Stages it. Inside a transaction. */
MUST_CHECK enum err move_stage(struct client *c, struct page *page,
			       const struct move *move, struct mls_commit *out);

/* The log's entry that ends a move, ours or another's: session_receive() for
 * CHAIN_SUCCESSOR. Inside a transaction. */
MUST_CHECK enum err move_receive(struct client *c, struct page *page,
				 uint64_t seq, struct span welcome,
				 const uint8_t claimed[CHAIN_HEAD],
				 struct session_event *event);

#endif
