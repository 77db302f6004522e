/* Bytes that several connections send: made once, freed with the last. */
#ifndef HERMETIC_SERVER_EDGE_SHARED_H
#define HERMETIC_SERVER_EDGE_SHARED_H

#include <stddef.h>
#include <stdint.h>

struct shared {
	unsigned holders;
	size_t n;
	uint8_t bytes[];
};

/* With room for n bytes and one holder; NULL: no memory. */
struct shared *shared_new(size_t n);

/* One holder less; the last one frees it. NULL is fine. */
void shared_drop(struct shared *s);

#endif
