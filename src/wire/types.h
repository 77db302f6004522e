/* The registries of RFC 9420 section 17, and its small enumerations. Fields
 * hold plain integers: a value not listed here is legal where the RFC says
 * that unknown values are ignored. */
#ifndef HERMETIC_WIRE_TYPES_H
#define HERMETIC_WIRE_TYPES_H

#include "base/buf.h"
#include "base/rd.h"

#define WIRE_VERSION_MLS10 1

enum wire_format { /* 17.2 */
		   WIRE_PUBLIC_MESSAGE = 1,
		   WIRE_PRIVATE_MESSAGE = 2,
		   WIRE_WELCOME = 3,
		   WIRE_GROUP_INFO = 4,
		   WIRE_KEY_PACKAGE = 5
};

enum wire_extension_type { /* 17.3 */
			   WIRE_EXTENSION_APPLICATION_ID = 1,
			   WIRE_EXTENSION_RATCHET_TREE = 2,
			   WIRE_EXTENSION_REQUIRED_CAPABILITIES = 3,
			   WIRE_EXTENSION_EXTERNAL_PUB = 4,
			   WIRE_EXTENSION_EXTERNAL_SENDERS = 5,
			   /* draft-ietf-mls-extensions: data of components */
			   WIRE_EXTENSION_APP_DATA_DICTIONARY = 6,
			   /* draft-ietf-mls-extensions: a KeyPackage that may be used again */
			   WIRE_EXTENSION_LAST_RESORT = 10
};
#define WIRE_EXTENSION_DEFAULT_LAST WIRE_EXTENSION_EXTERNAL_SENDERS

enum wire_proposal_type { /* 17.4 */
			  WIRE_PROPOSAL_ADD = 1,
			  WIRE_PROPOSAL_UPDATE = 2,
			  WIRE_PROPOSAL_REMOVE = 3,
			  WIRE_PROPOSAL_PSK = 4,
			  WIRE_PROPOSAL_REINIT = 5,
			  WIRE_PROPOSAL_EXTERNAL_INIT = 6,
			  WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS = 7,
			  /* draft-ietf-mls-extensions: data of components, and a
			   * member that leaves */
			  WIRE_PROPOSAL_APP_DATA_UPDATE = 8,
			  WIRE_PROPOSAL_SELF_REMOVE = 10
};
/* "Reserved for Private Use", to the end of the numbers */
#define WIRE_PROPOSAL_PRIVATE_FIRST 0xF000
#define WIRE_PROPOSAL_DEFAULT_LAST WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS
#define WIRE_PROPOSAL_KNOWN_LAST WIRE_PROPOSAL_SELF_REMOVE

enum wire_credential_type { /* 17.5 */
			    WIRE_CREDENTIAL_BASIC = 1,
			    WIRE_CREDENTIAL_X509 = 2
};

enum wire_content_type { /* section 6 */
			 WIRE_CONTENT_APPLICATION = 1,
			 WIRE_CONTENT_PROPOSAL = 2,
			 WIRE_CONTENT_COMMIT = 3
};

enum wire_sender_type { /* section 6 */
			WIRE_SENDER_MEMBER = 1,
			WIRE_SENDER_EXTERNAL = 2,
			WIRE_SENDER_NEW_MEMBER_PROPOSAL = 3,
			WIRE_SENDER_NEW_MEMBER_COMMIT = 4
};

enum wire_leaf_source { /* 7.2 */
			WIRE_LEAF_KEY_PACKAGE = 1,
			WIRE_LEAF_UPDATE = 2,
			WIRE_LEAF_COMMIT = 3
};

enum wire_node_type {			   /* 7.8 */
		      WIRE_NODE_BLANK = 0, /* the absent optional */
		      WIRE_NODE_LEAF = 1,
		      WIRE_NODE_PARENT = 2
};

enum wire_psk_type { /* 8.4 */
		     WIRE_PSK_EXTERNAL = 1,
		     WIRE_PSK_RESUMPTION = 2
};

enum wire_psk_usage { /* 8.4 */
		      WIRE_PSK_APPLICATION = 1,
		      WIRE_PSK_REINIT = 2,
		      WIRE_PSK_BRANCH = 3
};

enum wire_proposal_or_ref_type { /* 12.4 */
				 WIRE_BY_VALUE = 1,
				 WIRE_BY_REFERENCE = 2
};

/*
 * How the codec works. A struct borrows from the bytes that it was decoded
 * from, and allocates nothing. wire_X_read() takes one X from a reader and
 * fails it on anything malformed, everything nested included;
 * wire_X_decode() wants the span to be exactly one X. A vector of structs
 * stays a span of its checked content: wire_X_next() takes the next element
 * off its front, and returns false at the end; on checked content it cannot
 * fail. wire_X_put() encodes.
 */

/* uint16 items<V>: 17.1 and 17.3 to 17.5 registries' lists in Capabilities. */
struct span wire_u16_list_read(struct rd *r);
bool wire_u16_list_next(struct span *rest, uint16_t *value);
bool wire_u16_list_has(struct span list, uint16_t value);
void wire_u16_list_put(struct buf *b, const uint16_t *values, size_t count);

/* uint32 items<V>, strictly increasing: ParentNode.unmerged_leaves (7.1). */
struct span wire_leaf_list_read(struct rd *r);
bool wire_leaf_list_next(struct span *rest, uint32_t *value);

/* What `r` has read since `start`, a copy of it made before. */
static inline struct span wire_since(const struct rd *start, const struct rd *r)
{
	return rd_ok(r) && start->n > 0 ? span_of(start->p, start->n - r->n)
					: SPAN_EMPTY;
}

/* optional<T>: the presence octet (2.1.1). */
bool wire_optional_read(struct rd *r);

#endif
