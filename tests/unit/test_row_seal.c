/* A row that goes with a notice opens where it was sealed for, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

/* The server is no archive; this file of it needs crypto and store only. */
#include "server/row_seal.c"
#include "store/cluster.h"

static const uint8_t KEYS[2][ROW_SEAL_KEY] = { { 1 }, { 2 } };

static void start(const uint8_t key[ROW_SEAL_KEY])
{
	assert_int_equal(row_seal_start(key), ERR_OK);
}

static void seal(struct buf *out)
{
	assert_int_equal(row_seal(SPAN_LIT("a row"), out), ERR_OK);
	assert_int_equal(buf_end(out), ERR_OK);
}

static bool opens(const struct buf *sealed)
{
	struct buf row = BUF_INIT;
	bool opened = row_open(buf_span(sealed), &row) == ERR_OK;

	assert_int_equal(buf_end(&row), ERR_OK);
	assert_true(!opened || span_equal(buf_span(&row), SPAN_LIT("a row")));
	buf_clear(&row);
	return opened;
}

static void test_key(void **state)
{
	struct buf sealed = BUF_INIT;

	(void)state;
	start(KEYS[0]);
	seal(&sealed);
	assert_true(opens(&sealed));
	for (size_t i = 0; i < sealed.n; i++) {
		sealed.p[i] ^= 1;
		assert_false(opens(&sealed));
		sealed.p[i] ^= 1;
	}
	start(KEYS[1]);
	assert_false(opens(&sealed));
	buf_clear(&sealed);
}

/* Of a timeline that another one has taken the place of: what it stored may be lost. */
static void test_timeline(void **state)
{
	struct buf unknown = BUF_INIT, old = BUF_INIT, now = BUF_INIT;

	(void)state;
	start(KEYS[0]);
	seal(&unknown);
	assert_int_equal(cluster_meet(7, 1), CLUSTER_FITS);
	assert_false(opens(&unknown));
	seal(&old);
	assert_true(opens(&old));
	assert_int_equal(cluster_meet(7, 2), CLUSTER_FITS);
	assert_false(opens(&old));
	seal(&now);
	assert_true(opens(&now));
	buf_clear(&unknown);
	buf_clear(&old);
	buf_clear(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_timeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
