#include "command/agent_stays.h"

#include "base/clock.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 2000   /* how often the outbox is looked at */
#define AGAIN_MS 60000 /* how often what waits there is tried again */
#define FAILURES_MAX 30

/* What this process knows between two looks. */
struct stay {
	struct hermetic *h;
	bool connected;
	json_t *waiting; /* {session: [item…]}, as it was last tried; or NULL */
	uint64_t again_at;
	int failures; /* one after another */
};

/* A new reference; NULL: it is looked at again. */
static json_t *look(struct hermetic *h)
{
	const struct hermetic_item *const *items;
	json_t *waiting = json_object(), *those;
	size_t n;

	if (hermetic_outbox(h, NULL, &items, &n) != HERMETIC_OK)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (items[i]->refused)
			continue;
		those = json_object_get(waiting, items[i]->session);
		if (those == NULL) {
			those = json_array();
			(void)json_object_set_new(waiting, items[i]->session,
						  those);
		}
		(void)json_array_append_new(
		    those, json_integer((json_int_t)items[i]->item));
	}
	return waiting;
}

/* What may go by itself is sent; a failure shows in the outbox, where the item waits on. */
static void deliver(struct stay *stay)
{
	json_t *waiting = look(stay->h);
	const json_t *items;
	const char *session;

	if (!json_equal(waiting, stay->waiting) ||
	    clock_steady_ms() >= stay->again_at) {
		json_object_foreach(waiting, session, items)(void)
		    hermetic_refresh(stay->h, session);
		json_decref(stay->waiting);
		stay->waiting = look(stay->h);
		stay->again_at = clock_steady_ms() + AGAIN_MS;
	}
	json_decref(waiting);
}

/* Who is connected anew may send what could not go before. */
static void take_events(struct stay *stay)
{
	const struct hermetic_event *event;

	while ((event = hermetic_next_event(stay->h)) != NULL) {
		if (event->kind == HERMETIC_EVENT_DISCONNECTED)
			stay->connected = false;
		if (event->kind != HERMETIC_EVENT_CONNECTED)
			continue;
		stay->connected = true;
		stay->again_at = 0;
	}
}

/* False: that has failed so often that it is for good. The device is no more, or logged out; a
 * session that is stopped fails once. */
static bool step(struct stay *stay)
{
	if (hermetic_step(stay->h, LOOK_MS) == HERMETIC_OK) {
		stay->failures = 0;
		return true;
	}
	(void)poll(NULL, 0, LOOK_MS);
	return ++stay->failures < FAILURES_MAX;
}

static void stay_connected(struct hermetic *h)
{
	struct stay stay = { .h = h };
	uint64_t look_at = 0;

	if (hermetic_open(h) != HERMETIC_OK ||
	    hermetic_listen(h) != HERMETIC_OK)
		return;
	do {
		take_events(&stay);
		if (!stay.connected || clock_steady_ms() < look_at)
			continue;
		deliver(&stay);
		look_at = clock_steady_ms() + LOOK_MS;
	} while (step(&stay));
	json_decref(stay.waiting);
}

pid_t agent_stays_begin(struct hermetic *h)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent) {
		hermetic_agent_leave(h);
		stay_connected(h);
	}
	hermetic_free(h);
	_exit(0);
}

void agent_stays_end(pid_t child)
{
	if (child <= 0)
		return;
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}
