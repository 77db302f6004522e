#include "reach/pause.h"

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
