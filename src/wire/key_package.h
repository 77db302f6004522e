/* KeyPackage, RFC 9420 section 10. */
#ifndef HERMETIC_WIRE_KEY_PACKAGE_H
#define HERMETIC_WIRE_KEY_PACKAGE_H

#include "wire/leaf_node.h"

struct wire_key_package {
	struct span encoded;
	struct span unsigned_part; /* KeyPackageTBS */
	uint16_t version;
	uint16_t cipher_suite;
	struct span init_key;
	struct wire_leaf_node leaf_node;
	struct span extensions;
	struct span signature;
};

void wire_key_package_read(struct rd *r, struct wire_key_package *key_package);
MUST_CHECK enum err wire_key_package_decode(
    struct span bytes, struct wire_key_package *key_package);

/* From the fields, with leaf_node.encoded. */
void wire_key_package_put(struct buf *b,
			  const struct wire_key_package *key_package);
void wire_key_package_put_unsigned(struct buf *b,
				   const struct wire_key_package *key_package);

#endif
