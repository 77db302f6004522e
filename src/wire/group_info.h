/* GroupInfo, RFC 9420 section 12.4.3. */
#ifndef HERMETIC_WIRE_GROUP_INFO_H
#define HERMETIC_WIRE_GROUP_INFO_H

#include "wire/context.h"

struct wire_group_info {
	struct span encoded;
	struct span unsigned_part; /* GroupInfoTBS */
	struct wire_group_context context;
	struct span extensions;
	struct span confirmation_tag;
	uint32_t signer;
	struct span signature;
};

void wire_group_info_read(struct rd *r, struct wire_group_info *info);
MUST_CHECK enum err wire_group_info_decode(struct span bytes,
					   struct wire_group_info *info);
void wire_group_info_put(struct buf *b, const struct wire_group_info *info);
void wire_group_info_put_unsigned(struct buf *b,
				  const struct wire_group_info *info);

#endif
