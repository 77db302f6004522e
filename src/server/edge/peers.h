/*
 * Words between the workers of one node, straight from one to the other. Those
 * of one turn of the loop leave together at its end and arrive in their order.
 * What a worker cannot take at once waits at the sender; when too much waits,
 * or a worker is being restarted, words are lost, and a later one says so.
 */
#ifndef HERMETIC_SERVER_EDGE_PEERS_H
#define HERMETIC_SERVER_EDGE_PEERS_H

#include "base/err.h"
#include "base/span.h"

enum { PEERS_WORD_MAX = 65000 }; /* bytes */

/* In the parent, before the workers: their sockets. */
MUST_CHECK enum err peers_open(unsigned workers);

/* What other workers say goes to `heard`, word by word; `lost` is called when
 * something has been missed. Once in a worker, of this number from 1. */
void peers_start(unsigned self, void (*heard)(struct span word),
		 void (*lost)(void));

/* To a worker, or with 0 to all others: 1 to PEERS_WORD_MAX bytes. */
void peers_tell(unsigned worker, struct span word);

#endif
