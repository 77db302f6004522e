/*
 * Words between the workers of one node, straight from one to the other. What
 * a worker cannot take at once waits at the sender; when too much waits, or a
 * worker is being restarted, words are lost, and the sender's later ones say
 * so.
 */
#ifndef HERMETIC_SERVER_EDGE_PEERS_H
#define HERMETIC_SERVER_EDGE_PEERS_H

#include "base/err.h"
#include "base/span.h"

enum { PEERS_WORDS_MAX = 65536 }; /* bytes of one peers_tell() */

/* In the parent, before the workers: their sockets. */
MUST_CHECK enum err peers_open(unsigned workers);

/* What other workers say goes to `heard`, whole as it was told; `lost` is
 * called when something has been missed. Once in a worker, of this number
 * from 1. */
void peers_start(unsigned self, void (*heard)(struct span words),
		 void (*lost)(void));

/* To all other workers: 2 to PEERS_WORDS_MAX bytes. */
void peers_tell(struct span words);

#endif
