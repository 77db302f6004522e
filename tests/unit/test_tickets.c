/* Keys of session tickets: good for a period and one more, the same for all
 * processes, and random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The edge is no archive; this file of it needs libcrypto and base only. */
#include "server/edge/tickets.c"

enum { PERIOD = 1000 };

static unsigned long now = 5000;

unsigned long loop_now_ms(void)
{
	return now;
}

struct ticket {
	unsigned char name[NAME_BYTES], iv[EVP_MAX_IV_LENGTH];
};

/* What OpenSSL would be told about a ticket to make (1) or one to open (0). */
static int ask(struct ticket *t, int seal)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int answer = on_ticket(NULL, t->name, t->iv, cipher, mac, seal);

	EVP_CIPHER_CTX_free(cipher);
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(hmac);
	return answer;
}

static int open_ring(void **state)
{
	(void)state;
	return tickets_open(PERIOD) ? 0 : -1;
}

static int close_ring(void **state)
{
	(void)state;
	return munmap(ring, sizeof(*ring));
}

static void test_two_periods(void **state)
{
	struct ticket t = { 0 };

	(void)state;
	assert_int_equal(ask(&t, 1), 1);
	assert_int_equal(ask(&t, 0), 1);
	now += PERIOD;
	assert_int_equal(ask(&t, 0), 2); /* opened, and to be renewed */
	now += PERIOD - 1;
	assert_int_equal(ask(&t, 0), 2);
	now += 1;
	assert_int_equal(ask(&t, 0), 0);
}

static void test_old_keys_are_wiped(void **state)
{
	static const struct key none;
	struct ticket t = { 0 };
	unsigned wiped = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * SLOTS; i++) {
		assert_int_equal(ask(&t, 1), 1);
		now += PERIOD;
	}
	for (unsigned i = 0; i < SLOTS; i++)
		wiped += memcmp(&ring->keys[i], &none, sizeof(none)) == 0;
	assert_int_equal(wiped, SLOTS - 2);
}

static void test_another_process_rotates(void **state)
{
	struct ticket before = { 0 }, after = { 0 };
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(ask(&before, 1), 1);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		now += PERIOD;
		_exit(ask(&before, 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 2);
	/* this one's clock says nothing yet, but its keys are new */
	assert_int_equal(ask(&after, 1), 1);
	assert_memory_not_equal(before.name, after.name, NAME_BYTES);
	assert_int_equal(ask(&before, 0), 2);
}

static void test_one_that_dies_while_it_rotates(void **state)
{
	struct ticket t = { 0 };

	(void)state;
	assert_int_equal(ask(&t, 1), 1);
	now += PERIOD;
	atomic_store(&ring->since_ms, now); /* and no key came of it */
	assert_int_equal(ask(&t, 0), 1);
	now += PERIOD;
	assert_int_equal(ask(&t, 0), 2);
	assert_int_equal(ask(&t, 1), 1);
	assert_int_equal(ask(&t, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_periods, open_ring,
						close_ring),
		cmocka_unit_test_setup_teardown(test_old_keys_are_wiped,
						open_ring, close_ring),
		cmocka_unit_test_setup_teardown(test_another_process_rotates,
						open_ring, close_ring),
		cmocka_unit_test_setup_teardown(
		    test_one_that_dies_while_it_rotates, open_ring, close_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
