#include "wire/envelope.h"

#include "wire/generation.h"
#include "wire/message.h"

enum err envelope_decode(struct span bytes, size_t tag_length,
			 struct envelope *envelope)
{
	struct rd r = rd_init(bytes);
	enum err e;

	*envelope = (struct envelope){ 0 };
	if (bytes.n > ENVELOPE_MAX)
		return ERR_PEER_TOO_LARGE;
	if (rd_u8(&r) != ENVELOPE_VERSION && rd_ok(&r))
		return ERR_PEER_UNSUPPORTED;
	envelope->session_id = rd_take(&r, ENVELOPE_SESSION_ID);
	envelope->epoch = rd_u64(&r);
	envelope->nonce = rd_take(&r, ENVELOPE_NONCE);
	envelope->message = rd_vec(&r);
	envelope->tagged = span_of(bytes.p, bytes.n - rd_left(&r));
	envelope->tag = rd_take(&r, tag_length);
	e = rd_end(&r);
	if (e != ERR_OK)
		*envelope = (struct envelope){ 0 };
	return e;
}

static enum err check(const struct envelope *envelope,
		      struct wire_message *message)
{
	const struct wire_private_message *m = &message->private_message;
	uint64_t epoch;
	enum err e;

	TRY(wire_message_decode(envelope->message, message));
	ENSURE(message->format == WIRE_PRIVATE_MESSAGE, ERR_PEER_INVALID);
	ENSURE(m->content_type == WIRE_CONTENT_APPLICATION, ERR_PEER_INVALID);
	ENSURE(generation_session_epoch(m->group_id, m->epoch,
					envelope->session_id, &epoch) &&
		   epoch == envelope->epoch,
	       ERR_PEER_INVALID);
out:
	return e;
}

enum err envelope_check(const struct envelope *envelope)
{
	struct wire_message message;

	return check(envelope, &message);
}

enum err envelope_view(const struct envelope *envelope, struct log_view *view)
{
	struct wire_message message;
	enum err e;

	*view = (struct log_view){ .given = false };
	TRY(check(envelope, &message));
	TRY(log_view_read(message.private_message.authenticated_data, view));
out:
	return e;
}

void envelope_put_tagged(struct buf *b, const struct envelope *envelope)
{
	buf_put_u8(b, ENVELOPE_VERSION);
	buf_put(b, envelope->session_id);
	buf_put_u64(b, envelope->epoch);
	buf_put(b, envelope->nonce);
	buf_put_vec(b, envelope->message);
}

uint64_t envelope_time(struct span nonce)
{
	struct rd r = rd_init(nonce);
	uint64_t high = rd_u16(&r);

	return high << 32 | rd_u32(&r);
}

enum err envelope_set_time(uint8_t nonce[ENVELOPE_NONCE], uint64_t now_ms)
{
	if (now_ms > ENVELOPE_TIME_MAX)
		return ERR_LOCAL_BUG;
	for (size_t i = ENVELOPE_NONCE_TIME; i-- > 0; now_ms >>= 8)
		nonce[i] = (uint8_t)now_ms;
	return ERR_OK;
}
