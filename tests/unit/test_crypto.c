/* Hash, MAC, KDF, AEAD, signatures, key wrap and password hash: published
 * answers, then what a peer can send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/evp.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "crypto/library.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "crypto/wrap.h"
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

static void fill(void *p, size_t n)
{
	assert_int_equal(rng_fill(rng_system(), p, n), ERR_OK);
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

	fill(key, sizeof(key));
	fill(text, sizeof(text));
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

	fill(key, sizeof(key));
	fill(nonce, sizeof(nonce));
	fill(aad, sizeof(aad));
	fill(text, sizeof(text));
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

/* ---- signatures ---- */

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
		fill(bytes, sizeof(bytes));
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

/* ---- key wrap ---- */

/* RFC 5649, section 4.1, over the library's bare AES, so that the published
 * answers, which are of AES-192, speak for AES-256 as well. */
static size_t reference_wrap(struct span kek, struct span key, uint8_t *out)
{
	const EVP_CIPHER *aes =
	    kek.n == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t blocks = (key.n + 7) / 8;
	uint8_t a[16] = { 0xa6, 0x59, 0x59, 0xa6 };
	int n;

	assert_int_equal(EVP_EncryptInit_ex2(ctx, aes, kek.p, NULL, NULL), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	a[6] = (uint8_t)(key.n >> 8);
	a[7] = (uint8_t)key.n;
	memset(out, 0, 8 + blocks * 8);
	memcpy(out + 8, key.p, key.n);
	for (size_t j = 0; blocks > 1 && j < 6; j++)
		for (size_t i = 1; i <= blocks; i++) {
			size_t t = blocks * j + i;

			memcpy(a + 8, out + 8 * i, 8);
			EVP_EncryptUpdate(ctx, a, &n, a, 16);
			memcpy(out + 8 * i, a + 8, 8);
			a[6] ^= (uint8_t)(t >> 8);
			a[7] ^= (uint8_t)t;
		}
	if (blocks == 1) {
		memcpy(a + 8, out + 8, 8);
		EVP_EncryptUpdate(ctx, a, &n, a, 16);
		memcpy(out + 8, a + 8, 8);
	}
	memcpy(out, a, 8);
	EVP_CIPHER_CTX_free(ctx);
	return 8 + blocks * 8;
}

/* RFC 5649, section 6. */
static void test_wrap_reference(void **state)
{
	struct span kek =
	    HEX("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
	struct span key20 = HEX("c37b7e6492584340bed12207808941155068f738");
	struct span want20 = HEX("138bdeaa9b8fa7fc61f97742e72248ee"
				 "5ae6ae5360d1ae6a5f54f373fa543b6a");
	struct span key7 = HEX("466f7250617369");
	struct span want7 = HEX("afbeb0f07dfbf5419200f2ccb50bb24f");
	uint8_t out[48];
	(void)state;

	assert_int_equal(reference_wrap(kek, key20, out), want20.n);
	assert_memory_equal(out, want20.p, want20.n);
	assert_int_equal(reference_wrap(kek, key7, out), want7.n);
	assert_memory_equal(out, want7.p, want7.n);
}

static void test_wrap(void **state)
{
	uint8_t kek[32], key[300], want[320];
	struct span k = SPAN_ARRAY(kek);
	(void)state;

	fill(kek, sizeof(kek));
	fill(key, sizeof(key));
	for (size_t n = 1; n <= sizeof(key); n++) {
		struct buf wrapped = BUF_INIT, out = BUF_INIT;

		assert_int_equal(wrap_seal(k, span_of(key, n), &wrapped),
				 ERR_OK);
		assert_int_equal(reference_wrap(k, span_of(key, n), want),
				 wrapped.n);
		assert_memory_equal(wrapped.p, want, wrapped.n);
		assert_int_equal(wrap_open(k, buf_span(&wrapped), &out),
				 ERR_OK);
		assert_true(span_equal(buf_span(&out), span_of(key, n)));
		buf_reset(&out);
		wrapped.p[n % wrapped.n] ^= 4;
		assert_int_equal(wrap_open(k, buf_span(&wrapped), &out),
				 ERR_PEER_CRYPTO);
		wrapped.p[n % wrapped.n] ^= 4;
		kek[n % 32] ^= 1;
		assert_int_equal(wrap_open(k, buf_span(&wrapped), &out),
				 ERR_PEER_CRYPTO);
		kek[n % 32] ^= 1;
		for (size_t cut = 0; n < 40 && cut < wrapped.n; cut++)
			assert_int_equal(
			    wrap_open(k, span_of(wrapped.p, cut), &out),
			    ERR_PEER_CRYPTO);
		assert_int_equal(out.n, 0);
		buf_clear(&wrapped);
		buf_clear(&out);
	}
}

static void test_wrap_of_garbage(void **state)
{
	uint8_t kek[32], bytes[120];
	struct buf out = BUF_INIT;
	(void)state;

	fill(kek, sizeof(kek));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		fill(bytes, sizeof(bytes));
		assert_int_equal(
		    wrap_open(SPAN_ARRAY(kek), span_of(bytes, n), &out),
		    ERR_PEER_CRYPTO);
	}
	assert_int_equal(wrap_seal(span_of(kek, 16), SPAN_ARRAY(bytes), &out),
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
		struct pair p;

		pair_make(&table[i], &p);
		assert_int_equal(
		    sign_verify(p.pk, SPAN_LIT("m"), SPAN_ARRAY(bytes)),
		    ERR_PEER_CRYPTO);
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
		pair_clear(&p);
		buf_clear(&out);
	}
}

static int forget(void **state)
{
	(void)state;
	vectors_forget();
	return 0;
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
		cmocka_unit_test(test_eddsa),
		cmocka_unit_test(test_ecdsa),
		cmocka_unit_test(test_signatures_of_every_suite),
		cmocka_unit_test(test_short_scalars),
		cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_wrap_reference),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_of_garbage),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_no_error_is_left_behind),
	};

	if (library_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, forget);
}
