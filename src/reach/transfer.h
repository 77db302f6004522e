/*
 * Files to the server and from it, by resumable uploads and by ranges (docs/protocol.md,
 * "Files"). What was cut off goes on where it was: by itself while bytes pass, otherwise
 * with the next call. Nothing is held in memory but a piece.
 */
#ifndef HERMETIC_REACH_TRANSFER_H
#define HERMETIC_REACH_TRANSFER_H

#include "base/uuid.h"
#include "reach/account.h"

struct transfer {
	const char *session; /* the id as text */
	struct uuid file;
	int fd;		    /* of the ciphertext */
	const char *folder; /* where that is, for the words of a failure */
	uint64_t size;	    /* bytes of the ciphertext */
	/* Is told how far it is, about every second and at the end; false ends it
	 * ("interrupted"). May be NULL. */
	bool (*watch)(void *context, uint64_t done);
	void *context;
};

/* Asks the server for a place for so many bytes; `fd` is not needed yet. What the server
 * does not take is refused here, before anybody has worked on it. */
MUST_CHECK enum err transfer_place(struct account *a, const struct transfer *t);

/* Gives the place back, where it can. */
void transfer_give_back(struct account *a, const struct transfer *t);

/* Reads `fd`, which has `size` bytes. */
MUST_CHECK enum err transfer_up(struct account *a, const struct transfer *t);

/* Appends to `fd` what it lacks. */
MUST_CHECK enum err transfer_down(struct account *a, const struct transfer *t);

#endif
