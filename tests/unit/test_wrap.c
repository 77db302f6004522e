/* Key wrap: published answers, then what a peer can send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <string.h>

#include "crypto/library.h"
#include "crypto/wrap.h"
#include "tests/testlib/random.h"
#include "tests/testlib/vectors.h"

#define HEX(text) vectors_text_bytes(text)

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

	random_fill(kek, sizeof(kek));
	random_fill(key, sizeof(key));
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

	random_fill(kek, sizeof(kek));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		random_fill(bytes, sizeof(bytes));
		assert_int_equal(
		    wrap_open(SPAN_ARRAY(kek), span_of(bytes, n), &out),
		    ERR_PEER_CRYPTO);
	}
	assert_int_equal(wrap_seal(span_of(kek, 16), SPAN_ARRAY(bytes), &out),
			 ERR_LOCAL_BUG);
	assert_int_equal(out.n, 0);
	buf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap_reference),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_of_garbage),
	};

	if (library_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, vectors_teardown);
}
