#include "crypto/wrap.h"

#include "base/sec.h"
#include "crypto/evp.h"

enum { KEK_SIZE = 32, KEY_MAX = 65536, OVERHEAD = 16 };

static enum err run(struct span kek, struct span in, bool wrap, struct buf *out)
{
	const EVP_CIPHER *cipher = evp_cipher("AES-256-WRAP-PAD");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	enum err e = ERR_OK;
	uint8_t *p = NULL;
	int n = 0, rest = 0;

	evp_quiet_begin();
	ENSURE(kek.n == KEK_SIZE, ERR_LOCAL_BUG);
	ENSURE(in.n > 0 && in.n <= KEY_MAX,
	       wrap ? ERR_LOCAL_BUG : ERR_PEER_CRYPTO);
	ENSURE(cipher != NULL && ctx != NULL, ERR_LOCAL_CRYPTO);
	p = buf_reserve(out, in.n + OVERHEAD);
	ENSURE(p != NULL, out->fail);
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ENSURE(EVP_CipherInit_ex2(ctx, cipher, kek.p, NULL, wrap, NULL) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_CipherUpdate(ctx, p, &n, in.p, (int)in.n) == 1,
	       wrap ? ERR_LOCAL_CRYPTO : ERR_PEER_CRYPTO);
	ENSURE(EVP_CipherFinal_ex(ctx, p + n, &rest) == 1,
	       wrap ? ERR_LOCAL_CRYPTO : ERR_PEER_CRYPTO);
	out->n += (size_t)n + (size_t)rest;
out:
	if (e != ERR_OK && p != NULL)
		sec_wipe(p, in.n + OVERHEAD);
	EVP_CIPHER_CTX_free(ctx);
	evp_quiet_end();
	return e;
}

enum err wrap_seal(struct span kek, struct span key, struct buf *wrapped)
{
	return run(kek, key, true, wrapped);
}

enum err wrap_open(struct span kek, struct span wrapped, struct buf *key)
{
	return run(kek, wrapped, false, key);
}
