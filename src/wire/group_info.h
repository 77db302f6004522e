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
 * One that has INFO_BESIDE_EXTENSION is signed without a ratchet_tree, which goes
 * beside it (12.4.3.3). Whoever has both keeps them as one: the tree stands last among
 * the extensions, as if it belonged there. The places of a group that has their root
 * (wire/places.h) go beside every GroupInfo; they are kept behind the tree, wherever
 * that is.
 */
bool wire_group_info_beside(struct span extensions);

struct wire_beside {
	struct span tree; /* empty: within, or nowhere */
	bool has_places;
	struct span places; /* rows */
};

/* What was signed of a GroupInfo that may be kept so, and what goes beside it. The
 * borrowed parts are those of `kept`; `encoded` and `unsigned_part` are left out where
 * the two differ. ERR_PEER_INVALID where such a tree, or places, do not stand last. */
MUST_CHECK enum err wire_group_info_apart(const struct wire_group_info *kept,
					  struct wire_group_info *info,
					  struct wire_beside *beside);

/* All as one. A tree that is not empty is put where it goes beside or within. */
void wire_group_info_put_kept(struct buf *b, const struct wire_group_info *info,
			      const struct wire_beside *beside);

/*
 * PartialGroupInfo (docs/protocol.md, "Parts of GroupInfos"): what of a GroupInfo
 * somebody cannot know who follows the group without its keys. The tree, which stands
 * last among the extensions or goes beside, is left out.
 */
struct wire_group_info_part {
	struct span extensions; /* no ratchet_tree, no places are among them */
	struct span signature;	/* the GroupInfo's */
};

MUST_CHECK enum err wire_group_info_part_decode(
    struct span bytes, struct wire_group_info_part *part);
void wire_group_info_part_put(struct buf *b,
			      const struct wire_group_info_part *part);

/* Appends the part of a GroupInfo. ERR_PEER_INVALID where its ratchet_tree is not
 * the last of its extensions, or neither there nor beside. */
MUST_CHECK enum err wire_group_info_part_of(const struct wire_group_info *info,
					    struct buf *b);

#endif
