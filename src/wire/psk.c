#include "wire/psk.h"

void wire_psk_id_read(struct rd *r, struct wire_psk_id *id)
{
	struct rd start = *r;

	*id = (struct wire_psk_id){ .type = rd_u8(r) };
	switch (id->type) {
	case WIRE_PSK_EXTERNAL:
		id->psk_id = rd_vec(r);
		break;
	case WIRE_PSK_RESUMPTION:
		id->usage = rd_u8(r);
		if (id->usage < WIRE_PSK_APPLICATION ||
		    id->usage > WIRE_PSK_BRANCH)
			rd_fail(r, ERR_PEER_MALFORMED);
		id->group_id = rd_vec(r);
		id->epoch = rd_u64(r);
		break;
	default:
		rd_fail(r, ERR_PEER_MALFORMED);
	}
	id->nonce = rd_vec(r);
	id->encoded = wire_since(&start, r);
}

void wire_psk_id_put(struct buf *b, const struct wire_psk_id *id)
{
	buf_put_u8(b, id->type);
	if (id->type == WIRE_PSK_EXTERNAL) {
		buf_put_vec(b, id->psk_id);
	} else {
		buf_put_u8(b, id->usage);
		buf_put_vec(b, id->group_id);
		buf_put_u64(b, id->epoch);
	}
	buf_put_vec(b, id->nonce);
}

bool wire_psk_ids_next(struct span *rest, struct wire_psk_id *id)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	wire_psk_id_read(&r, id);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}
