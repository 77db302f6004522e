/* Proposal, RFC 9420 section 12.1, and those of draft-ietf-mls-extensions. */
#ifndef HERMETIC_WIRE_PROPOSAL_H
#define HERMETIC_WIRE_PROPOSAL_H

#include "wire/app_data.h"
#include "wire/key_package.h"
#include "wire/psk.h"

struct wire_reinit {
	struct span group_id;
	uint16_t version;
	uint16_t cipher_suite;
	struct span extensions;
};

struct wire_proposal {
	struct span encoded;
	/* enum wire_proposal_type, or one of private use; others do not decode */
	uint16_t type;
	union {
		struct wire_key_package add;
		struct wire_leaf_node update;
		uint32_t removed;
		struct wire_psk_id psk;
		struct wire_reinit reinit;
		struct span kem_output; /* external_init */
		struct span extensions; /* group_context_extensions */
		struct wire_app_data_update app_data;
		struct span data; /* of private use: opaque data<V> */
	};
};

static inline bool wire_proposal_is_private(uint16_t type)
{
	return type >= WIRE_PROPOSAL_PRIVATE_FIRST;
}

/* Those that every client knows, and no capabilities list (7.2). */
static inline bool wire_proposal_is_default(uint16_t type)
{
	return type <= WIRE_PROPOSAL_DEFAULT_LAST;
}

/* A proposal of a type not listed has no length: ERR_PEER_UNSUPPORTED. That of a
 * type of private use is, by a convention of ours (and of other
 * implementations), one vector of bytes. */
void wire_proposal_read(struct rd *r, struct wire_proposal *proposal);
MUST_CHECK enum err wire_proposal_decode(struct span bytes,
					 struct wire_proposal *proposal);
void wire_proposal_put(struct buf *b, const struct wire_proposal *proposal);

#endif
