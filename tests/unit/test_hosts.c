/* The hosts of a connection string, with addresses and in turn. */
#include "store/hosts.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *conninfo, unsigned turn, const char *host,
		  const char *hostaddr, const char *port)
{
	struct hosts hosts = { BUF_INIT, BUF_INIT, BUF_INIT, 0 };
	bool found;

	assert_int_equal(hosts_find(conninfo, turn, &hosts, &found), ERR_OK);
	assert_true(found);
	assert_string_equal((const char *)hosts.host.p, host);
	assert_string_equal((const char *)hosts.hostaddr.p, hostaddr);
	assert_string_equal((const char *)hosts.port.p, port);
	hosts_clear(&hosts);
}

static void test_literal(void **state)
{
	(void)state;
	check("dbname=x", 0, "", "", "");
	check("host=/tmp/s", 3, "/tmp/s", "", "5432");
	check("postgresql://u:p@127.0.0.1:7/x", 0, "127.0.0.1", "", "7");
	check("host=somewhere hostaddr=127.0.0.1", 0, "", "", "");
}

static void test_turns(void **state)
{
	(void)state;
	check("postgresql://u@127.0.0.1:1,127.0.0.2:2,[::1]:3/x", 0,
	      "127.0.0.1,127.0.0.2,::1", ",,", "1,2,3");
	check("postgresql://u@127.0.0.1:1,127.0.0.2:2,[::1]:3/x", 4,
	      "127.0.0.2,::1,127.0.0.1", ",,", "2,3,1");
	check("host=/a,/b port=9", 1, "/b,/a", ",", "9,9");
	check("postgresql://u@127.0.0.1,[::1]/x", 1, "::1,127.0.0.1", ",",
	      "5432,5432");
}

/* Looking a name up takes as long as it takes; asking does not. */
static void find(const char *conninfo, struct hosts *hosts)
{
	bool found = false;

	for (int i = 0; i < 3000 && !found; i++) {
		*hosts = (struct hosts){ BUF_INIT, BUF_INIT, BUF_INIT, 0 };
		assert_int_equal(hosts_find(conninfo, 0, hosts, &found),
				 ERR_OK);
		if (!found) {
			hosts_clear(hosts);
			(void)poll(NULL, 0, 10);
		}
	}
	assert_true(found);
}

static void test_names(void **state)
{
	struct hosts hosts;

	(void)state;
	find("host=localhost port=7", &hosts);
	assert_memory_equal(hosts.host.p, "localhost", 9);
	assert_true(strstr((const char *)hosts.hostaddr.p, "127.0.0.1") !=
			NULL ||
		    strstr((const char *)hosts.hostaddr.p, "::1") != NULL);
	hosts_clear(&hosts);
	/* who has no address is left out */
	find("host=no.such.name.invalid,localhost port=6,7", &hosts);
	assert_null(strstr((const char *)hosts.host.p, "invalid"));
	assert_null(strchr((const char *)hosts.port.p, '6'));
	hosts_clear(&hosts);
	/* libpq takes an empty port for none, and keeps the string's two */
	find("postgresql://u@no.such.name.invalid,localhost/x", &hosts);
	assert_null(strstr((const char *)hosts.host.p, "invalid"));
	assert_memory_equal(hosts.port.p, "5432", 4);
	hosts_clear(&hosts);
}

static void test_none(void **state)
{
	struct hosts hosts = { BUF_INIT, BUF_INIT, BUF_INIT, 0 };
	bool found;

	(void)state;
	assert_int_equal(hosts_find("no=such", 0, &hosts, &found),
			 ERR_LOCAL_CONFIG);
	hosts_clear(&hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
