/* Bytes that never change and are shared by all who hold them: entries of
 * logs, records of stores. Copying a server or a store costs a count. */
#ifndef HERMETIC_TESTS_SIM_BLOB_H
#define HERMETIC_TESTS_SIM_BLOB_H

#include "base/err.h"
#include "base/span.h"

#include <stdnoreturn.h>
#include <string.h>

struct blob {
	unsigned holders;
	size_t n;
	uint8_t hash[32]; /* SHA-256 of the bytes */
	uint8_t p[];
};

struct blob *blob_make(struct span bytes);
struct blob *blob_share(struct blob *blob); /* NULL is fine */
void blob_free(struct blob *blob);	    /* one holder less; NULL is fine */

static inline struct span blob_span(const struct blob *blob)
{
	return blob != NULL ? span_of(blob->p, blob->n) : SPAN_EMPTY;
}

/* The simulator's own memory and its own calls never fail: it ends the
 * process. */
void *sim_alloc(size_t n);	   /* zeroed */
void *sim_grow(void *p, size_t n); /* as realloc() */
void sim_must(enum err e, const char *what);
noreturn void sim_stop(const char *what);

/* Room for one more element behind `count` of them, which is zeroed. */
#define SIM_ADD(array, count)                                                  \
	((array) = sim_grow((array), ((count) + 1) * sizeof(*(array))),        \
	 memset(&(array)[count], 0, sizeof(*(array))), &(array)[(count)++])

#endif
