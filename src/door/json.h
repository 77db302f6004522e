/* Pieces of JSON (RFC 8259) as every door writes them. */
#ifndef HERMETIC_DOOR_JSON_H
#define HERMETIC_DOOR_JSON_H

#include "base/buf.h"

/* Appends a string with its quotes. `text` is UTF-8 that may hold anything. */
void json_put_string(struct buf *out, struct span text);

#endif
