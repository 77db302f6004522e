/*
 * The frame that a WebSocket client sends most, read without a JSON tree:
 *
 *   {"type":"send","id":N,"envelope":"BASE64"}
 *
 * in just this order and without white space. Any other spelling of it is as
 * good, and is for body.h.
 */
#ifndef HERMETIC_SERVER_SEND_FRAME_H
#define HERMETIC_SERVER_SEND_FRAME_H

#include "base/buf.h"

/* False, with `envelope` empty: it is not that frame, or there is something
 * wrong with it that body.h can name. */
bool send_frame_read(struct span text, size_t max, uint64_t *id,
		     struct buf *envelope);

#endif
