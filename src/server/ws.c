#include "server/ws.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"
#include "door/presence.h"
#include "door/typing_lane.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/edge/loop.h"
#include "server/edge/websocket.h"
#include "server/health.h"
#include "server/hub/hub.h"
#include "server/lanes.h"
#include "server/limited.h"
#include "server/messages.h"
#include "server/revocations.h"
#include "server/routes_table.h"
#include "server/send_frame.h"
#include "server/tokens.h"

enum { SENDS_MAX = 4096, SECOND_MS = 1000 };

struct client {
	struct websocket *ws; /* NULL: gone */
	struct identity who;
	uint8_t address[16];		     /* whence it came */
	struct trace *trace;		     /* NULL: requests are not logged */
	struct subscription **subscriptions; /* room for a power of two */
	size_t subscription_count;
	size_t sends; /* envelopes without an answer yet */
	bool leaving; /* as soon as there are none */
	struct client *next, *prev;
};

static struct client *first_client;
static unsigned client_count;

/* ---- answers ---- */

static void say(struct client *c, struct buf *text)
{
	if (c->ws != NULL && buf_end(text) == ERR_OK)
		websocket_send(c->ws, buf_span(text));
	buf_clear(text);
}

static void say_refusal(struct client *c, uint64_t id, struct problem problem)
{
	struct buf out = BUF_INIT;

	buf_putf(&out,
		 "{\"type\":\"problem\",\"id\":%" PRIu64 ",\"problem\":", id);
	outcomes_put(&out, &problem);
	buf_put_u8(&out, '}');
	say(c, &out);
}

static void say_problem(struct client *c, uint64_t id, enum outcome outcome,
			const char *detail)
{
	say_refusal(c, id, (struct problem){ outcome, detail, 0 });
}

static void say_session(struct client *c, const char *type, uint64_t id,
			struct uuid session, const char *more)
{
	struct buf out = BUF_INIT;

	buf_putf(&out,
		 "{\"type\":\"%s\",\"id\":%" PRIu64 ",\"session_id\":\"%s\"%s}",
		 type, id, uuid_text(session).text, more);
	say(c, &out);
}

/* ---- life ---- */

static void free_if_done(struct client *c)
{
	if (c->ws != NULL || c->sends > 0)
		return;
	free(c->subscriptions);
	free(c->trace);
	free(c);
}

/* Where each subscription got to, for the next node. */
static void say_farewell(struct client *c)
{
	struct buf out = BUF_INIT;

	if (c->ws == NULL || c->sends > 0)
		return;
	buf_put_str(&out, "{\"type\":\"going_away\",\"resume\":[");
	for (size_t i = 0; i < c->subscription_count; i++)
		buf_putf(&out,
			 "%s{\"session_id\":\"%s\",\"after\":%" PRIu64 "}",
			 i > 0 ? "," : "",
			 uuid_text(hub_session(c->subscriptions[i])).text,
			 hub_next(c->subscriptions[i]) - 1);
	buf_put_str(&out, "]}");
	say(c, &out);
	websocket_close(c->ws, 1001, "going away");
}

void ws_go_away(void)
{
	struct client *next;

	for (struct client *c = first_client; c != NULL; c = next) {
		next = c->next;
		c->leaving = true;
		say_farewell(c);
	}
}

static void on_gone(void *user)
{
	struct client *c = user;

	while (c->subscription_count > 0)
		hub_unsubscribe(c->subscriptions[--c->subscription_count]);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		first_client = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->ws = NULL;
	metrics_set(METRIC_WEBSOCKETS, --client_count);
	free_if_done(c);
}

/* The first position that was not sent, of the session whose message did not
 * fit; the others go on from what the client has. */
static void on_overflow(void *user, char reason[124])
{
	const struct client *c = user;
	const struct subscription *s = hub_giving();

	metrics_count(METRIC_WEBSOCKETS_SLOW, 1);
	if (s == NULL && c->subscription_count > 0)
		s = c->subscriptions[0];
	if (s == NULL)
		return;
	(void)snprintf(reason, 124, "resume %s %" PRIu64,
		       uuid_text(hub_session(s)).text, hub_next(s));
}

static void on_second(void *arg)
{
	uint64_t now = clock_now_ms() / 1000;
	struct client *next;

	(void)arg;
	for (struct client *c = first_client; c != NULL; c = next) {
		next = c->next;
		if (c->who.expires <= now)
			websocket_close(c->ws, 4401, "token expired");
		else if (revocations_have(c->who.family))
			websocket_close(c->ws, 4401, "token revoked");
	}
}

void ws_start(void)
{
	loop_every(SECOND_MS, on_second, NULL);
}

/* ---- subscriptions ---- */

static void remove_subscription(struct client *c, struct uuid session)
{
	for (size_t i = 0; i < c->subscription_count; i++)
		if (uuid_equal(hub_session(c->subscriptions[i]), session)) {
			struct subscription *s = c->subscriptions[i];

			c->subscriptions[i] =
			    c->subscriptions[--c->subscription_count];
			hub_unsubscribe(s);
			return;
		}
}

static bool has_subscription(const struct client *c, struct uuid session)
{
	for (size_t i = 0; i < c->subscription_count; i++)
		if (uuid_equal(hub_session(c->subscriptions[i]), session))
			return true;
	return false;
}

static void on_ended(void *arg, struct uuid session, const char *reason)
{
	struct client *c = arg;
	struct buf out = BUF_INIT;

	buf_putf(&out,
		 "{\"type\":\"unsubscribed\",\"session_id\":\"%s\","
		 "\"reason\":\"%s\"}",
		 uuid_text(session).text, reason);
	remove_subscription(c, session);
	say(c, &out);
}

static void on_subscribed(void *arg, struct uuid session, uint64_t id,
			  const struct hub_place *place, enum err e)
{
	struct client *c = arg;
	char more[96];

	if (place->member && !place->gone) {
		(void)snprintf(more, sizeof(more),
			       ",\"last_seq\":%" PRIu64 ",\"typing\":true%s",
			       place->last_seq,
			       place->rotation_due ? ",\"rotation_due\":true"
						   : "");
		say_session(c, "subscribed", id, session, more);
		return;
	}
	if (e != ERR_OK)
		say_problem(c, id, OUTCOME_UNAVAILABLE, NULL);
	else if (place->gone)
		say_refusal(c, id,
			    (struct problem){ OUTCOME_HISTORY_EXPIRED, NULL,
					      place->first_seq });
	else
		say_problem(c, id, OUTCOME_NOT_A_MEMBER, NULL);
	remove_subscription(c, session);
}

/* Most follow few sessions: room for all of them would be most of what an idle
 * connection takes. */
static bool has_room(struct client *c)
{
	size_t n = c->subscription_count;
	struct subscription **grown;

	if (n > 0 && (n & (n - 1)) != 0)
		return true;
	grown = realloc(c->subscriptions, (n > 0 ? 2 * n : 1) * sizeof(*grown));
	if (grown != NULL)
		c->subscriptions = grown;
	return grown != NULL;
}

static void subscribe(struct client *c, uint64_t id, struct uuid session,
		      uint64_t after)
{
	struct subscriber subscriber = { .ws = c->ws,
					 .on_ended = on_ended,
					 .on_subscribed = on_subscribed,
					 .arg = c };
	struct subscription *s;

	if (has_subscription(c, session)) {
		say_problem(c, id, OUTCOME_CONFLICT,
			    "this session is subscribed to already");
		return;
	}
	if (c->subscription_count >= config()->subscriptions) {
		say_problem(c, id, OUTCOME_QUOTA_EXCEEDED,
			    "a WebSocket may follow no more sessions");
		return;
	}
	subscriber.device = c->who.device;
	s = has_room(c) ? hub_subscribe(&subscriber, session, after, id) : NULL;
	if (s == NULL)
		say_problem(c, id, OUTCOME_UNAVAILABLE, NULL);
	else
		c->subscriptions[c->subscription_count++] = s;
}

/* ---- sending ---- */

struct sending {
	struct client *client;
	uint64_t id;
};

/* NULL: it cannot be, and the client was told why. */
static struct sending *new_sending(struct client *c, uint64_t id)
{
	struct sending *sending = NULL;

	if (c->leaving) {
		say_problem(c, id, OUTCOME_UNAVAILABLE,
			    "this node is going away");
		return NULL;
	}
	if (c->sends >= SENDS_MAX) {
		say_refusal(c, id,
			    (struct problem){
				OUTCOME_TOO_MANY_REQUESTS,
				"too many requests wait for their answer", 1 });
		return NULL;
	}
	sending = malloc(sizeof(*sending));
	if (sending == NULL) {
		say_problem(c, id, OUTCOME_UNAVAILABLE, NULL);
		return NULL;
	}
	*sending = (struct sending){ c, id };
	c->sends++;
	return sending;
}

/* One less waits: it may be the last of a client that is gone, or that is to go. */
static void end_sending(struct client *c)
{
	if (c->leaving)
		say_farewell(c);
	free_if_done(c);
}

static void on_appended(void *arg, const struct append_result *result)
{
	struct sending sending = *(struct sending *)arg;
	struct client *c = sending.client;
	struct problem problem = delivery_problem(result);
	struct buf out = BUF_INIT;

	free(arg);
	c->sends--;
	if (problem.outcome != OUTCOME_OK) {
		say_refusal(c, sending.id, problem);
	} else {
		buf_putf(&out,
			 "{\"type\":\"sent\",\"id\":%" PRIu64
			 ",\"seq\":%" PRIu64 ",\"head\":\"",
			 sending.id, result->seq);
		digest_put(&out, result->head);
		buf_putf(&out, "\",\"sent_at\":%" PRIu64 "%s}", result->sent_ms,
			 result->rotation_due ? ",\"rotation_due\":true" : "");
		say(c, &out);
	}
	end_sending(c);
}

static void send_envelope(struct client *c, uint64_t id, struct span envelope,
			  uint64_t expires_ms)
{
	struct problem problem = { OUTCOME_UNAVAILABLE, NULL, 0 };
	struct sending *sending = new_sending(c, id);
	char origin[ORIGIN_SIZE];
	struct append message;

	if (sending == NULL)
		return;
	if (messages_check(envelope, &c->who, NULL, &message, &problem)) {
		message.expires_ms = expires_ms;
		if (c->trace != NULL)
			message.origin = messages_origin(c->trace, &id, origin);
		if (lanes_append(&message, on_appended, sending) == ERR_OK)
			return;
		problem = (struct problem){ OUTCOME_UNAVAILABLE, NULL, 0 };
	}
	c->sends--;
	free(sending);
	say_refusal(c, id, problem);
}

/* ---- typing ---- */

static void on_typed(void *arg, struct problem problem)
{
	struct sending sending = *(struct sending *)arg;
	struct client *c = sending.client;
	struct buf out = BUF_INIT;

	free(arg);
	c->sends--;
	if (problem.outcome != OUTCOME_OK) {
		say_refusal(c, sending.id, problem);
	} else {
		buf_putf(&out, "{\"type\":\"typed\",\"id\":%" PRIu64 "}",
			 sending.id);
		say(c, &out);
	}
	end_sending(c);
}

static void say_typing(struct client *c, uint64_t id, struct uuid session,
		       struct span notice)
{
	struct sending *sending = new_sending(c, id);

	if (sending != NULL)
		typing_lane_say(c->who.device, session, notice, on_typed,
				sending);
}

/* ---- what arrives ---- */

static void handle(struct client *c, struct body *body)
{
	const char *type = body_text(body, "type");
	struct uuid session;
	uint64_t id, after, expires_ms;
	struct span envelope;

	(void)body_optional_number(body, "id", INT64_MAX, &id);
	if (strcmp(type, "subscribe") == 0) {
		session = body_uuid(body, "session_id");
		after = body_number(body, "after", INT64_MAX - 1);
		if (body_is_good(body))
			subscribe(c, id, session, after);
	} else if (strcmp(type, "unsubscribe") == 0) {
		session = body_uuid(body, "session_id");
		if (body_is_good(body)) {
			remove_subscription(c, session);
			say_session(c, "unsubscribed", id, session, "");
		}
	} else if (strcmp(type, "send") == 0) {
		envelope = body_bytes(body, "envelope", config()->body_bytes);
		(void)body_optional_number(body, "expires_at",
					   DELIVERY_EXPIRES_MAX, &expires_ms);
		if (body_is_good(body))
			send_envelope(c, id, envelope, expires_ms);
	} else if (strcmp(type, "typing") == 0) {
		session = body_uuid(body, "session_id");
		envelope = body_bytes(body, "notice", config()->body_bytes);
		if (body_is_good(body))
			say_typing(c, id, session, envelope);
	} else if (strcmp(type, "ping") == 0) {
		struct buf out = BUF_INIT;

		buf_putf(&out, "{\"type\":\"pong\",\"id\":%" PRIu64 "}", id);
		if (body_is_good(body))
			say(c, &out);
		buf_clear(&out);
	} else if (body->fault == NULL) {
		body->fault = "type is not known here";
	}
	if (body->fault != NULL)
		websocket_close(c->ws, 4400, body->fault);
}

static void on_text(void *user, struct span text)
{
	struct client *c = user;
	struct buf envelope = BUF_INIT;
	struct body body;
	uint64_t id;

	if (send_frame_read(text, config()->body_bytes, &id, &envelope)) {
		send_envelope(c, id, buf_span(&envelope), 0);
		buf_clear(&envelope);
		return;
	}
	if (!body_parse(&body, text)) {
		websocket_close(c->ws, 4400, "not a JSON object");
		return;
	}
	handle(c, &body);
	body_free(&body);
}

/* ---- opening ---- */

static struct trace *copy_trace(const struct trace *trace)
{
	struct trace *copy =
	    config()->access_log != 0 ? malloc(sizeof(*copy)) : NULL;

	if (copy != NULL)
		*copy = *trace;
	return copy;
}

#define PROTOCOLS "Sec-WebSocket-Protocol"

/* Few enough are of this account, and of this address. */
static bool has_place(struct span address, struct uuid user)
{
	uint64_t of_user = 0, of_address = 0;

	for (const struct client *c = first_client; c != NULL; c = c->next) {
		of_user += uuid_equal(c->who.user, user);
		of_address += memcmp(c->address, address.p, address.n) == 0;
	}
	return of_user < config()->websockets &&
	       of_address < config()->address_websockets;
}

void ws_open(const struct call *call)
{
	static const struct websocket_handler handler = { on_text, on_gone,
							  on_overflow };
	struct span token;
	struct request *req = call->req;
	uint8_t room[16];
	struct client *c;
	struct identity who;

	if (health_is_draining()) {
		request_problem(req, OUTCOME_UNAVAILABLE,
				"this node is going away");
		return;
	}
	/* as a second subprotocol, for browsers */
	if (head_list_after_prefix(request_head(req), PROTOCOLS, "bearer.",
				   &token)) {
		if (!tokens_admit(req, token, &who))
			return;
	} else if (!tokens_require(req, &who)) {
		return;
	}
	if (!request_list_has(req, PROTOCOLS, "hermetic.v1")) {
		request_problem(req, OUTCOME_MALFORMED,
				"the subprotocol must be hermetic.v1");
		return;
	}
	if (!has_place(limited_address(req, room), who.user)) {
		request_problem(req, OUTCOME_QUOTA_EXCEEDED,
				"there are too many WebSockets of this account "
				"or address");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	c->who = who;
	memcpy(c->address, room, sizeof(room));
	c->trace = copy_trace(request_trace(req));
	c->ws = websocket_accept(req, "hermetic.v1", &handler, c);
	if (c->ws == NULL) {
		free(c->trace);
		free(c);
		return;
	}
	c->next = first_client;
	if (first_client != NULL)
		first_client->prev = c;
	first_client = c;
	metrics_set(METRIC_WEBSOCKETS, ++client_count);
	presence_arrived(who.device);
}

void ws_tell(struct uuid device, struct span text)
{
	for (struct client *c = first_client; c != NULL; c = c->next)
		if (uuid_equal(c->who.device, device))
			websocket_send(c->ws, text);
}

bool ws_has(struct uuid device)
{
	const struct client *c = first_client;

	while (c != NULL && !uuid_equal(c->who.device, device))
		c = c->next;
	return c != NULL;
}

void ws_each(void (*each)(void *arg, struct uuid device), void *arg)
{
	for (const struct client *c = first_client; c != NULL; c = c->next)
		each(arg, c->who.device);
}
