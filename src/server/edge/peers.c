#include "server/edge/peers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/rd.h"
#include "server/edge/loop.h"

enum {
	WAITING_MAX = 8 << 20, /* bytes */
	LENGTH = 4,	       /* bytes before each word, and each packet */
	PACKET_MAX = PEERS_WORD_MAX + LENGTH
};

/* Another worker's inbox, as seen by this one. */
struct peer {
	int in, out;	    /* the two ends, open in all processes */
	struct buf packet;  /* this turn's words, each after its length */
	struct buf waiting; /* packets, each after its length */
	bool lost;
};

static struct peer *peers;
static unsigned peer_count, self;
static bool due; /* the packets go at the end of this turn */
static void (*on_heard)(struct span word);
static void (*on_lost)(void);

enum err peers_open(unsigned workers)
{
	peers = calloc(workers, sizeof(*peers));
	if (peers == NULL)
		return ERR_LOCAL_MEMORY;
	for (; peer_count < workers; peer_count++) {
		int ends[2];

		if (socketpair(AF_UNIX,
			       SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			       ends) != 0)
			return ERR_LOCAL_IO;
		peers[peer_count] = (struct peer){ .in = ends[0],
						   .out = ends[1],
						   .waiting = BUF_INIT };
	}
	return ERR_OK;
}

/* ---- telling ---- */

/* A packet of one byte says that packets were lost. */
static const uint8_t LOST[1];

/* False: it must wait. What can never be sent counts as sent. */
static bool send_packet(const struct peer *p, struct span packet)
{
	return send(p->out, packet.p, packet.n, MSG_NOSIGNAL) >= 0 ||
	       (errno != EAGAIN && errno != ENOBUFS);
}

static void on_writable(void *arg, unsigned events)
{
	struct peer *p = arg;
	struct rd r = rd_init(buf_span(&p->waiting));
	size_t sent = 0;

	(void)events;
	while (rd_left(&r) > 0 && send_packet(p, rd_take(&r, rd_u32(&r))))
		sent = p->waiting.n - rd_left(&r);
	buf_consume(&p->waiting, sent);
	if (p->waiting.n == 0)
		loop_watch(p->out, 0, on_writable, p);
}

static void put_waiting(struct peer *p, struct span packet)
{
	buf_put_u32(&p->waiting, (uint32_t)packet.n);
	buf_put(&p->waiting, packet);
}

static void let_wait(struct peer *p, struct span packet)
{
	if (p->waiting.n == 0)
		loop_watch(p->out, LOOP_WRITE, on_writable, p);
	if (p->waiting.n + packet.n <= WAITING_MAX) {
		put_waiting(p, packet);
		p->lost = false;
	} else if (!p->lost) {
		put_waiting(p, SPAN_ARRAY(LOST));
		p->lost = true;
	}
	if (buf_end(&p->waiting) != ERR_OK) {
		buf_reset(&p->waiting); /* no memory: as lost as the rest */
		put_waiting(p, SPAN_ARRAY(LOST));
	}
}

static void send_or_wait(struct peer *p)
{
	struct span packet = buf_span(&p->packet);

	if (buf_end(&p->packet) != ERR_OK)
		packet = SPAN_ARRAY(LOST);
	if (packet.n > 0 && (p->waiting.n > 0 || !send_packet(p, packet)))
		let_wait(p, packet);
	buf_reset(&p->packet);
}

static void on_turn_end(void *unused)
{
	(void)unused;
	due = false;
	for (unsigned i = 0; i < peer_count; i++)
		send_or_wait(&peers[i]);
}

static void put_word(struct peer *p, struct span word)
{
	if (p->packet.n + LENGTH + word.n > PACKET_MAX)
		send_or_wait(p);
	buf_put_u32(&p->packet, (uint32_t)word.n);
	buf_put(&p->packet, word);
}

void peers_tell(unsigned worker, struct span word)
{
	for (unsigned i = 0; i < peer_count; i++)
		if (i + 1 != self && (worker == 0 || worker == i + 1))
			put_word(&peers[i], word);
	if (!due)
		loop_later(0, on_turn_end, NULL);
	due = true;
}

/* ---- hearing ---- */

static void give_words(struct span packet)
{
	struct rd r = rd_init(packet);

	while (rd_left(&r) > 0) {
		struct span word = rd_take(&r, rd_u32(&r));

		if (rd_ok(&r))
			on_heard(word);
	}
}

static void on_readable(void *arg, unsigned events)
{
	static uint8_t packet[PACKET_MAX];
	const struct peer *p = arg;
	ssize_t n;

	(void)events;
	while ((n = recv(p->in, packet, sizeof(packet), 0)) > 0)
		if (n == sizeof(LOST))
			on_lost();
		else
			give_words(span_of(packet, (size_t)n));
}

void peers_start(unsigned worker, void (*heard)(struct span word),
		 void (*lost)(void))
{
	self = worker;
	on_heard = heard;
	on_lost = lost;
	if (worker >= 1 && worker <= peer_count)
		loop_watch(peers[worker - 1].in, LOOP_READ, on_readable,
			   &peers[worker - 1]);
}
