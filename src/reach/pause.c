#include "reach/pause.h"

#include "base/clock.h"

#include <time.h>

static const sigset_t *waits;

void pause_set_mask(const sigset_t *mask)
{
	waits = mask;
}

int pause_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	const struct timespec at = { timeout_ms / 1000,
				     (long)(timeout_ms % 1000) * 1000000 };

	return ppoll(fds, count, timeout_ms >= 0 ? &at : NULL, waits);
}

static bool (*asked)(void *context, uint64_t waited_ms);
static void *asked_with;

void pause_ask(bool (*is_over)(void *context, uint64_t waited_ms),
	       void *context)
{
	asked = is_over;
	asked_with = context;
}

bool pause_is_over(uint64_t since)
{
	return asked != NULL && asked(asked_with, clock_steady_ms() - since);
}
