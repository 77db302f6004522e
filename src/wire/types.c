#include "wire/types.h"

struct span wire_u16_list_read(struct rd *r)
{
	struct span list = rd_vec(r);

	if (list.n % sizeof(uint16_t) != 0)
		rd_fail(r, ERR_PEER_MALFORMED);
	return rd_ok(r) ? list : SPAN_EMPTY;
}

/* What rd_init() and the rest of a checked list share. */
static void keep_rest(struct span *rest, const struct rd *r)
{
	*rest = span_of(r->p, r->n);
}

bool wire_u16_list_next(struct span *rest, uint16_t *value)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	*value = rd_u16(&r);
	keep_rest(rest, &r);
	return rd_ok(&r);
}

bool wire_u16_list_has(struct span list, uint16_t value)
{
	uint16_t v;

	while (wire_u16_list_next(&list, &v))
		if (v == value)
			return true;
	return false;
}

void wire_u16_list_put(struct buf *b, const uint16_t *values, size_t count)
{
	buf_put_varint(b, count * sizeof(uint16_t));
	for (size_t i = 0; i < count; i++)
		buf_put_u16(b, values[i]);
}

struct span wire_leaf_list_read(struct rd *r)
{
	struct span list = rd_vec(r), rest = list;
	uint32_t value, last = 0;
	bool first = true;

	if (list.n % sizeof(uint32_t) != 0)
		rd_fail(r, ERR_PEER_MALFORMED);
	while (rd_ok(r) && wire_leaf_list_next(&rest, &value)) {
		/* 7.1: "MUST be sorted in increasing order" */
		if (!first && value <= last)
			rd_fail(r, ERR_PEER_MALFORMED);
		last = value;
		first = false;
	}
	return rd_ok(r) ? list : SPAN_EMPTY;
}

bool wire_leaf_list_next(struct span *rest, uint32_t *value)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	*value = rd_u32(&r);
	keep_rest(rest, &r);
	return rd_ok(&r);
}

bool wire_optional_read(struct rd *r)
{
	uint8_t presence = rd_u8(r);

	/* 2.1.1: any other value "MUST be rejected as malformed" */
	if (presence > 1)
		rd_fail(r, ERR_PEER_MALFORMED);
	return rd_ok(r) && presence == 1;
}
