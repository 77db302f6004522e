/*
 * Access tokens and vouchers (JWT). The first byte chooses: whole texts as they come,
 * or claims that are signed here, so that what is behind the signature is read, too.
 * Who is let in has every claim that the rules want.
 */
#include "fuzz.h"

#include <jansson.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/es256.h"
#include "door/bearer.h"
#include "door/vouch.h"

enum { NOW = 1800000000, LIFE = 200000000 };

static const char SECRET[] = "twenty-four characters, or more";
static struct buf private_pem, public_pem;

static struct span find_key(void *arg, struct span kid)
{
	(void)arg;
	return span_equal(kid, SPAN_LIT("k")) ? buf_span(&public_pem)
					      : SPAN_EMPTY;
}

/* A token over the claims; NULL: they are no JSON object. */
static char *sign(const char *claims, jwt_alg_t algorithm, const void *key,
		  size_t n)
{
	char *text = NULL;
	jwt_t *jwt = NULL;

	if (jwt_new(&jwt) != 0)
		abort();
	if (jwt_add_grants_json(jwt, claims) == 0 &&
	    jwt_add_header(jwt, "kid", "k") == 0 &&
	    jwt_set_alg(jwt, algorithm, key, (int)n) == 0)
		text = jwt_encode_str(jwt);
	jwt_free(jwt);
	return text;
}

static bool claim_is(const json_t *claims, const char *name, const char *must)
{
	const char *value = json_string_value(json_object_get(claims, name));

	return value != NULL && strcmp(value, must) == 0;
}

static bool claim_is_uuid(const json_t *claims, const char *name,
			  struct uuid uuid)
{
	const char *value = json_string_value(json_object_get(claims, name));
	struct uuid own;

	return value != NULL && uuid_parse(&own, span_str(value)) == ERR_OK &&
	       uuid_equal(own, uuid);
}

/* `claims` NULL: nobody has signed it, and so nobody is let in. */
static void verify_for(const char *audience, struct span token,
		       const char *claims)
{
	const struct bearer_rules rules = { "hermetic", audience, find_key,
					    NULL, LIFE };
	char waiting[BEARER_AUDIENCE_SIZE];
	static const struct identity nobody;
	struct identity who;
	json_t *json;

	if (bearer_verify(&rules, token, NOW, &who) != ERR_OK) {
		if (memcmp(&who, &nobody, sizeof(who)) != 0)
			abort();
		return;
	}
	if (claims == NULL)
		abort();
	bearer_waiting_audience(audience, waiting);
	json = json_loads(claims, 0, NULL);
	if (!claim_is(json, "iss", "hermetic") ||
	    !claim_is(json, "aud", who.pending ? waiting : audience) ||
	    !claim_is(json, "name", who.username) ||
	    !claim_is_uuid(json, "sub", who.user) ||
	    !claim_is_uuid(json, "dev", who.device) ||
	    !claim_is_uuid(json, "fam", who.family) || who.expires <= NOW ||
	    who.expires > (uint64_t)NOW + LIFE + BEARER_CLOCKS_S)
		abort();
	json_decref(json);
}

static void verify(struct span token, const char *claims)
{
	verify_for("api", token, claims);
	verify_for("api/pending", token, claims);
}

static void vouch(struct span voucher, const char *claims)
{
	struct buf pem = BUF_INIT;
	json_t *json;

	if (vouch_read(SPAN_LIT(SECRET), SPAN_LIT("k"), voucher, &pem) !=
	    ERR_OK) {
		if (pem.n > 0)
			abort();
		return;
	}
	buf_put_u8(&pem, 0);
	json = json_loads(claims != NULL ? claims : "", 0, NULL);
	if (!claim_is(json, "kid", "k") ||
	    !claim_is(json, "pem", (const char *)pem.p))
		abort();
	json_decref(json);
	buf_clear(&pem);
}

static void use_signed(const char *claims, bool voucher)
{
	char *text =
	    voucher ? sign(claims, JWT_ALG_HS256, SECRET, sizeof(SECRET) - 1)
		    : sign(claims, JWT_ALG_ES256, private_pem.p, private_pem.n);

	if (text == NULL)
		return;
	if (voucher)
		vouch(span_str(text), claims);
	else
		verify(span_str(text), claims);
	free(text);
}

static void begin(void)
{
	uint8_t x[32], y[32];

	if (es256_generate(&private_pem) != ERR_OK ||
	    es256_public(buf_span(&private_pem), &public_pem, x, y) != ERR_OK)
		abort();
	buf_put_u8(&public_pem, 0);
	public_pem.n--;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes;
	char *claims;

	if (size == 0)
		return 0;
	if (public_pem.n == 0)
		begin();
	bytes = span_of(data + 1, size - 1);
	if ((data[0] & 1) == 0) {
		verify_for("api", bytes, NULL);
		vouch(bytes, NULL);
		return 0;
	}
	claims = fuzz_text(bytes.p, bytes.n);
	use_signed(claims, data[0] & 2);
	free(claims);
	return 0;
}
