/*
 * Load for the WebSocket. What to do comes on standard input (tokens are not
 * for argv), a word and its values a line:
 *
 *   sender TOKEN, receiver TOKEN      who sends, who follows
 *   send-port N, receive-port N       may be repeated: taken in turn
 *   senders N, receivers N            connections
 *   everything 1                      each receiver follows each session
 *   messages N                        in all, each sender its share
 *   window N                          unanswered envelopes of one sender
 *   rate N                            messages a second; 0: as fast as it goes
 *   raw N                             no server: frames of N bytes, from us
 *   session LAST ID ENVELOPE          ENVELOPE in base64: a template
 *   go
 *
 * Frames are made before the clock starts. The result is one line of JSON.
 * With messages 0 the connections are kept until standard input ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/load.h"
#include "bench/load/peer.h"

enum { EVENTS = 512, PATIENCE_S = 60 };

static struct load load;
static struct peer *peers; /* senders first */
static size_t peer_count, subscribed, delivered, answered;
static uint64_t *due;	/* when each message was to be sent, ns */
static uint32_t *waits; /* from then to each delivery, us */
static size_t expected;
static uint64_t begin, last;

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- what arrives ---- */

static void on_message(const char *text, size_t n)
{
	static const char member[] = "\"envelope\":\"";
	const char *at = memmem(text, n, member, sizeof(member) - 1);
	size_t index;

	if (delivered >= expected)
		peer_die("more was delivered than was sent", "");
	if (at != NULL && due != NULL) {
		index = load_index(at + sizeof(member) - 1);
		if (index >= load.messages)
			peer_die("not ours", text);
		waits[delivered] = (uint32_t)((last - due[index]) / 1000);
	}
	delivered++;
}

static void on_text(struct peer *p, const char *text, size_t n)
{
	static const char sent[] = "{\"type\":\"sent\"",
			  message[] = "{\"type\":\"message\"",
			  subscription[] = "{\"type\":\"subscribed\"";

	if (n > sizeof(message) && memcmp(text, message, 17) == 0) {
		on_message(text, n);
	} else if (n > sizeof(sent) && memcmp(text, sent, 14) == 0) {
		p->answered++;
		answered++;
	} else if (n > sizeof(subscription) &&
		   memcmp(text, subscription, 20) == 0) {
		subscribed++;
	} else {
		peer_die("answer", text);
	}
}

static void on_raw(struct peer *p, const char *text, size_t n)
{
	(void)p;
	(void)text;
	(void)n;
	if (delivered++ == 0)
		begin = last; /* its writer has started by itself */
}

/* ---- the loop ---- */

/* When a sender's frame is to go at a given rate, ns: evenly, one sender after
 * the other. */
static uint64_t plan(const struct peer *p, size_t frame)
{
	double turn = (double)(frame * load.senders) + (double)(p - peers);

	return begin + (uint64_t)(1e9 * turn / (double)load.rate);
}

/* How much of its frames a sender may have written by now. */
static size_t allowance(const struct peer *p)
{
	size_t frames = p->answered + load.window, paced;

	if (load.rate > 0) {
		paced = p->sent / p->frame;
		while (paced < p->count && plan(p, paced) <= last)
			paced++;
		frames = frames < paced ? frames : paced;
	}
	return (frames < p->count ? frames : p->count) * p->frame;
}

static void note_due(const struct peer *p, size_t from, size_t to)
{
	/* at a given rate the plan counts, not when we got to it */
	for (size_t i = from; i < to; i++)
		due[p->first + i] = load.rate > 0 ? plan(p, i) : last;
}

/* How long nothing is to be sent, ns. */
static uint64_t until_next(bool running)
{
	uint64_t wait = 100000000, now = now_ns();

	for (size_t i = 0; running && load.rate > 0 && i < load.senders; i++) {
		const struct peer *p = &peers[i];
		size_t next = p->sent / p->frame;
		uint64_t at = next < p->count ? plan(p, next) : UINT64_MAX;

		if (at <= now)
			return 0;
		if (at - now < wait)
			wait = at - now;
	}
	return wait;
}

static void send_more(struct peer *p)
{
	size_t limit = allowance(p);

	if (p->sent >= limit)
		return;
	if (due != NULL)
		note_due(p, (p->sent + p->frame - 1) / p->frame,
			 limit / p->frame);
	(void)peer_write(p, limit);
}

static void turn(int ep, bool running)
{
	struct epoll_event events[EVENTS];
	struct timespec wait = { 0, (long)until_next(running) };
	int n = epoll_pwait2(ep, events, EVENTS, &wait, NULL);

	last = now_ns();
	for (int i = 0; i < n; i++) {
		struct peer *p = events[i].data.ptr;

		if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
			peer_read(p, load.raw > 0 ? on_raw : on_text);
		if (running && p->sends)
			send_more(p);
	}
	for (size_t i = 0; running && load.rate > 0 && i < load.senders; i++)
		send_more(&peers[i]);
}

static void run_until(int ep, const size_t *count, size_t want, bool running)
{
	size_t before = SIZE_MAX;
	uint64_t moved = now_ns();

	while (*count < want) {
		turn(ep, running);
		if (*count != before) {
			before = *count;
			moved = last;
		} else if (last - moved > (uint64_t)PATIENCE_S * 1000000000) {
			char text[80];

			(void)snprintf(text, sizeof(text), "%zu of %zu", before,
				       want);
			peer_die("nothing moves", text);
		}
	}
}

/* ---- connections ---- */

static void subscribe(struct peer *p, size_t from, size_t step)
{
	char text[160];

	for (size_t i = from; i < load.session_count; i += step) {
		(void)snprintf(text, sizeof(text),
			       "{\"type\":\"subscribe\",\"id\":1,"
			       "\"session_id\":\"%s\",\"after\":%s}",
			       load.sessions[i].id, load.sessions[i].last);
		peer_say(p, text);
	}
}

static void open_peers(int ep)
{
	peer_count = load.senders + load.receivers;
	peers = calloc(peer_count, sizeof(*peers));
	for (size_t i = 0; i < peer_count; i++) {
		struct peer *p = &peers[i];
		size_t k = i < load.senders ? i : i - load.senders;
		struct epoll_event e = { .events = EPOLLIN, .data = { p } };

		p->sends = i < load.senders;
		peer_connect(p, load_port(&load, p->sends, k));
		if (load.raw == 0)
			peer_upgrade(p, p->sends ? load.sender : load.receiver);
		if (!p->sends && load.raw == 0)
			subscribe(p, load.everything ? 0 : k,
				  load.everything ? 1 : load.receivers);
		if (p->sends) {
			load_prepare(&load, p, k);
			e.events |= EPOLLOUT | (uint32_t)EPOLLET;
		}
		peer_unblock(p);
		if (epoll_ctl(ep, EPOLL_CTL_ADD, p->fd, &e) != 0)
			peer_die("epoll_ctl", strerror(errno));
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_result(uint64_t answered_at)
{
	double seconds = (double)(last - begin) / 1e9;

	printf("{\"seconds\":%.6f,\"messages\":%zu,\"delivered\":%zu,"
	       "\"answered_seconds\":%.6f",
	       seconds, load.messages, delivered,
	       (double)(answered_at - begin) / 1e9);
	if (due != NULL && delivered > 0) {
		qsort(waits, delivered, sizeof(*waits), by_size);
		printf(",\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u",
		       waits[delivered / 2], waits[delivered * 99 / 100],
		       waits[delivered - 1]);
	}
	printf("}\n");
	(void)fflush(stdout);
}

static void measure(int ep)
{
	size_t per = load.everything ? load.receivers : 1;
	uint64_t answered_at;

	expected = load.receivers > 0 ? load.messages * per : 0;
	if (load.raw == 0 && expected > 0) {
		due = calloc(load.messages, sizeof(*due));
		waits = calloc(expected, sizeof(*waits));
		if (due == NULL || waits == NULL)
			peer_die("memory", "none");
	}
	begin = last = now_ns();
	for (size_t i = 0; i < load.senders; i++)
		send_more(&peers[i]);
	if (load.senders > 0)
		run_until(ep, &answered, load.messages, true);
	answered_at = last;
	run_until(ep, &delivered, expected, false);
	print_result(answered_at);
}

int main(void)
{
	int ep = epoll_create1(0);
	pid_t writer = 0;

	load_read(&load, stdin);
	if (load.raw > 0)
		writer = load_start_writer(&load);
	open_peers(ep);
	if (load.raw == 0)
		run_until(ep, &subscribed,
			  load.session_count * (load.everything
						    ? load.receivers
						    : load.receivers > 0),
			  false);
	if (load.messages > 0) {
		measure(ep);
	} else {
		printf("{\"open\":%zu}\n", peer_count);
		(void)fflush(stdout);
		while (getchar() != EOF)
			;
	}
	if (writer > 0) {
		(void)kill(writer, SIGKILL);
		(void)waitpid(writer, NULL, 0);
	}
	return 0;
}
