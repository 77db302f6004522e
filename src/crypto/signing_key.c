#include "crypto/signing_key.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/es256.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/wrap.h"

void signing_key_put_jwk(struct buf *jwk, const char *kid, const uint8_t x[32],
			 const uint8_t y[32])
{
	buf_putf(jwk,
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\","
		 "\"use\":\"sig\",\"kid\":\"%s\",\"x\":\"",
		 kid);
	text_put_base64url(jwk, span_of(x, 32));
	buf_put_str(jwk, "\",\"y\":\"");
	text_put_base64url(jwk, span_of(y, 32));
	buf_put_str(jwk, "\"}");
}

static enum err make_kid(char kid[SIGNING_KEY_KID])
{
	uint8_t bytes[12];
	struct buf text = BUF_INIT;
	enum err e;

	TRY(rng_fill(rng_system(), bytes, sizeof(bytes)));
	text_put_base64url(&text, SPAN_ARRAY(bytes));
	TRY(buf_end(&text));
	(void)snprintf(kid, SIGNING_KEY_KID, "%.*s", (int)text.n,
		       (const char *)text.p);
out:
	buf_clear(&text);
	return e;
}

enum err signing_key_kek_id(struct span kek, uint8_t id[SIGNING_KEY_KEK_ID])
{
	static const char label[] = "hermetic kek id";
	const struct span parts[] = { span_of(label, sizeof(label) - 1), kek };
	uint8_t digest[32];
	enum err e;

	TRY(hash_sha256(parts, 2, digest));
	memcpy(id, digest, SIGNING_KEY_KEK_ID);
out:
	return e;
}

enum err signing_key_make(struct span kek, struct signing_key *key)
{
	struct buf pem = BUF_INIT, public_pem = BUF_INIT;
	uint8_t x[32], y[32];
	enum err e;

	*key = (struct signing_key){ .jwk = BUF_INIT, .wrapped = BUF_INIT };
	TRY(make_kid(key->kid));
	TRY(signing_key_kek_id(kek, key->kek_id));
	TRY(es256_generate(&pem));
	TRY(es256_public(buf_span(&pem), &public_pem, x, y));
	TRY(wrap_seal(kek, buf_span(&pem), &key->wrapped));
	signing_key_put_jwk(&key->jwk, key->kid, x, y);
	TRY(buf_end(&key->jwk));
out:
	if (e != ERR_OK)
		signing_key_clear(key);
	buf_clear(&pem);
	buf_clear(&public_pem);
	return e;
}

void signing_key_clear(struct signing_key *key)
{
	buf_clear(&key->jwk);
	buf_clear(&key->wrapped);
}

enum err signing_key_open(struct span kek, struct span previous,
			  struct span wrapped, struct buf *pem)
{
	enum err e = wrap_open(kek, wrapped, pem);

	if (e == ERR_PEER_CRYPTO && previous.n > 0)
		e = wrap_open(previous, wrapped, pem);
	return e;
}
