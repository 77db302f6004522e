/* HPKE: RFC 9180 appendix A in base mode, and what a peer can do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "tests/testlib/vectors.h"

enum { AEAD_EXPORT_ONLY = 0xFFFF };

/* Gives out what it was given: the published ikmE. */
static enum err fill_fixed(void *context, uint8_t *out, size_t n)
{
	const struct span *bytes = context;

	if (bytes->n != n)
		return ERR_LOCAL_CRYPTO;
	memcpy(out, bytes->p, n);
	return ERR_OK;
}

/* ---- published vectors ---- */

/* Most published combinations are no MLS suite: a row is put together from
 * the rows that have the parts. */
static struct suite row_of(unsigned kem, unsigned kdf, unsigned aead)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	struct suite row = { .name = "RFC 9180", .aead = "none" };

	row.aead_id = (uint16_t)aead;
	for (size_t i = 0; i < count; i++) {
		const struct suite *s = &table[i];

		if (s->kem_id == kem) {
			row.kem_id = s->kem_id;
			row.kem_group = s->kem_group;
			row.nsecret = s->nsecret;
			row.nenc = s->nenc;
			row.npk = s->npk;
			row.nsk = s->nsk;
		}
		if (s->kdf_id == kdf) {
			row.kdf_id = s->kdf_id;
			row.hash = s->hash;
			row.nh = s->nh;
		}
		if (s->aead_id == aead) {
			row.aead = s->aead;
			row.nk = s->nk;
		}
	}
	return row;
}

static unsigned number(const json_t *item, const char *key)
{
	const char *text = json_string_value(json_object_get(item, key));

	assert_non_null(text);
	return (unsigned)strtoul(text, NULL, 10);
}

static struct span element(const json_t *item, const char *key, size_t i)
{
	return vectors_text_bytes(
	    json_string_value(json_array_get(json_object_get(item, key), i)));
}

static void check_key_pair(const struct suite *suite, const json_t *item,
			   const char *ikm, const char *sk, const char *pk)
{
	struct sec private_key;
	struct buf public_key = BUF_INIT;

	assert_int_equal(hpke_derive_key_pair(suite, vectors_bytes(item, ikm),
					      &private_key, &public_key),
			 ERR_OK);
	assert_true(
	    span_equal(sec_span(&private_key), vectors_bytes(item, sk)));
	assert_true(span_equal(buf_span(&public_key), vectors_bytes(item, pk)));
	assert_int_equal(hpke_check_public_key(suite, buf_span(&public_key)),
			 ERR_OK);
	buf_clear(&public_key);
}

/* The first message by HPKE, the later ones with the published key. */
static void check_messages(const struct suite *suite, const json_t *item)
{
	struct span ikm = vectors_bytes(item, "ikmE");
	struct rng rng = { fill_fixed, &ikm };
	struct span info = vectors_bytes(item, "info");
	size_t count = json_array_size(json_object_get(item, "ct"));
	struct buf enc = BUF_INIT, text = BUF_INIT;

	assert_true(count > 0);
	assert_int_equal(hpke_seal(suite, &rng, vectors_bytes(item, "pkRm"),
				   info, element(item, "aad", 0),
				   element(item, "pt", 0), &enc, &text),
			 ERR_OK);
	assert_true(span_equal(buf_span(&enc), vectors_bytes(item, "enc")));
	assert_true(span_equal(buf_span(&text), element(item, "ct", 0)));
	buf_reset(&text);
	assert_int_equal(hpke_open(suite, vectors_bytes(item, "enc"),
				   vectors_bytes(item, "skRm"), SPAN_EMPTY,
				   info, element(item, "aad", 0),
				   element(item, "ct", 0), &text),
			 ERR_OK);
	assert_true(span_equal(buf_span(&text), element(item, "pt", 0)));
	for (size_t i = 0; i < count; i++) {
		buf_reset(&text);
		assert_int_equal(aead_seal(suite, vectors_bytes(item, "key"),
					   element(item, "nonce", i),
					   element(item, "aad", i),
					   element(item, "pt", i), &text),
				 ERR_OK);
		assert_true(
		    span_equal(buf_span(&text), element(item, "ct", i)));
	}
	buf_clear(&text);
	buf_clear(&enc);
}

static void check_exports(const struct suite *suite, const json_t *item)
{
	struct span ikm = vectors_bytes(item, "ikmE");
	struct rng rng = { fill_fixed, &ikm };
	struct span info = vectors_bytes(item, "info");
	size_t count = json_array_size(json_object_get(item, "L"));

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		const char *length = json_string_value(
		    json_array_get(json_object_get(item, "L"), i));
		size_t n = length != NULL ? strtoul(length, NULL, 10) : 32;
		struct span context = element(item, "exporter_context", i);
		struct span want = element(item, "exported_value", i);
		struct buf enc = BUF_INIT;
		struct sec exported;

		assert_int_equal(
		    hpke_send_export(suite, &rng, vectors_bytes(item, "pkRm"),
				     info, context, n, &enc, &exported),
		    ERR_OK);
		assert_true(
		    span_equal(buf_span(&enc), vectors_bytes(item, "enc")));
		assert_true(span_equal(sec_span(&exported), want));
		assert_int_equal(
		    hpke_receive_export(suite, buf_span(&enc),
					vectors_bytes(item, "skRm"), info,
					context, n, &exported),
		    ERR_OK);
		assert_true(span_equal(sec_span(&exported), want));
		buf_clear(&enc);
	}
}

static void test_rfc9180_appendix_a(void **state)
{
	json_t *root = vectors_load("hpke/rfc9180-appendix-a-base.json");
	(void)state;

	if (root == NULL)
		skip();
	assert_int_equal(json_array_size(root), 7);
	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *item = json_array_get(root, i);
		unsigned aead = number(item, "aead_id");
		struct suite suite = row_of(number(item, "kem_id"),
					    number(item, "kdf_id"), aead);

		check_key_pair(&suite, item, "ikmE", "skEm", "pkEm");
		check_key_pair(&suite, item, "ikmR", "skRm", "pkRm");
		if (aead != AEAD_EXPORT_ONLY)
			check_messages(&suite, item);
		check_exports(&suite, item);
		vectors_forget();
	}
	json_decref(root);
}

/* ---- every suite ---- */

struct sealed {
	struct sec sk;
	struct buf pk, enc, text;
};

static const struct span INFO = { (const uint8_t *)"info", 4 };
static const struct span AAD = { (const uint8_t *)"aad", 3 };
static const struct span PLAIN = { (const uint8_t *)"plain", 5 };

static void seal(const struct suite *suite, struct sealed *s)
{
	*s = (struct sealed){ .pk = BUF_INIT };
	assert_int_equal(
	    hpke_generate_key_pair(suite, rng_system(), &s->sk, &s->pk),
	    ERR_OK);
	assert_int_equal(hpke_seal(suite, rng_system(), buf_span(&s->pk), INFO,
				   AAD, PLAIN, &s->enc, &s->text),
			 ERR_OK);
	assert_int_equal(s->sk.n, suite->nsk);
	assert_int_equal(s->pk.n, suite->npk);
	assert_int_equal(s->enc.n, suite->nenc);
	assert_int_equal(s->text.n, PLAIN.n + SUITE_AEAD_TAG);
}

static void sealed_clear(struct sealed *s)
{
	sec_clear(&s->sk);
	buf_clear(&s->pk);
	buf_clear(&s->enc);
	buf_clear(&s->text);
}

static enum err open_with(const struct suite *suite, const struct sealed *s,
			  struct span info, struct span aad, struct buf *out)
{
	return hpke_open(suite, buf_span(&s->enc), sec_span(&s->sk), SPAN_EMPTY,
			 info, aad, buf_span(&s->text), out);
}

static void check_tampering(const struct suite *suite, struct sealed *s)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < s->text.n; i++) {
		s->text.p[i] ^= 0x10;
		assert_int_equal(open_with(suite, s, INFO, AAD, &out),
				 ERR_PEER_CRYPTO);
		s->text.p[i] ^= 0x10;
	}
	for (size_t i = 0; i < s->enc.n; i += 1 + s->enc.n / 13) {
		s->enc.p[i] ^= 0x10;
		assert_int_equal(open_with(suite, s, INFO, AAD, &out),
				 ERR_PEER_CRYPTO);
		s->enc.p[i] ^= 0x10;
	}
	assert_int_equal(open_with(suite, s, AAD, AAD, &out), ERR_PEER_CRYPTO);
	assert_int_equal(open_with(suite, s, INFO, INFO, &out),
			 ERR_PEER_CRYPTO);
	for (size_t n = 0; n < s->text.n; n++)
		assert_int_equal(hpke_open(suite, buf_span(&s->enc),
					   sec_span(&s->sk), SPAN_EMPTY, INFO,
					   AAD, span_of(s->text.p, n), &out),
				 ERR_PEER_CRYPTO);
	for (size_t n = 0; n < s->enc.n; n++)
		assert_int_equal(hpke_open(suite, span_of(s->enc.p, n),
					   sec_span(&s->sk), SPAN_EMPTY, INFO,
					   AAD, buf_span(&s->text), &out),
				 ERR_PEER_CRYPTO);
	assert_int_equal(out.n, 0);
	assert_int_equal(open_with(suite, s, INFO, AAD, &out), ERR_OK);
	assert_true(span_equal(buf_span(&out), PLAIN));
	buf_clear(&out);
}

static void test_round_trip_and_tampering(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		struct buf out = BUF_INIT;
		struct sealed s, other;

		if (!suite_usable(&table[i]))
			continue;
		seal(&table[i], &s);
		check_tampering(&table[i], &s);
		seal(&table[i], &other);
		assert_int_equal(hpke_open(&table[i], buf_span(&s.enc),
					   sec_span(&other.sk), SPAN_EMPTY,
					   INFO, AAD, buf_span(&s.text), &out),
				 ERR_PEER_CRYPTO);
		assert_int_equal(out.n, 0);
		buf_clear(&out);
		sealed_clear(&other);
		sealed_clear(&s);
	}
}

static void test_exports_agree(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		struct sec sk, a, b;
		struct buf pk = BUF_INIT, enc = BUF_INIT;

		if (!suite_usable(&table[i]))
			continue;
		assert_int_equal(
		    hpke_generate_key_pair(&table[i], rng_system(), &sk, &pk),
		    ERR_OK);
		assert_int_equal(hpke_send_export(&table[i], rng_system(),
						  buf_span(&pk), INFO, AAD,
						  table[i].nh, &enc, &a),
				 ERR_OK);
		assert_int_equal(hpke_receive_export(&table[i], buf_span(&enc),
						     sec_span(&sk), INFO, AAD,
						     table[i].nh, &b),
				 ERR_OK);
		assert_int_equal(a.n, table[i].nh);
		assert_true(sec_equal(sec_span(&a), sec_span(&b)));
		assert_int_equal(hpke_receive_export(&table[i], buf_span(&enc),
						     sec_span(&sk), INFO, INFO,
						     table[i].nh, &b),
				 ERR_OK);
		assert_false(sec_equal(sec_span(&a), sec_span(&b)));
		assert_int_equal(hpke_receive_export(
				     &table[i], span_of(enc.p, enc.n - 1),
				     sec_span(&sk), INFO, AAD, table[i].nh, &b),
				 ERR_PEER_CRYPTO);
		assert_int_equal(b.n, 0);
		buf_clear(&pk);
		buf_clear(&enc);
	}
}

/* RFC 9180, 7.1.4: keys that would make the shared secret known. */
static void test_bad_public_keys(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		const struct suite *suite = &table[i];
		uint8_t zero[SUITE_PUBLIC_KEY_MAX + 1] = { 0 };
		struct buf enc = BUF_INIT, text = BUF_INIT, out = BUF_INIT;
		struct span pk = { zero, suite->npk };
		struct sealed s;

		if (!suite_usable(suite))
			continue;
		/* the zero point of X25519 and X448; no point elsewhere */
		assert_int_equal(hpke_seal(suite, rng_system(), pk, INFO, AAD,
					   PLAIN, &enc, &text),
				 ERR_PEER_INVALID);
		assert_int_equal(enc.n, 0);
		assert_int_equal(text.n, 0);
		seal(suite, &s);
		assert_int_equal(hpke_open(suite, pk, sec_span(&s.sk),
					   SPAN_EMPTY, INFO, AAD,
					   buf_span(&s.text), &out),
				 ERR_PEER_CRYPTO);
		for (size_t n = 0; n <= sizeof(zero); n++)
			if (n != suite->npk)
				assert_int_equal(hpke_check_public_key(
						     suite, span_of(zero, n)),
						 ERR_PEER_INVALID);
		if (suite->kem_group[0] == 'P') {
			s.pk.p[suite->npk - 1] ^= 1; /* off the curve */
			assert_int_equal(
			    hpke_check_public_key(suite, buf_span(&s.pk)),
			    ERR_PEER_INVALID);
			s.pk.p[suite->npk - 1] ^= 1;
			s.pk.p[0] = 0x06; /* hybrid form */
			assert_int_equal(
			    hpke_check_public_key(suite, buf_span(&s.pk)),
			    ERR_PEER_INVALID);
		}
		sealed_clear(&s);
		buf_clear(&enc);
		buf_clear(&text);
		buf_clear(&out);
	}
}

/* u = 0, 1, p - 1, p, p + 1, little-endian, p = 2^bits - 1 - 2^half or - 19. */
static void put_u(const struct suite *suite, int which, uint8_t *u)
{
	bool x448 = suite->nenc == 56;

	memset(u, which < 2 ? 0 : 0xFF, suite->nenc);
	u[0] = (uint8_t)which;
	if (which < 2)
		return;
	if (!x448) {
		u[0] = (uint8_t)(0xEC + which - 2);
		u[31] = 0x7F;
		return;
	}
	u[0] = which == 2 ? 0xFE : 0xFF;
	u[28] = 0xFE;
	if (which == 4) {
		memset(u, 0, 28);
		u[28] = 0xFF;
	}
}

/* Nothing can be encrypted to such a key, so nobody may have one. */
static void test_small_order(void **state)
{
	static const uint16_t ids[] = { SUITE_X25519_AES128GCM_SHA256_ED25519,
					SUITE_X448_AES256GCM_SHA512_ED448 };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		const struct suite *suite = suite_by_id(ids[i]);
		struct buf enc = BUF_INIT, sealed = BUF_INIT;
		uint8_t u[56];

		for (int which = 0; which < 5; which++) {
			struct span key = span_of(u, suite->nenc);

			put_u(suite, which, u);
			assert_int_equal(hpke_check_public_key(suite, key),
					 ERR_PEER_INVALID);
			assert_int_equal(hpke_seal(suite, rng_system(), key,
						   SPAN_EMPTY, SPAN_EMPTY,
						   SPAN_EMPTY, &enc, &sealed),
					 ERR_PEER_INVALID);
			if (i == 0 && which < 2) {
				u[31] |= 0x80; /* is not looked at */
				assert_int_equal(
				    hpke_check_public_key(suite, key),
				    ERR_PEER_INVALID);
			}
		}
		memset(u, 0, sizeof(u));
		u[0] = 9;
		assert_int_equal(
		    hpke_check_public_key(suite, span_of(u, suite->nenc)),
		    ERR_OK);
		buf_clear(&enc);
		buf_clear(&sealed);
	}
}

static enum err fill_never(void *context, uint8_t *out, size_t n)
{
	(void)context;
	(void)out;
	(void)n;
	return ERR_LOCAL_CRYPTO;
}

static void test_randomness_may_fail(void **state)
{
	const struct rng rng = { fill_never, NULL };
	const struct suite *suite =
	    suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
	struct buf enc = BUF_INIT, text = BUF_INIT;
	struct sealed s;
	struct sec sk;
	(void)state;

	seal(suite, &s);
	assert_int_equal(hpke_seal(suite, &rng, buf_span(&s.pk), INFO, AAD,
				   PLAIN, &enc, &text),
			 ERR_LOCAL_CRYPTO);
	assert_int_equal(enc.n + text.n, 0);
	assert_int_equal(hpke_generate_key_pair(suite, &rng, &sk, &enc),
			 ERR_LOCAL_CRYPTO);
	assert_int_equal(sk.n, 0);
	sealed_clear(&s);
	buf_clear(&enc);
	buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc9180_appendix_a),
		cmocka_unit_test(test_round_trip_and_tampering),
		cmocka_unit_test(test_exports_agree),
		cmocka_unit_test(test_bad_public_keys),
		cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_randomness_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
