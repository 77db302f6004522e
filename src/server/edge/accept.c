#include "server/edge/accept.h"

#include <kore/kore.h>
#include <stdbool.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "server/edge/conn.h"
#include "server/edge/loop.h"

enum { RESUME_MS = 200, IDLE_MS = 1000 };

static struct listener *own;
static bool paused;

static bool is_full(void)
{
	return worker_active_connections >= worker_max_connections;
}

static void pause_accepting(void)
{
	paused = true;
	kore_platform_disable_read(own->fd);
	LOG(WARN, "no room for connections",
	    LOG_NUM("connections", conn_count()));
	conn_drop_idle(IDLE_MS);
}

/* None taken although the kernel had one: no descriptor is left for it. */
static void on_ready(void *arg, int error)
{
	size_t before = conn_count();

	kore_listener_accept(arg, error);
	if (!paused && (is_full() || conn_count() == before))
		pause_accepting();
}

static void on_tick(void *arg)
{
	(void)arg;
	if (!paused || own->fd < 0)
		return;
	if (is_full()) {
		conn_drop_idle(IDLE_MS);
		return;
	}
	paused = false;
	kore_platform_event_schedule(own->fd, EPOLLIN, 0, own);
}

void accept_start(struct listener *listener)
{
	own = listener;
	own->evt.handle = on_ready;
	loop_every(RESUME_MS, on_tick, NULL);
}

void accept_waiting(void)
{
	size_t before;

	if (own == NULL || own->fd < 0)
		return;
	do {
		before = conn_count();
		own->evt.flags |= KORE_EVENT_READ; /* Kore asks for it */
		kore_listener_accept(own, 0);
	} while (conn_count() > before);
}
