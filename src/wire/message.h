/* MLSMessage, RFC 9420 section 6: what travels. */
#ifndef HERMETIC_WIRE_MESSAGE_H
#define HERMETIC_WIRE_MESSAGE_H

#include "wire/framing.h"
#include "wire/group_info.h"
#include "wire/welcome.h"

struct wire_message {
	uint16_t format; /* enum wire_format */
	union {
		struct wire_public_message public_message;
		struct wire_private_message private_message;
		struct wire_welcome welcome;
		struct wire_group_info group_info;
		struct wire_key_package key_package;
	};
};

/* ERR_PEER_UNSUPPORTED for another version or wire format. */
MUST_CHECK enum err wire_message_decode(struct span bytes,
					struct wire_message *message);
void wire_message_put(struct buf *b, const struct wire_message *message);

/* version and wire_format: the header before an encoded body. */
void wire_message_put_header(struct buf *b, uint16_t format);

#endif
