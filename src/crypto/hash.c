#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/evp.h"

enum { BLOCK_MAX = 128 }; /* of SHA-384 and SHA-512 */

enum err hash_digest(const struct suite *suite, const struct span *parts,
		     size_t count, uint8_t *out)
{
	return digest_parts(suite->hash, parts, count, out);
}

enum err hash_sha256(const struct span *parts, size_t count, uint8_t out[32])
{
	return digest_parts("SHA2-256", parts, count, out);
}

enum err hash_one(struct span bytes, uint8_t out[32])
{
	return hash_sha256(&bytes, 1, out);
}

struct hash_stream {
	EVP_MD_CTX *ctx;
};

enum err hash_stream_begin(struct hash_stream **out)
{
	const EVP_MD *md = evp_digest("SHA2-256");
	struct hash_stream *s = calloc(1, sizeof(*s));
	enum err e = ERR_OK;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	s->ctx = EVP_MD_CTX_new();
	ENSURE(md != NULL && s->ctx != NULL &&
		   EVP_DigestInit_ex2(s->ctx, md, NULL) == 1,
	       ERR_LOCAL_CRYPTO);
	*out = s;
	s = NULL;
out:
	hash_stream_free(s);
	return e;
}

enum err hash_stream_add(struct hash_stream *s, struct span bytes)
{
	return EVP_DigestUpdate(s->ctx, bytes.p, bytes.n) == 1
		   ? ERR_OK
		   : ERR_LOCAL_CRYPTO;
}

enum err hash_stream_end(struct hash_stream *s, uint8_t out[32])
{
	return EVP_DigestFinal_ex(s->ctx, out, NULL) == 1 ? ERR_OK
							  : ERR_LOCAL_CRYPTO;
}

void hash_stream_free(struct hash_stream *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

enum err hash_sha1(struct span bytes, uint8_t out[20])
{
	return EVP_Digest(bytes.p, bytes.n, out, NULL, EVP_sha1(), NULL) == 1
		   ? ERR_OK
		   : ERR_LOCAL_CRYPTO;
}

/* One of HMAC's two hashes: the key masked with `mask`, then the parts. */
static enum err masked_digest(EVP_MD_CTX *ctx, const EVP_MD *md,
			      const uint8_t *key, uint8_t mask,
			      const struct span *parts, size_t count,
			      uint8_t *out)
{
	size_t size = (size_t)EVP_MD_get_block_size(md);
	uint8_t block[BLOCK_MAX];
	enum err e = ERR_OK;

	for (size_t i = 0; i < size; i++)
		block[i] = key[i] ^ mask;
	ENSURE(EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
		   EVP_DigestUpdate(ctx, block, size) == 1,
	       ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < count; i++)
		ENSURE(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1,
		       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestFinal_ex(ctx, out, NULL) == 1, ERR_LOCAL_CRYPTO);
out:
	sec_wipe(block, sizeof(block));
	return e;
}

/* RFC 2104 in full: EVP_MAC takes more than twice as long for the short inputs
 * of a key schedule, where nearly all of the time goes into its contexts. */
enum err hash_mac(const struct suite *suite, struct span key,
		  const struct span *parts, size_t count, uint8_t *out)
{
	const EVP_MD *md = evp_digest(suite->hash);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t padded[BLOCK_MAX] = { 0 }, inner[SUITE_HASH_MAX];
	struct span hashed = { inner, suite->nh };
	enum err e = ERR_OK;

	ENSURE(md != NULL && ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_MD_get_block_size(md) <= BLOCK_MAX, ERR_LOCAL_BUG);
	if (key.n > (size_t)EVP_MD_get_block_size(md))
		TRY(digest_parts(suite->hash, &key, 1, padded));
	else if (key.n > 0)
		memcpy(padded, key.p, key.n);
	TRY(masked_digest(ctx, md, padded, 0x36, parts, count, inner));
	TRY(masked_digest(ctx, md, padded, 0x5c, &hashed, 1, out));
out:
	sec_wipe(padded, sizeof(padded));
	sec_wipe(inner, sizeof(inner));
	EVP_MD_CTX_free(ctx);
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
