#include "store/message.h"

void message_put(struct buf *out, const struct message *m)
{
	buf_put(out, SPAN_ARRAY(m->session.bytes));
	buf_put_u64(out, m->seq);
	buf_put(out, SPAN_ARRAY(m->sender.bytes));
	buf_put_u64(out, m->epoch);
	buf_put_u8(out, (uint8_t)m->kind);
	buf_put(out, SPAN_ARRAY(m->head.bytes));
	buf_put(out, SPAN_ARRAY(m->hash.bytes));
	buf_put_u64(out, m->sent_ms);
	buf_put_u8(out, (uint8_t)m->origin.n);
	buf_put(out, m->origin);
	buf_put(out, m->bytes);
}

bool message_take(struct rd *r, struct message *m)
{
	*m = (struct message){ .seq = 0 };
	rd_copy(r, m->session.bytes, sizeof(m->session.bytes));
	m->seq = rd_u64(r);
	rd_copy(r, m->sender.bytes, sizeof(m->sender.bytes));
	m->epoch = rd_u64(r);
	m->kind = (enum message_kind)rd_u8(r);
	rd_copy(r, m->head.bytes, sizeof(m->head.bytes));
	rd_copy(r, m->hash.bytes, sizeof(m->hash.bytes));
	m->sent_ms = rd_u64(r);
	m->origin = rd_take(r, rd_u8(r));
	m->bytes = rd_take(r, rd_left(r));
	return rd_ok(r);
}
