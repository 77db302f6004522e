#include "wire/group_info.h"

void wire_group_info_read(struct rd *r, struct wire_group_info *info)
{
	struct rd start = *r;

	*info = (struct wire_group_info){ 0 };
	wire_group_context_read(r, &info->context);
	info->extensions = wire_extensions_read(r);
	info->confirmation_tag = rd_vec(r);
	info->signer = rd_u32(r);
	info->unsigned_part = wire_since(&start, r);
	info->signature = rd_vec(r);
	info->encoded = wire_since(&start, r);
}

enum err wire_group_info_decode(struct span bytes, struct wire_group_info *info)
{
	struct rd r = rd_init(bytes);

	wire_group_info_read(&r, info);
	return rd_end(&r);
}

void wire_group_info_put_unsigned(struct buf *b,
				  const struct wire_group_info *info)
{
	wire_group_context_put(b, &info->context);
	buf_put_vec(b, info->extensions);
	buf_put_vec(b, info->confirmation_tag);
	buf_put_u32(b, info->signer);
}

void wire_group_info_put(struct buf *b, const struct wire_group_info *info)
{
	wire_group_info_put_unsigned(b, info);
	buf_put_vec(b, info->signature);
}

/* ---- parts ---- */

enum err wire_group_info_part_decode(struct span bytes,
				     struct wire_group_info_part *part)
{
	struct rd r = rd_init(bytes);
	struct span tree;

	part->extensions = wire_extensions_read(&r);
	part->signature = rd_vec(&r);
	if (rd_ok(&r) &&
	    wire_extensions_find(part->extensions, WIRE_EXTENSION_RATCHET_TREE,
				 &tree))
		rd_fail(&r, ERR_PEER_MALFORMED);
	return rd_end(&r);
}

void wire_group_info_part_put(struct buf *b,
			      const struct wire_group_info_part *part)
{
	buf_put_vec(b, part->extensions);
	buf_put_vec(b, part->signature);
}

enum err wire_group_info_part_of(const struct wire_group_info *info,
				 struct buf *b)
{
	struct wire_group_info_part part = { .signature = info->signature };
	struct span rest = info->extensions, before = rest;
	struct wire_extension extension = { .type = 0 };

	while (rest.n > 0) {
		before = rest;
		if (!wire_extensions_next(&rest, &extension))
			return ERR_PEER_MALFORMED;
	}
	if (extension.type != WIRE_EXTENSION_RATCHET_TREE)
		return ERR_PEER_INVALID;
	part.extensions =
	    span_of(info->extensions.p, info->extensions.n - before.n);
	wire_group_info_part_put(b, &part);
	return buf_end(b);
}
