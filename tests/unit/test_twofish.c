/* Twofish by the provider: published known answers for the block cipher below
 * it, then GCM against libgcrypt's own and against one written out here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gcrypt.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/evp.h"
#include "crypto/library.h"
#include "tests/testlib/random.h"
#include "tests/testlib/vectors.h"

#define HEX(text) vectors_text_bytes(text)

enum { KEY = 32, IV = 12, TAG = 16, BLOCK = 16 };

static const struct suite *suite(void)
{
	return suite_by_id(SUITE_X25519_TWOFISH256GCM_SHA256_ED25519);
}

static size_t random_below(size_t n)
{
	uint32_t v;

	random_fill(&v, sizeof(v));
	return v % n;
}

/* ---- the block cipher ---- */

static void ecb(const uint8_t *key, const uint8_t *in, uint8_t *out)
{
	gcry_cipher_hd_t h;

	assert_int_equal(
	    gcry_cipher_open(&h, GCRY_CIPHER_TWOFISH, GCRY_CIPHER_MODE_ECB, 0),
	    0);
	assert_int_equal(gcry_cipher_setkey(h, key, KEY), 0);
	assert_int_equal(gcry_cipher_encrypt(h, out, BLOCK, in, BLOCK), 0);
	gcry_cipher_close(h);
}

/* ecb_ival.txt, 256-bit key. */
static void test_known_answer(void **state)
{
	struct span key = HEX("0123456789abcdeffedcba9876543210"
			      "00112233445566778899aabbccddeeff");
	struct span want = HEX("37527be0052334b89f0cfccae87cfa20");
	uint8_t block[BLOCK] = { 0 };
	(void)state;

	ecb(key.p, block, block);
	assert_memory_equal(block, want.p, BLOCK);
}

/* ecb_tbl.txt, 256-bit keys: every answer becomes the next plaintext and
 * every plaintext moves into the next key. */
static void test_iterated_known_answers(void **state)
{
	static const struct {
		int round;
		const char *answer;
	} known[] = {
		{ 1, "57ff739d4dc92c1bd7fc01700cc8216f" },
		{ 2, "d43bb7556ea32e46f2a282b7d45b4e0d" },
		{ 3, "90afe91bb288544f2c32dc239b2635e6" },
		{ 4, "6cb4561c40bf0a9705931cb6d408e7fa" },
		{ 5, "3059d6d61753b958d92f4781c8640e58" },
		{ 6, "e69465770505d7f80ef68ca38ab3a3d6" },
		{ 7, "5ab67a5f8539a4a5fd9f0373ba463466" },
		{ 8, "dc096bcd99fc72f79936d4c748e75af7" },
		{ 9, "c5a3e7cee0f1b7260528a68fb4ea05f2" },
		{ 10, "43d5cec327b24ab90ad34a79d0469151" },
		{ 49, "37fe26ff1cf66175f5ddf4c33b97a205" },
	};
	uint8_t key[KEY] = { 0 }, plain[BLOCK] = { 0 }, answer[BLOCK];
	size_t next = 0;
	(void)state;

	for (int round = 1; round <= 49; round++) {
		ecb(key, plain, answer);
		if (known[next].round == round)
			assert_memory_equal(answer, HEX(known[next++].answer).p,
					    BLOCK);
		memmove(key + BLOCK, key, BLOCK);
		memcpy(key, plain, BLOCK);
		memcpy(plain, answer, BLOCK);
	}
	assert_int_equal(next, sizeof(known) / sizeof(*known));
}

/* ---- GCM, bit by bit: NIST SP 800-38D, sections 6.3 and 6.4 ---- */

static void multiply(uint8_t *x, const uint8_t *h)
{
	uint8_t z[BLOCK] = { 0 }, v[BLOCK];

	memcpy(v, h, BLOCK);
	for (int bit = 0; bit < 128; bit++) {
		int low = v[15] & 1;

		if (x[bit / 8] >> (7 - bit % 8) & 1)
			for (int i = 0; i < BLOCK; i++)
				z[i] ^= v[i];
		for (int i = 15; i > 0; i--)
			v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
		v[0] >>= 1;
		if (low)
			v[0] ^= 0xe1;
	}
	memcpy(x, z, BLOCK);
}

static void ghash(uint8_t *y, const uint8_t *h, struct span text)
{
	for (size_t at = 0; at < text.n; at += BLOCK) {
		for (size_t i = 0; i < BLOCK && at + i < text.n; i++)
			y[i] ^= text.p[at + i];
		multiply(y, h);
	}
}

static void put_u32(uint8_t *p, size_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* out: ciphertext and tag. */
static void reference_seal(const uint8_t *key, const uint8_t *iv,
			   struct span aad, struct span plain, uint8_t *out)
{
	uint8_t h[BLOCK] = { 0 }, counter[BLOCK], stream[BLOCK];
	uint8_t y[BLOCK] = { 0 }, lengths[BLOCK] = { 0 };

	ecb(key, h, h);
	memcpy(counter, iv, IV);
	for (size_t at = 0; at < plain.n; at += BLOCK) {
		put_u32(counter + IV, 2 + at / BLOCK);
		ecb(key, counter, stream);
		for (size_t i = 0; i < BLOCK && at + i < plain.n; i++)
			out[at + i] = plain.p[at + i] ^ stream[i];
	}
	ghash(y, h, aad);
	ghash(y, h, span_of(out, plain.n));
	put_u32(lengths + 4, aad.n * 8);
	put_u32(lengths + 12, plain.n * 8);
	ghash(y, h, SPAN_ARRAY(lengths));
	put_u32(counter + IV, 1);
	ecb(key, counter, stream);
	for (int i = 0; i < TAG; i++)
		out[plain.n + (size_t)i] = y[i] ^ stream[i];
}

/* The construction above is GCM: AES would show it as well, but the block
 * cipher here is Twofish, so libgcrypt's own GCM is the other witness. */
static void direct_seal(const uint8_t *key, const uint8_t *iv, struct span aad,
			struct span plain, uint8_t *out)
{
	gcry_cipher_hd_t h;

	assert_int_equal(
	    gcry_cipher_open(&h, GCRY_CIPHER_TWOFISH, GCRY_CIPHER_MODE_GCM, 0),
	    0);
	assert_int_equal(gcry_cipher_setkey(h, key, KEY), 0);
	assert_int_equal(gcry_cipher_setiv(h, iv, IV), 0);
	assert_int_equal(gcry_cipher_authenticate(h, aad.p, aad.n), 0);
	assert_int_equal(gcry_cipher_encrypt(h, out, plain.n, plain.p, plain.n),
			 0);
	assert_int_equal(gcry_cipher_gettag(h, out + plain.n, TAG), 0);
	gcry_cipher_close(h);
}

struct message {
	uint8_t key[KEY], iv[IV];
	struct buf aad, plain;
};

static void message_random(struct message *m, size_t aad_n, size_t plain_n)
{
	static const uint8_t nothing[1];

	random_fill(m->key, KEY);
	random_fill(m->iv, IV);
	m->aad = m->plain = BUF_INIT;
	buf_put(&m->aad, span_of(nothing, 0));
	if (aad_n > 0)
		random_fill(buf_append(&m->aad, aad_n), aad_n);
	if (plain_n > 0)
		random_fill(buf_append(&m->plain, plain_n), plain_n);
}

static void message_clear(struct message *m)
{
	buf_clear(&m->aad);
	buf_clear(&m->plain);
}

static enum err seal(const struct message *m, struct buf *out)
{
	return aead_seal(suite(), SPAN_ARRAY(m->key), SPAN_ARRAY(m->iv),
			 buf_span(&m->aad), buf_span(&m->plain), out);
}

static enum err open(const struct message *m, struct span sealed,
		     struct buf *out)
{
	return aead_open(suite(), SPAN_ARRAY(m->key), SPAN_ARRAY(m->iv),
			 buf_span(&m->aad), sealed, out);
}

static void check_lengths(size_t aad_n, size_t plain_n)
{
	struct buf sealed = BUF_INIT, opened = BUF_INIT;
	uint8_t *want = malloc(plain_n + TAG);
	struct message m;

	assert_non_null(want);
	message_random(&m, aad_n, plain_n);
	assert_int_equal(seal(&m, &sealed), ERR_OK);
	assert_int_equal(sealed.n, plain_n + TAG);
	direct_seal(m.key, m.iv, buf_span(&m.aad), buf_span(&m.plain), want);
	assert_memory_equal(sealed.p, want, sealed.n);
	memset(want, 0, sealed.n);
	reference_seal(m.key, m.iv, buf_span(&m.aad), buf_span(&m.plain), want);
	assert_memory_equal(sealed.p, want, sealed.n);
	assert_int_equal(open(&m, buf_span(&sealed), &opened), ERR_OK);
	assert_true(span_equal(buf_span(&opened), buf_span(&m.plain)));
	free(want);
	buf_clear(&opened);
	buf_clear(&sealed);
	message_clear(&m);
}

static void test_gcm_equals_two_others(void **state)
{
	static const size_t edges[] = { 0, 1, 15, 16, 17, 31, 32, 33 };
	const size_t count = sizeof(edges) / sizeof(*edges);
	(void)state;

	for (size_t i = 0; i < count * count; i++)
		check_lengths(edges[i / count], edges[i % count]);
	for (int i = 0; i < 200; i++)
		check_lengths(random_below(100), random_below(600));
	check_lengths(3, 20000);
	check_lengths(20000, 3);
}

static void test_tampering_is_refused(void **state)
{
	struct buf sealed = BUF_INIT, opened = BUF_INIT;
	struct message m;
	(void)state;

	message_random(&m, 5, 21);
	assert_int_equal(seal(&m, &sealed), ERR_OK);
	for (size_t bit = 0; bit < sealed.n * 8; bit++) {
		sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(open(&m, buf_span(&sealed), &opened),
				 ERR_PEER_CRYPTO);
		assert_int_equal(opened.n, 0);
		sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(open(&m, span_of(sealed.p, n), &opened),
				 ERR_PEER_CRYPTO);
	m.aad.p[0] ^= 1;
	assert_int_equal(open(&m, buf_span(&sealed), &opened), ERR_PEER_CRYPTO);
	m.aad.p[0] ^= 1;
	m.iv[11] ^= 1;
	assert_int_equal(open(&m, buf_span(&sealed), &opened), ERR_PEER_CRYPTO);
	m.iv[11] ^= 1;
	m.key[31] ^= 1;
	assert_int_equal(open(&m, buf_span(&sealed), &opened), ERR_PEER_CRYPTO);
	m.key[31] ^= 1;
	assert_int_equal(open(&m, buf_span(&sealed), &opened), ERR_OK);
	assert_true(span_equal(buf_span(&opened), buf_span(&m.plain)));
	buf_clear(&opened);
	buf_clear(&sealed);
	message_clear(&m);
}

/* ---- the provider's manners, by EVP alone ---- */

static EVP_CIPHER_CTX *begin(const struct message *m, bool sealing)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	assert_int_equal(EVP_CipherInit_ex2(ctx, evp_cipher("TWOFISH-256-GCM"),
					    m->key, m->iv, sealing, NULL),
			 1);
	return ctx;
}

static void test_constants(void **state)
{
	const EVP_CIPHER *cipher = evp_cipher("TWOFISH-256-GCM");
	(void)state;

	assert_non_null(cipher);
	assert_int_equal(EVP_CIPHER_get_key_length(cipher), KEY);
	assert_int_equal(EVP_CIPHER_get_iv_length(cipher), IV);
	assert_int_equal(EVP_CIPHER_get_block_size(cipher), 1);
	assert_int_equal(EVP_CIPHER_get_mode(cipher), EVP_CIPH_GCM_MODE);
	assert_true(EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER);
}

static void test_pieces_equal_the_whole(void **state)
{
	struct buf sealed = BUF_INIT;
	uint8_t out[301], tag[TAG];
	struct message m;
	EVP_CIPHER_CTX *ctx;
	int n = 0;
	(void)state;

	message_random(&m, 41, sizeof(out));
	assert_int_equal(seal(&m, &sealed), ERR_OK);
	ctx = begin(&m, true);
	for (size_t at = 0; at < m.aad.n; at++)
		assert_int_equal(
		    EVP_CipherUpdate(ctx, NULL, &n, m.aad.p + at, 1), 1);
	for (size_t at = 0, step; at < m.plain.n; at += step) {
		step = 1 + random_below(40);
		if (step > m.plain.n - at)
			step = m.plain.n - at;
		assert_int_equal(EVP_CipherUpdate(ctx, out + at, &n,
						  m.plain.p + at, (int)step),
				 1);
		assert_int_equal(n, step);
	}
	assert_int_equal(EVP_CipherFinal_ex(ctx, out, &n), 1);
	assert_int_equal(
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag), 1);
	assert_memory_equal(out, sealed.p, sizeof(out));
	assert_memory_equal(tag, sealed.p + sizeof(out), TAG);
	EVP_CIPHER_CTX_free(ctx);
	buf_clear(&sealed);
	message_clear(&m);
}

/* One context, many messages: nothing of the last one may stay behind. */
static void test_context_serves_again(void **state)
{
	struct message m;
	uint8_t out[64], want[64 + TAG], tag[TAG];
	EVP_CIPHER_CTX *ctx;
	int n;
	(void)state;

	message_random(&m, 9, 64);
	ctx = begin(&m, true);
	for (int i = 0; i < 5; i++) {
		if (i > 0)
			random_fill(m.iv, IV);
		if (i == 0) /* left in the middle */
			assert_int_equal(
			    EVP_CipherUpdate(ctx, out, &n, m.plain.p, 10), 1);
		assert_int_equal(
		    EVP_CipherInit_ex2(ctx, NULL, NULL, m.iv, 1, NULL), 1);
		assert_int_equal(
		    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag),
		    0);
		assert_int_equal(EVP_CipherUpdate(ctx, NULL, &n, m.aad.p, 9),
				 1);
		assert_int_equal(EVP_CipherUpdate(ctx, out, &n, m.plain.p, 64),
				 1);
		assert_int_equal(EVP_CipherFinal_ex(ctx, out, &n), 1);
		assert_int_equal(
		    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag),
		    1);
		direct_seal(m.key, m.iv, buf_span(&m.aad), buf_span(&m.plain),
			    want);
		assert_memory_equal(out, want, 64);
		assert_memory_equal(tag, want + 64, TAG);
	}
	EVP_CIPHER_CTX_free(ctx);
	message_clear(&m);
}

static void test_tag_of_the_last_message_does_not_open_the_next(void **state)
{
	struct message m;
	uint8_t sealed[32 + TAG], out[32];
	OSSL_PARAM params[2];
	EVP_CIPHER_CTX *ctx;
	int n;
	(void)state;

	message_random(&m, 0, 32);
	direct_seal(m.key, m.iv, SPAN_EMPTY, buf_span(&m.plain), sealed);
	params[0] = OSSL_PARAM_construct_octet_string(
	    OSSL_CIPHER_PARAM_AEAD_TAG, sealed + 32, TAG);
	params[1] = OSSL_PARAM_construct_end();
	ctx = begin(&m, false);
	assert_int_equal(EVP_CIPHER_CTX_set_params(ctx, params), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, sealed, 32), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, out, &n), 1);
	assert_memory_equal(out, m.plain.p, 32);

	assert_int_equal(EVP_CipherInit_ex2(ctx, NULL, NULL, m.iv, 0, NULL), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, sealed, 32), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, out, &n), 0);

	/* set before a re-init: forgotten too */
	assert_int_equal(EVP_CIPHER_CTX_set_params(ctx, params), 1);
	assert_int_equal(EVP_CipherInit_ex2(ctx, NULL, NULL, m.iv, 0, NULL), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, sealed, 32), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, out, &n), 0);
	EVP_CIPHER_CTX_free(ctx);
	message_clear(&m);
}

static void test_misuse_is_refused(void **state)
{
	const EVP_CIPHER *cipher = evp_cipher("TWOFISH-256-GCM");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new(), *copy;
	struct message m;
	uint8_t out[64];
	int n;
	(void)state;

	message_random(&m, 0, 16);
	/* no key, then no nonce */
	assert_int_equal(EVP_CipherInit_ex2(ctx, cipher, NULL, m.iv, 1, NULL),
			 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, m.plain.p, 16), 0);
	EVP_CIPHER_CTX_free(ctx);
	ctx = EVP_CIPHER_CTX_new();
	assert_int_equal(EVP_CipherInit_ex2(ctx, cipher, m.key, NULL, 1, NULL),
			 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, m.plain.p, 16), 0);

	/* a nonce serves once */
	assert_int_equal(EVP_CipherInit_ex2(ctx, NULL, NULL, m.iv, 1, NULL), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, m.plain.p, 16), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, out, &n), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out, &n, m.plain.p, 16), 0);

	/* other sizes */
	assert_int_equal(
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL), 1);
	assert_int_not_equal(
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL), 1);
	assert_int_not_equal(
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 4, out), 1);
	assert_int_not_equal(EVP_CIPHER_CTX_set_key_length(ctx, 16), 1);

	/* a libgcrypt handle cannot be copied */
	copy = EVP_CIPHER_CTX_new();
	assert_int_not_equal(EVP_CIPHER_CTX_copy(copy, ctx), 1);
	EVP_CIPHER_CTX_free(copy);
	EVP_CIPHER_CTX_free(ctx);
	message_clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answer),
		cmocka_unit_test(test_iterated_known_answers),
		cmocka_unit_test(test_gcm_equals_two_others),
		cmocka_unit_test(test_tampering_is_refused),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_pieces_equal_the_whole),
		cmocka_unit_test(test_context_serves_again),
		cmocka_unit_test(
		    test_tag_of_the_last_message_does_not_open_the_next),
		cmocka_unit_test(test_misuse_is_refused),
	};

	if (library_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, vectors_teardown);
}
