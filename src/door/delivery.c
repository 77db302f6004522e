#include "door/delivery.h"

#include <string.h>

#include "base/text.h"
#include "door/limits.h"
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

static bool refuse(struct problem *problem, enum outcome outcome,
		   const char *detail)
{
	*problem = (struct problem){ outcome, detail, 0 };
	return false;
}

static bool too_often(struct problem *problem)
{
	*problem = (struct problem){ OUTCOME_TOO_MANY_REQUESTS, NULL,
				     limits_last()->retry_s };
	return false;
}

bool delivery_admit(struct uuid device, size_t bytes, struct problem *problem)
{
	struct span who = SPAN_ARRAY(device.bytes);

	return (limits_take(LIMIT_MESSAGES, who, SPAN_EMPTY, 1) &&
		limits_take(LIMIT_BYTES, who, SPAN_EMPTY, bytes)) ||
	       too_often(problem);
}

/* Not when it arrives: a stranger could use up what its members have. */
void delivery_count(const struct message *message)
{
	if (!limits_take(LIMIT_SESSION_MESSAGES,
			 SPAN_ARRAY(message->session.bytes), SPAN_EMPTY, 1))
		return; /* delivery_check() refuses the next one */
}

bool delivery_check(struct span bytes, const struct delivery_limits *limits,
		    uint64_t now, struct uuid device,
		    const struct uuid *session, struct append *out,
		    struct problem *problem)
{
	uint64_t window = limits->nonce_window_ms, sent;
	struct envelope envelope;
	struct log_view view;

	if (!delivery_admit(device, bytes.n, problem))
		return false;
	if (bytes.n > limits->envelope_bytes)
		return refuse(problem, OUTCOME_TOO_LARGE,
			      "the envelope is too large");
	if (decode(bytes, &envelope, &view) != ERR_OK)
		return refuse(problem, OUTCOME_ENVELOPE_INVALID, NULL);
	if (session != NULL &&
	    !uuid_equal(uuid_of(envelope.session_id.p), *session))
		return refuse(problem, OUTCOME_ENVELOPE_INVALID,
			      "it is of another session");
	if (envelope.epoch > INT64_MAX)
		return refuse(problem, OUTCOME_ENVELOPE_INVALID,
			      "no such epoch");
	sent = envelope_time(envelope.nonce);
	if (sent > now + window || sent + window < now)
		return refuse(problem, OUTCOME_NONCE_EXPIRED, NULL);
	if (!limits_allow(LIMIT_SESSION_MESSAGES, envelope.session_id,
			  SPAN_EMPTY, 1))
		return too_often(problem);
	out->session = uuid_of(envelope.session_id.p);
	out->device = device;
	memcpy(out->nonce, envelope.nonce.p, sizeof(out->nonce));
	out->epoch = envelope.epoch;
	out->view_seq = view.seq;
	out->view_head = digest_of(view.head.p);
	out->expires_ms = 0;
	out->envelope = bytes;
	out->origin = SPAN_EMPTY;
	return true;
}

struct problem delivery_problem(const struct append_result *result)
{
	static const enum outcome outcomes[] = {
		[APPEND_OK] = OUTCOME_OK,
		[APPEND_DUPLICATE] = OUTCOME_OK,
		[APPEND_NONCE_REUSED] = OUTCOME_NONCE_REUSED,
		[APPEND_VIEW_DIFFERS] = OUTCOME_VIEW_DIFFERS,
		[APPEND_EPOCH_CHANGED] = OUTCOME_EPOCH_CHANGED,
		[APPEND_NOT_A_MEMBER] = OUTCOME_NOT_A_MEMBER,
		[APPEND_NO_SESSION] = OUTCOME_NO_SESSION,
		[APPEND_ROTATION_REQUIRED] = OUTCOME_ROTATION_REQUIRED,
		[APPEND_SESSION_ENDED] = OUTCOME_SESSION_ENDED,
		[APPEND_UNAVAILABLE] = OUTCOME_UNAVAILABLE,
	};
	struct problem problem = { outcomes[result->outcome], NULL,
				   result->epoch };

	if (result->outcome == APPEND_UNAVAILABLE)
		problem.detail = "it may or may not be stored: send the same "
				 "bytes again";
	return problem;
}

void delivery_put(struct buf *out, const struct message *m, bool with_type)
{
	buf_put_str(out, with_type ? "{\"type\":\"message\"," : "{");
	buf_put_str(out, "\"session_id\":\"");
	uuid_put(out, m->session);
	buf_put_str(out, "\",\"seq\":");
	text_put_u64(out, m->seq);
	buf_put_str(out, ",\"kind\":");
	text_put_u64(out, (uint64_t)m->kind);
	buf_put_str(out, ",\"epoch\":");
	text_put_u64(out, m->epoch);
	buf_put_str(out, ",\"sender\":\"");
	uuid_put(out, m->sender);
	if (m->bytes.n > 0) {
		buf_put_str(out, "\",\"envelope\":\"");
		text_put_base64(out, m->bytes);
	}
	buf_put_str(out, "\",\"hash\":\"");
	digest_put(out, m->hash);
	buf_put_str(out, "\",\"head\":\"");
	digest_put(out, m->head);
	buf_put_str(out, "\",\"sent_at\":");
	text_put_u64(out, m->sent_ms);
	buf_put_u8(out, '}');
}

size_t delivery_size(const struct message *m)
{
	return DELIVERY_AROUND + (m->bytes.n + 2) / 3 * 4;
}
