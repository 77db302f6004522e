#include "server/event_loop.h"

#include <stddef.h>

#include "server/edge/loop.h"

static void watch(void *context, int fd, unsigned events,
		  void (*ready)(void *arg, unsigned events), void *arg)
{
	(void)context;
	loop_watch(fd, events, ready, arg); /* the bits are the same */
}

static void forget(void *context, int fd)
{
	(void)context;
	loop_forget(fd);
}

static void every(void *context, unsigned ms, void (*tick)(void *arg),
		  void *arg)
{
	(void)context;
	loop_every(ms, tick, arg);
}

static void later(void *context, unsigned ms, void (*run)(void *arg), void *arg)
{
	(void)context;
	loop_later(ms, run, arg);
}

const struct store_loop *event_loop(void)
{
	static const struct store_loop loop = { NULL, watch, forget, every,
						later };

	return &loop;
}
