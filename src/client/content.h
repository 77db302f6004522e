/* What is inside a message (docs/protocol.md, "What is inside"):
 *
 *   uint8  type      1 text, 2 the session's name
 *   opaque value[]   UTF-8, to the end
 */
#ifndef HERMETIC_CLIENT_CONTENT_H
#define HERMETIC_CLIENT_CONTENT_H

#include "base/buf.h"

enum content_type { CONTENT_TEXT = 1, CONTENT_NAME = 2 };

#define CONTENT_NAME_MAX 128 /* bytes of a session's name */

void content_put(struct buf *out, enum content_type type, struct span value);

/* `value` is borrowed from `data`. ERR_PEER_UNSUPPORTED for another type,
 * ERR_PEER_MALFORMED when empty, no UTF-8, or too long for its type. */
MUST_CHECK enum err content_read(struct span data, enum content_type *type,
				 struct span *value);

/* Well-formed by RFC 3629. */
bool content_is_utf8(struct span text);

#endif
