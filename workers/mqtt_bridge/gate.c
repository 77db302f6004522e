#include "mqtt_bridge/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/listen.h"
#include "base/log.h"
#include "mqtt_bridge/link.h"

enum {
	EVENTS = 64,
	READ = 65536,
	HELD_MS = 30000 /* then the connection ends */
};

/* ---- clients that come ---- */

static bool has_room(const uint8_t address[16])
{
	bool full = gate.count >= gate.settings.connections_max;
	struct waiting *w = full ? waiting_first() : waiting_too_many(address);

	if (w != NULL)
		link_give_up(w);
	return !full;
}

static void read_address(const struct sockaddr_storage *from,
			 uint8_t address[16])
{
	const struct sockaddr_in *four = (const void *)from;
	const struct sockaddr_in6 *six = (const void *)from;
	char text[INET6_ADDRSTRLEN] = "";

	if (from->ss_family == AF_INET)
		(void)inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
	else
		(void)inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
	(void)address_read(span_str(text), address);
}

static void take_client(int fd, const struct sockaddr_storage *from)
{
	uint8_t address[16];
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	read_address(from, address);
	if (!has_room(address)) {
		link_forgo_goodbye(fd);
		(void)close(fd);
	} else if (link_new(fd, address) != ERR_OK)
		LOG(WARN, "a client cannot be let in",
		    LOG_NUM("connections", gate.count));
}

static void take_clients(void)
{
	struct sockaddr_storage from = { .ss_family = AF_INET };
	socklen_t n = sizeof(from);
	int fd;

	while ((fd = accept4(gate.listener, (struct sockaddr *)&from, &n,
			     SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		take_client(fd, &from);
		n = sizeof(from);
	}
}

/* ---- the loop ---- */

static void read_side(struct side *side)
{
	static uint8_t room[READ]; /* a client has as much as it has sent */
	ssize_t n = recv(side->fd, room, sizeof(room), MSG_DONTWAIT);

	if (n > 0) {
		buf_put(&side->in, span_of(room, (size_t)n));
		link_take_packets(side);
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
		link_flush(side);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_side(side);
	/* what was left while too many were held */
	if (!link->over && link->side[CLIENT].in.n > 0)
		link_take_packets(&link->side[CLIENT]);
	link_flush(&link->side[CLIENT]);
	link_flush(&link->side[BROKER]);
	if (!link->over)
		link_set_interest(link);
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
	link_sweep();
}

/* What was held for too long is not known: the client shall send it again. */
static void on_tick(void *arg)
{
	uint64_t now = clock_steady_ms();

	(void)arg;
	while (waiting_first() != NULL &&
	       waiting_first()->since + gate.settings.connect_ms < now)
		link_give_up(waiting_first());
	for (struct link *l = gate.links; l != NULL; l = l->next) {
		for (size_t i = 0; i < l->held_count; i++)
			if (l->held[i].since + HELD_MS < now)
				l->over = true;
		if (!l->over && l->side[CLIENT].in.n > 0)
			on_side(&l->side[CLIENT], 0);
	}
	link_sweep();
}

/* ---- opening ---- */

void gate_each(void (*each)(void *arg, struct uuid device), void *arg)
{
	for (const struct link *l = gate.links; l != NULL; l = l->next)
		if (l->let_in && !l->over)
			each(arg, l->device);
}

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

enum err gate_start(const struct store_loop *loop,
		    const struct gate_settings *settings)
{
	char port[8];
	enum err e = ERR_OK;

	gate.settings = *settings;
	(void)snprintf(port, sizeof(port), "%u",
		       (unsigned)(settings->port & 0xffff));
	gate.listener = listen_at(settings->host, port, false);
	if (gate.listener < 0)
		LOG(ERROR, "cannot listen for clients",
		    LOG_STR("host", settings->host), LOG_STR("port", port));
	ENSURE(gate.listener >= 0, ERR_LOCAL_CONFIG);
	gate.epoll = epoll_create1(EPOLL_CLOEXEC);
	ENSURE(gate.epoll >= 0, ERR_LOCAL_IO);
	loop->watch(loop->context, gate.epoll, STORE_READ, on_ready, NULL);
	loop->every(loop->context, 500, on_tick, NULL);
out:
	return e;
}
