#include "tests/sim/blob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

void sim_stop(const char *what)
{
	(void)fprintf(stderr, "sim: %s\n", what);
	abort();
}

void sim_must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "sim: %s: %s\n", what, err_text(e));
	abort();
}

void *sim_alloc(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		sim_stop("no memory");
	return p;
}

void *sim_grow(void *p, size_t n)
{
	p = realloc(p, n > 0 ? n : 1);
	if (p == NULL)
		sim_stop("no memory");
	return p;
}

struct blob *blob_make(struct span bytes)
{
	struct blob *blob = sim_alloc(sizeof(*blob) + bytes.n);

	blob->holders = 1;
	blob->n = bytes.n;
	if (bytes.n > 0)
		memcpy(blob->p, bytes.p, bytes.n);
	sim_must(hash_one(bytes, blob->hash), "hash");
	return blob;
}

struct blob *blob_share(struct blob *blob)
{
	if (blob != NULL)
		blob->holders++;
	return blob;
}

void blob_free(struct blob *blob)
{
	if (blob != NULL && --blob->holders == 0)
		free(blob);
}
