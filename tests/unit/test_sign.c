/* Signatures: published answers, then what a peer can send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/library.h"
#include "crypto/sign.h"
#include "tests/testlib/random.h"
#include "tests/testlib/vectors.h"

#define HEX(text) vectors_text_bytes(text)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* RFC 8032, 7.1 tests 1 and 2, 7.4 "blank". */
static const struct {
	uint16_t suite;
	const char *secret, *public, *message, *signature;
} EDDSA[] = {
	{ SUITE_X25519_AES128GCM_SHA256_ED25519,
	  "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	  "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	  "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ SUITE_X25519_AES128GCM_SHA256_ED25519,
	  "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	  "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ SUITE_X448_AES256GCM_SHA512_ED448,
	  "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
	  "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
	  "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
	  "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
	  "",
	  "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
	  "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
	  "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
	  "b61149f05a7363268c71d95808ff2e652600" },
};

static void test_eddsa(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(EDDSA); i++) {
		const struct suite *s = suite_by_id(EDDSA[i].suite);
		struct span message = HEX(EDDSA[i].message);
		struct buf out = BUF_INIT;
		struct sign_key *sk, *pk;

		assert_int_equal(sign_public(s, HEX(EDDSA[i].secret), &out),
				 ERR_OK);
		assert_true(span_equal(buf_span(&out), HEX(EDDSA[i].public)));
		assert_int_equal(
		    sign_private_parse(s, HEX(EDDSA[i].secret), &sk), ERR_OK);
		assert_int_equal(
		    sign_public_parse(s, HEX(EDDSA[i].public), &pk), ERR_OK);
		buf_reset(&out);
		assert_int_equal(sign_sign(sk, message, &out), ERR_OK);
		assert_true(
		    span_equal(buf_span(&out), HEX(EDDSA[i].signature)));
		assert_int_equal(sign_verify(pk, message, buf_span(&out)),
				 ERR_OK);
		sign_key_free(sk);
		sign_key_free(pk);
		buf_clear(&out);
	}
}

/* RFC 6979, A.2.5: P-256, SHA-256, "sample". */
static void test_ecdsa(void **state)
{
	const struct suite *s = suite_by_id(SUITE_P256_AES128GCM_SHA256_P256);
	struct span secret = HEX("c9afa9d845ba75166b5c215767b1d693"
				 "4e50c3db36e89b127b8a622b120f6721");
	struct span public = HEX("0460fed4ba255a9d31c961eb74c6356d68"
				 "c049b8923b61fa6ce669622e60f29fb6"
				 "7903fe1008b8bc99a41ae9e95628bc64"
				 "f2f1b20c2d7e9f5177a3c294d4462299");
	struct span signature = HEX("3046022100efd48b2aacb6a8fd1140dd9cd45e81d6"
				    "9d2c877b56aaf991c34d0ea84eaf3716022100f7cb"
				    "1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4"
				    "064dc4ab2f843acda8");
	struct buf out = BUF_INIT;
	struct sign_key *pk;
	(void)state;

	assert_int_equal(sign_public(s, secret, &out), ERR_OK);
	assert_true(span_equal(buf_span(&out), public));
	assert_int_equal(sign_public_parse(s, public, &pk), ERR_OK);
	assert_int_equal(sign_verify(pk, SPAN_LIT("sample"), signature),
			 ERR_OK);
	assert_int_equal(sign_verify(pk, SPAN_LIT("Sample"), signature),
			 ERR_PEER_CRYPTO);
	sign_key_free(pk);
	buf_clear(&out);
}

struct pair {
	struct sec secret;
	struct buf public;
	struct sign_key *sk, *pk;
};

static void pair_make(const struct suite *s, struct pair *p)
{
	*p = (struct pair){ .public = BUF_INIT };
	assert_int_equal(sign_generate(s, rng_system(), &p->secret, &p->public),
			 ERR_OK);
	assert_int_equal(sign_private_parse(s, sec_span(&p->secret), &p->sk),
			 ERR_OK);
	assert_int_equal(sign_public_parse(s, buf_span(&p->public), &p->pk),
			 ERR_OK);
}

static void pair_clear(struct pair *p)
{
	sec_clear(&p->secret);
	buf_clear(&p->public);
	sign_key_free(p->sk);
	sign_key_free(p->pk);
}

static void check_signatures(const struct suite *s)
{
	struct span message = SPAN_LIT("what was said");
	struct buf signature = BUF_INIT;
	struct sign_key *shared;
	struct pair a, b;

	pair_make(s, &a);
	pair_make(s, &b);
	assert_int_equal(sign_sign(a.sk, message, &signature), ERR_OK);
	assert_true(signature.n <= SUITE_SIGNATURE_MAX);
	assert_int_equal(sign_verify(a.pk, message, buf_span(&signature)),
			 ERR_OK);
	assert_int_equal(sign_verify(b.pk, message, buf_span(&signature)),
			 ERR_PEER_CRYPTO);
	assert_int_equal(
	    sign_verify(a.pk, SPAN_LIT("what was sait"), buf_span(&signature)),
	    ERR_PEER_CRYPTO);
	for (size_t i = 0; i < signature.n; i++) {
		signature.p[i] ^= 0x10;
		assert_int_equal(
		    sign_verify(a.pk, message, buf_span(&signature)),
		    ERR_PEER_CRYPTO);
		signature.p[i] ^= 0x10;
		assert_int_equal(
		    sign_verify(a.pk, message, span_of(signature.p, i)),
		    ERR_PEER_CRYPTO);
	}
	buf_put_u8(&signature, 0);
	assert_int_equal(sign_verify(a.pk, message, buf_span(&signature)),
			 ERR_PEER_CRYPTO);
	signature.n--;

	shared = sign_key_share(a.pk);
	assert_non_null(shared);
	sign_key_free(a.pk);
	a.pk = shared; /* lives on */
	assert_int_equal(sign_verify(a.pk, message, buf_span(&signature)),
			 ERR_OK);
	buf_reset(&signature);
	assert_int_equal(sign_sign(a.sk, SPAN_EMPTY, &signature), ERR_OK);
	assert_int_equal(sign_verify(a.pk, SPAN_EMPTY, buf_span(&signature)),
			 ERR_OK);
	buf_clear(&signature);
	pair_clear(&a);
	pair_clear(&b);
}

static void check_garbage_keys(const struct suite *s)
{
	uint8_t bytes[SUITE_PUBLIC_KEY_MAX + 2];
	struct sign_key *key = NULL;
	struct buf out = BUF_INIT;
	struct pair p;

	pair_make(s, &p);
	for (size_t n = 0; n < sizeof(bytes); n++) {
		random_fill(bytes, sizeof(bytes));
		if (n != p.public.n)
			assert_int_equal(
			    sign_public_parse(s, span_of(bytes, n), &key),
			    ERR_PEER_INVALID);
		/* a scalar may come without its leading zeros */
		if (n == 0 || n > p.secret.n ||
		    (n < p.secret.n && s->signature[0] != 'P')) {
			assert_int_equal(
			    sign_private_parse(s, span_of(bytes, n), &key),
			    ERR_PEER_INVALID);
			assert_int_equal(
			    sign_public(s, span_of(bytes, n), &out),
			    ERR_PEER_INVALID);
		}
		assert_null(key);
	}
	if (s->signature[0] == 'P') {
		static const uint8_t first[] = { 0x00, 0x02, 0x03, 0x06 };

		memset(bytes, 0, sizeof(bytes));
		assert_int_equal(
		    sign_private_parse(s, span_of(bytes, p.secret.n), &key),
		    ERR_PEER_INVALID);
		memset(bytes, 0xff, sizeof(bytes));
		assert_int_equal(
		    sign_private_parse(s, span_of(bytes, p.secret.n), &key),
		    ERR_PEER_INVALID);
		for (size_t i = 0; i < COUNT(first); i++) {
			p.public.p[0] = first[i];
			assert_int_equal(
			    sign_public_parse(s, buf_span(&p.public), &key),
			    ERR_PEER_INVALID);
		}
		p.public.p[0] = 4;
		p.public.p[p.public.n - 1] ^= 1;
		assert_int_equal(
		    sign_public_parse(s, buf_span(&p.public), &key),
		    ERR_PEER_INVALID);
	}
	assert_null(key);
	assert_int_equal(out.n, 0);
	buf_clear(&out);
	pair_clear(&p);
}

static void test_signatures_of_every_suite(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		check_signatures(&table[i]);
		check_garbage_keys(&table[i]);
	}
	sign_key_free(NULL);
}

/* Scalar 1 has many zeros in front: the shape must not shrink. */
static void test_short_scalars(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		uint8_t one[66] = { 0 };
		struct span scalar = { one, table[i].nsk };
		struct buf public = BUF_INIT, signature = BUF_INIT;
		struct buf same = BUF_INIT;
		struct sign_key *sk, *pk;

		if (table[i].signature[0] != 'P')
			continue;
		one[scalar.n - 1] = 1;
		assert_int_equal(sign_public(&table[i], scalar, &public),
				 ERR_OK);
		assert_int_equal(public.n, table[i].npk);
		assert_int_equal(sign_public(&table[i],
					     span_of(one + scalar.n - 1, 1),
					     &same),
				 ERR_OK);
		assert_true(span_equal(buf_span(&same), buf_span(&public)));
		buf_clear(&same);
		assert_int_equal(sign_private_parse(&table[i], scalar, &sk),
				 ERR_OK);
		assert_int_equal(
		    sign_public_parse(&table[i], buf_span(&public), &pk),
		    ERR_OK);
		assert_int_equal(sign_sign(sk, SPAN_LIT("m"), &signature),
				 ERR_OK);
		assert_int_equal(
		    sign_verify(pk, SPAN_LIT("m"), buf_span(&signature)),
		    ERR_OK);
		sign_key_free(sk);
		sign_key_free(pk);
		buf_clear(&public);
		buf_clear(&signature);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eddsa),
		cmocka_unit_test(test_ecdsa),
		cmocka_unit_test(test_signatures_of_every_suite),
		cmocka_unit_test(test_short_scalars),
	};

	if (library_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, vectors_teardown);
}
