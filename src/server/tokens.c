#include "server/tokens.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "server/config.h"
#include "server/keys.h"
#include "server/revocations.h"

enum { CACHE_SIZE = 4096 };

/* Verified tokens, by the hash of all their bytes: a signature is checked once
 * and not with each request. A slot holds the last one that fell on it. */
static struct cached {
	struct digest hash;
	struct identity who;
} cache[CACHE_SIZE];

static struct cached *cache_slot(struct digest hash)
{
	return &cache[((size_t)hash.bytes[0] << 8 | hash.bytes[1]) %
		      CACHE_SIZE];
}

/* ---- issuing ---- */

static bool add_claims(jwt_t *jwt, const struct identity *who, long now)
{
	char waiting[BEARER_AUDIENCE_SIZE];
	struct uuid id = { 0 };

	bearer_waiting_audience(config()->audience, waiting);
	if (rng_fill(rng_system(), id.bytes, sizeof(id.bytes)) != ERR_OK)
		return false;
	return jwt_add_grant(jwt, "iss", config()->issuer) == 0 &&
	       jwt_add_grant(jwt, "aud",
			     who->pending ? waiting : config()->audience) ==
		   0 &&
	       jwt_add_grant(jwt, "sub", uuid_text(who->user).text) == 0 &&
	       jwt_add_grant(jwt, "name", who->username) == 0 &&
	       jwt_add_grant(jwt, "dev", uuid_text(who->device).text) == 0 &&
	       jwt_add_grant(jwt, "fam", uuid_text(who->family).text) == 0 &&
	       jwt_add_grant(jwt, "jti", uuid_text(id).text) == 0 &&
	       jwt_add_grant_int(jwt, "iat", now) == 0 &&
	       jwt_add_grant_int(jwt, "exp", (long)who->expires) == 0;
}

enum err tokens_issue(struct identity *who, struct buf *token)
{
	const struct key *key = keys_signing();
	long now = (long)time(NULL);
	jwt_t *jwt = NULL;
	char *text = NULL;
	enum err e = ERR_OK;

	ENSURE(key != NULL, ERR_LOCAL_BUSY);
	who->expires = (uint64_t)now + config()->access_seconds;
	ENSURE(jwt_new(&jwt) == 0, ERR_LOCAL_MEMORY);
	ENSURE(add_claims(jwt, who, now) &&
		   jwt_add_header(jwt, "kid", key->kid) == 0,
	       ERR_LOCAL_CRYPTO);
	ENSURE(jwt_set_alg(jwt, JWT_ALG_ES256, key->private_pem.p,
			   (int)key->private_pem.n) == 0,
	       ERR_LOCAL_CRYPTO);
	text = jwt_encode_str(jwt);
	ENSURE(text != NULL, ERR_LOCAL_CRYPTO);
	buf_put_str(token, text);
	e = token->fail;
out:
	if (text != NULL)
		sec_wipe(text, strlen(text));
	free(text);
	jwt_free(jwt);
	return e;
}

/* ---- verifying ---- */

static struct span find_key(void *unused, struct span kid)
{
	const struct key *key = keys_find(kid);

	(void)unused;
	return key != NULL ? buf_span(&key->public_pem) : SPAN_EMPTY;
}

enum err tokens_verify(struct span token, struct identity *who)
{
	const struct bearer_rules rules = { config()->issuer,
					    config()->audience, find_key, NULL,
					    config()->access_seconds };
	uint64_t now = (uint64_t)time(NULL);
	struct cached *slot;
	struct digest hash = { 0 };
	enum err e;

	if (token.n > BEARER_MAX || hash_one(token, hash.bytes) != ERR_OK)
		return ERR_PEER_DENIED;
	slot = cache_slot(hash);
	if (!sec_equal(SPAN_ARRAY(slot->hash.bytes), SPAN_ARRAY(hash.bytes))) {
		TRY(bearer_verify(&rules, token, now, who));
		slot->hash = hash;
		slot->who = *who;
	}
	*who = slot->who;
	ENSURE(who->expires > now && !revocations_have(who->family),
	       ERR_PEER_DENIED);
	e = ERR_OK;
out:
	return e;
}

static bool admit_any(struct request *req, struct span token,
		      struct identity *who)
{
	if (tokens_verify(token, who) == ERR_OK)
		return true;
	if (keys_are_loaded()) {
		request_problem(req, OUTCOME_UNAUTHORIZED, NULL);
	} else { /* just started: it may well be a good one */
		request_problem(req, OUTCOME_UNAVAILABLE,
				"no key is loaded yet");
	}
	return false;
}

bool tokens_admit(struct request *req, struct span token, struct identity *who)
{
	if (!admit_any(req, token, who))
		return false;
	if (who->pending)
		request_problem(req, OUTCOME_DEVICE_PENDING, NULL);
	return !who->pending;
}

static struct span bearer_of(struct request *req)
{
	static const char scheme[] = "Bearer ";
	struct span value = SPAN_EMPTY;
	size_t n = sizeof(scheme) - 1;

	if (request_header(req, "Authorization", &value) && value.n > n &&
	    strncasecmp((const char *)value.p, scheme, n) == 0)
		return span_of(value.p + n, value.n - n);
	return SPAN_EMPTY;
}

bool tokens_require(struct request *req, struct identity *who)
{
	return tokens_admit(req, bearer_of(req), who);
}

bool tokens_require_any(struct request *req, struct identity *who)
{
	return admit_any(req, bearer_of(req), who);
}

/* ---- refresh tokens ---- */

enum err tokens_hash_refresh(struct span token, struct digest *hash)
{
	return hash_one(token, hash->bytes);
}

enum err tokens_new_refresh(struct buf *token, struct digest *hash)
{
	size_t start = token->n;
	uint8_t bytes[32];
	enum err e;

	TRY(rng_fill(rng_system(), bytes, sizeof(bytes)));
	text_put_base64url(token, SPAN_ARRAY(bytes));
	TRY(token->fail);
	TRY(tokens_hash_refresh(span_of(token->p + start, token->n - start),
				hash));
out:
	sec_wipe(bytes, sizeof(bytes));
	return e;
}

enum err tokens_next_refresh(struct span old, struct buf *token,
			     struct digest *hash)
{
	size_t start = token->n;
	uint8_t key[32], bytes[32];
	enum err e;

	TRY(keys_derive(SPAN_LIT("hermetic refresh 1"), key));
	TRY(hash_mac(suite_by_algorithm(SPAN_LIT("chacha20-poly1305")),
		     SPAN_ARRAY(key), &old, 1, bytes));
	text_put_base64url(token, SPAN_ARRAY(bytes));
	TRY(token->fail);
	TRY(tokens_hash_refresh(span_of(token->p + start, token->n - start),
				hash));
out:
	sec_wipe(key, sizeof(key));
	sec_wipe(bytes, sizeof(bytes));
	return e;
}
