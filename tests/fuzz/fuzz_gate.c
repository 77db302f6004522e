/*
 * The gate between MQTT clients and the broker: what both of them send, in any order,
 * and what becomes of messages. The first byte says whether there is a limit; then
 * pieces, each after a byte that says whose it is and one with its length. Each side
 * gets whole packets, and a decision frees one message at most.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"

/* The bridge is no archive. */
#include "mqtt_bridge/gate.c"
#include "mqtt_bridge/gate_packets.c"
#include "mqtt_bridge/link.c"

enum { PACKET_MAX = 1 << 14, PIECES_OF = 3 };

static bool limited;
static size_t arrivals;

/* ---- what stands around it ---- */

bool limits_allow(enum limit limit, struct span who, struct span where,
		  uint64_t n)
{
	(void)limit;
	(void)who;
	(void)where;
	(void)n;
	return !limited;
}

bool limits_take(enum limit limit, struct span who, struct span where,
		 uint64_t n)
{
	return limits_allow(limit, who, where, n);
}

static void on_arrived(struct uuid device)
{
	volatile uint8_t last = device.bytes[15];

	(void)last;
	arrivals++;
}

/* Linked in the place of the other: the broker is there. */
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t n);

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	(void)fd;
	(void)to;
	(void)n;
	return 0;
}

static void begin(void)
{
	gate.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (gate.epoll < 0)
		abort();
	gate.settings = (struct gate_settings){ .broker = "/broker",
						.packet_bytes = PACKET_MAX,
						.arrived = on_arrived };
}

/* ---- one connection ---- */

static struct link *connect_one(void)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		abort();
	gate.count++;
	for (int i = 0; i < 2; i++)
		link->side[i] = (struct side){ .link = link, .fd = -1 };
	return link;
}

static void check_packets(struct span bytes)
{
	struct packet packet;

	while (bytes.n > 0) {
		if (packet_next(bytes, 2 * PACKET_MAX, &packet) != ERR_OK ||
		    packet.whole.n == 0)
			abort();
		bytes =
		    span_of(bytes.p + packet.whole.n, bytes.n - packet.whole.n);
	}
}

static void check(const struct link *link)
{
	if (link->held_count > LINK_HELD_MAX ||
	    (link->held_count > 0 && link->held == NULL) ||
	    memchr(link->id, '\0', sizeof(link->id)) == NULL ||
	    (link->version == 0 && link->side[BROKER].out.n > 0))
		abort();
	check_packets(buf_span(&link->side[CLIENT].out));
	check_packets(buf_span(&link->side[BROKER].out));
}

static void take_piece(struct link *link, uint8_t whose, struct span piece)
{
	struct side *side = &link->side[whose % PIECES_OF == BROKER];
	size_t held = link->held_count;

	if (whose % PIECES_OF == 2) {
		gate_decide(span_str(link->id), piece,
			    (enum gate_outcome)(whose / PIECES_OF % 4));
		if (link->held_count > held || link->held_count + 1 < held)
			abort();
		return;
	}
	buf_put(&side->in, piece);
	link_take_packets(side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(span_of(data, size));
	struct link *link;

	if (gate.epoll < 0)
		begin();
	limited = rd_u8(&r) & 1;
	memset(gate.kept, 0, sizeof(gate.kept));
	link = connect_one();
	while (rd_left(&r) > 1 && !link->over) {
		uint8_t whose = rd_u8(&r);
		size_t n = rd_u8(&r);

		take_piece(link, whose,
			   rd_take(&r, n < rd_left(&r) ? n : rd_left(&r)));
		check(link);
	}
	link_free(link);
	return 0;
}
