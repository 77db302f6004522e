#include "wire/typing.h"

enum err typing_decode(struct span bytes, struct typing *typing)
{
	struct rd r = rd_init(bytes);

	*typing = (struct typing){ .epoch = 0 };
	if (bytes.n > TYPING_MAX)
		return ERR_PEER_TOO_LARGE;
	if (rd_u8(&r) != TYPING_VERSION && rd_ok(&r))
		return ERR_PEER_UNSUPPORTED;
	typing->session_id = rd_take(&r, TYPING_SESSION_ID);
	typing->epoch = rd_u64(&r);
	typing->clear = span_of(bytes.p, bytes.n - rd_left(&r));
	typing->nonce = rd_take(&r, TYPING_NONCE);
	typing->sealed = rd_take(&r, rd_left(&r));
	if (!rd_ok(&r) || typing->sealed.n == 0) {
		*typing = (struct typing){ .epoch = 0 };
		return ERR_PEER_MALFORMED;
	}
	return ERR_OK;
}

enum err typing_said_decode(struct span bytes, struct typing_said *said)
{
	struct rd r = rd_init(bytes);
	uint8_t state;

	*said = (struct typing_said){ .leaf_index = rd_u32(&r) };
	state = rd_u8(&r);
	said->types = state == 1;
	said->sent_ms = rd_u64(&r);
	said->unsigned_part = span_of(bytes.p, bytes.n - rd_left(&r));
	said->signature = rd_take(&r, rd_left(&r));
	if (!rd_ok(&r) || state > 1 || said->signature.n == 0) {
		*said = (struct typing_said){ .leaf_index = 0 };
		return ERR_PEER_MALFORMED;
	}
	return ERR_OK;
}

void typing_put_clear(struct buf *b, struct span session_id, uint64_t epoch)
{
	buf_put_u8(b, TYPING_VERSION);
	buf_put(b, session_id);
	buf_put_u64(b, epoch);
}

void typing_put_unsigned(struct buf *b, const struct typing_said *said)
{
	buf_put_u32(b, said->leaf_index);
	buf_put_u8(b, said->types ? 1 : 0);
	buf_put_u64(b, said->sent_ms);
}
