/* Closing an account where nothing can be written: nothing is asked of the server, and
 * the password is not left in memory (the sanitizers tell). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device/record.h"
#include "reach/closing.h"

/* As little as scrypt allows: the tests are not about its cost. */
static const struct password_cost CHEAP = { 16, 1, 1 };

static void put_account(struct account *a)
{
	json_t *record = json_pack("{s:s}", "password", "derived");

	assert_int_equal(state_begin(a->state), ERR_OK);
	assert_int_equal(record_put(&a->store, "account", record), ERR_OK);
	assert_int_equal(state_commit(a->state), ERR_OK);
	json_decref(record);
}

/* As on a full disk: no file grows. */
static void set_file_size(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_full_disk(void **context)
{
	char home[] = "/tmp/hermetic-closing-XXXXXX";
	struct account a = { .home = home };
	bool asked = true;
	enum err e;
	(void)context;

	assert_non_null(mkdtemp(home));
	assert_int_equal(state_create(home, SPAN_LIT("a passphrase"), CHEAP,
				      &a.why, &a.state),
			 ERR_OK);
	a.store = state_store(a.state);
	put_account(&a);
	(void)signal(SIGXFSZ, SIG_IGN);
	set_file_size(0);
	e = closing_erase(&a); /* there is no server that could be asked */
	set_file_size(RLIM_INFINITY);
	assert_int_equal(err_class(e), ERR_CLASS_LOCAL);
	assert_int_equal(closing_was_asked(&a, &asked), ERR_OK);
	assert_false(asked);
	state_close(a.state);
	state_remove(home);
	(void)rmdir(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
