/* X-Wing: published vectors, and what a peer can do to it. Of long keys and
 * ciphertexts the vectors' SHA-256 stands here. Where OpenSSL has no ML-KEM
 * nothing of it can be used, and that is what is tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "crypto/xwing.h"
#include "tests/testlib/vectors.h"

#define HEX(text) vectors_text_bytes(text)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Gives out what it was given. */
static enum err fill_fixed(void *context, uint8_t *out, size_t n)
{
	const struct span *bytes = context;

	if (bytes->n != n)
		return ERR_LOCAL_CRYPTO;
	memcpy(out, bytes->p, n);
	return ERR_OK;
}

static bool has_hash(const struct buf *bytes, const char *hex)
{
	struct span part = buf_span(bytes);
	uint8_t hash[32];

	assert_int_equal(hash_sha256(&part, 1, hash), ERR_OK);
	return span_equal(SPAN_ARRAY(hash), HEX(hex));
}

/* ---- vectors ---- */

/* draft-connolly-cfrg-xwing-kem-10, appendix "Test vectors". */
static const struct {
	const char *seed, *eseed, *public_key, *ciphertext, *shared;
} DRAFT[] = {
	{ "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
	  "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2"
	  "35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
	  "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
	  "17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33",
	  "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384" },
	{ "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
	  "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdef"
	  "aee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
	  "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
	  "1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154",
	  "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150" },
	{ "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
	  "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619"
	  "f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
	  "6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95",
	  "d3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6",
	  "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f" },
};

static void test_vectors_of_xwing(void **state)
{
	(void)state;
	if (!xwing_there())
		skip();
	for (size_t i = 0; i < COUNT(DRAFT); i++) {
		struct span eseed = HEX(DRAFT[i].eseed);
		struct rng rng = { fill_fixed, &eseed };
		struct buf public_key = BUF_INIT, ciphertext = BUF_INIT;
		struct sec shared;

		assert_int_equal(
		    xwing_derive_public(HEX(DRAFT[i].seed), &public_key),
		    ERR_OK);
		assert_int_equal(public_key.n, XWING_PUBLIC);
		assert_true(has_hash(&public_key, DRAFT[i].public_key));
		assert_int_equal(xwing_encapsulate(&rng, buf_span(&public_key),
						   &shared, &ciphertext),
				 ERR_OK);
		assert_int_equal(ciphertext.n, XWING_CIPHERTEXT);
		assert_true(has_hash(&ciphertext, DRAFT[i].ciphertext));
		assert_true(
		    span_equal(sec_span(&shared), HEX(DRAFT[i].shared)));
		assert_int_equal(xwing_decapsulate(buf_span(&ciphertext),
						   HEX(DRAFT[i].seed), &shared),
				 ERR_OK);
		assert_true(
		    span_equal(sec_span(&shared), HEX(DRAFT[i].shared)));
		buf_clear(&public_key);
		buf_clear(&ciphertext);
		vectors_forget();
	}
}

/* draft-ietf-hpke-pq-04: kem 0x647A, kdf 1, aead 3, base mode. */
#define PQ_INFO                                                                \
	"34663634363532303666366532303631323034373732363536333639363136653230" \
	"353537323665"
#define PQ_PLAIN                                                               \
	"34323635363137353734373932303639373332303734373237353734363832633230" \
	"373437323735373436383230363236353631373537343739"
#define PQ_SEALED                                                              \
	"c5c591f99092d5e38df0a52699af249c66f8275a863423c076de8147a53e65cc5840" \
	"41c963b77a7e59ea93841b1339b5efda8909b71f74bb0073ad62e899de310c1566de" \
	"a2fd29eba377"

/* Its parts are those of our suite: X-Wing, HKDF-SHA256, ChaCha20-Poly1305. */
static const struct suite *pq_suite(void)
{
	return suite_by_id(SUITE_XWING_CHACHA20POLY1305_SHA256_ED25519);
}

static void check_pq_exports(struct span public_key, const struct rng *rng,
			     struct span private_key)
{
	static const char *const wanted[] = {
		"5a78d37f40e078c17ef43fa40963f1ff7dcdee56e366da9099dc181c3eccae"
		"e5",
		"19b8f5e1d7c02e44ad99d8332124b5c71fa9e81c5327ca485054f859e442bd"
		"e5"
	};
	static const char *const contexts[] = { "pseudorandom0",
						"pseudorandom1" };

	for (size_t i = 0; i < COUNT(wanted); i++) {
		struct span context = span_str(contexts[i]);
		struct buf enc = BUF_INIT;
		struct sec exported;

		assert_int_equal(hpke_send_export(pq_suite(), rng, public_key,
						  HEX(PQ_INFO), context, 32,
						  &enc, &exported),
				 ERR_OK);
		assert_true(span_equal(sec_span(&exported), HEX(wanted[i])));
		assert_int_equal(hpke_receive_export(pq_suite(), buf_span(&enc),
						     private_key, HEX(PQ_INFO),
						     context, 32, &exported),
				 ERR_OK);
		assert_true(span_equal(sec_span(&exported), HEX(wanted[i])));
		buf_clear(&enc);
	}
}

static void test_vectors_of_hpke_pq(void **state)
{
	struct span ikm_e =
	    HEX("2a1c0a3745fe8a48fb62034d300f54dfe1974a5b2e169e580a8789cb1cf5fd"
		"190fc00f3fd899594e01a8b15334b9f3fa03d8de44da86e19f5776850fb689"
		"e6c8");
	struct rng rng = { fill_fixed, &ikm_e };
	struct buf public_key = BUF_INIT, enc = BUF_INIT, text = BUF_INIT;
	struct sec private_key;
	(void)state;

	if (!xwing_there())
		skip();
	assert_int_equal(
	    hpke_derive_key_pair(
		pq_suite(),
		HEX("b86e76a59fabfc87b30cd7b1f7aaa28a834eb64e7a261c197b9a842893"
		    "fbce56"),
		&private_key, &public_key),
	    ERR_OK);
	assert_true(span_equal(sec_span(&private_key),
			       HEX("3ec47fa82dd5689d27c6190e724c74ec8f608df333"
				   "1ce331929e37b829676630")));
	assert_true(has_hash(&public_key, "ad8aaf3f00d8a39bfeec2947a7d5dde68be0"
					  "8bba19bd301a348a45dc5fcc8341"));
	assert_int_equal(hpke_seal(pq_suite(), &rng, buf_span(&public_key),
				   HEX(PQ_INFO), SPAN_LIT("Count-0"),
				   HEX(PQ_PLAIN), &enc, &text),
			 ERR_OK);
	assert_true(has_hash(&enc, "95c0a5fca31ea59f29bbc66255ad6637b5a476b3212"
				   "886af11afdc8930aeb772"));
	assert_true(span_equal(buf_span(&text), HEX(PQ_SEALED)));
	buf_reset(&text);
	assert_int_equal(hpke_open(pq_suite(), buf_span(&enc),
				   sec_span(&private_key), SPAN_EMPTY,
				   HEX(PQ_INFO), SPAN_LIT("Count-0"),
				   HEX(PQ_SEALED), &text),
			 ERR_OK);
	assert_true(span_equal(buf_span(&text), HEX(PQ_PLAIN)));
	check_pq_exports(buf_span(&public_key), &rng, sec_span(&private_key));
	buf_clear(&public_key);
	buf_clear(&enc);
	buf_clear(&text);
	vectors_forget();
}

/* ---- what a peer can send ---- */

static void derive(struct sec *seed, struct buf *public_key)
{
	seed->n = XWING_SEED;
	assert_int_equal(rng_fill(rng_system(), seed->b, seed->n), ERR_OK);
	assert_int_equal(xwing_derive_public(sec_span(seed), public_key),
			 ERR_OK);
}

/* Coefficient `i` of ML-KEM's public key, 12 bits. */
static void put_coefficient(struct buf *public_key, size_t i, unsigned value)
{
	uint8_t *p = public_key->p + i / 2 * 3;

	if (i % 2 == 0) {
		p[0] = (uint8_t)value;
		p[1] = (uint8_t)((p[1] & 0xF0) | value >> 8);
	} else {
		p[1] = (uint8_t)((p[1] & 0x0F) | (value & 15) << 4);
		p[2] = (uint8_t)(value >> 4);
	}
}

/* Our check of the modulus and OpenSSL's agree, in the first and the last
 * coefficients. */
static void test_modulus(void **state)
{
	static const size_t places[] = { 0, 1, 383, 766, 767 };
	struct buf public_key = BUF_INIT, ciphertext = BUF_INIT;
	struct sec seed, shared;
	(void)state;

	if (!xwing_there())
		skip();
	derive(&seed, &public_key);
	for (size_t i = 0; i < COUNT(places); i++) {
		put_coefficient(&public_key, places[i], 3328);
		assert_int_equal(xwing_check_public(buf_span(&public_key)),
				 ERR_OK);
		assert_int_equal(xwing_encapsulate(rng_system(),
						   buf_span(&public_key),
						   &shared, &ciphertext),
				 ERR_OK);
		buf_reset(&ciphertext);
		put_coefficient(&public_key, places[i], 3329);
		assert_int_equal(xwing_check_public(buf_span(&public_key)),
				 ERR_PEER_INVALID);
		assert_int_equal(xwing_encapsulate(rng_system(),
						   buf_span(&public_key),
						   &shared, &ciphertext),
				 ERR_PEER_INVALID);
		assert_int_equal(shared.n, 0);
		assert_int_equal(ciphertext.n, 0);
		put_coefficient(&public_key, places[i], 0);
	}
	buf_clear(&public_key);
	buf_clear(&ciphertext);
}

/* A ciphertext of its length always gives a secret, but its own only the
 * sender's. */
static void test_other_ciphertexts(void **state)
{
	struct buf public_key = BUF_INIT, ciphertext = BUF_INIT;
	struct sec seed, shared, other;
	(void)state;

	if (!xwing_there())
		skip();
	derive(&seed, &public_key);
	assert_int_equal(xwing_encapsulate(rng_system(), buf_span(&public_key),
					   &shared, &ciphertext),
			 ERR_OK);
	for (size_t i = 0; i < ciphertext.n; i += 37) {
		ciphertext.p[i] ^= 0x10;
		assert_int_equal(xwing_decapsulate(buf_span(&ciphertext),
						   sec_span(&seed), &other),
				 ERR_OK);
		assert_false(sec_equal(sec_span(&shared), sec_span(&other)));
		ciphertext.p[i] ^= 0x10;
	}
	for (size_t n = 0; n < ciphertext.n; n += 31) {
		assert_int_equal(xwing_decapsulate(span_of(ciphertext.p, n),
						   sec_span(&seed), &other),
				 ERR_PEER_INVALID);
		assert_int_equal(other.n, 0);
	}
	assert_int_equal(xwing_decapsulate(buf_span(&ciphertext),
					   span_of(seed.b, 31), &other),
			 ERR_PEER_INVALID);
	/* X25519's part gives zero with every key */
	memset(ciphertext.p + XWING_CIPHERTEXT - 32, 0, 32);
	assert_int_equal(xwing_check_ciphertext(buf_span(&ciphertext)),
			 ERR_PEER_INVALID);
	assert_int_equal(
	    xwing_decapsulate(buf_span(&ciphertext), sec_span(&seed), &other),
	    ERR_PEER_INVALID);
	assert_int_equal(ERR_peek_error(), 0);
	buf_clear(&public_key);
	buf_clear(&ciphertext);
}

/* ---- where it is not there ---- */

static void test_suites(void **state)
{
	static const char *const names[] = { "xwing-aes-256-gcm",
					     "xwing-chacha20-poly1305",
					     "xwing-twofish-256-gcm" };
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < COUNT(names); i++) {
		const struct suite *suite =
		    suite_by_algorithm(span_str(names[i]));

		assert_non_null(suite);
		assert_int_equal(suite->kem_id, SUITE_KEM_XWING);
		assert_ptr_equal(suite_by_id((uint16_t)(0xF7F2 + i)), suite);
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(suite_usable(&table[i]),
				 table[i].kem_id != SUITE_KEM_XWING ||
				     xwing_there());
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_without_ml_kem(void **state)
{
	uint8_t bytes[XWING_PUBLIC] = { 0 };
	struct buf made = BUF_INIT;
	struct sec shared;
	(void)state;

	if (xwing_there())
		skip();
	bytes[XWING_PUBLIC - 1] = 9;
	assert_int_equal(xwing_check_public(SPAN_ARRAY(bytes)), ERR_OK);
	bytes[1] = 0x0D; /* the first coefficient is 3328, then 3329 */
	assert_int_equal(xwing_check_public(SPAN_ARRAY(bytes)), ERR_OK);
	bytes[0] = 1;
	assert_int_equal(xwing_check_public(SPAN_ARRAY(bytes)),
			 ERR_PEER_INVALID);
	bytes[0] = 0;
	assert_int_equal(xwing_derive_public(span_of(bytes, 32), &made),
			 ERR_LOCAL_CRYPTO);
	assert_int_equal(
	    xwing_encapsulate(rng_system(), SPAN_ARRAY(bytes), &shared, &made),
	    ERR_LOCAL_CRYPTO);
	assert_int_equal(made.n, 0);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_of_xwing),
		cmocka_unit_test(test_vectors_of_hpke_pq),
		cmocka_unit_test(test_modulus),
		cmocka_unit_test(test_other_ciphertexts),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_without_ml_kem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
