#include "mqtt_bridge/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/log.h"
#include "door/limits.h"
#include "mqtt/topic.h"
#include "mqtt_bridge/packet.h"
#include "mqtt_bridge/waiting.h"

enum {
	EVENTS = 64,
	READ = 65536,
	HELD_MAX = 128,	      /* of one connection; then it is not read */
	HELD_MS = 30000,      /* then the connection ends */
	OUT_HIGH = 256 << 10, /* bytes; then the other side is not read */
	BUCKETS = 4096,
	CONNECT_MAX = 8192 /* bytes of a packet before one is let in */
};

enum { CLIENT, BROKER };

/* A message whose PUBACK is waited for, or waits. */
struct held {
	uint64_t key; /* of its payload */
	uint64_t since;
	uint16_t id;
	bool acked, decided;
	enum gate_outcome outcome;
};

struct link;

struct side {
	struct link *link;
	int fd;
	uint32_t events;
	struct buf in, out;
};

struct link {
	struct side side[2];
	struct link *next, *of_bucket;
	uint8_t version; /* 0 before its CONNECT */
	bool over, let_in, keeps;
	bool comes; /* a session of it is being made that has to be counted */
	struct uuid device; /* of its id; who it is only once let in */
	char id[TOPIC_CLIENT_MAX + 1];
	struct held *held; /* room for HELD_MAX, from the first one on */
	size_t held_count;
	struct waiting wait; /* until it is let in */
};

static struct {
	struct gate_settings settings;
	int epoll, listener;
	bool open;
	struct link *links;
	size_t count;
	struct link *buckets[BUCKETS]; /* by client id */
	uint64_t kept[BUCKETS];	       /* keys of ids that have had a session */
} gate = { .epoll = -1, .listener = -1 };

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* FNV-1a. Who makes two payloads of one key fools himself alone: it is only
 * looked for among the messages of one client. */
static uint64_t key_of(struct span bytes)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes.n; i++)
		h = (h ^ bytes.p[i]) * 0x100000001b3;
	return h;
}

static struct link **bucket_of(struct span id)
{
	return &gate.buckets[key_of(id) % BUCKETS];
}

/* ---- a link's life ---- */

static void want(struct side *side, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = side };

	if (side->fd < 0 || side->events == events)
		return;
	side->events = events;
	(void)epoll_ctl(gate.epoll, EPOLL_CTL_MOD, side->fd, &event);
}

static void set_interest(struct link *link)
{
	for (int i = 0; i < 2; i++) {
		struct side *side = &link->side[i];
		bool read = link->side[!i].out.n < OUT_HIGH &&
			    (i == BROKER || link->held_count < HELD_MAX);

		want(side,
		     (read ? EPOLLIN : 0u) | (side->out.n > 0 ? EPOLLOUT : 0u));
	}
}

static void flush(struct side *side)
{
	ssize_t n;

	while (side->fd >= 0 && side->out.n > 0) {
		n = send(side->fd, side->out.p, side->out.n,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			side->link->over = true;
		if (n <= 0)
			return;
		buf_consume(&side->out, (size_t)n);
	}
	if (side->out.n == 0)
		buf_clear(&side->out); /* who is idle takes no memory */
}

static struct link *link_of(struct waiting *w)
{
	return (struct link *)(void *)((char *)w - offsetof(struct link, wait));
}

/* Its end is a reset: the kernel would keep, for a minute, what waits for a client's
 * goodbye, and that is counted as this process's memory. */
static void forgo_goodbye(int fd)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void give_up(struct waiting *w)
{
	waiting_stop(w);
	forgo_goodbye(link_of(w)->side[CLIENT].fd);
	link_of(w)->over = true; /* the sweep frees it */
}

static void unlist(struct link *link)
{
	struct link **at = bucket_of(span_str(link->id));

	while (*at != NULL && *at != link)
		at = &(*at)->of_bucket;
	if (*at != NULL)
		*at = link->of_bucket;
}

static void link_free(struct link *link)
{
	unlist(link);
	waiting_stop(&link->wait);
	free(link->held);
	for (int i = 0; i < 2; i++) {
		if (link->side[i].fd >= 0)
			(void)close(link->side[i].fd);
		buf_clear(&link->side[i].in);
		buf_clear(&link->side[i].out);
	}
	free(link);
	gate.count--;
}

/* Frees what is over; never while events of it may still be in hand. */
static void sweep(void)
{
	struct link **at = &gate.links;

	while (*at != NULL) {
		struct link *link = *at;

		if (!link->over) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		flush(&link->side[CLIENT]); /* the broker's last words */
		link_free(link);
	}
}

static int dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)memcpy(to.sun_path, gate.settings.broker,
		     strnlen(gate.settings.broker, sizeof(to.sun_path) - 1));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static enum err watch(struct side *side)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = side };

	side->events = EPOLLIN;
	return epoll_ctl(gate.epoll, EPOLL_CTL_ADD, side->fd, &event) == 0
		   ? ERR_OK
		   : ERR_LOCAL_IO;
}

/* The broker hears of a client that has sent its CONNECT, not before. */
static enum err reach_broker(struct link *link)
{
	struct side *side = &link->side[BROKER];
	enum err e;

	side->fd = dial();
	ENSURE(side->fd >= 0, ERR_LOCAL_IO);
	TRY(watch(side));
out:
	return e;
}

static enum err link_new(int client, const uint8_t address[16])
{
	struct link *link = calloc(1, sizeof(*link));
	enum err e;

	if (link == NULL) {
		(void)close(client);
		return ERR_LOCAL_MEMORY;
	}
	gate.count++;
	for (int i = 0; i < 2; i++) {
		link->side[i].link = link;
		link->side[i].fd = i == CLIENT ? client : -1;
		link->side[i].in = link->side[i].out = BUF_INIT;
	}
	TRY(watch(&link->side[CLIENT]));
	waiting_start(&link->wait, address, now_ms());
	link->next = gate.links;
	gate.links = link;
	link = NULL;
out:
	if (link != NULL)
		link_free(link);
	return e;
}

static bool has_room(const uint8_t address[16])
{
	bool full = gate.count >= gate.settings.connections_max;
	struct waiting *w = full ? waiting_first() : waiting_too_many(address);

	if (w != NULL)
		give_up(w);
	return !full;
}

static void take_client(int fd, const struct sockaddr_in *from)
{
	char text[INET_ADDRSTRLEN] = "";
	uint8_t address[16];
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)inet_ntop(AF_INET, &from->sin_addr, text, sizeof(text));
	(void)address_read(span_str(text), address);
	if (!has_room(address)) {
		forgo_goodbye(fd);
		(void)close(fd);
	} else if (link_new(fd, address) != ERR_OK)
		LOG(WARN, "a client cannot be let in",
		    LOG_NUM("connections", gate.count));
}

static void take_clients(void)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	socklen_t n = sizeof(from);
	int fd;

	while ((fd = accept4(gate.listener, (struct sockaddr *)&from, &n,
			     SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		take_client(fd, &from);
		n = sizeof(from);
	}
}

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
		link->held = calloc(HELD_MAX, sizeof(*link->held));
	if (link->held == NULL)
		return ERR_LOCAL_MEMORY;
	held = find_held(link, publish->id);
	if (held == NULL)
		held = &link->held[link->held_count++];
	*held = (struct held){ .key = key_of(publish->payload),
			       .since = now_ms(),
			       .id = publish->id };
	return ERR_OK;
}

void gate_decide(struct span client_id, struct span payload,
		 enum gate_outcome outcome)
{
	uint64_t key = key_of(payload);

	for (struct link *l = *bucket_of(client_id); l != NULL;
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
			flush(&l->side[CLIENT]);
			set_interest(l);
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
	uint64_t key = key_of(span_str(link->id));

	return link->keeps && gate.kept[key % BUCKETS] != key;
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
	TRY(reach_broker(link));
	link->of_bucket = *bucket_of(span_str(link->id));
	*bucket_of(span_str(link->id)) = link;
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
			ENSURE(link->held_count < HELD_MAX, ERR_LOCAL_BUSY);
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
	uint64_t key = key_of(span_str(link->id));
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
		gate.kept[key % BUCKETS] = key;
	}
	gate.settings.arrived(link->device);
	return ERR_OK;
}

void gate_each(void (*each)(void *arg, struct uuid device), void *arg)
{
	for (const struct link *l = gate.links; l != NULL; l = l->next)
		if (l->let_in && !l->over)
			each(arg, l->device);
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

static void take_packets(struct side *side)
{
	struct link *link = side->link;
	bool client = side == &link->side[CLIENT];
	struct packet packet;
	size_t used = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && (!client || link->held_count < HELD_MAX)) {
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

static void read_side(struct side *side)
{
	static uint8_t room[READ]; /* a client has as much as it has sent */
	ssize_t n = recv(side->fd, room, sizeof(room), MSG_DONTWAIT);

	if (n > 0) {
		buf_put(&side->in, span_of(room, (size_t)n));
		take_packets(side);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		side->link->over = true;
	}
	if (side->in.fail != ERR_OK)
		side->link->over = true;
	if (side->in.n == 0)
		buf_clear(&side->in);
}

static void on_side(struct side *side, uint32_t events)
{
	struct link *link = side->link;

	if (link->over)
		return;
	if (events & EPOLLOUT)
		flush(side);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_side(side);
	/* what was left while too many were held */
	if (!link->over && link->side[CLIENT].in.n > 0)
		take_packets(&link->side[CLIENT]);
	flush(&link->side[CLIENT]);
	flush(&link->side[BROKER]);
	if (!link->over)
		set_interest(link);
}

static void on_ready(void *arg, unsigned events)
{
	struct epoll_event got[EVENTS];
	int n = epoll_wait(gate.epoll, got, EVENTS, 0);

	(void)arg;
	(void)events;
	for (int i = 0; i < n; i++) {
		if (got[i].data.ptr == NULL)
			take_clients();
		else
			on_side(got[i].data.ptr, got[i].events);
	}
	sweep();
}

/* What was held for too long is not known: the client shall send it again. */
static void on_tick(void *arg)
{
	uint64_t now = now_ms();

	(void)arg;
	while (waiting_first() != NULL &&
	       waiting_first()->since + gate.settings.connect_ms < now)
		give_up(waiting_first());
	for (struct link *l = gate.links; l != NULL; l = l->next) {
		for (size_t i = 0; i < l->held_count; i++)
			if (l->held[i].since + HELD_MS < now)
				l->over = true;
		if (!l->over && l->side[CLIENT].in.n > 0)
			on_side(&l->side[CLIENT], 0);
	}
	sweep();
}

/* ---- opening ---- */

void gate_open(bool open)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	if (gate.open == open)
		return;
	gate.open = open;
	(void)epoll_ctl(gate.epoll, open ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
			gate.listener, &event);
	if (open)
		return;
	for (struct link *l = gate.links; l != NULL; l = l->next)
		l->over = true; /* the next tick sweeps */
}

static enum err listen_at(const struct gate_settings *settings)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)settings->port) };
	int one = 1;
	enum err e = ERR_OK;

	ENSURE(inet_pton(AF_INET, settings->host, &at.sin_addr) == 1,
	       ERR_LOCAL_CONFIG);
	gate.listener =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ENSURE(gate.listener >= 0, ERR_LOCAL_IO);
	(void)setsockopt(gate.listener, SOL_SOCKET, SO_REUSEADDR, &one,
			 sizeof(one));
	ENSURE(bind(gate.listener, (const struct sockaddr *)&at, sizeof(at)) ==
		       0 &&
		   listen(gate.listener, 1024) == 0,
	       ERR_LOCAL_IO);
out:
	return e;
}

enum err gate_start(const struct store_loop *loop,
		    const struct gate_settings *settings)
{
	enum err e;

	gate.settings = *settings;
	TRY(listen_at(settings));
	gate.epoll = epoll_create1(EPOLL_CLOEXEC);
	ENSURE(gate.epoll >= 0, ERR_LOCAL_IO);
	loop->watch(loop->context, gate.epoll, STORE_READ, on_ready, NULL);
	loop->every(loop->context, 500, on_tick, NULL);
out:
	return e;
}
