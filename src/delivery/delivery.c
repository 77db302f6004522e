#include "delivery/delivery.h"

#include <string.h>

#include "base/text.h"
#include "wire/envelope.h"

/* At most, of what stands around an envelope in JSON. */
enum { DELIVERY_AROUND = 480 };

/* The tag's length tells the suite's hash: one of two. */
static enum err decode(struct span bytes, struct envelope *envelope,
		       struct log_view *view)
{
	enum err e = envelope_decode(bytes, 32, envelope);

	if (e == ERR_PEER_MALFORMED)
		e = envelope_decode(bytes, 64, envelope);
	return e == ERR_OK ? envelope_view(envelope, view) : e;
}

static bool refuse(struct refusal *refusal, int status, const char *slug,
		   const char *detail)
{
	*refusal = (struct refusal){ status, slug, detail };
	return false;
}

bool delivery_check(struct span bytes, const struct delivery_limits *limits,
		    uint64_t now, const uint8_t device[16],
		    const uint8_t *session, struct append *out,
		    struct refusal *refusal)
{
	uint64_t window = limits->nonce_window_ms, sent;
	struct envelope envelope;
	struct log_view view;

	if (bytes.n > limits->envelope_bytes)
		return refuse(refusal, 413, "too-large",
			      "the envelope is too large");
	if (decode(bytes, &envelope, &view) != ERR_OK)
		return refuse(refusal, 422, "envelope-invalid",
			      "it is no envelope of an application message");
	if (session != NULL &&
	    !span_equal(envelope.session_id, span_of(session, 16)))
		return refuse(refusal, 422, "envelope-invalid",
			      "it is of another session");
	if (envelope.epoch > INT64_MAX)
		return refuse(refusal, 422, "envelope-invalid",
			      "no such epoch");
	sent = envelope_time(envelope.nonce);
	if (sent > now + window || sent + window < now)
		return refuse(refusal, 422, "nonce-expired",
			      "the time in its nonce is too far from now");
	memcpy(out->session, envelope.session_id.p, 16);
	memcpy(out->device, device, 16);
	memcpy(out->nonce, envelope.nonce.p, 16);
	out->epoch = envelope.epoch;
	out->view_seq = view.seq;
	memcpy(out->view_head, view.head.p, sizeof(out->view_head));
	out->envelope = bytes;
	out->origin = SPAN_EMPTY;
	return true;
}

struct refusal delivery_refusal(const struct append_result *result)
{
	switch (result->outcome) {
	case APPEND_OK:
	case APPEND_DUPLICATE:
		break;
	case APPEND_NONCE_REUSED:
		return (struct refusal){ 409, "nonce-reused",
					 "another envelope has that nonce" };
	case APPEND_EPOCH_CHANGED:
		return (struct refusal){ 409, "epoch-changed",
					 "read the log and seal again" };
	case APPEND_VIEW_DIFFERS:
		return (struct refusal){ 409, "view-differs",
					 "its sender has seen another log than "
					 "this one" };
	case APPEND_NOT_A_MEMBER:
		return (struct refusal){ 403, "not-a-member",
					 "this device is not a member of the "
					 "session" };
	case APPEND_NO_SESSION:
		return (struct refusal){ 404, "not-found", "no such session" };
	case APPEND_ROTATION_REQUIRED:
		return (struct refusal){ 409, "rotation-required",
					 "commit new keys, then seal again" };
	case APPEND_SESSION_ENDED:
		return (struct refusal){ 410, "session-ended",
					 "nobody used it for too long" };
	case APPEND_UNAVAILABLE:
		return (struct refusal){ 503, "unavailable",
					 "it may or may not be stored: send "
					 "the same bytes again" };
	}
	return (struct refusal){ 0, NULL, NULL };
}

static void put_uuid(struct buf *out, const char *name, const uint8_t id[16])
{
	char text[TEXT_UUID_SIZE];

	text_uuid(text, id);
	buf_put_str(out, name);
	buf_put(out, span_of(text, TEXT_UUID_SIZE - 1));
}

void delivery_put(struct buf *out, const struct message *m, bool with_type)
{
	buf_put_str(out, with_type ? "{\"type\":\"message\"," : "{");
	put_uuid(out, "\"session_id\":\"", m->session);
	buf_put_str(out, "\",\"seq\":");
	text_put_u64(out, m->seq);
	buf_put_str(out, ",\"kind\":");
	text_put_u64(out, (uint64_t)m->kind);
	buf_put_str(out, ",\"epoch\":");
	text_put_u64(out, m->epoch);
	put_uuid(out, ",\"sender\":\"", m->sender);
	if (m->bytes.n > 0) {
		buf_put_str(out, "\",\"envelope\":\"");
		text_put_base64(out, m->bytes);
	}
	buf_put_str(out, "\",\"hash\":\"");
	text_put_hex(out, SPAN_ARRAY(m->hash));
	buf_put_str(out, "\",\"head\":\"");
	text_put_hex(out, SPAN_ARRAY(m->head));
	buf_put_str(out, "\",\"sent_at\":");
	text_put_u64(out, m->sent_ms);
	buf_put_u8(out, '}');
}

size_t delivery_size(const struct message *m)
{
	return DELIVERY_AROUND + (m->bytes.n + 2) / 3 * 4;
}
