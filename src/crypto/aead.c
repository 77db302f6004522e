#include "crypto/aead.h"

#include <limits.h>

#include "base/sec.h"
#include "crypto/evp.h"

static bool shapes_hold(const struct suite *suite, struct span key,
			struct span nonce, struct span aad, struct span text)
{
	return key.n == suite->nk && nonce.n == SUITE_NONCE &&
	       aad.n <= INT_MAX && text.n <= INT_MAX - SUITE_AEAD_TAG;
}

/* A context with key, nonce and AAD in; NULL on failure. */
static EVP_CIPHER_CTX *begin(const struct suite *suite, struct span key,
			     struct span nonce, struct span aad, bool seal)
{
	const EVP_CIPHER *cipher = evp_cipher(suite->aead);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (cipher != NULL && ctx != NULL &&
	    EVP_CipherInit_ex2(ctx, cipher, key.p, nonce.p, seal, NULL) == 1 &&
	    (aad.n == 0 ||
	     EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.n) == 1))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

enum err aead_seal(const struct suite *suite, struct span key,
		   struct span nonce, struct span aad, struct span plaintext,
		   struct buf *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	enum err e = ERR_OK;
	uint8_t *p;
	int n = 0, rest = 0;

	ENSURE(shapes_hold(suite, key, nonce, aad, plaintext), ERR_LOCAL_BUG);
	p = buf_reserve(out, plaintext.n + SUITE_AEAD_TAG);
	ENSURE(p != NULL, out->fail);
	ctx = begin(suite, key, nonce, aad, true);
	ENSURE(ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(plaintext.n == 0 || EVP_CipherUpdate(ctx, p, &n, plaintext.p,
						    (int)plaintext.n) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_CipherFinal_ex(ctx, p + n, &rest) == 1 &&
		   (size_t)n + (size_t)rest == plaintext.n,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SUITE_AEAD_TAG,
				   p + plaintext.n) == 1,
	       ERR_LOCAL_CRYPTO);
	out->n += plaintext.n + SUITE_AEAD_TAG;
out:
	EVP_CIPHER_CTX_free(ctx);
	return e;
}

enum err aead_open(const struct suite *suite, struct span key,
		   struct span nonce, struct span aad, struct span ciphertext,
		   struct buf *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	uint8_t tag[SUITE_AEAD_TAG], *p = NULL;
	enum err e = ERR_OK;
	int n = 0, rest = 0;
	size_t length;

	evp_quiet_begin();
	ENSURE(ciphertext.n >= SUITE_AEAD_TAG, ERR_PEER_CRYPTO);
	length = ciphertext.n - SUITE_AEAD_TAG;
	ENSURE(shapes_hold(suite, key, nonce, aad, span_of(NULL, length)),
	       ERR_LOCAL_BUG);
	p = buf_reserve(out, length);
	ENSURE(p != NULL, out->fail);
	ctx = begin(suite, key, nonce, aad, false);
	ENSURE(ctx != NULL, ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < SUITE_AEAD_TAG; i++)
		tag[i] = ciphertext.p[length + i];
	ENSURE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SUITE_AEAD_TAG,
				   tag) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(length == 0 ||
		   EVP_CipherUpdate(ctx, p, &n, ciphertext.p, (int)length) == 1,
	       ERR_PEER_CRYPTO);
	ENSURE(EVP_CipherFinal_ex(ctx, p + n, &rest) == 1 &&
		   (size_t)n + (size_t)rest == length,
	       ERR_PEER_CRYPTO);
	out->n += length;
out:
	/* what did not verify must not stay behind the buffer's end */
	if (e != ERR_OK && p != NULL)
		sec_wipe(p, length);
	EVP_CIPHER_CTX_free(ctx);
	evp_quiet_end();
	return e;
}
