#include "wire/letter.h"

#include "base/rd.h"

#define VERSION 1

void letter_put_tbs(struct buf *b, const struct letter *letter)
{
	buf_put_u8(b, VERSION);
	buf_put(b, letter->session_id);
	buf_put_u64(b, letter->seq);
	buf_put(b, letter->head);
	buf_put(b, letter->context);
	buf_put(b, letter->by);
	buf_put_u64(b, letter->device);
	buf_put(b, letter->user);
}

void letter_put(struct buf *b, const struct letter *letter)
{
	letter_put_tbs(b, letter);
	buf_put(b, letter->signature);
}

enum err letter_decode(struct span bytes, struct letter *letter)
{
	struct rd r = rd_init(bytes);
	struct letter l = { .seq = 0 };
	uint8_t version = rd_u8(&r);
	enum err e;

	TRY(r.fail);
	ENSURE(version == VERSION, ERR_PEER_UNSUPPORTED);
	l.session_id = rd_take(&r, LETTER_SESSION_ID);
	l.seq = rd_u64(&r);
	l.head = rd_take(&r, LETTER_HASH);
	l.context = rd_take(&r, LETTER_HASH);
	l.by = rd_take(&r, LETTER_HASH);
	l.device = rd_u64(&r);
	l.user = rd_take(&r, LETTER_HASH);
	l.unsigned_part = span_of(bytes.p, bytes.n - rd_left(&r));
	l.signature = rd_take(&r, LETTER_SIGNATURE);
	TRY(rd_end(&r));
	*letter = l;
out:
	return e;
}
