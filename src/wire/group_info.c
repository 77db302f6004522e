#include "wire/group_info.h"

#include "wire/places.h"

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

/* The extensions before one of that type that stands last, and its data. */
static enum err before_last(struct span extensions, uint16_t type,
			    struct span *before, struct span *data)
{
	struct span rest = extensions, at = rest;
	struct wire_extension extension = { .type = 0 };

	while (rest.n > 0) {
		at = rest;
		if (!wire_extensions_next(&rest, &extension))
			return ERR_PEER_MALFORMED;
	}
	if (extension.type != type)
		return ERR_PEER_INVALID;
	*before = span_of(extensions.p, extensions.n - at.n);
	*data = extension.data;
	return ERR_OK;
}

enum err wire_group_info_apart(const struct wire_group_info *kept,
			       struct wire_group_info *info,
			       struct wire_beside *beside)
{
	struct span tree;
	enum err e = ERR_OK;

	*info = *kept;
	*beside = (struct wire_beside){ .has_places = false };
	beside->has_places = wire_extensions_find(
	    kept->extensions, PLACES_ROOT_EXTENSION, &beside->places);
	if (beside->has_places)
		TRY(before_last(kept->extensions, PLACES_ROOT_EXTENSION,
				&info->extensions, &beside->places));
	if (wire_group_info_beside(kept->extensions) &&
	    wire_extensions_find(kept->extensions, WIRE_EXTENSION_RATCHET_TREE,
				 &tree))
		TRY(before_last(info->extensions, WIRE_EXTENSION_RATCHET_TREE,
				&info->extensions, &beside->tree));
	if (info->extensions.n != kept->extensions.n)
		info->encoded = info->unsigned_part = SPAN_EMPTY;
out:
	return e;
}

void wire_group_info_put_kept(struct buf *b, const struct wire_group_info *info,
			      const struct wire_beside *beside)
{
	size_t vec;

	wire_group_context_put(b, &info->context);
	vec = buf_open_vec(b);
	buf_put(b, info->extensions);
	if (beside->tree.n > 0)
		wire_extension_put(b, WIRE_EXTENSION_RATCHET_TREE,
				   beside->tree);
	if (beside->has_places)
		wire_extension_put(b, PLACES_ROOT_EXTENSION, beside->places);
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
	struct span data;

	part->extensions = wire_extensions_read(&r);
	part->signature = rd_vec(&r);
	if (rd_ok(&r) &&
	    (wire_extensions_find(part->extensions, WIRE_EXTENSION_RATCHET_TREE,
				  &data) ||
	     wire_extensions_find(part->extensions, PLACES_ROOT_EXTENSION,
				  &data)))
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
	struct wire_beside beside;
	enum err e;

	TRY(wire_group_info_apart(info, &apart, &beside));
	part.extensions = apart.extensions;
	if (!wire_group_info_beside(info->extensions))
		TRY(before_last(apart.extensions, WIRE_EXTENSION_RATCHET_TREE,
				&part.extensions, &beside.tree));
	wire_group_info_part_put(b, &part);
	TRY(buf_end(b));
out:
	return e;
}
