#include "mqtt/token.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"

/* SubjectPublicKeyInfo of a P-256 key, up to its coordinates (RFC 5480). */
static const uint8_t SPKI[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
				0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
				0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
				0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };

static enum err put_coordinate(const json_t *jwk, const char *name,
			       struct buf *der)
{
	const char *text = json_string_value(json_object_get(jwk, name));
	size_t start = der->n;

	if (text == NULL || text_base64url(der, span_str(text)) != ERR_OK)
		return ERR_PEER_MALFORMED;
	return der->n - start == 32 ? ERR_OK : ERR_PEER_MALFORMED;
}

enum err token_add_key(struct token_keys *keys, struct span kid,
		       struct span jwk)
{
	json_t *json = json_loadb((const char *)jwk.p, jwk.n, 0, NULL);
	struct buf der = BUF_INIT, pem = BUF_INIT;
	struct token_key *key;
	enum err e;

	ENSURE(keys->count < TOKEN_KEYS_MAX, ERR_LOCAL_BUSY);
	key = &keys->of[keys->count];
	ENSURE(kid.n < sizeof(key->kid), ERR_PEER_TOO_LARGE);
	buf_put(&der, SPAN_ARRAY(SPKI));
	TRY(put_coordinate(json, "x", &der));
	TRY(put_coordinate(json, "y", &der));
	buf_put_str(&pem, "-----BEGIN PUBLIC KEY-----\n");
	text_put_base64(&pem, buf_span(&der));
	buf_put_str(&pem, "\n-----END PUBLIC KEY-----\n");
	TRY(buf_end(&pem));
	ENSURE(pem.n < sizeof(key->pem), ERR_LOCAL_BUG);
	*key = (struct token_key){ .kid = "" };
	memcpy(key->kid, kid.p, kid.n);
	memcpy(key->pem, pem.p, pem.n);
	keys->count++;
out:
	json_decref(json);
	buf_clear(&der);
	buf_clear(&pem);
	return e;
}

static struct span find_key(void *arg, struct span kid)
{
	const struct token_keys *keys = arg;

	for (size_t i = 0; i < keys->count; i++)
		if (span_equal(kid, span_str(keys->of[i].kid)))
			return span_str(keys->of[i].pem);
	return SPAN_EMPTY;
}

enum err token_verify(struct token_keys *keys, const char *issuer,
		      const char *audience, const char *text, uint64_t now_s,
		      struct identity *out)
{
	const struct bearer_rules rules = { issuer, audience, find_key, keys };
	enum err e;

	TRY(bearer_verify(&rules, span_str(text), now_s, out));
	ENSURE(!out->pending, ERR_PEER_DENIED);
out:
	return e;
}
