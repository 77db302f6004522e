/* An id of 16 bytes (RFC 9562): of a session, a device, an account, a family of tokens.
 * It is passed by value; none is secret. */
#ifndef HERMETIC_BASE_UUID_H
#define HERMETIC_BASE_UUID_H

#include <stdbool.h>

#include "base/buf.h"

enum { UUID_TEXT = 36 };	       /* characters, without a NUL */
#define TEXT_UUID_SIZE (UUID_TEXT + 1) /* with it */

struct uuid {
	uint8_t bytes[16];
};

struct uuid uuid_of(const uint8_t bytes[16]);

/* Random bytes as version 4. */
struct uuid uuid_random(const uint8_t bytes[16]);

bool uuid_equal(struct uuid a, struct uuid b);
bool uuid_is_nil(struct uuid uuid);

/* Of two `const struct uuid *`, for qsort() and bsearch(): as their bytes stand. */
int uuid_compare(const void *a, const void *b);

/* ERR_PEER_MALFORMED: it is none; *out is nil then. Letters may be large. */
MUST_CHECK enum err uuid_parse(struct uuid *out, struct span text);

bool uuid_is_text(struct span text); /* is it an id? */

/* The same characters with a NUL, for printf() and a line of the log. */
struct uuid_text {
	char text[UUID_TEXT + 1];
};
struct uuid_text uuid_text(struct uuid uuid);

/* Appends UUID_TEXT characters, lower case. */
void uuid_put(struct buf *out, struct uuid uuid);

#endif
