/* An answer, and the memory that it borrows from. */
#ifndef HERMETIC_TESTS_SIM_REPLY_H
#define HERMETIC_TESTS_SIM_REPLY_H

#include "device/ports.h"

struct reply {
	struct answer answer;
	void **parts; /* owned */
	size_t part_count;
};

void reply_free(struct reply *reply);

/* Zeroed memory that lives as long as the reply. */
void *reply_take(struct reply *reply, size_t n);
struct span reply_bytes(struct reply *reply, struct span bytes);
const char *reply_text(struct reply *reply, const char *text);

/* `to`, which is empty, becomes a copy that borrows nothing from `from`. */
void reply_copy(struct reply *to, const struct answer *from);

/* The outcome of a request. */
void reply_refuse(struct reply *reply, enum err result, const char *slug);

#endif
