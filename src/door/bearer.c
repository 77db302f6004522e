#include "door/bearer.h"

#include <jansson.h>
#include <jwt.h>
#include <stdio.h>
#include <string.h>

#include "base/sec.h"
#include "base/text.h"

void bearer_waiting_audience(const char *audience,
			     char out[BEARER_AUDIENCE_SIZE])
{
	(void)snprintf(out, BEARER_AUDIENCE_SIZE, "%.200s/pending", audience);
}

/* The key that the token's header names. The algorithm is pinned here, before
 * anything of the token is believed. */
static struct span key_of(const struct bearer_rules *rules, struct span token)
{
	const uint8_t *dot = memchr(token.p, '.', token.n);
	struct span key = SPAN_EMPTY;
	struct buf header = BUF_INIT;
	json_t *json = NULL;
	const char *alg, *kid;

	if (dot == NULL ||
	    text_base64url(&header,
			   span_of(token.p, (size_t)(dot - token.p))) != ERR_OK)
		goto out;
	json = json_loadb((const char *)header.p, header.n, 0, NULL);
	alg = json_string_value(json_object_get(json, "alg"));
	kid = json_string_value(json_object_get(json, "kid"));
	if (alg != NULL && kid != NULL && strcmp(alg, "ES256") == 0)
		key = rules->key(rules->arg, span_str(kid));
out:
	json_decref(json);
	buf_clear(&header);
	return key;
}

static bool grant_is(jwt_t *jwt, const char *name, const char *must)
{
	const char *value = jwt_get_grant(jwt, name);

	return value != NULL && strcmp(value, must) == 0;
}

static bool grant_uuid(jwt_t *jwt, const char *name, struct uuid *out)
{
	const char *value = jwt_get_grant(jwt, name);

	return value != NULL && uuid_parse(out, span_str(value)) == ERR_OK;
}

static bool read_claims(const struct bearer_rules *rules, jwt_t *jwt,
			struct identity *out)
{
	const char *name = jwt_get_grant(jwt, "name");
	long expires = jwt_get_grant_int(jwt, "exp");
	char waiting[BEARER_AUDIENCE_SIZE];

	if (name == NULL || strlen(name) >= sizeof(out->username) ||
	    expires <= 0)
		return false;
	memcpy(out->username, name, strlen(name) + 1);
	out->expires = (uint64_t)expires;
	bearer_waiting_audience(rules->audience, waiting);
	out->pending = grant_is(jwt, "aud", waiting);
	return jwt_get_alg(jwt) == JWT_ALG_ES256 &&
	       grant_is(jwt, "iss", rules->issuer) &&
	       (out->pending || grant_is(jwt, "aud", rules->audience)) &&
	       grant_uuid(jwt, "sub", &out->user) &&
	       grant_uuid(jwt, "dev", &out->device) &&
	       grant_uuid(jwt, "fam", &out->family);
}

/* Three parts of base64url, each in its one spelling (RFC 7515, 2): the library that reads
 * them takes others as well, so one token would have many names. */
static bool is_compact(struct span token)
{
	for (size_t part = 0; part < 3; part++) {
		const uint8_t *dot = memchr(token.p, '.', token.n);
		size_t n = dot != NULL ? (size_t)(dot - token.p) : token.n;
		struct buf bytes = BUF_INIT;
		bool good =
		    text_base64url(&bytes, span_of(token.p, n)) == ERR_OK;

		buf_clear(&bytes);
		if (!good || (dot != NULL) != (part < 2))
			return false;
		n += dot != NULL;
		token = span_of(token.p + n, token.n - n);
	}
	return true;
}

enum err bearer_verify(const struct bearer_rules *rules, struct span token,
		       uint64_t now_s, struct identity *out)
{
	char text[BEARER_MAX + 1];
	struct span key = SPAN_EMPTY;
	jwt_t *jwt = NULL;
	bool good;

	*out = (struct identity){ .expires = 0 };
	if (token.n == 0 || token.n > BEARER_MAX ||
	    memchr(token.p, '\0', token.n) != NULL || !is_compact(token))
		return ERR_PEER_DENIED;
	key = key_of(rules, token);
	if (key.n == 0)
		return ERR_PEER_DENIED;
	memcpy(text, token.p, token.n);
	text[token.n] = '\0';
	good = jwt_decode(&jwt, text, key.p, (int)key.n) == 0 &&
	       read_claims(rules, jwt, out) && out->expires > now_s &&
	       out->expires - now_s <= rules->life_s + BEARER_CLOCKS_S;
	jwt_free(jwt);
	sec_wipe(text, sizeof(text));
	if (good)
		return ERR_OK;
	*out = (struct identity){ .expires = 0 };
	return ERR_PEER_DENIED;
}
