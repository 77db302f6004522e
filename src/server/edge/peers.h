/* Words between the workers of one node, by Kore's messages. They may come
 * twice, and none is kept for a worker that is being restarted. */
#ifndef HERMETIC_SERVER_EDGE_PEERS_H
#define HERMETIC_SERVER_EDGE_PEERS_H

#include "base/span.h"

/* What other workers say goes to `heard`; once in a worker. */
void peers_start(void (*heard)(struct span bytes));

/* To all other workers. */
void peers_tell(struct span bytes);

#endif
