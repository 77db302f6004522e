/* What a device does unasked is bounded: a server without any member's key has the
 * small budget, and each commit of a member gives one turn beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/budget.h"

#define HOUR_MS (UINT64_C(3600) * 1000)

static uint64_t clock_ms;

static uint64_t now(void *clock)
{
	(void)clock;
	return clock_ms;
}

static int setup(void **state)
{
	static struct device d;

	clock_ms = UINT64_C(1790000000000);
	d = (struct device){ .ports = { .now_ms = now } };
	d.open.notes = json_object();
	*state = &d;
	return 0;
}

static int teardown(void **state)
{
	struct device *d = *state;

	json_decref(d->open.notes);
	return 0;
}

static size_t take_all(struct device *d)
{
	size_t taken = 0;

	while (taken < 1000 && budget_take_rejoin(d))
		taken++;
	return taken;
}

static void test_without_grants(void **state)
{
	struct device *d = *state;

	assert_int_equal(take_all(d), 6);
	clock_ms += 23 * HOUR_MS;
	assert_int_equal(take_all(d), 0);
	clock_ms += HOUR_MS;
	assert_int_equal(take_all(d), 6);
}

/* Each commit gives one, once: trying again is charged. */
static void test_grants(void **state)
{
	struct device *d = *state;

	for (uint64_t seq = 1; seq <= 20; seq++) {
		budget_grant(d, seq);
		budget_grant(d, seq);
		assert_true(budget_take_rejoin(d));
		budget_grant(d, seq); /* it is read again */
		budget_grant(d, seq - 1);
	}
	assert_int_equal(take_all(d), 6);
	budget_grant(d, 21);
	assert_int_equal(take_all(d), 1);
}

static void test_revoked(void **state)
{
	struct device *d = *state;

	assert_int_equal(take_all(d), 6);
	budget_grant(d, 1);
	budget_revoke(d);
	assert_int_equal(take_all(d), 0);
}

/* The last bound, which time lifts. */
static void test_many_in_an_hour(void **state)
{
	struct device *d = *state;
	size_t taken = 0;

	for (uint64_t seq = 1; seq <= 200; seq++) {
		budget_grant(d, seq);
		taken += budget_take_rejoin(d);
	}
	assert_int_equal(taken, 60 + 6);
	clock_ms += HOUR_MS;
	budget_grant(d, 201);
	assert_true(budget_take_rejoin(d));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_without_grants),
		TEST(test_grants),
		TEST(test_revoked),
		TEST(test_many_in_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
