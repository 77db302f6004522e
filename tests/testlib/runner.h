/* A runner (mls/identity.h) with a thread for each part but the first. */
#ifndef HERMETIC_TESTS_RUNNER_H
#define HERMETIC_TESTS_RUNNER_H

#include <pthread.h>
#include <stdlib.h>

#include "mls/identity.h"
#include "mls/limits.h"

struct runner_part {
	void (*part)(void *work, size_t i);
	void *work;
	size_t i;
};

static inline void *runner_thread(void *argument)
{
	const struct runner_part *p = argument;

	p->part(p->work, p->i);
	return NULL;
}

/* Where there is no further thread, the caller's does it. */
static inline void runner_run(void *context, void (*part)(void *work, size_t i),
			      void *work, size_t count)
{
	struct runner_part parts[MLS_PARTS_MAX];
	pthread_t threads[MLS_PARTS_MAX];
	bool runs[MLS_PARTS_MAX] = { false };
	size_t *called = context; /* how many parts were asked for; or NULL */

	if (called != NULL)
		*called += count;
	for (size_t i = 1; i < count; i++) {
		parts[i] = (struct runner_part){ part, work, i };
		runs[i] = pthread_create(&threads[i], NULL, runner_thread,
					 &parts[i]) == 0;
	}
	part(work, 0);
	for (size_t i = 1; i < count; i++) {
		if (runs[i])
			(void)pthread_join(threads[i], NULL);
		else
			part(work, i);
	}
}

#endif
