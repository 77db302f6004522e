#include "crypto/digest.h"

#include "crypto/evp.h"

/* `n` bytes of a function whose output is as long as one asks; 0: its hash. */
static enum err digest_long(const char *name, const struct span *parts,
			    size_t count, uint8_t *out, size_t n)
{
	const EVP_MD *md = evp_digest(name);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_OK;

	ENSURE(md != NULL && ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestInit_ex2(ctx, md, NULL) == 1, ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < count; i++)
		ENSURE(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1,
		       ERR_LOCAL_CRYPTO);
	ENSURE((n > 0 ? EVP_DigestFinalXOF(ctx, out, n)
		      : EVP_DigestFinal_ex(ctx, out, NULL)) == 1,
	       ERR_LOCAL_CRYPTO);
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

enum err digest_parts(const char *name, const struct span *parts, size_t count,
		      uint8_t *out)
{
	return digest_long(name, parts, count, out, 0);
}

enum err digest_shake256(const struct span *parts, size_t count, uint8_t *out,
			 size_t n)
{
	return digest_long("SHAKE-256", parts, count, out, n);
}
