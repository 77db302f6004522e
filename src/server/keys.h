/* The keys that sign access tokens: in PostgreSQL, the private halves wrapped
 * under the key-encryption key; in a worker's memory unwrapped. */
#ifndef HERMETIC_SERVER_KEYS_H
#define HERMETIC_SERVER_KEYS_H

#include <stdbool.h>

#include "base/buf.h"

struct key {
	char kid[48];
	struct buf private_pem, public_pem; /* end with a NUL, not counted */
	struct buf jwk;
	bool may_sign;
};

/* Loads the keys, makes the first one where there is none, and looks for
 * changes from time to time. */
void keys_start(void);

bool keys_are_loaded(void);

/* The key that signs now; NULL while none is loaded. */
const struct key *keys_signing(void);

/* NULL when unknown. */
const struct key *keys_find(struct span kid);

/* Appends the JSON Web Key Set (RFC 7517). */
void keys_put_jwks(struct buf *out);

/* A secret of its own for each purpose, made of the key-encryption key: the same in all
 * nodes, and in no dump of the database. */
MUST_CHECK enum err keys_derive(struct span purpose, uint8_t key[32]);

#endif
