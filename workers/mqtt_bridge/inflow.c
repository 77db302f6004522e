#include "mqtt_bridge/inflow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "door/typing_lane.h"
#include "mqtt/topic.h"
#include "mqtt_bridge/gate.h"
#include "mqtt_bridge/payload.h"

enum { CORRELATION_MAX = 1024 };

static struct {
	struct writer *writer;
	struct delivery_limits limits;
} in;

/* One message, until it is answered. */
struct sent {
	struct buf payload; /* as it came: the gate knows it by that */
	struct buf client, topic, correlation;
	struct uuid session, device;
	bool typing; /* a notice, for which the gate keeps nothing */
	bool has_id;
	int64_t id;
};

static void sent_free(struct sent *s)
{
	buf_clear(&s->payload);
	buf_clear(&s->client);
	buf_clear(&s->topic);
	buf_clear(&s->correlation);
	free(s);
}

/* ---- answers ---- */

static void put_start(struct buf *json, const struct sent *s, const char *type)
{
	buf_putf(json, "{\"type\":\"%s\",\"session_id\":\"", type);
	uuid_put(json, s->session);
	buf_put_u8(json, '"');
	if (s->has_id)
		buf_putf(json, ",\"id\":%" PRId64, s->id);
}

/* An answer that finds no room is lost like any of QoS 0: the log has it. */
static void answer(struct sent *s, struct buf *json, enum gate_outcome outcome)
{
	const struct broker_properties properties = {
		.correlation = buf_span(&s->correlation), .expiry_seconds = 600
	};

	if (buf_end(json) == ERR_OK)
		(void)broker_publish((const char *)s->topic.p, buf_span(json),
				     &properties);
	buf_clear(json);
	if (!s->typing)
		gate_decide(buf_span(&s->client), buf_span(&s->payload),
			    outcome);
	sent_free(s);
}

static void say_refusal(struct sent *s, struct problem problem)
{
	int status = outcomes_row(problem.outcome)->status;
	struct buf json = BUF_INIT;

	put_start(&json, s, "problem");
	buf_put_str(&json, ",\"problem\":");
	outcomes_put(&json, &problem);
	buf_put_u8(&json, '}');
	answer(s, &json,
	       status == 503   ? GATE_UNKNOWN
	       : status == 429 ? GATE_LIMITED
			       : GATE_REFUSED);
}

static void say_problem(struct sent *s, enum outcome outcome,
			const char *detail)
{
	say_refusal(s, (struct problem){ outcome, detail, 0 });
}

static void on_appended(void *arg, const struct append_result *result)
{
	struct problem problem = delivery_problem(result);
	struct buf json = BUF_INIT;
	struct sent *s = arg;

	if (problem.outcome != OUTCOME_OK) {
		say_refusal(s, problem);
		return;
	}
	put_start(&json, s, "sent");
	buf_putf(&json, ",\"seq\":%" PRIu64 ",\"head\":\"", result->seq);
	digest_put(&json, result->head);
	buf_putf(&json, "\",\"sent_at\":%" PRIu64 "%s}", result->sent_ms,
		 result->rotation_due ? ",\"rotation_due\":true" : "");
	answer(s, &json, GATE_STORED);
}

/* ---- messages ---- */

/* Where the answer goes: where it is wanted, if that is the sender's own. */
static void choose_topic(struct sent *s, struct span wanted)
{
	struct topic topic = topic_parse(wanted);

	if (topic.kind == TOPIC_DEVICE && uuid_equal(topic.id, s->device))
		buf_put(&s->topic, wanted);
	else
		topic_put_events(&s->topic, s->device);
	buf_put_u8(&s->topic, 0);
}

static struct sent *sent_new(const struct broker_message *message)
{
	struct topic from = topic_parse(message->topic);
	struct sent *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->typing = from.kind == TOPIC_TYPED;
	if ((from.kind != TOPIC_RECEIVED && !s->typing) ||
	    !topic_client(from.rest, &s->device)) {
		free(s);
		return NULL;
	}
	s->session = from.id;
	buf_put(&s->payload, message->payload);
	buf_put(&s->client, from.rest);
	if (message->correlation.n <= CORRELATION_MAX)
		buf_put(&s->correlation, message->correlation);
	choose_topic(s, message->response_topic);
	if (s->payload.fail == ERR_OK && s->client.fail == ERR_OK &&
	    s->correlation.fail == ERR_OK && s->topic.fail == ERR_OK)
		return s;
	sent_free(s);
	return NULL;
}

static void store_envelope(struct sent *s, const struct payload *payload)
{
	struct problem problem;
	struct append append;

	if (!delivery_check(buf_span(&payload->bytes), &in.limits,
			    clock_now_ms(), s->device, &s->session, &append,
			    &problem)) {
		say_refusal(s, problem);
		return;
	}
	append.expires_ms = payload->expires_ms;
	if (writer_append(in.writer, &append, on_appended, s) != ERR_OK)
		say_problem(s, OUTCOME_UNAVAILABLE,
			    "too much waits; send it again");
}

/* One that was taken has no answer. */
static void on_typed(void *arg, struct problem problem)
{
	struct sent *s = arg;

	if (problem.outcome != OUTCOME_OK)
		say_refusal(s, problem);
	else
		sent_free(s);
}

static void refuse_payload(struct sent *s)
{
	struct problem problem;

	if (!delivery_admit(s->device, s->payload.n, &problem))
		say_refusal(s, problem);
	else if (s->typing)
		say_problem(s, OUTCOME_MALFORMED,
			    "neither a typing notice nor JSON with one");
	else
		say_problem(s, OUTCOME_MALFORMED,
			    "neither an envelope nor JSON with one");
}

void inflow_received(const struct broker_message *message)
{
	struct sent *s = sent_new(message);
	struct payload payload;
	enum err e;

	if (s == NULL)
		return; /* not from the plugin, or no memory: no PUBACK */
	e = s->typing ? payload_read_typing(message->payload, &payload)
		      : payload_read(message->payload, &payload);
	s->has_id = payload.has_id;
	s->id = payload.id;
	if (e != ERR_OK)
		refuse_payload(s);
	else if (s->typing)
		typing_lane_say(s->device, s->session, buf_span(&payload.bytes),
				on_typed, s);
	else
		store_envelope(s, &payload);
	buf_clear(&payload.bytes);
}

void inflow_start(struct writer *writer, const struct delivery_limits *limits)
{
	in.writer = writer;
	in.limits = *limits;
}
