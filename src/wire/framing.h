/* Message framing, RFC 9420 section 6. */
#ifndef HERMETIC_WIRE_FRAMING_H
#define HERMETIC_WIRE_FRAMING_H

#include "wire/commit.h"

struct wire_sender {
	uint8_t type;	/* enum wire_sender_type */
	uint32_t index; /* member: leaf_index; external: sender_index */
};

/* FramedContent. */
struct wire_content {
	struct span encoded; /* empty when it came out of a PrivateMessage */
	struct span group_id;
	uint64_t epoch;
	struct wire_sender sender;
	struct span authenticated_data;
	uint8_t type;	  /* enum wire_content_type */
	struct span body; /* encoded: application_data<V>, Proposal, Commit */
	union {
		struct span application_data;
		struct wire_proposal proposal;
		struct wire_commit commit;
	};
};

/* FramedContentAuthData. */
struct wire_auth {
	struct span signature;
	struct span confirmation_tag; /* commit only */
};

struct wire_public_message {
	struct wire_content content;
	struct wire_auth auth;
	struct span membership_tag; /* sender member only */
};

struct wire_private_message {
	struct span group_id;
	uint64_t epoch;
	uint8_t content_type;
	struct span authenticated_data;
	struct span encrypted_sender_data;
	struct span ciphertext;
};

struct wire_sender_data { /* 6.3.2 */
	uint32_t leaf_index;
	uint32_t generation;
	uint8_t reuse_guard[4];
};

void wire_content_read(struct rd *r, struct wire_content *content);
/* Only type, body and what the body holds: as in PrivateMessageContent. */
void wire_content_body_read(struct rd *r, uint8_t type,
			    struct wire_content *content);
/* Header fields and `body` as it is. */
void wire_content_put(struct buf *b, const struct wire_content *content);

void wire_auth_read(struct rd *r, uint8_t content_type, struct wire_auth *auth);
void wire_auth_put(struct buf *b, uint8_t content_type,
		   const struct wire_auth *auth);

void wire_public_message_read(struct rd *r, struct wire_public_message *m);
void wire_public_message_put(struct buf *b,
			     const struct wire_public_message *m);

void wire_private_message_read(struct rd *r, struct wire_private_message *m);
void wire_private_message_put(struct buf *b,
			      const struct wire_private_message *m);

/* PrivateMessageContent (6.3.1): body, auth, and padding, which "MUST be
 * filled with all zero bytes": ERR_PEER_MALFORMED otherwise. Fills `type`,
 * `body` and what it holds; the other fields of `content` stay. */
MUST_CHECK enum err wire_private_content_decode(struct span plaintext,
						uint8_t content_type,
						struct wire_content *content,
						struct wire_auth *auth);

MUST_CHECK enum err wire_sender_data_decode(struct span bytes,
					    struct wire_sender_data *data);
void wire_sender_data_put(struct buf *b, const struct wire_sender_data *data);

#endif
