/* A session whose memory ran out says the next time what it did not get to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/session_world.h"
#include "tests/testlib/starve.h"

/* Another's commit ends our staged one, whichever allocation fails on the way, and
 * the event that is given at last tells of it. */
static void test_dropped_staged(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct world w;
	struct mls_commit a = { 0 }, b = { 0 };
	uint64_t seq;
	size_t failed = 0;
	(void)state;

	world_make(&w, SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	assert_int_equal(device_stage(&w.alice, &rotate, &a), ERR_OK);
	seq = ledger_post(&w.ledger, CHAIN_COMMIT, buf_span(&a.commit));
	assert_int_equal(device_stage(&w.bob, &rotate, &b), ERR_OK);
	for (size_t at = 1;; at++) {
		struct session_event event = { 0 };
		enum err e;

		memset(&starve, 0, sizeof(starve));
		starve.fail_at = at;
		starve.counting = true;
		e = device_receive(&w.bob, &w.ledger, seq, &event);
		starve.counting = false;
		if (e == ERR_OK) {
			assert_int_equal(event.kind, SESSION_COMMIT);
			assert_true(event.dropped_staged);
			session_event_clear(&event);
			break;
		}
		assert_int_equal(err_class(e), ERR_CLASS_LOCAL);
		failed++;
	}
	assert_true(failed > 10);
	mls_commit_clear(&a);
	mls_commit_clear(&b);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dropped_staged),
	};

	if (!starve_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
