/* JSON objects as records of a store, and typed members of them. */
#ifndef HERMETIC_DEVICE_RECORD_H
#define HERMETIC_DEVICE_RECORD_H

#include "device/ports.h"

#include <jansson.h>

/* A new reference in *out; ERR_STATE_GONE when there is no such record,
 * ERR_PEER_MALFORMED when the record is no JSON. */
MUST_CHECK enum err record_parse(struct span text, json_t **out);
MUST_CHECK enum err record_get(const struct device_store *store,
			       const char *name, json_t **out);

/* Borrows `value`. Inside a transaction only. */
MUST_CHECK enum err record_put(const struct device_store *store,
			       const char *name, const json_t *value);

/* Appends `value` as compact JSON text. */
MUST_CHECK enum err record_print(const json_t *value, struct buf *out);

/* A member with bytes in base64. record_bytes() appends to `out`;
 * ERR_PEER_MALFORMED when the member is missing or is no base64. */
MUST_CHECK enum err record_set_bytes(json_t *object, const char *member,
				     struct span bytes);
MUST_CHECK enum err record_bytes(const json_t *object, const char *member,
				 struct buf *out);

/* Text of any bytes as a member: without jansson's check, for UTF-8 that was
 * checked before. Frees and writes nothing else. */
MUST_CHECK enum err record_set_text(json_t *object, const char *member,
				    struct span text);

/* Copies a string member, NUL included; ERR_PEER_MALFORMED when it is missing
 * or does not fit. */
MUST_CHECK enum err record_text(const json_t *object, const char *member,
				char *out, size_t size);

/* A string member, borrowed; NULL when there is none. */
const char *record_string(const json_t *object, const char *member);

/* ERR_PEER_MALFORMED when the member is missing or negative. */
MUST_CHECK enum err record_number(const json_t *object, const char *member,
				  uint64_t *out);

/* The same; 0 when it is missing or negative. */
uint64_t record_number_or_0(const json_t *object, const char *member);

/* A member with 32 bytes in hexadecimal. */
MUST_CHECK enum err record_digest(const json_t *object, const char *member,
				  uint8_t out[32]);
MUST_CHECK enum err record_set_hex(json_t *object, const char *member,
				   struct span bytes);

/* Everything that jansson frees is wiped from then on: for a program to call
 * once at its start. */
void record_wipe_json(void);

#endif
