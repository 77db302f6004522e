/* What is inside an application message (docs/protocol.md). */
#ifndef HERMETIC_DEVICE_TEXTS_CONTENT_H
#define HERMETIC_DEVICE_TEXTS_CONTENT_H

#include "base/buf.h"

#define CONTENT_NAME_MAX 128 /* bytes of a session's name */

enum content_type {
	CONTENT_TEXT = 1,
	CONTENT_NAME = 2,
	CONTENT_MIMI = 3,   /* src/content/mimi.h; said.h */
	CONTENT_RECEIPT = 4 /* receipts.h */
};

/*
 * May this be said as a text or a name? The same rule holds for writers and for readers: it is
 * UTF-8 without U+0000. Other control characters are carried as they are;
 * a program that shows text makes them harmless.
 */
bool content_is_sound(enum content_type type, struct span value);

void content_put(struct buf *out, enum content_type type, struct span value);

/* The value of a receipt: two numbers of entries, `read` at most `delivered`.
 * content_put_receipt() appends the type, too. ERR_PEER_MALFORMED. */
void content_put_receipt(struct buf *out, uint64_t delivered, uint64_t read);
MUST_CHECK enum err content_read_receipt(struct span value, uint64_t *delivered,
					 uint64_t *read);

/* *value is borrowed. ERR_PEER_MALFORMED: not sound; ERR_PEER_UNSUPPORTED:
 * another type. What MIMI content and receipts say is
 * not looked at. */
MUST_CHECK enum err content_read(struct span data, enum content_type *type,
				 struct span *value);

#endif
