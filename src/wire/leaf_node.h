/* LeafNode and Capabilities, RFC 9420 section 7.2. */
#ifndef HERMETIC_WIRE_LEAF_NODE_H
#define HERMETIC_WIRE_LEAF_NODE_H

#include "wire/credential.h"
#include "wire/extension.h"

struct wire_capabilities { /* lists of uint16 */
	struct span versions;
	struct span cipher_suites;
	struct span extensions;
	struct span proposals;
	struct span credentials;
};

struct wire_leaf_node {
	struct span encoded;
	struct span unsigned_part; /* all fields before the signature */
	struct span encryption_key;
	struct span signature_key;
	struct wire_credential credential;
	struct wire_capabilities capabilities;
	uint8_t source;			/* enum wire_leaf_source */
	uint64_t not_before, not_after; /* key_package: seconds since 1970 */
	struct span parent_hash;	/* commit */
	struct span extensions;
	struct span signature;
};

void wire_leaf_node_read(struct rd *r, struct wire_leaf_node *leaf);
MUST_CHECK enum err wire_leaf_node_decode(struct span bytes,
					  struct wire_leaf_node *leaf);

/* From the fields; `encoded` and `unsigned_part` are not looked at. */
void wire_leaf_node_put(struct buf *b, const struct wire_leaf_node *leaf);
void wire_leaf_node_put_unsigned(struct buf *b,
				 const struct wire_leaf_node *leaf);

/* LeafNodeTBS from the unsigned part: what group and leaf add to it. */
void wire_leaf_node_put_tbs(struct buf *b, struct span unsigned_part,
			    uint8_t source, struct span group_id,
			    uint32_t leaf_index);

#endif
