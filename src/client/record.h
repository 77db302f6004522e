/* JSON objects as records of the state, and bytes as their members. */
#ifndef HERMETIC_CLIENT_RECORD_H
#define HERMETIC_CLIENT_RECORD_H

#include "client/state.h"

#include <jansson.h>

/* A new reference in *out; ERR_STATE_GONE when there is no such record. */
MUST_CHECK enum err record_get(struct state *state, const char *name,
			       json_t **out);

/* Borrows `value`. Inside a transaction only. */
MUST_CHECK enum err record_put(struct state *state, const char *name,
			       const json_t *value);

/* A member with bytes in base64. record_bytes appends to `out`;
 * ERR_PEER_MALFORMED when it is missing or no base64. */
MUST_CHECK enum err record_set_bytes(json_t *object, const char *member,
				     struct span bytes);
MUST_CHECK enum err record_bytes(const json_t *object, const char *member,
				 struct buf *out);

/* Copies a string member, NUL included; ERR_PEER_MALFORMED when it is missing
 * or does not fit. */
MUST_CHECK enum err record_text(const json_t *object, const char *member,
				char *out, size_t size);

/* ERR_PEER_MALFORMED when missing or negative. */
MUST_CHECK enum err record_number(const json_t *object, const char *member,
				  uint64_t *out);

/* A member with 32 bytes in hexadecimal. */
MUST_CHECK enum err record_digest(const json_t *object, const char *member,
				  uint8_t out[32]);

/* Everything that jansson frees is wiped: call it once at the start. */
void record_wipe_json(void);

#endif
