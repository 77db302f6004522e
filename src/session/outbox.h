/* What was sealed and has not come back in the log yet, oldest first. */
#ifndef HERMETIC_SESSION_OUTBOX_H
#define HERMETIC_SESSION_OUTBOX_H

#include "base/buf.h"
#include "base/rd.h"

#define OUTBOX_NONCE 16

struct outbox_item {
	uint64_t epoch;
	uint8_t nonce[OUTBOX_NONCE];
	struct buf data;     /* the plaintext */
	struct buf envelope; /* as it was posted */
};

struct outbox {
	struct outbox_item *items;
	size_t count;
};

void outbox_clear(struct outbox *outbox);
void outbox_item_clear(struct outbox_item *item);

/* Takes over the item's buffers. On failure the item is the caller's still. */
MUST_CHECK enum err outbox_add(struct outbox *outbox, struct outbox_item *item);

/* Puts another item in the place of one, whose buffers are wiped. */
void outbox_replace(struct outbox *outbox, size_t index,
		    struct outbox_item *item);

/* The item with exactly this envelope; outbox->count when there is none. */
size_t outbox_find(const struct outbox *outbox, struct span envelope);

void outbox_remove(struct outbox *outbox, size_t index);

void outbox_save(const struct outbox *outbox, struct buf *out);
/* On failure `r` says so; clear the outbox in any case. */
void outbox_load(struct outbox *outbox, struct rd *r);

#endif
