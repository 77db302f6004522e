/* Extension lists, RFC 9420 sections 7.2 and 13.4, and the extensions that it
 * defines. */
#ifndef HERMETIC_WIRE_EXTENSION_H
#define HERMETIC_WIRE_EXTENSION_H

#include "wire/types.h"

/* Hermetic's negotiation, a GroupContext extension (docs/protocol.md). */
#define NEGOTIATION_EXTENSION 0xF7F0

/* No extension stands under it: a leaf that lists it says that its device reads
 * MIMI content (docs/protocol.md, "What is inside"). */
#define CONTENT_EXTENSION 0xF7F4

/* Nor under this one: a KeyPackage whose leaf lists it is of a device that takes a
 * Welcome without the tree (docs/protocol.md, "Parts of GroupInfos"). */
#define TREE_BESIDE_EXTENSION 0xF7F5

/* A leaf that lists it is of a device that takes a GroupInfo whose tree goes beside
 * it; in a GroupInfo, empty, it says that this is one (wire/group_info.h). */
#define INFO_BESIDE_EXTENSION 0xF7F7

struct wire_extension {
	uint16_t type;
	struct span data;
};

/* Extension extensions<V>; two of one type fail. Returns the content. */
struct span wire_extensions_read(struct rd *r);
bool wire_extensions_next(struct span *rest, struct wire_extension *extension);
bool wire_extensions_find(struct span list, uint16_t type, struct span *data);

/* The rows of an extension whose data is one opaque vector of them, and no more; check()
 * says whether they stand as they must. *there is false, and *rows empty, where the list has
 * none of that type. */
MUST_CHECK enum err wire_extensions_find_rows(
    struct span list, uint16_t type, enum err (*check)(struct span rows),
    bool *there, struct span *rows);
void wire_extension_put(struct buf *b, uint16_t type, struct span data);

/* The same whose data is one opaque vector. */
void wire_extension_put_vec(struct buf *b, uint16_t type, struct span content);

/* Those of the list, with another one of a type in place of its own: `whole` is as
 * wire_extension_put() makes it, or empty, which puts none. */
void wire_extensions_put_with(struct buf *b, struct span list, uint16_t type,
			      struct span whole);

/* The same checks on content without its length. */
MUST_CHECK enum err wire_extensions_check(struct span list);

struct wire_required_capabilities { /* 11.1 */
	struct span extension_types;
	struct span proposal_types;
	struct span credential_types;
};

MUST_CHECK enum err wire_required_capabilities_decode(
    struct span data, struct wire_required_capabilities *out);
void wire_required_capabilities_put(
    struct buf *b, const struct wire_required_capabilities *required);

/* ExternalPub (12.4.3.2): the extension's data is one HPKEPublicKey<V>. */
MUST_CHECK enum err wire_external_pub_decode(struct span data,
					     struct span *public_key);

#endif
