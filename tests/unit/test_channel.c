/* A channel waits as long as it was told to, whatever the clock of the machine does
 * meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reach/channel_kind.h"

enum { TURNS_MAX = 500, JUMP_SECONDS = 3600 };

static unsigned turns;

/* The system's clock is set back (tests/testlib/clock.c). */
static bool serve_and_set_clock(struct channel *channel, int timeout_ms)
{
	char skew[16];

	(void)timeout_ms;
	(void)usleep(1000);
	(void)snprintf(skew, sizeof(skew), "-%u",
		       turns * (unsigned)JUMP_SECONDS);
	(void)setenv("CLOCK_SKEW", skew, 1);
	if (++turns >= TURNS_MAX)
		channel_end(channel, SPAN_LIT("it waits without end"));
	return true;
}

/* A signal comes at the third turn. */
static bool serve_and_disturb(struct channel *channel, int timeout_ms)
{
	(void)serve_and_set_clock(channel, timeout_ms);
	return turns < 3;
}

static const struct channel_kind KIND = { .serve = serve_and_set_clock };

static void test_waiting(void **state)
{
	struct channel channel = { .queue = NULL };

	(void)state;
	turns = 0;
	assert_int_equal(channel_init(&channel, &KIND), ERR_OK);
	channel_wait(&channel, 20);
	assert_false(channel_has_ended(&channel));
	assert_in_range(turns, 1, 21);
	channel_clear(&channel);
}

static void test_signals(void **state)
{
	static const struct channel_kind disturbed = { .serve =
							   serve_and_disturb };
	struct channel channel = { .queue = NULL };

	(void)state;
	turns = 0;
	assert_int_equal(channel_init(&channel, &disturbed), ERR_OK);
	channel_wait(&channel, 60000);
	assert_int_equal(turns, 3);
	channel_clear(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
