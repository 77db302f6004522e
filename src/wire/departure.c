#include "wire/departure.h"

#include "base/rd.h"

#define VERSION 1

void departure_put_tbs(struct buf *b, const struct departure *departure)
{
	buf_put_u8(b, VERSION);
	buf_put(b, departure->session_id);
	buf_put_u32(b, departure->generation);
	buf_put_u32(b, departure->leaf_index);
	buf_put(b, departure->leaf_hash);
	buf_put_u32(b, departure->signer);
	buf_put_vec(b, departure->heir);
}

void departure_put(struct buf *b, const struct departure *departure)
{
	departure_put_tbs(b, departure);
	buf_put_vec(b, departure->signature);
}

enum err departure_decode(struct span bytes, struct departure *departure)
{
	struct rd r = rd_init(bytes);
	struct departure d = { .encoded = bytes };
	uint8_t version = rd_u8(&r);
	enum err e;

	TRY(r.fail);
	ENSURE(version == VERSION, ERR_PEER_UNSUPPORTED);
	d.session_id = rd_take(&r, DEPARTURE_SESSION_ID);
	d.generation = rd_u32(&r);
	d.leaf_index = rd_u32(&r);
	d.leaf_hash = rd_take(&r, DEPARTURE_HASH);
	d.signer = rd_u32(&r);
	d.heir = rd_vec(&r);
	d.unsigned_part = span_of(bytes.p, bytes.n - rd_left(&r));
	d.signature = rd_vec(&r);
	TRY(rd_end(&r));
	ENSURE(d.heir.n <= DEPARTURE_HEIR_MAX &&
		   d.signature.n <= DEPARTURE_SIGNATURE_MAX,
	       ERR_PEER_TOO_LARGE);
	*departure = d;
out:
	return e;
}
