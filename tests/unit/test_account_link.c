/* The links of an account's log: their bytes, and what does not decode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/account_link.h"

static uint8_t hash_a[ACCOUNT_HASH] = { 1 };
static uint8_t hash_b[ACCOUNT_HASH] = { 2 };
static uint8_t key_a[ACCOUNT_KEY] = { 3 };
static uint8_t key_b[ACCOUNT_KEY] = { 4 };
static uint8_t signature[ACCOUNT_SIGNATURE] = { 5 };
static uint8_t filler[ACCOUNT_LINK_MAX];

/* What the examples borrow from. */
static struct buf keys, signatures, removed, withdrawn;

static int setup(void **state)
{
	(void)state;
	account_link_put_key(&keys, 0x0807, SPAN_ARRAY(key_a));
	account_link_put_key(&keys, 0x0808, SPAN_LIT("another"));
	for (int i = 0; i < 3; i++)
		buf_put_vec(&signatures, SPAN_LIT("signed"));
	buf_put_u64(&removed, 2);
	buf_put_u64(&removed, 5);
	buf_put(&withdrawn, SPAN_ARRAY(hash_a));
	buf_put(&withdrawn, SPAN_ARRAY(hash_b));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_clear(&keys);
	buf_clear(&signatures);
	buf_clear(&removed);
	buf_clear(&withdrawn);
	return 0;
}

static struct account_link example(uint8_t kind)
{
	struct account_link link = { .number = 0x0102030405060708,
				     .before = SPAN_ARRAY(hash_a),
				     .kind = kind,
				     .withdrawn = buf_span(&withdrawn),
				     .signer = 7,
				     .signature = SPAN_ARRAY(signature) };

	if (kind == ACCOUNT_BEGIN || kind == ACCOUNT_ADD) {
		link.device.link_key = SPAN_ARRAY(key_a);
		link.device.hpke_key = SPAN_ARRAY(key_b);
	}
	if (kind == ACCOUNT_BEGIN || kind == ACCOUNT_ADD ||
	    kind == ACCOUNT_KEYS) {
		link.device.keys = buf_span(&keys);
		link.device.signatures = buf_span(&signatures);
	}
	if (kind == ACCOUNT_KEYS) /* two of the three */
		link.device.signatures.n = 14;
	if (kind == ACCOUNT_BEGIN)
		link.name = SPAN_ARRAY(hash_b);
	if (kind == ACCOUNT_BEGIN || kind == ACCOUNT_RECOVER) {
		link.has_recovery = true;
		link.recovery.key = SPAN_ARRAY(key_b);
		link.recovery.signature = SPAN_ARRAY(signature);
	}
	if (kind == ACCOUNT_REMOVE)
		link.removed = buf_span(&removed);
	return link;
}

static const uint8_t KINDS[] = {
	ACCOUNT_BEGIN, ACCOUNT_ADD,	ACCOUNT_REMOVE,
	ACCOUNT_KEYS,  ACCOUNT_RECOVER, ACCOUNT_CLOSE
};

static enum err decode(const struct account_link *made)
{
	struct buf whole = BUF_INIT;
	struct account_link read;
	enum err e;

	account_link_put(&whole, made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	e = account_link_decode(buf_span(&whole), &read);
	buf_clear(&whole);
	return e;
}

static void check_read(const struct account_link *made)
{
	struct buf whole = BUF_INIT, tbs = BUF_INIT;
	struct account_link read;

	account_link_put(&whole, made);
	account_link_put_tbs(&tbs, made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	assert_int_equal(buf_end(&tbs), ERR_OK);
	assert_int_equal(account_link_decode(buf_span(&whole), &read), ERR_OK);
	assert_true(span_equal(read.encoded, buf_span(&whole)));
	assert_true(span_equal(read.unsigned_part, buf_span(&tbs)));
	assert_true(read.number == made->number);
	assert_true(read.signer == made->signer);
	assert_int_equal(read.kind, made->kind);
	assert_int_equal(read.has_recovery, made->has_recovery);
	assert_true(span_equal(read.before, made->before));
	assert_true(span_equal(read.withdrawn, made->withdrawn));
	assert_true(span_equal(read.name, made->name));
	assert_true(span_equal(read.recovery.key, made->recovery.key));
	assert_true(
	    span_equal(read.recovery.signature, made->recovery.signature));
	assert_true(span_equal(read.device.link_key, made->device.link_key));
	assert_true(span_equal(read.device.hpke_key, made->device.hpke_key));
	assert_true(span_equal(read.device.keys, made->device.keys));
	assert_true(
	    span_equal(read.device.signatures, made->device.signatures));
	assert_true(span_equal(read.removed, made->removed));
	assert_true(span_equal(read.signature, made->signature));
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(
		    account_link_decode(span_of(whole.p, n), &read),
		    ERR_PEER_MALFORMED);
	buf_put_u8(&whole, 0);
	assert_int_equal(account_link_decode(buf_span(&whole), &read),
			 ERR_PEER_MALFORMED);
	buf_clear(&whole);
	buf_clear(&tbs);
}

static void test_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KINDS); i++) {
		struct account_link made = example(KINDS[i]);

		check_read(&made);
		made.withdrawn = SPAN_EMPTY;
		check_read(&made);
	}
}

static void test_bytes(void **state)
{
	struct account_link made = example(ACCOUNT_REMOVE);
	struct buf whole = BUF_INIT;
	(void)state;

	account_link_put(&whole, &made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	assert_int_equal(whole.n, 1 + 8 + 32 + 1 + 2 + 16 + 2 + 64 + 8 + 64);
	assert_memory_equal(whole.p, "\1\1\2\3\4\5\6\7\10\1", 10);
	assert_memory_equal(whole.p + 41, "\3\21\20\0\0\0\0\0\0\0\2", 11);
	assert_memory_equal(whole.p + 60, "\x40\x40\1", 3);
	assert_memory_equal(whole.p + 126, "\0\0\0\0\0\0\0\7\5", 9);
	buf_clear(&whole);
}

static void test_signed_part(void **state)
{
	struct account_link made = example(ACCOUNT_ADD), read;
	struct buf whole = BUF_INIT, part = BUF_INIT, context = BUF_INIT;
	(void)state;

	account_link_put(&whole, &made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	assert_int_equal(account_link_decode(buf_span(&whole), &read), ERR_OK);
	account_link_put_entry(&part, &made.device);
	assert_int_equal(buf_end(&part), ERR_OK);
	assert_true(span_equal(read.device.signed_part, buf_span(&part)));
	account_link_put_context(&context, ACCOUNT_ADD, SPAN_ARRAY(hash_b),
				 buf_span(&part));
	assert_int_equal(buf_end(&context), ERR_OK);
	assert_int_equal(context.n, 2 + 32 + part.n);
	assert_memory_equal(context.p, "\1\2\2", 3);
	buf_clear(&whole);
	buf_clear(&part);
	buf_clear(&context);
}

static void test_another_version(void **state)
{
	struct account_link made = example(ACCOUNT_CLOSE), read;
	struct buf whole = BUF_INIT;
	static const uint8_t others[] = { 0, ACCOUNT_ARCHIVE, 8, 255 };
	(void)state;

	account_link_put(&whole, &made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	for (size_t i = 0; i < sizeof(others); i++) {
		whole.p[41] = others[i];
		assert_int_equal(account_link_decode(buf_span(&whole), &read),
				 ERR_PEER_UNSUPPORTED);
		assert_string_equal(account_link_kind(others[i]),
				    others[i] == ACCOUNT_ARCHIVE ? "archive"
								 : "unknown");
	}
	whole.p[41] = ACCOUNT_CLOSE;
	whole.p[0] = 2;
	assert_int_equal(account_link_decode(buf_span(&whole), &read),
			 ERR_PEER_UNSUPPORTED);
	buf_clear(&whole);
}

static void test_key_limits(void **state)
{
	struct account_link made = example(ACCOUNT_KEYS);
	struct buf many = BUF_INIT, signs = BUF_INIT;
	(void)state;

	for (uint16_t i = 0; i < ACCOUNT_SIGNATURE_KEYS_MAX; i++) {
		account_link_put_key(
		    &many, i, span_of(filler, ACCOUNT_SIGNATURE_KEY_MAX));
		buf_put_vec(&signs,
			    span_of(filler, ACCOUNT_COUNTERSIGNATURE_MAX));
	}
	made.device.keys = buf_span(&many);
	made.device.signatures = buf_span(&signs);
	assert_int_equal(decode(&made), ERR_OK);
	account_link_put_key(&many, 9, SPAN_ARRAY(key_a));
	buf_put_vec(&signs, SPAN_EMPTY);
	made.device.keys = buf_span(&many);
	made.device.signatures = buf_span(&signs);
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);

	buf_reset(&many);
	account_link_put_key(&many, 1,
			     span_of(filler, ACCOUNT_SIGNATURE_KEY_MAX + 1));
	made.device.keys = buf_span(&many);
	made.device.signatures = SPAN_LIT("\0");
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);

	buf_reset(&signs);
	buf_put_vec(&signs, span_of(filler, ACCOUNT_COUNTERSIGNATURE_MAX + 1));
	buf_reset(&many);
	account_link_put_key(&many, 1, SPAN_ARRAY(key_a));
	made.device.keys = buf_span(&many);
	made.device.signatures = buf_span(&signs);
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);
	buf_clear(&many);
	buf_clear(&signs);
}

static void test_order(void **state)
{
	struct account_link made = example(ACCOUNT_KEYS);
	struct buf list = BUF_INIT;
	(void)state;

	account_link_put_key(&list, 8, SPAN_ARRAY(key_a));
	account_link_put_key(&list, 8, SPAN_ARRAY(key_b));
	made.device.keys = buf_span(&list);
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	buf_reset(&list);
	account_link_put_key(&list, 8, SPAN_EMPTY);
	made.device.keys = buf_span(&list);
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);

	made = example(ACCOUNT_ADD);
	made.device.keys = SPAN_EMPTY; /* a device has a signature key */
	made.device.signatures = SPAN_LIT("\0");
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	made = example(ACCOUNT_ADD);
	made.device.signatures.n = 14; /* one is missing */
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);

	made = example(ACCOUNT_CLOSE);
	buf_reset(&list);
	buf_put(&list, SPAN_ARRAY(hash_a));
	buf_put(&list, SPAN_ARRAY(hash_a));
	made.withdrawn = buf_span(&list);
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	made.withdrawn = span_of(hash_a, ACCOUNT_HASH - 1);
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	buf_clear(&list);
}

static void test_list_limits(void **state)
{
	struct account_link made = example(ACCOUNT_REMOVE);
	struct buf list = BUF_INIT;
	(void)state;

	made.removed = SPAN_EMPTY;
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	for (uint64_t i = 1; i <= ACCOUNT_DEVICES_MAX; i++)
		buf_put_u64(&list, i);
	made.removed = buf_span(&list);
	assert_int_equal(decode(&made), ERR_OK);
	made.removed.n--;
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	buf_put_u64(&list, ACCOUNT_DEVICES_MAX);
	made.removed = buf_span(&list);
	assert_int_equal(decode(&made), ERR_PEER_MALFORMED);
	list.p[list.n - 1]++;
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);

	buf_reset(&list);
	made = example(ACCOUNT_CLOSE);
	for (uint8_t i = 0; i < ACCOUNT_WITHDRAWN_MAX; i++) {
		hash_a[0] = (uint8_t)(i + 1);
		buf_put(&list, SPAN_ARRAY(hash_a));
	}
	made.withdrawn = buf_span(&list);
	assert_int_equal(decode(&made), ERR_OK);
	hash_a[0] = 255;
	buf_put(&list, SPAN_ARRAY(hash_a));
	made.withdrawn = buf_span(&list);
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);
	hash_a[0] = 1;
	buf_clear(&list);
}

static void test_size(void **state)
{
	struct account_link read;
	(void)state;

	filler[0] = 1;
	assert_int_equal(
	    account_link_decode(span_of(filler, ACCOUNT_LINK_MAX), &read),
	    ERR_PEER_UNSUPPORTED);
	static uint8_t longer[ACCOUNT_LINK_MAX + 1] = { 1 };
	assert_int_equal(account_link_decode(SPAN_ARRAY(longer), &read),
			 ERR_PEER_TOO_LARGE);
	filler[0] = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_signed_part),
		cmocka_unit_test(test_another_version),
		cmocka_unit_test(test_key_limits),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_list_limits),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
