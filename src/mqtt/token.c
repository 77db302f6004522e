#include "mqtt/token.h"

#include <jansson.h>
#include <jwt.h>
#include <string.h>

#include "base/text.h"

enum { TOKEN_MAX = 2048 };

/* ---- keys ---- */

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

/* The key that the token's header names. The algorithm is pinned here, before
 * anything of the token is believed. */
static const struct token_key *key_of(const struct token_keys *keys,
				      const char *text)
{
	const char *dot = strchr(text, '.'), *alg, *kid;
	const struct token_key *found = NULL;
	struct buf header = BUF_INIT;
	json_t *json = NULL;

	if (dot == NULL ||
	    text_base64url(&header, span_of(text, (size_t)(dot - text))) !=
		ERR_OK)
		goto out;
	json = json_loadb((const char *)header.p, header.n, 0, NULL);
	alg = json_string_value(json_object_get(json, "alg"));
	kid = json_string_value(json_object_get(json, "kid"));
	if (alg == NULL || kid == NULL || strcmp(alg, "ES256") != 0)
		goto out;
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->of[i].kid, kid) == 0)
			found = &keys->of[i];
out:
	json_decref(json);
	buf_clear(&header);
	return found;
}

/* ---- claims ---- */

static bool grant_is(jwt_t *jwt, const char *name, const char *must)
{
	const char *value = jwt_get_grant(jwt, name);

	return value != NULL && strcmp(value, must) == 0;
}

static bool grant_uuid(jwt_t *jwt, const char *name, uint8_t out[16])
{
	const char *value = jwt_get_grant(jwt, name);

	return value != NULL && text_parse_uuid(out, span_str(value)) == ERR_OK;
}

static bool read_claims(jwt_t *jwt, const char *issuer, const char *audience,
			struct token *out)
{
	const char *name = jwt_get_grant(jwt, "name");
	long expires = jwt_get_grant_int(jwt, "exp");

	if (name == NULL || strlen(name) >= sizeof(out->username) ||
	    expires <= 0)
		return false;
	memcpy(out->username, name, strlen(name) + 1);
	out->expires = (uint64_t)expires;
	return jwt_get_alg(jwt) == JWT_ALG_ES256 &&
	       grant_is(jwt, "iss", issuer) && grant_is(jwt, "aud", audience) &&
	       grant_uuid(jwt, "dev", out->device) &&
	       grant_uuid(jwt, "fam", out->family);
}

enum err token_verify(const struct token_keys *keys, const char *issuer,
		      const char *audience, const char *text, uint64_t now_s,
		      struct token *out)
{
	const struct token_key *key;
	jwt_t *jwt = NULL;
	bool good;

	*out = (struct token){ .expires = 0 };
	if (strlen(text) > TOKEN_MAX)
		return ERR_PEER_DENIED;
	key = key_of(keys, text);
	if (key == NULL)
		return ERR_PEER_DENIED;
	good = jwt_decode(&jwt, text, (const unsigned char *)key->pem,
			  (int)strlen(key->pem)) == 0 &&
	       read_claims(jwt, issuer, audience, out) && out->expires > now_s;
	jwt_free(jwt);
	if (good)
		return ERR_OK;
	*out = (struct token){ .expires = 0 };
	return ERR_PEER_DENIED;
}
