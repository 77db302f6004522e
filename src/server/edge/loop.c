#include "server/edge/loop.h"

#include <kore/kore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

/*
 * One per descriptor, kept for its next use: an event of the current turn may
 * still point here after loop_forget().
 */
struct watch {
	struct kore_event event; /* first: Kore hands it back */
	void (*ready)(void *arg, unsigned events);
	void *arg;
	bool active;
};

static struct watch **watches;
static size_t watch_count;

static void on_event(void *arg, int error)
{
	struct watch *w = arg;
	unsigned events = 0;

	if ((w->event.flags & KORE_EVENT_READ) != 0)
		events |= LOOP_READ;
	if ((w->event.flags & KORE_EVENT_WRITE) != 0)
		events |= LOOP_WRITE;
	if (error)
		events |= LOOP_READ | LOOP_WRITE;
	w->event.flags = 0; /* level-triggered: asked anew each turn */
	if (w->active)
		w->ready(w->arg, events);
}

static struct watch *watch_of(int fd)
{
	size_t index = (size_t)fd;

	if (index >= watch_count) {
		size_t count = index + 64;

		watches = kore_realloc(watches, count * sizeof(*watches));
		for (size_t i = watch_count; i < count; i++)
			watches[i] = NULL;
		watch_count = count;
	}
	if (watches[index] == NULL)
		watches[index] = kore_calloc(1, sizeof(struct watch));
	return watches[index];
}

void loop_watch(int fd, unsigned events,
		void (*ready)(void *arg, unsigned events), void *arg)
{
	struct watch *w = watch_of(fd);
	unsigned types = EPOLLRDHUP;

	w->event.handle = on_event;
	w->ready = ready;
	w->arg = arg;
	w->active = true;
	if ((events & LOOP_READ) != 0)
		types |= EPOLLIN;
	if ((events & LOOP_WRITE) != 0)
		types |= EPOLLOUT;
	kore_platform_event_schedule(fd, (int)types, 0, w);
}

/* A descriptor leaves epoll when it is closed, which its owner does next; an
 * explicit removal through Kore would be fatal for one that is closed. */
void loop_forget(int fd)
{
	if ((size_t)fd < watch_count && watches[fd] != NULL)
		watches[fd]->active = false;
}

struct ticker {
	void (*tick)(void *arg);
	void *arg;
};

static void on_tick(void *arg, uint64_t now)
{
	const struct ticker *t = arg;

	(void)now;
	t->tick(t->arg);
}

void loop_every(unsigned ms, void (*tick)(void *arg), void *arg)
{
	struct ticker *t = kore_malloc(sizeof(*t));

	*t = (struct ticker){ tick, arg };
	(void)kore_timer_add(on_tick, ms, t, 0);
}

static void on_later(void *arg, uint64_t now)
{
	struct ticker t = *(struct ticker *)arg;

	(void)now;
	kore_free(arg);
	t.tick(t.arg);
}

/* Kore runs its timers after the events of a turn. */
void loop_later(unsigned ms, void (*run)(void *arg), void *arg)
{
	struct ticker *t = kore_malloc(sizeof(*t));

	*t = (struct ticker){ run, arg };
	(void)kore_timer_add(on_later, ms, t, KORE_TIMER_ONESHOT);
}

unsigned long loop_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000 +
	       (unsigned long)t.tv_nsec / 1000000;
}
