/* What was said is in the outbox until the log shows it, whatever a server
 * answers: a device with records in memory, and answers made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "tests/testlib/records.h"

struct world {
	struct records records;
	struct device *device;
	char session[TEXT_UUID_SIZE];
};

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

/* ---- a device ---- */

/* One order; each request gets the same answer. */
static const struct outcome *order(struct world *w, const struct order *order,
				   enum err result, const char *slug)
{
	struct answer answer = { .result = result };
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms;

	memcpy(answer.slug, slug, strlen(slug) + 1);
	assert_int_equal(device_start(w->device, order), ERR_OK);
	while ((turn = device_turn(w->device, &request, &wait_ms)) !=
	       DEVICE_DONE)
		if (turn == DEVICE_ASK)
			device_answer(w->device, &answer);
	return device_outcome(w->device);
}

/* A session of which the server was not told yet. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct device_config config = {
		.username = "alice",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 },
			   1 },
	};
	const struct order create = { .kind = ORDER_CREATE,
				      .offer = &config.offer };
	struct device_ports ports = { .rng = rng_system(), .now_ms = now };

	assert_non_null(w);
	records_init(&w->records);
	ports.store = &w->records.store;
	assert_int_equal(device_open(&config, &ports, &w->device), ERR_OK);
	assert_int_equal(order(w, &create, ERR_LOCAL_IO, "unreachable")->result,
			 ERR_LOCAL_IO);
	memcpy(w->session, device_outcome(w->device)->session,
	       sizeof(w->session));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	device_close(w->device);
	records_free(&w->records);
	free(w);
	return 0;
}

static const struct outcome *say(struct world *w, enum err result,
				 const char *slug)
{
	const struct order send = { .kind = ORDER_SEND,
				    .session = w->session,
				    .text = SPAN_LIT("once only"),
				    .key = "k1" };

	return order(w, &send, result, slug);
}

static void expect_listed(struct world *w, bool listed)
{
	struct buf json = BUF_INIT;

	assert_int_equal(device_outbox(w->device, w->session, &json), ERR_OK);
	buf_put_u8(&json, 0);
	assert_int_equal(buf_end(&json), ERR_OK);
	assert_int_equal(strstr((const char *)json.p, "once only") != NULL,
			 listed);
	buf_clear(&json);
}

static void test_session_refused(void **state)
{
	struct world *w = *state;
	const struct outcome *outcome = say(w, ERR_PEER_INVALID, "invalid");

	assert_int_equal(outcome->result, ERR_PEER_INVALID);
	assert_true(outcome->kept);
	expect_listed(w, true);
}

/* A server that never has a KeyPackage of this device does not fill its state. */
static void test_stock(void **state)
{
	const struct order stock = { .kind = ORDER_STOCK };
	struct world *w = *state;
	size_t made = 0;

	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(order(w, &stock, ERR_OK, "")->result, ERR_OK);
	for (size_t i = 0; i < RECORDS_MAX; i++)
		made += strncmp(w->records.all[i].name, "package/", 8) == 0;
	assert_true(made > 5);
	assert_true(made <= 140);
}

static void test_dropped(void **state)
{
	struct world *w = *state;
	size_t dropped;

	assert_true(say(w, ERR_LOCAL_IO, "unreachable")->kept);
	assert_true(say(w, ERR_LOCAL_IO, "unreachable")->kept);
	expect_listed(w, true);
	assert_int_equal(device_outbox_drop(w->device, w->session, 0, &dropped),
			 ERR_OK);
	assert_int_equal(dropped, 0); /* no item has this number */
	expect_listed(w, true);
	assert_int_equal(device_outbox_drop(w->device, w->session,
					    DEVICE_OUTBOX_ALL, &dropped),
			 ERR_OK);
	assert_int_equal(dropped, 1);
	expect_listed(w, false);
	/* it is said again, and not said to be waiting */
	assert_true(say(w, ERR_LOCAL_IO, "unreachable")->kept);
	expect_listed(w, true);
}

/* A damaged session is said to be one, and keeps nobody from coming in anew. */
static void test_damaged(void **state)
{
	struct world *w = *state;
	const struct order join = { .kind = ORDER_JOIN, .session = w->session },
			   resolve = { .kind = ORDER_RESOLVE,
				       .session = w->session };
	const struct outcome *outcome;
	size_t damaged = 0;

	for (size_t i = 0; i < RECORDS_MAX; i++)
		if (strncmp(w->records.all[i].name, "item/", 5) == 0 &&
		    damaged++ == 0)
			w->records.all[i].value.n--;
	assert_true(damaged > 1);
	w->records.changed = true;
	outcome = say(w, ERR_LOCAL_IO, "unreachable");
	assert_string_equal(outcome->why->slug, "session-damaged");
	assert_int_equal(err_class(outcome->result), ERR_CLASS_PEER);
	assert_false(outcome->kept);
	/* these ask the server: what it says is what they come to */
	outcome = order(w, &join, ERR_LOCAL_IO, "unreachable");
	assert_int_equal(outcome->result, ERR_LOCAL_IO);
	assert_true(outcome->anew);
	outcome = order(w, &resolve, ERR_LOCAL_IO, "unreachable");
	assert_int_equal(outcome->result, ERR_LOCAL_IO);
	assert_true(outcome->anew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_session_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
