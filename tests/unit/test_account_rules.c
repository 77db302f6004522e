/* An account's log: every rule broken alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/account_state.h"
#include "tests/testlib/accounts.h"

#define ED448 0x0808
#define P256 0x0403

#define LAPTOP 0
#define PHONE 1
#define TABLET 2
#define PAPER HOUSE_RECOVERY

static void test_place_in_the_log(void **state)
{
	struct house *h = house_new(false);
	struct account_place place;
	struct account_link link = house_next(h, LAPTOP, ACCOUNT_CLOSE, &place);
	uint8_t other[ACCOUNT_HASH] = { 0 };
	(void)state;

	link.number = 1;
	house_refuse_signed(h, LAPTOP, &link, "its number is not the next one");
	link.number = 3;
	house_refuse_signed(h, LAPTOP, &link, "its number is not the next one");
	link.number = 2;
	link.before = SPAN_ARRAY(other);
	house_refuse_signed(h, LAPTOP, &link,
			    "it does not follow the link before it");
	link = house_decode(h, 1);
	link.number = 2;
	link.before = SPAN_ARRAY(place.hash);
	house_refuse_signed(h, LAPTOP, &link,
			    "a log has one begin, and it is the first link");
	house_delete(h);
}

static void test_first_link(void **state)
{
	struct house *h = house_new_empty(), *other = house_new(false);
	struct account_link link;
	static const uint8_t none[ACCOUNT_HASH];
	(void)state;

	house_make(h, LAPTOP);
	link = (struct account_link){ .number = 1,
				      .before = SPAN_ARRAY(none),
				      .kind = ACCOUNT_CLOSE,
				      .signer = 1 };
	house_refuse_signed(h, LAPTOP, &link,
			    "a log has one begin, and it is the first link");
	link = house_decode(other, 1);
	house_refuse_signed(h, LAPTOP, &link, "its signature does not verify");
	link.signer = 2;
	house_refuse_signed(other, LAPTOP, &link,
			    "its number is not the next one");
	house_refuse_signed(h, LAPTOP, &link,
			    "its signer does not stand in the log");
	link.signer = ACCOUNT_RECOVERY_SIGNER;
	house_refuse_signed(h, LAPTOP, &link,
			    "its signer does not stand in the log");
	house_delete(h);
	house_delete(other);
}

/* Behind a name a person reads whether it was verified: none says that by itself, and
 * none looks like two. */
static void test_names(void **state)
{
	static const char *const odd[] = { "",
					   "Alice",
					   "a/b",
					   "alice (verified)",
					   "a, b",
					   "bob~1a2b3c4d",
					   "\xc3\xa1"
					   "lice",
					   "123456789012345678901"
					   "234567890123" };
	(void)state;

	assert_true(text_is_username(SPAN_LIT("alice.b-c_1")));
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct house *h = house_new_empty();
		struct buf link = BUF_INIT;

		house_make(h, 0);
		assert_int_equal(account_name_hash(SPAN_ARRAY(h->salt),
						   span_str(odd[i]), h->name),
				 ERR_OK);
		assert_int_equal(account_sign_begin(SPAN_ARRAY(h->name),
						    &h->keys[0], NULL, &link),
				 ERR_OK);
		house_take(h, buf_span(&link));
		assert_false(account_log_is_named(h->log, SPAN_ARRAY(h->salt),
						  span_str(odd[i])));
		buf_clear(&link);
		house_delete(h);
	}
}

static void test_begin_is_countersigned(void **state)
{
	struct house *h = house_new(false);
	static const uint8_t none[ACCOUNT_HASH];
	struct account_link link = house_decode(h, 1);
	struct buf out = BUF_INIT;
	struct account_log *log;
	(void)state;

	link.name = SPAN_ARRAY(none);
	house_sign(h, LAPTOP, &link, &out);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_string_equal(account_log_add(log, buf_span(&out)).wrong,
			    "a new key has not signed");
	account_log_free(log);
	buf_clear(&out);
	house_delete(h);
}

static void test_signers(void **state)
{
	struct house *h = house_new(false);
	struct account_place place;
	struct account_link link = house_next(h, LAPTOP, ACCOUNT_CLOSE, &place);
	(void)state;

	house_make(h, PHONE);
	house_refuse_signed(h, PHONE, &link, "its signature does not verify");
	link.signer = 2;
	house_refuse_signed(h, LAPTOP, &link,
			    "its signer does not stand in the log");
	link.signer = ACCOUNT_RECOVERY_SIGNER;
	house_refuse_signed(h, LAPTOP, &link,
			    "its signer does not stand in the log");
	house_add(h, LAPTOP, PHONE);
	house_remove(h, PHONE, LAPTOP);
	link = house_next(h, LAPTOP, ACCOUNT_CLOSE, &place);
	house_refuse_signed(h, LAPTOP, &link,
			    "its signer does not stand in the log");
	house_recover(h, PHONE, 0);
	house_recover(h, PAPER, 1);
	link = house_next(h, PAPER, ACCOUNT_CLOSE, &place);
	house_refuse_signed(h, PAPER, &link,
			    "its signature does not verify"); /* the old */
	link = house_next(h, PAPER + 1, ACCOUNT_KEYS, &place);
	link.withdrawn = SPAN_ARRAY(h->salt);
	house_refuse_signed(h, PAPER + 1, &link,
			    "a device adds its keys itself");
	house_delete(h);
}

static void test_after_close(void **state)
{
	struct house *h = house_new(true);
	struct account_place place;
	struct account_link link;
	(void)state;

	house_close(h, LAPTOP);
	link = house_next(h, PAPER, ACCOUNT_CLOSE, &place);
	house_refuse_signed(h, PAPER, &link, "the account is closed");
	house_delete(h);
}

/* No key comes again: the same device, a key in another place, a key of a device
 * that has gone, an old recovery key, twice in one link. */
static void test_keys_come_once(void **state)
{
	struct house *h = house_new(true);
	struct buf out = BUF_INIT;
	(void)state;

	house_put_add(h, LAPTOP, LAPTOP, &out);
	house_refuse(h, buf_span(&out), "a key stood in the log before");
	house_add(h, LAPTOP, PHONE);
	house_remove(h, LAPTOP, PHONE);
	buf_reset(&out);
	house_put_add(h, LAPTOP, PHONE, &out);
	house_refuse(h, buf_span(&out), "a key stood in the log before");

	house_make(h, TABLET);
	account_pair_clear(&h->keys[TABLET].link);
	h->keys[TABLET].link.suite = h->recovery[0].suite;
	assert_int_equal(sec_set(&h->keys[TABLET].link.private_key,
				 sec_span(&h->recovery[0].private_key)),
			 ERR_OK);
	buf_put(&h->keys[TABLET].link.public_key,
		buf_span(&h->recovery[0].public_key));
	buf_reset(&out);
	house_put_add(h, LAPTOP, TABLET, &out);
	house_refuse(h, buf_span(&out), "a key stood in the log before");

	house_make(h, 3);
	buf_reset(&h->keys[3].hpke.public_key);
	buf_put(&h->keys[3].hpke.public_key,
		buf_span(&h->keys[3].link.public_key));
	buf_reset(&out);
	house_put_add(h, LAPTOP, 3, &out);
	house_refuse(h, buf_span(&out), "a key comes twice");
	buf_clear(&out);
	house_delete(h);
}

static void test_recovery_key_comes_once(void **state)
{
	struct house *h = house_new(true);
	struct account_signer signer;
	struct buf out = BUF_INIT;
	(void)state;

	house_recover(h, PAPER, 1);
	signer = house_signer(h, PAPER + 1);
	assert_int_equal(account_sign_recover(h->log, &signer, &h->recovery[0],
					      SPAN_EMPTY, &out),
			 ERR_OK);
	house_refuse(h, buf_span(&out), "a key stood in the log before");
	buf_clear(&out);
	house_delete(h);
}

/* Each of the signatures of those who are new, one at a time. */
static void test_countersignatures(void **state)
{
	struct house *h = house_new(false);
	struct buf bytes = BUF_INIT, signatures = BUF_INIT, out = BUF_INIT;
	struct account_link link;
	(void)state;

	house_make(h, PHONE);
	house_put_add(h, LAPTOP, PHONE, &bytes);
	assert_int_equal(account_link_decode(buf_span(&bytes), &link), ERR_OK);
	buf_put(&signatures, link.device.signatures);
	link.device.signatures = buf_span(&signatures);
	for (size_t at = 4; at < signatures.n; at += 65) {
		signatures.p[at] ^= 1;
		house_refuse_signed(h, LAPTOP, &link,
				    "a new key has not signed");
		signatures.p[at] ^= 1;
	}
	/* for another account */
	buf_reset(&bytes);
	assert_int_equal(
	    account_sign_device(SPAN_ARRAY(h->salt), &h->keys[PHONE], &bytes),
	    ERR_OK);
	struct account_signer signer = house_signer(h, LAPTOP);

	assert_int_equal(account_sign_add(h->log, &signer, buf_span(&bytes),
					  SPAN_EMPTY, &out),
			 ERR_OK);
	house_refuse(h, buf_span(&out), "a new key has not signed");
	buf_clear(&bytes);
	buf_clear(&signatures);
	buf_clear(&out);
	house_delete(h);
}

static void test_recovery_signs(void **state)
{
	struct house *h = house_new(true);
	struct account_signer signer = house_signer(h, PAPER);
	struct buf out = BUF_INIT;
	uint8_t changed[ACCOUNT_SIGNATURE];
	struct account_link link;
	(void)state;

	house_make_recovery(h, 1);
	assert_int_equal(account_sign_recover(h->log, &signer, &h->recovery[1],
					      SPAN_EMPTY, &out),
			 ERR_OK);
	assert_int_equal(account_link_decode(buf_span(&out), &link), ERR_OK);
	(void)span_copy(changed, link.recovery.signature);
	changed[3] ^= 4;
	link.recovery.signature = SPAN_ARRAY(changed);
	house_refuse_signed(h, PAPER, &link, "a new key has not signed");
	buf_clear(&out);
	house_delete(h);
}

static void test_added_keys(void **state)
{
	struct house *h = house_new(false);
	struct account_place place;
	struct account_link link, good;
	struct buf list = BUF_INIT;
	(void)state;

	house_add(h, LAPTOP, PHONE);
	house_keys(h, LAPTOP);
	good = house_decode(h, 3);
	link = house_next(h, PHONE, ACCOUNT_KEYS, &place);
	house_refuse_signed(h, PHONE, &link, "it says nothing");
	link.device = good.device; /* of another device, and there before */
	house_refuse_signed(h, PHONE, &link, "a key stood in the log before");
	account_link_put_key(&list, ED448, SPAN_ARRAY(h->salt));
	link.device.keys = buf_span(&list);
	house_refuse_signed(h, PHONE, &link,
			    "the device has a key of that scheme");
	buf_reset(&list);
	account_link_put_key(&list, 0x1234, SPAN_ARRAY(h->salt));
	link.device.keys = buf_span(&list);
	house_refuse_signed(h, PHONE, &link,
			    "a signature scheme is not known here");
	buf_reset(&list);
	account_link_put_key(&list, P256, SPAN_ARRAY(h->salt)); /* no point */
	link.device.keys = buf_span(&list);
	house_refuse_signed(h, PHONE, &link, "a new key has not signed");
	buf_reset(&list);
	for (uint16_t i = 1; i < ACCOUNT_SIGNATURE_KEYS_MAX; i++)
		account_link_put_key(&list, i, span_of(&"abcdefgh"[i], 1));
	link.device.keys = buf_span(&list);
	link.device.signatures = SPAN_LIT("\0\0\0\0\0\0\0");
	house_refuse_signed(h, PHONE, &link, "the device has too many keys");
	buf_clear(&list);
	house_delete(h);
}

static void test_hpke_key(void **state)
{
	struct house *h = house_new(false);
	struct buf out = BUF_INIT;
	(void)state;

	house_make(h, PHONE); /* a point of small order */
	memset(h->keys[PHONE].hpke.public_key.p, 0, ACCOUNT_KEY);
	house_put_add(h, LAPTOP, PHONE, &out);
	house_refuse(h, buf_span(&out), "an HPKE key is none");
	buf_clear(&out);
	house_delete(h);
}

static void test_removals(void **state)
{
	struct house *h = house_new(false);
	struct account_place place;
	struct account_link link =
	    house_next(h, LAPTOP, ACCOUNT_REMOVE, &place);
	static const char gone[] = "a device that it removes does not stand";
	(void)state;

	link.removed = SPAN_LIT("\0\0\0\0\0\0\0\2");
	house_refuse_signed(h, LAPTOP, &link, gone);
	link.removed = SPAN_LIT("\0\0\0\0\0\0\0\1");
	house_refuse_signed(h, LAPTOP, &link,
			    "no device and no recovery key would stand");
	house_add(h, LAPTOP, PHONE);
	house_remove(h, LAPTOP, PHONE);
	link = house_next(h, LAPTOP, ACCOUNT_REMOVE, &place);
	link.removed = SPAN_LIT("\0\0\0\0\0\0\0\2");
	house_refuse_signed(h, LAPTOP, &link, gone);
	house_delete(h);
}

static void test_withdraws_no_link_of_its_own(void **state)
{
	struct house *h = house_new(false);
	struct account_place place;
	struct account_link link = house_next(h, LAPTOP, ACCOUNT_KEYS, &place);
	(void)state;

	link.withdrawn = SPAN_ARRAY(place.hash);
	house_refuse_signed(h, LAPTOP, &link,
			    "it withdraws a link of this log");
	house_delete(h);
}

/* As if there were so many links. */
static void end_of_room(struct house *h)
{
	uint8_t(*hashes)[ACCOUNT_HASH] = h->log->hashes;
	size_t count = h->log->count;

	h->log->hashes = calloc(ACCOUNT_LINKS_MAX, sizeof(*hashes));
	assert_non_null(h->log->hashes);
	h->log->count = ACCOUNT_LINKS_MAX;
	assert_string_equal(account_log_add(h->log, house_link(h, 2)).wrong,
			    "the log is full");
	free(h->log->hashes);
	h->log->hashes = hashes;
	h->log->count = count;
}

static void test_limits(void **state)
{
	struct house *h = house_new(false);
	struct buf out = BUF_INIT;
	(void)state;

	for (int i = 1; i < ACCOUNT_DEVICES_MAX; i++)
		house_add(h, LAPTOP, i);
	house_make(h, ACCOUNT_DEVICES_MAX);
	house_put_add(h, LAPTOP, ACCOUNT_DEVICES_MAX, &out);
	house_refuse(h, buf_span(&out), "the account has too many devices");
	house_remove(h, LAPTOP, PHONE);
	house_add(h, LAPTOP, ACCOUNT_DEVICES_MAX);
	end_of_room(h);
	buf_clear(&out);
	house_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_place_in_the_log),
		cmocka_unit_test(test_first_link),
		cmocka_unit_test(test_begin_is_countersigned),
		cmocka_unit_test(test_signers),
		cmocka_unit_test(test_after_close),
		cmocka_unit_test(test_keys_come_once),
		cmocka_unit_test(test_recovery_key_comes_once),
		cmocka_unit_test(test_countersignatures),
		cmocka_unit_test(test_recovery_signs),
		cmocka_unit_test(test_added_keys),
		cmocka_unit_test(test_hpke_key),
		cmocka_unit_test(test_removals),
		cmocka_unit_test(test_withdraws_no_link_of_its_own),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
