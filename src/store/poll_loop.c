#include "store/poll_loop.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
enum { WATCHES_MAX = 64, TIMERS_MAX = 16, LATER_MAX = 16 };

struct watch {
	unsigned events;
	void (*ready)(void *arg, unsigned events);
	void *arg;
};

struct timer {
	uint64_t ms, next;
	void (*tick)(void *arg);
	void *arg;
};

struct later {
	uint64_t due_ms;
	void (*run)(void *arg);
	void *arg;
};

struct poll_loop {
	struct store_loop store;
	/* side by side; fd -1: free, and poll() passes over it */
	struct pollfd fds[WATCHES_MAX];
	struct watch watches[WATCHES_MAX];
	struct timer timers[TIMERS_MAX];
	size_t timer_count;
	struct later later[LATER_MAX];
	size_t later_count;
};

static size_t find(const struct poll_loop *loop, int fd)
{
	size_t i = 0;

	while (i < WATCHES_MAX && loop->fds[i].fd != fd)
		i++;
	return i;
}

static void watch(void *context, int fd, unsigned events,
		  void (*ready)(void *arg, unsigned events), void *arg)
{
	struct poll_loop *loop = context;
	size_t i = find(loop, fd);

	if (i == WATCHES_MAX)
		i = find(loop, -1);
	if (i == WATCHES_MAX)
		return; /* the store's few connections never fill it */
	loop->fds[i].fd = fd;
	loop->fds[i].events = (short)((events & STORE_READ ? POLLIN : 0) |
				      (events & STORE_WRITE ? POLLOUT : 0));
	loop->fds[i].revents = 0;
	loop->watches[i] = (struct watch){ events, ready, arg };
}

static void forget(void *context, int fd)
{
	struct poll_loop *loop = context;
	size_t i = find(loop, fd);

	if (i < WATCHES_MAX)
		loop->fds[i] = (struct pollfd){ .fd = -1 };
}

static void every(void *context, unsigned ms, void (*tick)(void *arg),
		  void *arg)
{
	struct poll_loop *loop = context;

	if (loop->timer_count < TIMERS_MAX)
		loop->timers[loop->timer_count++] =
		    (struct timer){ ms, clock_steady_ms() + ms, tick, arg };
}

/* Each user has one at a time on its way; without room it is run now. */
static void later(void *context, unsigned ms, void (*run)(void *arg), void *arg)
{
	struct poll_loop *loop = context;

	if (loop->later_count < LATER_MAX)
		loop->later[loop->later_count++] =
		    (struct later){ ms == 0 ? 0 : clock_steady_ms() + ms, run,
				    arg };
	else
		run(arg);
}

enum err poll_loop_new(struct poll_loop **out)
{
	struct poll_loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return ERR_LOCAL_MEMORY;
	loop->store = (struct store_loop){ loop, watch, forget, every, later };
	for (size_t i = 0; i < WATCHES_MAX; i++)
		loop->fds[i].fd = -1;
	*out = loop;
	return ERR_OK;
}

void poll_loop_free(struct poll_loop *loop)
{
	free(loop);
}

const struct store_loop *poll_loop_store(struct poll_loop *loop)
{
	return &loop->store;
}

static unsigned until_timer(const struct poll_loop *loop, unsigned ms)
{
	uint64_t now = clock_steady_ms();

	for (size_t i = 0; i < loop->later_count; i++) {
		uint64_t due = loop->later[i].due_ms;

		if (due <= now)
			return 0;
		if (due - now < ms)
			ms = (unsigned)(due - now);
	}
	for (size_t i = 0; i < loop->timer_count; i++) {
		uint64_t next = loop->timers[i].next;

		if (next <= now)
			return 0;
		if (next - now < ms)
			ms = (unsigned)(next - now);
	}
	return ms;
}

static void run_timers(struct poll_loop *loop)
{
	uint64_t now = clock_steady_ms();

	for (size_t i = 0; i < loop->timer_count; i++) {
		struct timer *t = &loop->timers[i];

		if (t->next > now)
			continue;
		t->next = now + t->ms;
		t->tick(t->arg);
	}
}

static void run_later(struct poll_loop *loop)
{
	struct later all[LATER_MAX];
	size_t count = loop->later_count;
	uint64_t now = clock_steady_ms();

	memcpy(all, loop->later, sizeof(all));
	loop->later_count = 0;
	/* those that wait on come before what is added now */
	for (size_t i = 0; i < count; i++) {
		if (all[i].due_ms > now)
			loop->later[loop->later_count++] = all[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (all[i].due_ms <= now)
			all[i].run(all[i].arg);
	}
}

void poll_loop_run(struct poll_loop *loop, unsigned ms)
{
	int ready = poll(loop->fds, WATCHES_MAX, (int)until_timer(loop, ms));

	for (size_t i = 0; ready > 0 && i < WATCHES_MAX; i++) {
		struct pollfd *p = &loop->fds[i];
		unsigned events = 0;

		/* a callback before may have taken it away */
		if (p->fd < 0 || p->revents == 0)
			continue;
		events |=
		    p->revents & (POLLIN | POLLHUP | POLLERR) ? STORE_READ : 0;
		events |= p->revents & POLLIN ? STORE_READ : 0;
		events |= p->revents & POLLOUT ? STORE_WRITE : 0;
		if (p->revents & ~(POLLIN | POLLOUT)) /* its end is news, too */
			events = loop->watches[i].events;
		p->revents = 0;
		loop->watches[i].ready(loop->watches[i].arg, events);
	}
	run_timers(loop);
	run_later(loop);
}
