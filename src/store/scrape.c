#include "store/scrape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/log.h"
#include "base/metrics.h"

/* Whoever asks is one of us; a crowd, or one who never finishes, is not. */
enum { GUESTS_MAX = 8, HEAD_MAX = 4096, PATIENCE_US = 5000000, TICK_MS = 1000 };

struct guest {
	int fd; /* -1: nobody */
	uint64_t until;
	size_t got, sent;
	struct buf answer; /* empty until the head is there */
	char head[HEAD_MAX];
};

static const struct store_loop *loop;
static struct guest guests[GUESTS_MAX];

static void leave(struct guest *g)
{
	loop->forget(loop->context, g->fd);
	(void)close(g->fd);
	g->fd = -1;
	buf_clear(&g->answer);
}

static void compose(struct guest *g)
{
	static const char wanted[] = "GET /metrics ";
	struct buf page = BUF_INIT;
	bool known = strncmp(g->head, wanted, sizeof(wanted) - 1) == 0;

	if (known)
		metrics_put(&page);
	buf_putf(&g->answer,
		 "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
		 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		 known ? "200 OK" : "404 Not Found", page.n);
	buf_put(&g->answer, buf_span(&page));
	buf_clear(&page);
}

static void on_guest(void *arg, unsigned events);

static void send_some(struct guest *g)
{
	ssize_t n = send(g->fd, g->answer.p + g->sent, g->answer.n - g->sent,
			 MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		g->sent += (size_t)n;
	if (n <= 0 || g->sent == g->answer.n)
		leave(g);
}

static void read_some(struct guest *g)
{
	ssize_t n = recv(g->fd, g->head + g->got, HEAD_MAX - 1 - g->got, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave(g);
		return;
	}
	g->got += (size_t)n;
	g->head[g->got] = '\0';
	if (strstr(g->head, "\r\n\r\n") == NULL) {
		if (g->got == HEAD_MAX - 1)
			leave(g);
		return;
	}
	compose(g);
	if (buf_end(&g->answer) != ERR_OK)
		leave(g);
	else
		loop->watch(loop->context, g->fd, STORE_WRITE, on_guest, g);
}

static void on_guest(void *arg, unsigned events)
{
	struct guest *g = arg;

	(void)events;
	if (g->answer.n > 0)
		send_some(g);
	else
		read_some(g);
}

static void on_listener(void *arg, unsigned events)
{
	int *listener = arg;
	int fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *g = &guests[i];

		if (g->fd >= 0)
			continue;
		g->fd = fd;
		g->got = g->sent = 0;
		g->until = metrics_now_us() + PATIENCE_US;
		loop->watch(loop->context, fd, STORE_READ, on_guest, g);
		return;
	}
	(void)close(fd);
}

static void on_tick(void *arg)
{
	uint64_t now = metrics_now_us();

	(void)arg;
	for (size_t i = 0; i < GUESTS_MAX; i++)
		if (guests[i].fd >= 0 && guests[i].until < now)
			leave(&guests[i]);
}

enum err scrape_start(const struct store_loop *l, const char *host,
		      uint64_t port)
{
	static int listener;
	char text[8];

	if (port == 0)
		return ERR_OK;
	(void)snprintf(text, sizeof(text), "%u", (unsigned)(port & 0xffff));
	listener = listen_at(host, text, true);
	if (listener < 0) {
		LOG(ERROR, "cannot listen for metrics", LOG_STR("host", host),
		    LOG_STR("port", text));
		return ERR_LOCAL_CONFIG;
	}
	loop = l;
	for (size_t i = 0; i < GUESTS_MAX; i++)
		guests[i].fd = -1;
	loop->every(loop->context, TICK_MS, on_tick, NULL);
	loop->watch(loop->context, listener, STORE_READ, on_listener,
		    &listener);
	return ERR_OK;
}
