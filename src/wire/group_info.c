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

/* ---- trees beside ---- */

bool wire_group_info_beside(struct span extensions)
{
	struct span data;

	return wire_extensions_find(extensions, INFO_BESIDE_EXTENSION, &data);
}

/* The extensions before a ratchet_tree that stands last, and its data. */
static enum err before_tree(struct span extensions, struct span *before,
			    struct span *tree)
{
	struct span rest = extensions, at = rest;
	struct wire_extension extension = { .type = 0 };

	while (rest.n > 0) {
		at = rest;
		if (!wire_extensions_next(&rest, &extension))
			return ERR_PEER_MALFORMED;
	}
	if (extension.type != WIRE_EXTENSION_RATCHET_TREE)
		return ERR_PEER_INVALID;
	*before = span_of(extensions.p, extensions.n - at.n);
	*tree = extension.data;
	return ERR_OK;
}

enum err wire_group_info_apart(const struct wire_group_info *kept,
			       struct wire_group_info *info, struct span *tree)
{
	enum err e = ERR_OK;

	*info = *kept;
	*tree = SPAN_EMPTY;
	if (!wire_group_info_beside(kept->extensions) ||
	    !wire_extensions_find(kept->extensions, WIRE_EXTENSION_RATCHET_TREE,
				  tree))
		return ERR_OK;
	info->encoded = info->unsigned_part = SPAN_EMPTY;
	TRY(before_tree(kept->extensions, &info->extensions, tree));
out:
	return e;
}

void wire_group_info_put_kept(struct buf *b, const struct wire_group_info *info,
			      struct span tree)
{
	size_t vec;

	wire_group_context_put(b, &info->context);
	vec = buf_open_vec(b);
	buf_put(b, info->extensions);
	wire_extension_put(b, WIRE_EXTENSION_RATCHET_TREE, tree);
	buf_close_vec(b, vec);
	buf_put_vec(b, info->confirmation_tag);
	buf_put_u32(b, info->signer);
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
	struct wire_group_info apart;
	struct span tree;
	enum err e;

	TRY(wire_group_info_apart(info, &apart, &tree));
	part.extensions = apart.extensions;
	if (!wire_group_info_beside(info->extensions))
		TRY(before_tree(info->extensions, &part.extensions, &tree));
	wire_group_info_part_put(b, &part);
	TRY(buf_end(b));
out:
	return e;
}
