/* GroupContext, RFC 9420 section 8.1. */
#ifndef HERMETIC_WIRE_CONTEXT_H
#define HERMETIC_WIRE_CONTEXT_H

#include "wire/extension.h"

struct wire_group_context {
	struct span encoded;
	uint16_t version;
	uint16_t cipher_suite;
	struct span group_id;
	uint64_t epoch;
	struct span tree_hash;
	struct span confirmed_transcript_hash;
	struct span extensions;
};

void wire_group_context_read(struct rd *r, struct wire_group_context *context);
MUST_CHECK enum err wire_group_context_decode(
    struct span bytes, struct wire_group_context *context);
void wire_group_context_put(struct buf *b,
			    const struct wire_group_context *context);

#endif
