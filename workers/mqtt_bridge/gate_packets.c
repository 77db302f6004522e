/* What both sides of a link say, and the PUBACKs that wait. */
#include "mqtt_bridge/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "door/limits.h"
#include "mqtt_bridge/packet.h"

enum { CONNECT_MAX = 8192 }; /* bytes of a packet before one is let in */

/* ---- the PUBACKs ---- */

static struct held *find_held(struct link *link, uint16_t id)
{
	for (size_t i = 0; i < link->held_count; i++)
		if (link->held[i].id == id)
			return &link->held[i];
	return NULL;
}

/* Acknowledged by the broker and decided by the database. MQTT 5 knows how to
 * say no: 0x97, quota exceeded, and 0x83, implementation specific, where the
 * problem object says which. */
static void release(struct link *link, struct held *held)
{
	struct buf *out = &link->side[CLIENT].out;
	bool refused = link->version == 5 && (held->outcome == GATE_REFUSED ||
					      held->outcome == GATE_LIMITED);

	if (!held->acked || !held->decided)
		return;
	buf_put_u8(out, PACKET_PUBACK << 4);
	buf_put_u8(out, refused ? 3 : 2);
	buf_put_u16(out, held->id);
	if (refused)
		buf_put_u8(out, held->outcome == GATE_LIMITED ? 0x97 : 0x83);
	*held = link->held[--link->held_count];
}

static enum err hold(struct link *link, const struct packet_publish *publish)
{
	struct held *held;

	if (link->held == NULL)
		link->held = calloc(LINK_HELD_MAX, sizeof(*link->held));
	if (link->held == NULL)
		return ERR_LOCAL_MEMORY;
	held = find_held(link, publish->id);
	if (held == NULL)
		held = &link->held[link->held_count++];
	*held = (struct held){ .key = link_key_of(publish->payload),
			       .since = clock_steady_ms(),
			       .id = publish->id };
	return ERR_OK;
}

void gate_decide(struct span client_id, struct span payload,
		 enum gate_outcome outcome)
{
	uint64_t key = link_key_of(payload);

	for (struct link *l = *link_bucket_of(client_id); l != NULL;
	     l = l->of_bucket) {
		if (!span_equal(client_id, span_str(l->id)) || l->over)
			continue;
		for (size_t i = 0; i < l->held_count; i++) {
			struct held *held = &l->held[i];

			if (held->decided || held->key != key)
				continue;
			held->decided = true;
			held->outcome = outcome;
			if (outcome == GATE_UNKNOWN)
				l->over = true;
			release(l, held);
			link_flush(&l->side[CLIENT]);
			link_set_interest(l);
			return;
		}
	}
}

/* ---- packets ---- */

static void refuse_connect(struct link *link, uint8_t reason5, uint8_t reason3)
{
	struct buf *back = &link->side[CLIENT].out;
	bool five = link->version == 5;

	buf_put_u8(back, PACKET_CONNACK << 4);
	buf_put_u8(back, five ? 3 : 2);
	buf_put_u8(back, 0);
	buf_put_u8(back, five ? reason5 : reason3);
	if (five)
		buf_put_u8(back, 0);
}

/* The broker keeps a session for this id, and has not lately. */
static bool is_new_session(const struct link *link)
{
	uint64_t key = link_key_of(span_str(link->id));

	return link->keeps && gate.kept[key % LINK_BUCKETS] != key;
}

/* How many lasting sessions of a device are being made just now: each will be one. */
static uint64_t coming(struct uuid device)
{
	uint64_t n = 0;

	for (const struct link *l = gate.links; l != NULL; l = l->next)
		n += l->comes && !l->over && uuid_equal(l->device, device);
	return n;
}

/* A will would be the dead's word, under no token: it is refused here. */
static enum err take_connect(struct link *link, const struct packet *packet)
{
	struct packet_connect connect;
	enum err e;

	TRY(packet_read_connect(packet, &connect));
	ENSURE(link->version == 0, ERR_PEER_MALFORMED);
	link->version = connect.version;
	link->keeps = connect.keeps;
	if (connect.will) {
		refuse_connect(link, 0x87, 5); /* not authorized */
		return ERR_PEER_DENIED;
	}
	if (connect.client_id.n <= TOPIC_CLIENT_MAX && connect.client_id.n > 0)
		memcpy(link->id, connect.client_id.p, connect.client_id.n);
	/* counted once it is let in: anybody can name another's device; until then
	 * it has a place among those that come */
	link->comes = topic_client(span_str(link->id), &link->device) &&
		      is_new_session(link);
	if (link->comes &&
	    !limits_allow(LIMIT_MQTT_SESSIONS, SPAN_ARRAY(link->device.bytes),
			  SPAN_EMPTY, coming(link->device))) {
		refuse_connect(link, 0x97, 3); /* quota exceeded */
		return ERR_PEER_DENIED;
	}
	TRY(link_reach_broker(link));
	link->of_bucket = *link_bucket_of(span_str(link->id));
	*link_bucket_of(span_str(link->id)) = link;
out:
	return e;
}

static enum err from_client(struct link *link, const struct packet *packet)
{
	struct packet_publish publish;
	enum err e = ERR_OK;

	if (link->version == 0 || packet->type == PACKET_CONNECT) {
		ENSURE(packet->type == PACKET_CONNECT, ERR_PEER_MALFORMED);
		TRY(take_connect(link, packet));
	} else if (packet->type == PACKET_PUBLISH) {
		TRY(packet_read_publish(packet, link->version, &publish));
		/* a topic alias would hide where it goes */
		ENSURE(publish.topic.n > 0, ERR_PEER_UNSUPPORTED);
		if (publish.qos == 1 &&
		    topic_parse(publish.topic).kind == TOPIC_SEND) {
			ENSURE(link->held_count < LINK_HELD_MAX,
			       ERR_LOCAL_BUSY);
			TRY(hold(link, &publish));
		}
	}
	buf_put(&link->side[BROKER].out, packet->whole);
out:
	return e;
}

/* Ends a session that the broker has just made: MQTT 3.1.1 has no words for that. */
static void end_session(struct link *link)
{
	static const uint8_t now[] = {
		PACKET_DISCONNECT << 4, 7, 0, 5, 0x11, 0, 0, 0, 0
	};

	if (link->version == 5)
		buf_put(&link->side[BROKER].out, SPAN_ARRAY(now));
}

static enum err take_connack(struct link *link, const struct packet *packet)
{
	uint64_t key = link_key_of(span_str(link->id));
	bool comes = link->comes;

	link->comes = false;
	waiting_stop(&link->wait);
	link->let_in = packet->body.n >= 2 && packet->body.p[1] == 0 &&
		       topic_client(span_str(link->id), &link->device);
	if (!link->let_in)
		return ERR_OK;
	if (comes && is_new_session(link)) {
		/* another bridge may have counted one meanwhile */
		if (!limits_take(LIMIT_MQTT_SESSIONS,
				 SPAN_ARRAY(link->device.bytes), SPAN_EMPTY,
				 1)) {
			link->let_in = false;
			end_session(link);
			refuse_connect(link, 0x97, 3); /* quota exceeded */
			return ERR_PEER_DENIED;
		}
		gate.kept[key % LINK_BUCKETS] = key;
	}
	gate.settings.arrived(link->device);
	return ERR_OK;
}

static enum err from_broker(struct link *link, const struct packet *packet)
{
	struct held *held;
	uint16_t id;
	uint8_t reason;
	enum err e = ERR_OK;

	if (packet->type == PACKET_CONNACK)
		TRY(take_connack(link, packet));
	if (packet->type != PACKET_PUBACK)
		goto pass;
	TRY(packet_read_puback(packet, &id, &reason));
	held = find_held(link, id);
	if (held == NULL)
		goto pass;
	/* the bridge's own subscription is not there (yet) */
	ENSURE(reason != 0x10, ERR_STATE_GONE);
	if (reason >= 0x80) {
		*held = link->held[--link->held_count];
		goto pass;
	}
	held->acked = true;
	release(link, held);
	return ERR_OK;
pass:
	buf_put(&link->side[CLIENT].out, packet->whole);
out:
	return e;
}

void link_take_packets(struct side *side)
{
	struct link *link = side->link;
	bool client = side == &link->side[CLIENT];
	struct packet packet;
	size_t used = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && (!client || link->held_count < LINK_HELD_MAX)) {
		e = packet_next(span_of(side->in.p + used, side->in.n - used),
				client && link->version == 0
				    ? CONNECT_MAX
				    : gate.settings.packet_bytes,
				&packet);
		if (e != ERR_OK || packet.whole.n == 0)
			break;
		used += packet.whole.n;
		e = client ? from_client(link, &packet)
			   : from_broker(link, &packet);
	}
	buf_consume(&side->in, used);
	if (e == ERR_PEER_TOO_LARGE && link->version == 5) {
		static const uint8_t too_large[] = { PACKET_DISCONNECT << 4, 1,
						     0x95 };

		buf_put(&link->side[CLIENT].out, SPAN_ARRAY(too_large));
	}
	if (e != ERR_OK)
		link->over = true;
}
