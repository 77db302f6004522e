/* RFC 9180, appendix A: the published base-mode cases. The first encryption of
 * each, for that is what single-shot HPKE makes, and every export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"
#include "tests/testlib/vectors.h"

enum { EXPORT_ONLY = 0xffff };

static json_t *cases;

static int load(void **state)
{
	(void)state;
	cases = vectors_load("hpke/rfc9180-appendix-a-base.json");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	json_decref(cases);
	vectors_forget();
	return 0;
}

static uint16_t number(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? (uint16_t)strtoul(text, NULL, 10) : 0;
}

/* A row for a combination that no MLS suite has: KEM, KDF and AEAD taken from
 * the rows that have them. */
static struct suite row_for(uint16_t kem, uint16_t kdf, uint16_t aead)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	struct suite row = table[0];

	for (size_t i = 0; i < count; i++) {
		const struct suite *s = &table[i];

		if (s->kem_id == kem) {
			row.kem_id = kem;
			row.kem_group = s->kem_group;
			row.nsecret = s->nsecret;
			row.nenc = s->nenc;
			row.npk = s->npk;
			row.nsk = s->nsk;
		}
		if (s->kdf_id == kdf) {
			row.kdf_id = kdf;
			row.hash = s->hash;
			row.nh = s->nh;
		}
		if (s->aead_id == aead) {
			row.aead_id = aead;
			row.aead = s->aead;
			row.nk = s->nk;
		}
	}
	if (aead == EXPORT_ONLY)
		row.aead_id = EXPORT_ONLY;
	return row;
}

/* Hands out the case's ephemeral key material. */
static enum err fixed_fill(void *context, uint8_t *out, size_t n)
{
	const struct span *ikm = context;

	if (ikm->n != n)
		return ERR_LOCAL_BUG;
	memcpy(out, ikm->p, n);
	return ERR_OK;
}

static struct span element(const json_t *item, const char *key, size_t i)
{
	const json_t *array = json_object_get(item, key);

	return vectors_text_bytes(json_string_value(json_array_get(array, i)));
}

static void check_keys(const struct suite *suite, const json_t *item)
{
	struct buf public_key = BUF_INIT;
	struct sec private_key;

	assert_int_equal(hpke_derive_key_pair(suite,
					      vectors_bytes(item, "ikmR"),
					      &private_key, &public_key),
			 ERR_OK);
	assert_true(
	    span_equal(sec_span(&private_key), vectors_bytes(item, "skRm")));
	assert_true(
	    span_equal(buf_span(&public_key), vectors_bytes(item, "pkRm")));
	buf_clear(&public_key);
}

static void check_seal(const struct suite *suite, const json_t *item)
{
	struct span ikm = vectors_bytes(item, "ikmE");
	struct span info = vectors_bytes(item, "info");
	struct rng fixed = { fixed_fill, &ikm };
	struct buf enc = BUF_INIT, ct = BUF_INIT, pt = BUF_INIT;

	assert_int_equal(hpke_seal(suite, &fixed, vectors_bytes(item, "pkRm"),
				   info, element(item, "aad", 0),
				   element(item, "pt", 0), &enc, &ct),
			 ERR_OK);
	assert_true(span_equal(buf_span(&enc), vectors_bytes(item, "enc")));
	assert_true(span_equal(buf_span(&ct), element(item, "ct", 0)));
	assert_int_equal(hpke_open(suite, buf_span(&enc),
				   vectors_bytes(item, "skRm"), info,
				   element(item, "aad", 0), buf_span(&ct), &pt),
			 ERR_OK);
	assert_true(span_equal(buf_span(&pt), element(item, "pt", 0)));
	for (size_t i = 0; i < ct.n; i++) {
		ct.p[i] ^= 1;
		assert_int_equal(hpke_open(suite, buf_span(&enc),
					   vectors_bytes(item, "skRm"), info,
					   element(item, "aad", 0),
					   buf_span(&ct), &pt),
				 ERR_PEER_CRYPTO);
		ct.p[i] ^= 1;
	}
	buf_clear(&enc);
	buf_clear(&ct);
	buf_clear(&pt);
}

static void check_exports(const struct suite *suite, const json_t *item)
{
	size_t count = json_array_size(json_object_get(item, "exported_value"));

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		struct sec exported;

		assert_int_equal(
		    hpke_receive_export(suite, vectors_bytes(item, "enc"),
					vectors_bytes(item, "skRm"),
					vectors_bytes(item, "info"),
					element(item, "exporter_context", i),
					32, &exported),
		    ERR_OK);
		assert_true(span_equal(sec_span(&exported),
				       element(item, "exported_value", i)));
	}
}

static void test_published_cases(void **state)
{
	size_t i;
	json_t *item;
	(void)state;

	if (cases == NULL)
		skip();
	assert_int_equal(json_array_size(cases), 7);
	json_array_foreach(cases, i, item)
	{
		uint16_t aead = number(item, "aead_id");
		struct suite row = row_for(number(item, "kem_id"),
					   number(item, "kdf_id"), aead);

		check_keys(&row, item);
		check_exports(&row, item);
		if (aead != EXPORT_ONLY)
			check_seal(&row, item);
	}
}

static void test_every_suite_round_trips(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		struct buf pk = BUF_INIT, enc = BUF_INIT, ct = BUF_INIT,
			   pt = BUF_INIT;
		struct sec sk, other, sent, received;
		struct span info = SPAN_LIT("info"), aad = SPAN_LIT("aad");
		const struct suite *s = &table[i];

		assert_int_equal(
		    hpke_generate_key_pair(s, rng_system(), &other, &pk),
		    ERR_OK);
		buf_reset(&pk);
		assert_int_equal(
		    hpke_generate_key_pair(s, rng_system(), &sk, &pk), ERR_OK);
		assert_int_equal(hpke_seal(s, rng_system(), buf_span(&pk), info,
					   aad, SPAN_LIT("hello"), &enc, &ct),
				 ERR_OK);
		assert_int_equal(hpke_open(s, buf_span(&enc), sec_span(&sk),
					   info, aad, buf_span(&ct), &pt),
				 ERR_OK);
		assert_true(span_equal(buf_span(&pt), SPAN_LIT("hello")));
		assert_int_equal(hpke_open(s, buf_span(&enc), sec_span(&other),
					   info, aad, buf_span(&ct), &pt),
				 ERR_PEER_CRYPTO);
		for (size_t cut = 0; cut < ct.n; cut++)
			assert_int_equal(hpke_open(s, buf_span(&enc),
						   sec_span(&sk), info, aad,
						   span_of(ct.p, cut), &pt),
					 ERR_PEER_CRYPTO);
		buf_reset(&enc);
		assert_int_equal(hpke_send_export(s, rng_system(),
						  buf_span(&pk), info, aad, 32,
						  &enc, &sent),
				 ERR_OK);
		assert_int_equal(hpke_receive_export(s, buf_span(&enc),
						     sec_span(&sk), info, aad,
						     32, &received),
				 ERR_OK);
		assert_true(sec_equal(sec_span(&sent), sec_span(&received)));
		buf_clear(&pk);
		buf_clear(&enc);
		buf_clear(&ct);
		buf_clear(&pt);
	}
}

static void test_bad_public_keys_are_refused(void **state)
{
	static const uint8_t zeros[SUITE_PUBLIC_KEY_MAX] = { 0 };
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++) {
		struct buf enc = BUF_INIT, ct = BUF_INIT;
		const struct suite *s = &table[i];

		/* the low-order point, and no point at all */
		assert_int_equal(hpke_seal(s, rng_system(),
					   span_of(zeros, s->npk), SPAN_EMPTY,
					   SPAN_EMPTY, SPAN_EMPTY, &enc, &ct),
				 ERR_PEER_INVALID);
		assert_int_equal(
		    hpke_check_public_key(s, span_of(zeros, s->npk - 1u)),
		    ERR_PEER_INVALID);
		buf_clear(&enc);
		buf_clear(&ct);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_cases),
		cmocka_unit_test(test_every_suite_round_trips),
		cmocka_unit_test(test_bad_public_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
