/*
 * A wrong time of day for a process that preloads this: CLOCK_SKEW seconds off, which a
 * unit test may change as it goes.
 * Durations stay right. (libfaketime does not start beside AddressSanitizer.)
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t skew(void)
{
	const char *text = getenv("CLOCK_SKEW");

	return text != NULL ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	long e = syscall(SYS_clock_gettime, id, t);

	if (e == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += skew();
	return (int)e;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	*tv = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *out)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
