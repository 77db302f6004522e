#include "mqtt_bridge/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum { OUT_HIGH = 256 << 10 }; /* bytes; then the other side is not read */

struct gate gate = { .epoll = -1, .listener = -1 };

/* FNV-1a. Who makes two payloads of one key fools himself alone: it is only
 * looked for among the messages of one client. */
uint64_t link_key_of(struct span bytes)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes.n; i++)
		h = (h ^ bytes.p[i]) * 0x100000001b3;
	return h;
}

struct link **link_bucket_of(struct span id)
{
	return &gate.buckets[link_key_of(id) % LINK_BUCKETS];
}

static void want(struct side *side, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = side };

	if (side->fd < 0 || side->events == events)
		return;
	side->events = events;
	(void)epoll_ctl(gate.epoll, EPOLL_CTL_MOD, side->fd, &event);
}

void link_set_interest(struct link *link)
{
	for (int i = 0; i < 2; i++) {
		struct side *side = &link->side[i];
		bool read = link->side[!i].out.n < OUT_HIGH &&
			    (i == BROKER || link->held_count < LINK_HELD_MAX);

		want(side,
		     (read ? EPOLLIN : 0u) | (side->out.n > 0 ? EPOLLOUT : 0u));
	}
}

void link_flush(struct side *side)
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
void link_forgo_goodbye(int fd)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void link_give_up(struct waiting *w)
{
	waiting_stop(w);
	link_forgo_goodbye(link_of(w)->side[CLIENT].fd);
	link_of(w)->over = true; /* the sweep frees it */
}

static void unlist(struct link *link)
{
	struct link **at = link_bucket_of(span_str(link->id));

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

void link_sweep(void)
{
	struct link **at = &gate.links;

	while (*at != NULL) {
		struct link *link = *at;

		if (!link->over) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		link_flush(&link->side[CLIENT]); /* the broker's last words */
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
enum err link_reach_broker(struct link *link)
{
	struct side *side = &link->side[BROKER];
	enum err e;

	side->fd = dial();
	ENSURE(side->fd >= 0, ERR_LOCAL_IO);
	TRY(watch(side));
out:
	return e;
}

enum err link_new(int client, const uint8_t address[16])
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
	waiting_start(&link->wait, address, clock_steady_ms());
	link->next = gate.links;
	gate.links = link;
	link = NULL;
out:
	if (link != NULL)
		link_free(link);
	return e;
}
