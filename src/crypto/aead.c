#include "crypto/aead.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- in pieces ---- */

struct aead_stream {
	EVP_CIPHER_CTX *ctx;
	uint64_t left; /* bytes that may still pass */
};

enum err aead_stream_begin(const struct suite *suite, struct span key,
			   struct span nonce, struct span aad, bool seal,
			   struct aead_stream **out)
{
	struct aead_stream *s = NULL;
	enum err e = ERR_OK;

	ENSURE(shapes_hold(suite, key, nonce, aad, SPAN_EMPTY), ERR_LOCAL_BUG);
	s = calloc(1, sizeof(*s));
	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	s->ctx = begin(suite, key, nonce, aad, seal);
	ENSURE(s->ctx != NULL, ERR_LOCAL_CRYPTO);
	s->left = AEAD_STREAM_MAX;
	*out = s;
	s = NULL;
out:
	aead_stream_free(s);
	return e;
}

enum err aead_stream_pass(struct aead_stream *s, struct span in, uint8_t *out)
{
	int n = 0;

	if (in.n > s->left || in.n > INT_MAX)
		return ERR_LOCAL_BUG;
	s->left -= in.n;
	if (in.n > 0 &&
	    (EVP_CipherUpdate(s->ctx, out, &n, in.p, (int)in.n) != 1 ||
	     (size_t)n != in.n))
		return ERR_LOCAL_CRYPTO;
	return ERR_OK;
}

enum err aead_stream_seal_end(struct aead_stream *s,
			      uint8_t tag[SUITE_AEAD_TAG])
{
	uint8_t none[SUITE_AEAD_TAG];
	int n = 0;

	if (EVP_CipherFinal_ex(s->ctx, none, &n) != 1 || n != 0 ||
	    EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, SUITE_AEAD_TAG,
				tag) != 1)
		return ERR_LOCAL_CRYPTO;
	return ERR_OK;
}

enum err aead_stream_open_end(struct aead_stream *s,
			      const uint8_t tag[SUITE_AEAD_TAG])
{
	uint8_t copy[SUITE_AEAD_TAG], none[SUITE_AEAD_TAG];
	enum err e = ERR_OK;
	int n = 0;

	memcpy(copy, tag, sizeof(copy));
	evp_quiet_begin();
	ENSURE(EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG,
				   SUITE_AEAD_TAG, copy) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_CipherFinal_ex(s->ctx, none, &n) == 1 && n == 0,
	       ERR_PEER_CRYPTO);
out:
	evp_quiet_end();
	return e;
}

void aead_stream_free(struct aead_stream *s)
{
	if (s == NULL)
		return;
	EVP_CIPHER_CTX_free(s->ctx);
	free(s);
}
