/* An account's log: every kind of link, and which key was valid where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/account_state.h"
#include "tests/testlib/accounts.h"

#define ED25519 0x0807
#define ED448 0x0808
#define P256 0x0403

#define LAPTOP 0
#define PHONE 1
#define TABLET 2
#define PAPER HOUSE_RECOVERY

static void test_begin(void **state)
{
	struct house *h = house_new(true);
	uint8_t hash[ACCOUNT_HASH];
	struct account_device device;
	size_t position = 0;
	(void)state;

	house_hash(h, 1, hash);
	assert_true(
	    span_equal(account_log_fingerprint(h->log), SPAN_ARRAY(hash)));
	assert_true(account_log_is_named(h->log, SPAN_ARRAY(h->salt),
					 SPAN_LIT("alice")));
	assert_false(
	    account_log_is_named(h->log, SPAN_ARRAY(h->salt), SPAN_LIT("bob")));
	assert_false(
	    account_log_is_named(h->log, SPAN_ARRAY(hash), SPAN_LIT("alice")));
	assert_true(account_log_next_device(h->log, &position, &device));
	assert_true(device.number == 1 && device.signer == 1 &&
		    device.removed == 0);
	assert_true(
	    span_equal(device.link_key, buf_span(&h->keys[0].link.public_key)));
	assert_true(
	    span_equal(device.hpke_key, buf_span(&h->keys[0].hpke.public_key)));
	assert_false(account_log_next_device(h->log, &position, &device));
	assert_true(span_equal(account_log_signature_key(h->log, 1, ED448),
			       buf_span(&h->keys[0].signatures[1].public_key)));
	assert_int_equal(account_log_signature_key(h->log, 1, P256).n, 0);
	assert_true(span_equal(account_log_recovery(h->log),
			       buf_span(&h->recovery[0].public_key)));
	assert_true(account_log_changed(h->log) == 0);
	house_delete(h);
}

static void test_empty(void **state)
{
	struct account_place place;
	struct account_log *log;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	account_log_place(log, &place);
	assert_true(place.number == 0);
	assert_false(account_log_has(log, &place));
	assert_int_equal(account_log_fingerprint(log).n, 0);
	assert_int_equal(account_log_recovery(log).n, 0);
	assert_int_equal(account_log_standing(log), 0);
	account_log_free(log);
}

static void test_devices_come_and_go(void **state)
{
	struct house *h = house_new(false);
	struct account_device device;
	(void)state;

	house_add(h, LAPTOP, PHONE);
	house_add(h, PHONE, TABLET);
	assert_int_equal(account_log_standing(h->log), 3);
	house_remove_two(h, TABLET, LAPTOP, PHONE);
	assert_int_equal(account_log_standing(h->log), 1);
	assert_true(account_log_device(h->log, h->number[PHONE], &device));
	assert_true(device.number == 2 && device.signer == 1 &&
		    device.removed == 4);
	assert_false(account_log_device(h->log, 4, &device));
	house_add(h, TABLET, 3);
	house_remove(h, TABLET, TABLET); /* itself */
	assert_true(account_log_changed(h->log) == 0);
	house_close(h, 3);
	assert_true(account_log_closed(h->log) == 7);
	house_delete(h);
}

static void test_keys(void **state)
{
	struct house *h = house_new(false);
	struct account_place before = house_place(h), after;
	uint64_t device = 0;
	(void)state;

	house_keys(h, LAPTOP);
	after = house_place(h);
	assert_int_equal(account_key_valid(h->log, P256,
					   buf_span(&h->pair.public_key),
					   &after, &device),
			 ACCOUNT_VALID);
	assert_true(device == 1);
	assert_int_equal(account_key_valid(h->log, P256,
					   buf_span(&h->pair.public_key),
					   &before, NULL),
			 ACCOUNT_LATER);
	house_delete(h);
}

/* The recovery key replaced with its own signature: nobody has to compare. */
static void test_recover(void **state)
{
	struct house *h = house_new(false);
	(void)state;

	house_recover(h, LAPTOP, 0); /* the first one takes nobody's place */
	assert_true(account_log_changed(h->log) == 0);
	house_recover(h, PAPER, 1);
	assert_true(account_log_changed(h->log) == 0);
	assert_true(span_equal(account_log_recovery(h->log),
			       buf_span(&h->recovery[1].public_key)));
	house_delete(h);
}

static void test_recover_without_the_old_one(void **state)
{
	struct house *h = house_new(true);
	(void)state;

	house_recover(h, LAPTOP, 1);
	assert_true(account_log_changed(h->log) == 2);
	house_add(h, LAPTOP, PHONE);
	assert_true(account_log_changed(h->log) == 2);
	house_delete(h);
}

static void test_device_by_recovery(void **state)
{
	struct house *h = house_new(true);
	(void)state;

	house_remove(h, LAPTOP, LAPTOP); /* the recovery key stands */
	assert_int_equal(account_log_standing(h->log), 0);
	house_add(h, PAPER, PHONE);
	assert_true(account_log_changed(h->log) == 3);
	house_remove(h, PAPER, PHONE);
	house_add(h, PAPER, TABLET);
	assert_true(account_log_changed(h->log) == 5);
	house_close(h, PAPER);
	house_delete(h);
}

static void test_withdraw(void **state)
{
	struct house *h = house_new(false);
	uint8_t lost[ACCOUNT_HASH] = { 1, 2, 3 };
	(void)state;

	house_withdraw(h, LAPTOP, SPAN_ARRAY(lost));
	assert_true(house_place(h).number == 2);
	house_delete(h);
}

static enum account_validity valid(const struct house *h, int who,
				   const struct account_place *place)
{
	uint64_t device = 0;
	enum account_validity v = account_key_valid(
	    h->log, ED25519, buf_span(&h->keys[who].signatures[0].public_key),
	    place, &device);

	if (v != ACCOUNT_UNKNOWN && v != ACCOUNT_ELSEWHERE)
		assert_true(device == h->number[who]);
	return v;
}

static void test_validity(void **state)
{
	struct house *h = house_new(false);
	struct account_place at[5] = { [1] = house_place(h) };
	struct account_place elsewhere;
	(void)state;

	house_add(h, LAPTOP, PHONE);
	at[2] = house_place(h);
	house_remove(h, LAPTOP, PHONE);
	at[3] = house_place(h);
	house_close(h, LAPTOP);
	at[4] = house_place(h);
	house_make(h, TABLET);
	assert_int_equal(valid(h, PHONE, &at[1]), ACCOUNT_LATER);
	assert_int_equal(valid(h, PHONE, &at[2]), ACCOUNT_VALID);
	assert_int_equal(valid(h, PHONE, &at[3]), ACCOUNT_ENDED);
	assert_int_equal(valid(h, LAPTOP, &at[3]), ACCOUNT_VALID);
	assert_int_equal(valid(h, LAPTOP, &at[4]), ACCOUNT_ENDED);
	assert_int_equal(valid(h, TABLET, &at[2]), ACCOUNT_UNKNOWN);
	elsewhere = at[2];
	elsewhere.hash[5] ^= 1;
	assert_int_equal(valid(h, PHONE, &elsewhere), ACCOUNT_ELSEWHERE);
	elsewhere = at[4];
	elsewhere.number = 5;
	assert_int_equal(valid(h, LAPTOP, &elsewhere), ACCOUNT_ELSEWHERE);
	elsewhere.number = 0;
	assert_int_equal(valid(h, LAPTOP, &elsewhere), ACCOUNT_ELSEWHERE);
	/* under another scheme, and a key that signs no leaves */
	assert_int_equal(
	    account_key_valid(h->log, ED448,
			      buf_span(&h->keys[0].signatures[0].public_key),
			      &at[1], NULL),
	    ACCOUNT_UNKNOWN);
	assert_int_equal(
	    account_key_valid(h->log, 0, buf_span(&h->keys[0].link.public_key),
			      &at[1], NULL),
	    ACCOUNT_UNKNOWN);
	house_delete(h);
}

/* Devices added, removed and recovered many times: the fingerprint stays. */
static void test_a_long_life(void **state)
{
	struct house *h = house_new(true);
	uint8_t fingerprint[ACCOUNT_HASH];
	(void)state;

	(void)span_copy(fingerprint, account_log_fingerprint(h->log));
	for (int i = 0; i < 40; i++) {
		account_keys_clear(&h->keys[PHONE]);
		account_pair_clear(&h->recovery[(i + 1) % 2]);
		h->recovery[(i + 1) % 2].suite = NULL;
		house_add(h, i % 3 == 0 ? PAPER + i % 2 : LAPTOP, PHONE);
		house_recover(h, PAPER + i % 2, (i + 1) % 2);
		house_remove(h, LAPTOP, PHONE);
	}
	assert_true(house_place(h).number == 121);
	assert_true(span_equal(account_log_fingerprint(h->log),
			       SPAN_ARRAY(fingerprint)));
	house_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_devices_come_and_go),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_recover_without_the_old_one),
		cmocka_unit_test(test_device_by_recovery),
		cmocka_unit_test(test_withdraw),
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_a_long_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
