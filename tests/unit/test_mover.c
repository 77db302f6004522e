/* The lane of what is large: one at a time, in order, with rests. */
#include "store/mover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

/* ---- a connection, a clock and a loop that the test moves ---- */

static struct {
	uint64_t now_ms;
	connection_done *done; /* of the one statement on its way; NULL: none */
	void *arg;
	size_t sent;
	enum err refuses;
	void (*run)(void *arg); /* what is to come later; NULL: nothing */
	void *run_arg;
	unsigned run_ms;
} world;

uint64_t clock_steady_ms(void)
{
	return world.now_ms;
}

enum err connection_open(const struct store_loop *loop,
			 const struct connection_settings *settings,
			 struct connection **out)
{
	(void)loop;
	(void)settings;
	*out = NULL;
	return ERR_OK;
}

enum err connection_send(struct connection *connection,
			 enum statement statement, struct params *params,
			 connection_done *done, void *arg)
{
	(void)connection;
	(void)statement;
	params_clear(params);
	assert_true(world.done == NULL);
	if (world.refuses != ERR_OK)
		return world.refuses;
	world.done = done;
	world.arg = arg;
	world.sent++;
	return ERR_OK;
}

static void later(void *context, unsigned ms, void (*run)(void *arg), void *arg)
{
	(void)context;
	assert_true(world.run == NULL);
	world.run = run;
	world.run_arg = arg;
	world.run_ms = ms;
}

static void answer_after(unsigned ms)
{
	connection_done *done = world.done;

	world.now_ms += ms;
	world.done = NULL;
	done(world.arg, ERR_OK, NULL);
}

static void end_rest(void)
{
	void (*run)(void *arg) = world.run;

	world.run = NULL;
	run(world.run_arg);
}

/* ---- tests ---- */

static char order[8];
static size_t answers;
static enum err last;

static void on_done(void *arg, enum err e, struct rows *rows)
{
	(void)rows;
	last = e;
	order[answers++] = *(const char *)arg;
}

static struct mover *begin(size_t queue_max)
{
	static const struct store_loop loop = { .later = later };
	const struct connection_settings settings = { .queue_max = queue_max };
	struct mover *m = NULL;

	memset(&world, 0, sizeof(world));
	memset(order, 0, sizeof(order));
	answers = 0;
	assert_int_equal(mover_open(&loop, &settings, &m), ERR_OK);
	return m;
}

static enum err send(struct mover *m, const char *name)
{
	struct params params = PARAMS_INIT;

	params_i32(&params, 1);
	return mover_send(m, STATEMENT_FILE_READ, &params, on_done,
			  (void *)(uintptr_t)name);
}

static void test_one_at_a_time(void **state)
{
	struct mover *m = begin(8);

	(void)state;
	assert_int_equal(send(m, "a"), ERR_OK);
	assert_int_equal(send(m, "b"), ERR_OK);
	assert_true(world.sent == 1);
	answer_after(7);
	assert_true(answers == 1 && world.sent == 1 && world.run_ms == 7);
	assert_int_equal(send(m, "c"),
			 ERR_OK); /* also what comes during the rest waits */
	assert_true(world.sent == 1);
	end_rest();
	assert_true(world.sent == 2);
	answer_after(100000);
	assert_true(world.run_ms == 100); /* however long it took */
	end_rest();
	answer_after(0);
	assert_true(world.run_ms == 0);
	end_rest();
	assert_true(world.sent == 3 && strcmp(order, "abc") == 0);
	free(m);
}

static void test_what_is_refused_holds_up_nothing(void **state)
{
	struct mover *m = begin(2);

	(void)state;
	world.refuses = ERR_LOCAL_BUSY;
	assert_true(send(m, "x") == ERR_LOCAL_BUSY);
	world.refuses = ERR_OK;
	assert_int_equal(send(m, "a"), ERR_OK);
	assert_int_equal(send(m, "b"), ERR_OK);
	assert_int_equal(send(m, "c"), ERR_OK);
	assert_true(send(m, "d") ==
		    ERR_LOCAL_BUSY); /* two wait, as the queue has room */
	answer_after(1);
	world.refuses = ERR_LOCAL_IO;
	end_rest(); /* both are told, and nothing is on its way */
	assert_true(strcmp(order, "abc") == 0 && last == ERR_LOCAL_IO);
	world.refuses = ERR_OK;
	assert_int_equal(send(m, "e"), ERR_OK);
	answer_after(1);
	end_rest();
	assert_true(strcmp(order, "abce") == 0 && last == ERR_OK);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_what_is_refused_holds_up_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
