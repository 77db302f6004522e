/*
 * Families of tokens that were revoked while access tokens of theirs may still
 * be good: asked of the database at once when a notice says so, and every few
 * seconds in case that one was lost.
 */
#ifndef HERMETIC_SERVER_REVOCATIONS_H
#define HERMETIC_SERVER_REVOCATIONS_H

#include "base/uuid.h"

struct rows;

/* Once in a worker. */
void revocations_start(void);

/* Some were revoked: asks which. */
void revocations_reload(void);

/* This worker has revoked one: no need to ask, and all others are told. */
void revocations_tell(struct uuid family);

/* The same for each family that a statement has ended: rows with a `family_id`, or
 * with NULL. */
void revocations_tell_rows(struct rows *rows);

bool revocations_have(struct uuid family);

#endif
