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

/*
 * PartialGroupInfo (docs/protocol.md, "Parts of GroupInfos"): what of a GroupInfo with a
 * ratchet_tree somebody cannot know who follows the group without its keys. The
 * tree stands last among the extensions there; here it is left out.
 */
struct wire_group_info_part {
	struct span extensions; /* no ratchet_tree is among them */
	struct span signature;	/* the GroupInfo's */
};

MUST_CHECK enum err wire_group_info_part_decode(
    struct span bytes, struct wire_group_info_part *part);
void wire_group_info_part_put(struct buf *b,
			      const struct wire_group_info_part *part);

/* Appends the part of a GroupInfo. ERR_PEER_INVALID where its ratchet_tree is not
 * the last of its extensions. */
MUST_CHECK enum err wire_group_info_part_of(const struct wire_group_info *info,
					    struct buf *b);

#endif
