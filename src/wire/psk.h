/* PreSharedKeyID, RFC 9420 section 8.4. */
#ifndef HERMETIC_WIRE_PSK_H
#define HERMETIC_WIRE_PSK_H

#include "wire/types.h"

struct wire_psk_id {
	struct span encoded;
	uint8_t type;	      /* enum wire_psk_type */
	struct span psk_id;   /* external */
	uint8_t usage;	      /* resumption: enum wire_psk_usage */
	struct span group_id; /* resumption */
	uint64_t epoch;	      /* resumption */
	struct span nonce;
};

void wire_psk_id_read(struct rd *r, struct wire_psk_id *id);
void wire_psk_id_put(struct buf *b, const struct wire_psk_id *id);

/* Elements of GroupSecrets.psks. */
bool wire_psk_ids_next(struct span *rest, struct wire_psk_id *id);

#endif
