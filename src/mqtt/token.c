#include "mqtt/token.h"

#include <string.h>

#include "door/vouch.h"

enum err token_add_key(struct token_keys *keys, struct span secret,
		       struct span kid, struct span voucher)
{
	struct buf pem = BUF_INIT;
	struct token_key *key;
	enum err e;

	ENSURE(keys->count < TOKEN_KEYS_MAX, ERR_LOCAL_BUSY);
	key = &keys->of[keys->count];
	ENSURE(kid.n < sizeof(key->kid), ERR_PEER_TOO_LARGE);
	TRY(vouch_read(secret, kid, voucher, &pem));
	ENSURE(pem.n < sizeof(key->pem), ERR_PEER_TOO_LARGE);
	*key = (struct token_key){ .kid = "" };
	memcpy(key->kid, kid.p, kid.n);
	memcpy(key->pem, pem.p, pem.n);
	keys->count++;
out:
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
		      const char *audience, uint64_t life_s, const char *text,
		      uint64_t now_s, struct identity *out)
{
	const struct bearer_rules rules = { issuer, audience, find_key, keys,
					    life_s };
	enum err e;

	TRY(bearer_verify(&rules, span_str(text), now_s, out));
	ENSURE(!out->pending, ERR_PEER_DENIED);
out:
	return e;
}
