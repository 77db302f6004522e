#include "wire/extension.h"

#include <string.h>

enum { TYPES = 65536, BITS = 8, FEW = 16 };

static void extension_read(struct rd *r, struct wire_extension *extension)
{
	extension->type = rd_u16(r);
	extension->data = rd_vec(r);
}

static bool seen_before(struct span list, size_t count, uint16_t type)
{
	struct wire_extension other;

	while (count-- > 0 && wire_extensions_next(&list, &other))
		if (other.type == type)
			return true;
	return false;
}

/* 13.4: "MUST NOT have more than one extension of any given type". Long lists
 * go by a bit for each type, so that a hostile one costs linear time. */
enum err wire_extensions_check(struct span list)
{
	uint8_t seen[TYPES / BITS];
	struct rd r = rd_init(list);
	struct wire_extension extension;
	bool many = false;

	for (size_t count = 0; rd_left(&r) > 0; count++) {
		extension_read(&r, &extension);
		if (count == FEW) {
			struct span done = list;
			struct wire_extension other;

			many = true;
			memset(seen, 0, sizeof(seen));
			for (size_t i = 0; i < count; i++)
				if (wire_extensions_next(&done, &other))
					seen[other.type / BITS] |=
					    (uint8_t)(1u << other.type % BITS);
		}
		uint8_t bit = (uint8_t)(1u << extension.type % BITS);

		if (many ? (seen[extension.type / BITS] & bit) != 0
			 : seen_before(list, count, extension.type))
			rd_fail(&r, ERR_PEER_MALFORMED);
		if (many)
			seen[extension.type / BITS] |= bit;
	}
	return rd_end(&r);
}

struct span wire_extensions_read(struct rd *r)
{
	struct span list = rd_vec(r);
	enum err e = wire_extensions_check(list);

	if (e != ERR_OK)
		rd_fail(r, e);
	return rd_ok(r) ? list : SPAN_EMPTY;
}

bool wire_extensions_next(struct span *rest, struct wire_extension *extension)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	extension_read(&r, extension);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

bool wire_extensions_find(struct span list, uint16_t type, struct span *data)
{
	struct wire_extension extension;

	while (wire_extensions_next(&list, &extension)) {
		if (extension.type == type) {
			*data = extension.data;
			return true;
		}
	}
	return false;
}

enum err wire_extensions_find_rows(struct span list, uint16_t type,
				   enum err (*check)(struct span rows),
				   bool *there, struct span *rows)
{
	struct span data;
	struct rd r;
	enum err e = ERR_OK;

	*rows = SPAN_EMPTY;
	*there = wire_extensions_find(list, type, &data);
	if (!*there)
		return ERR_OK;
	r = rd_init(data);
	*rows = rd_vec(&r);
	TRY(rd_end(&r));
	TRY(check(*rows));
out:
	return e;
}

void wire_extension_put(struct buf *b, uint16_t type, struct span data)
{
	buf_put_u16(b, type);
	buf_put_vec(b, data);
}

void wire_extension_put_vec(struct buf *b, uint16_t type, struct span content)
{
	size_t opened;

	buf_put_u16(b, type);
	opened = buf_open_vec(b);
	buf_put_vec(b, content);
	buf_close_vec(b, opened);
}

void wire_extensions_put_with(struct buf *b, struct span list, uint16_t type,
			      struct span whole)
{
	struct wire_extension extension;

	while (wire_extensions_next(&list, &extension))
		if (extension.type != type)
			wire_extension_put(b, extension.type, extension.data);
	buf_put(b, whole);
}

enum err wire_required_capabilities_decode(
    struct span data, struct wire_required_capabilities *out)
{
	struct rd r = rd_init(data);

	out->extension_types = wire_u16_list_read(&r);
	out->proposal_types = wire_u16_list_read(&r);
	out->credential_types = wire_u16_list_read(&r);
	return rd_end(&r);
}

void wire_required_capabilities_put(
    struct buf *b, const struct wire_required_capabilities *required)
{
	buf_put_vec(b, required->extension_types);
	buf_put_vec(b, required->proposal_types);
	buf_put_vec(b, required->credential_types);
}

enum err wire_external_pub_decode(struct span data, struct span *public_key)
{
	struct rd r = rd_init(data);

	*public_key = rd_vec(&r);
	return rd_end(&r);
}
