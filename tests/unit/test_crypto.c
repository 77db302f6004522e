/* Suites, hash, MAC, KDF, AEAD and password hash: published answers, then what a peer
 * can send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/evp.h"
#include "crypto/hash.h"
#include "crypto/library.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "crypto/wrap.h"
#include "tests/testlib/random.h"
#include "tests/testlib/vectors.h"

#define HEX(text) vectors_text_bytes(text)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct suite *with_hash(const char *name)
{
	size_t count;
	const struct suite *table = suite_table(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].hash, name) == 0)
			return &table[i];
	return NULL;
}

/* ---- suites ---- */

static void test_suite_table(void **state)
{
	size_t count, named = 0;
	const struct suite *table = suite_table(&count);
	(void)state;

	assert_int_equal(count, 11);
	for (size_t i = 0; i < count; i++) {
		const struct suite *s = &table[i];

		assert_ptr_equal(suite_by_id(s->id), s);
		assert_int_equal(EVP_MD_get_size(evp_digest(s->hash)), s->nh);
		assert_int_equal(EVP_CIPHER_get_key_length(evp_cipher(s->aead)),
				 s->nk);
		if (s->algorithm == NULL)
			continue;
		named++;
		assert_ptr_equal(suite_by_algorithm(span_str(s->algorithm)), s);
	}
	assert_int_equal(named, 6);
	assert_int_equal(suite_by_algorithm(SPAN_LIT("aes-256-gcm"))->id,
			 0x0004);
	assert_int_equal(suite_by_algorithm(SPAN_LIT("chacha20-poly1305"))->id,
			 0x0003);
	assert_int_equal(suite_by_algorithm(SPAN_LIT("twofish-256-gcm"))->id,
			 0xF7F1);
	assert_null(suite_by_algorithm(SPAN_LIT("aes-256-gcM")));
	assert_null(suite_by_algorithm(SPAN_LIT("aes-256-gcm\0")));
	assert_null(suite_by_algorithm(SPAN_EMPTY));
	assert_null(suite_by_id(0));
	assert_null(suite_by_id(0xF003));
	assert_null(evp_digest("MD5"));
	assert_null(evp_cipher("none"));
}

/* ---- hash, MAC, KDF ---- */

/* FIPS 180-2, appendix: "abc"; RFC 4231, cases 2 and 6. */
static const struct {
	const char *hash, *abc, *short_key, *long_key;
} HASHES[] = {
	{ "SHA2-256",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ "SHA2-384",
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	  "8086072ba1e7cc2358baeca134c825a7",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649",
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	  "0c2ef6ab4030fe8296248df163f44952" },
	{ "SHA2-512",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};

static void test_hash_and_mac(void **state)
{
	struct span abc[] = { SPAN_LIT("a"), SPAN_EMPTY, SPAN_LIT("bc") };
	struct span want[] = { SPAN_LIT("what do ya want "), SPAN_EMPTY,
			       SPAN_LIT("for nothing?") };
	struct span large = SPAN_LIT("Test Using Larger Than Block-Size Key - "
				     "Hash Key First");
	uint8_t key[131], out[SUITE_HASH_MAX];
	(void)state;

	memset(key, 0xaa, sizeof(key));
	for (size_t i = 0; i < COUNT(HASHES); i++) {
		const struct suite *s = with_hash(HASHES[i].hash);

		assert_int_equal(hash_digest(s, abc, 3, out), ERR_OK);
		assert_memory_equal(out, HEX(HASHES[i].abc).p, s->nh);
		assert_int_equal(hash_mac(s, SPAN_LIT("Jefe"), want, 3, out),
				 ERR_OK);
		assert_memory_equal(out, HEX(HASHES[i].short_key).p, s->nh);
		assert_int_equal(hash_mac(s, SPAN_ARRAY(key), &large, 1, out),
				 ERR_OK);
		assert_memory_equal(out, HEX(HASHES[i].long_key).p, s->nh);
	}
	assert_int_equal(hash_sha256(abc, 3, out), ERR_OK);
	assert_memory_equal(out, HEX(HASHES[0].abc).p, 32);
}

/* Ours against the library's EVP_MAC, around every block boundary. */
static void test_mac_equals_the_library(void **state)
{
	uint8_t key[200], text[300], ours[SUITE_HASH_MAX],
	    theirs[SUITE_HASH_MAX];
	size_t n;
	(void)state;

	random_fill(key, sizeof(key));
	random_fill(text, sizeof(text));
	for (size_t i = 0; i < COUNT(HASHES); i++) {
		const struct suite *s = with_hash(HASHES[i].hash);

		for (size_t k = 1; k <= sizeof(key); k++) {
			struct span part = { text, k + 100 };

			assert_int_equal(
			    hash_mac(s, span_of(key, k), &part, 1, ours),
			    ERR_OK);
			assert_non_null(EVP_Q_mac(
			    evp_context(), "HMAC", NULL, s->hash, NULL, key, k,
			    part.p, part.n, theirs, sizeof(theirs), &n));
			assert_int_equal(n, s->nh);
			assert_memory_equal(ours, theirs, n);
		}
	}
}

/* RFC 5869, appendix A.1 to A.3. */
static const struct {
	const char *ikm, *salt, *info, *prk, *okm;
} HKDF[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	  "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
	  "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
	  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	  "34007208d5b887185865" },
	{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
	  "404142434445464748494a4b4c4d4e4f",
	  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
	  "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	  "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
	  "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
	  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
	  "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	  "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	  "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	  "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
	  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	  "9d201395faa4b61a96c8" },
};

static void test_hkdf(void **state)
{
	const struct suite *s = with_hash("SHA2-256");
	uint8_t out[100], longest[255 * 32 + 1];
	struct sec prk, okm;
	(void)state;

	for (size_t i = 0; i < COUNT(HKDF); i++) {
		struct span want = HEX(HKDF[i].okm);
		struct span info = HEX(HKDF[i].info);

		assert_int_equal(
		    hash_extract(s, HEX(HKDF[i].salt), HEX(HKDF[i].ikm), &prk),
		    ERR_OK);
		assert_true(span_equal(sec_span(&prk), HEX(HKDF[i].prk)));
		assert_int_equal(
		    hash_expand_bytes(s, sec_span(&prk), info, out, want.n),
		    ERR_OK);
		assert_memory_equal(out, want.p, want.n);
		assert_int_equal(hash_expand(s, sec_span(&prk), info, 33, &okm),
				 ERR_OK);
		assert_true(span_equal(sec_span(&okm), span_of(want.p, 33)));
	}
	assert_int_equal(
	    hash_expand(s, sec_span(&prk), SPAN_EMPTY, SEC_MAX + 1, &okm),
	    ERR_LOCAL_BUG);
	assert_int_equal(okm.n, 0);
	assert_int_equal(hash_expand_bytes(s, sec_span(&prk), SPAN_EMPTY,
					   longest, sizeof(longest) - 1),
			 ERR_OK);
	assert_int_equal(hash_expand_bytes(s, sec_span(&prk), SPAN_EMPTY,
					   longest, sizeof(longest)),
			 ERR_LOCAL_BUG);
}

/* ---- AEAD ---- */

static void check_aead(const struct suite *s, size_t aad_n, size_t n)
{
	uint8_t key[32], nonce[SUITE_NONCE], aad[64], text[512];
	struct span k = { key, s->nk }, a = { aad, aad_n }, t = { text, n };
	struct buf sealed = BUF_INIT, out = BUF_INIT;

	random_fill(key, sizeof(key));
	random_fill(nonce, sizeof(nonce));
	random_fill(aad, sizeof(aad));
	random_fill(text, sizeof(text));
	buf_put_u8(&out, 7); /* appending leaves what is there */
	assert_int_equal(aead_seal(s, k, SPAN_ARRAY(nonce), a, t, &sealed),
			 ERR_OK);
	assert_int_equal(sealed.n, n + SUITE_AEAD_TAG);
	for (size_t i = 0; i < sealed.n; i++) {
		sealed.p[i] ^= 1;
		assert_int_equal(aead_open(s, k, SPAN_ARRAY(nonce), a,
					   buf_span(&sealed), &out),
				 ERR_PEER_CRYPTO);
		sealed.p[i] ^= 1;
		assert_int_equal(aead_open(s, k, SPAN_ARRAY(nonce), a,
					   span_of(sealed.p, i), &out),
				 ERR_PEER_CRYPTO);
	}
	assert_int_equal(out.n, 1);
	assert_int_equal(
	    aead_open(s, k, SPAN_ARRAY(nonce), a, buf_span(&sealed), &out),
	    ERR_OK);
	assert_int_equal(out.p[0], 7);
	assert_true(span_equal(span_of(out.p + 1, out.n - 1), t));
	aad[0] ^= 1;
	if (aad_n > 0)
		assert_int_equal(aead_open(s, k, SPAN_ARRAY(nonce), a,
					   buf_span(&sealed), &out),
				 ERR_PEER_CRYPTO);
	aad[0] ^= 1;
	nonce[0] ^= 1;
	assert_int_equal(
	    aead_open(s, k, SPAN_ARRAY(nonce), a, buf_span(&sealed), &out),
	    ERR_PEER_CRYPTO);
	nonce[0] ^= 1;
	key[0] ^= 1;
	assert_int_equal(
	    aead_open(s, k, SPAN_ARRAY(nonce), a, buf_span(&sealed), &out),
	    ERR_PEER_CRYPTO);
	assert_int_equal(out.n, 1 + n);
	buf_clear(&out);
	buf_clear(&sealed);
}

static void test_aead_of_every_suite(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 300 };
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < COUNT(sizes); j++) {
			check_aead(&table[i], 0, sizes[j]);
			check_aead(&table[i], 33, sizes[j]);
		}
}

static void test_aead_misuse(void **state)
{
	const struct suite *s = suite_by_id(1);
	uint8_t bytes[32] = { 0 };
	struct buf out = BUF_INIT;
	(void)state;

	assert_int_equal(aead_seal(s, span_of(bytes, 32), span_of(bytes, 12),
				   SPAN_EMPTY, SPAN_EMPTY, &out),
			 ERR_LOCAL_BUG);
	assert_int_equal(aead_seal(s, span_of(bytes, 16), span_of(bytes, 11),
				   SPAN_EMPTY, SPAN_EMPTY, &out),
			 ERR_LOCAL_BUG);
	assert_int_equal(out.n, 0);
	buf_clear(&out);
}

/* ---- password ---- */

/* RFC 7914, section 12. */
static void test_scrypt(void **state)
{
	static const struct {
		const char *password, *salt;
		struct password_cost cost;
		const char *want;
	} known[] = {
		{ "",
		  "",
		  { 16, 1, 1 },
		  "77d6576238657b203b19ca42c18a0497"
		  "f16b4844e3074ae8dfdffa3fede21442"
		  "fcd0069ded0948f8326a753a0fc81f17"
		  "e8d3e0fb2e0d3628cf35e20c38d18906" },
		{ "password",
		  "NaCl",
		  { 1024, 8, 16 },
		  "fdbabe1c9d3472007856e7190d01e9fe"
		  "7c6ad7cbc8237830e77376634b373162"
		  "2eaf30d92e22a3886ff109279d9830da"
		  "c727afb94a83ee6d8360cbdfa2cc0640" },
		{ "pleaseletmein",
		  "SodiumChloride",
		  { 16384, 8, 1 },
		  "7023bdcb3afd7348461c06cd81fd38eb"
		  "fda8fbba904f8e3ea9b543f6545da1f2"
		  "d5432955613f0fcf62d49705242a9af9"
		  "e61e85dc0d651e40dfcf017b45575887" },
	};
	struct sec out;
	(void)state;

	for (size_t i = 0; i < COUNT(known); i++) {
		assert_int_equal(password_derive(span_str(known[i].password),
						 span_str(known[i].salt),
						 known[i].cost, 64, &out),
				 ERR_OK);
		assert_true(span_equal(sec_span(&out), HEX(known[i].want)));
	}
	assert_int_equal(
	    password_derive(SPAN_LIT("p"), SPAN_LIT("s"),
			    (struct password_cost){ 1u << 17, 8, 1 }, 32, &out),
	    ERR_OK); /* 128 MiB are allowed for */
	assert_int_equal(password_derive(SPAN_LIT("p"), SPAN_LIT("s"),
					 (struct password_cost){ 15, 8, 1 }, 32,
					 &out),
			 ERR_LOCAL_CRYPTO); /* no power of two */
	assert_int_equal(out.n, 0);
}

/* What fails here must not show up as the failure of another user of the
 * library in this thread, a TLS connection for one. */
static void test_no_error_is_left_behind(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	assert_int_equal(ERR_peek_error(), 0);
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[SUITE_PUBLIC_KEY_MAX] = { 4, 4 };
		struct buf out = BUF_INIT;
		struct sign_key *key = NULL;
		struct sec secret;
		struct buf public = BUF_INIT;

		assert_int_equal(
		    sign_generate(&table[i], rng_system(), &secret, &public),
		    ERR_OK);
		assert_int_equal(
		    sign_public_parse(&table[i], buf_span(&public), &key),
		    ERR_OK);
		assert_int_equal(
		    sign_verify(key, SPAN_LIT("m"), SPAN_ARRAY(bytes)),
		    ERR_PEER_CRYPTO);
		sign_key_free(key);
		if (sign_public_parse(&table[i], span_of(bytes, table[i].npk),
				      &key) == ERR_OK)
			sign_key_free(key);
		assert_int_equal(aead_open(&table[i],
					   span_of(bytes, table[i].nk),
					   span_of(bytes, SUITE_NONCE),
					   SPAN_EMPTY, SPAN_ARRAY(bytes), &out),
				 ERR_PEER_CRYPTO);
		assert_int_equal(
		    wrap_open(span_of(bytes, 32), span_of(bytes, 64), &out),
		    ERR_PEER_CRYPTO);
		assert_int_equal(ERR_peek_error(), 0);
		sec_clear(&secret);
		buf_clear(&public);
		buf_clear(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite_table),
		cmocka_unit_test(test_hash_and_mac),
		cmocka_unit_test(test_mac_equals_the_library),
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_aead_of_every_suite),
		cmocka_unit_test(test_aead_misuse),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_no_error_is_left_behind),
	};

	if (library_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, vectors_teardown);
}
