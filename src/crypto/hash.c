#include "crypto/hash.h"

#include <string.h>

#include "crypto/evp.h"

static enum err digest_parts(const char *name, const struct span *parts,
			     size_t count, uint8_t *out)
{
	const EVP_MD *md = evp_digest(name);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_OK;

	ENSURE(md != NULL && ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestInit_ex2(ctx, md, NULL) == 1, ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < count; i++)
		ENSURE(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1,
		       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestFinal_ex(ctx, out, NULL) == 1, ERR_LOCAL_CRYPTO);
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

enum err hash_digest(const struct suite *suite, const struct span *parts,
		     size_t count, uint8_t *out)
{
	return digest_parts(suite->hash, parts, count, out);
}

enum err hash_sha256(const struct span *parts, size_t count, uint8_t out[32])
{
	return digest_parts("SHA2-256", parts, count, out);
}

enum err hash_mac(const struct suite *suite, struct span key,
		  const struct span *parts, size_t count, uint8_t *out)
{
	/* HMAC pads a key with zeros; EVP takes an empty one for none. */
	static const uint8_t empty_key[1] = { 0 };
	const EVP_MAC_CTX *keyless = evp_hmac(suite->hash);
	EVP_MAC_CTX *ctx = NULL;
	enum err e = ERR_OK;
	size_t n = 0;

	if (key.n == 0)
		key = SPAN_ARRAY(empty_key);
	ENSURE(keyless != NULL, ERR_LOCAL_CRYPTO);
	ctx = EVP_MAC_CTX_dup(keyless);
	ENSURE(ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_MAC_init(ctx, key.p, key.n, NULL) == 1, ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < count; i++)
		ENSURE(parts[i].n == 0 ||
			   EVP_MAC_update(ctx, parts[i].p, parts[i].n) == 1,
		       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_MAC_final(ctx, out, &n, suite->nh) == 1 && n == suite->nh,
	       ERR_LOCAL_CRYPTO);
out:
	EVP_MAC_CTX_free(ctx);
	return e;
}

enum err hash_extract(const struct suite *suite, struct span salt,
		      struct span ikm, struct sec *prk)
{
	enum err e;

	sec_clear(prk);
	e = hash_mac(suite, salt, &ikm, 1, prk->b);
	if (e != ERR_OK)
		sec_clear(prk);
	else
		prk->n = suite->nh;
	return e;
}

enum err hash_expand_bytes(const struct suite *suite, struct span prk,
			   struct span info, uint8_t *out, size_t length)
{
	uint8_t block[SUITE_HASH_MAX], counter = 0;
	struct span previous = SPAN_EMPTY;
	enum err e = ERR_OK;
	size_t done = 0;

	ENSURE(length <= 255 * (size_t)suite->nh, ERR_LOCAL_BUG);
	while (done < length) {
		size_t n =
		    length - done < suite->nh ? length - done : suite->nh;

		counter++;
		struct span parts[] = { previous, info, { &counter, 1 } };
		TRY(hash_mac(suite, prk, parts, 3, block));
		memcpy(out + done, block, n);
		previous = span_of(block, suite->nh);
		done += n;
	}
out:
	sec_wipe(block, sizeof(block));
	if (e != ERR_OK)
		sec_wipe(out, length);
	return e;
}

enum err hash_expand(const struct suite *suite, struct span prk,
		     struct span info, size_t length, struct sec *out)
{
	enum err e;

	sec_clear(out);
	if (length > SEC_MAX)
		return ERR_LOCAL_BUG;
	e = hash_expand_bytes(suite, prk, info, out->b, length);
	if (e == ERR_OK)
		out->n = (uint8_t)length;
	return e;
}
