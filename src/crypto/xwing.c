#include "crypto/xwing.h"

#include <openssl/core_names.h>
#include <string.h>

#include "crypto/curve.h"
#include "crypto/evp.h"

/* OpenSSL 3.0 has no macros for these: "seed" is OSSL_PKEY_PARAM_ML_KEM_SEED,
 * "ikme" OSSL_KEM_PARAM_IKME. */
#define ML_KEM "ML-KEM-768"
#define PARAM_SEED "seed"
#define PARAM_COINS "ikme"
#define X25519 "X25519"

enum {
	ML_KEM_SEED = 64, /* d and z */
	ML_KEM_Z = 32,
	ML_KEM_COINS = 32,
	ML_KEM_PUBLIC = 1184,
	ML_KEM_CIPHERTEXT = 1088,
	ML_KEM_SECRET = 32,
	ML_KEM_VECTOR = 1152, /* of a public key: coefficients, 12 bits each */
	ML_KEM_Q = 3329,
	X25519_KEY = 32,
	EXPANDED = ML_KEM_SEED + X25519_KEY
};

/* A seed's halves, and z of ML-KEM's (FIPS 203, 6.1). */
struct halves {
	EVP_PKEY *ml_kem;
	struct sec z, x25519;
};

static void halves_clear(struct halves *h)
{
	EVP_PKEY_free(h->ml_kem);
	sec_clear(&h->z);
	sec_clear(&h->x25519);
}

bool xwing_there(void)
{
	return evp_has_ml_kem();
}

static enum err shake256(const struct span *parts, size_t count, uint8_t *out,
			 size_t n)
{
	const EVP_MD *md = evp_digest("SHAKE-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_OK;

	ENSURE(md != NULL && ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestInit_ex2(ctx, md, NULL) == 1, ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < count; i++)
		ENSURE(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1,
		       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestFinalXOF(ctx, out, n) == 1, ERR_LOCAL_CRYPTO);
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

/* ---- what a peer sent ---- */

static struct span ml_kem_part(struct span bytes)
{
	return span_of(bytes.p, bytes.n - X25519_KEY);
}

static struct span x25519_part(struct span bytes)
{
	return span_of(bytes.p + bytes.n - X25519_KEY, X25519_KEY);
}

/* FIPS 203, 7.2: the modulus check. */
static bool below_modulus(struct span ml_kem)
{
	for (size_t i = 0; i < ML_KEM_VECTOR; i += 3) {
		unsigned middle = ml_kem.p[i + 1];

		if ((ml_kem.p[i] | (middle & 15) << 8) >= ML_KEM_Q ||
		    (middle >> 4 | (unsigned)ml_kem.p[i + 2] << 4) >= ML_KEM_Q)
			return false;
	}
	return true;
}

enum err xwing_check_public(struct span public_key)
{
	if (public_key.n != XWING_PUBLIC ||
	    !below_modulus(ml_kem_part(public_key)))
		return ERR_PEER_INVALID;
	return curve_check_public(X25519, x25519_part(public_key));
}

enum err xwing_check_ciphertext(struct span ciphertext)
{
	return ciphertext.n == XWING_CIPHERTEXT
		   ? curve_check_public(X25519, x25519_part(ciphertext))
		   : ERR_PEER_INVALID;
}

/* ---- keys of ML-KEM ---- */

/* `selection` says whether `bytes` are a seed or a public key. */
static enum err import(const char *name, int selection, uint8_t *bytes,
		       size_t n, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(evp_context(), ML_KEM, NULL);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(name, bytes,
								  n),
				OSSL_PARAM_construct_end() };
	enum err e = ERR_OK;

	*out = NULL;
	ENSURE(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		   EVP_PKEY_fromdata(ctx, out, selection, params) == 1,
	       ERR_LOCAL_CRYPTO);
out:
	EVP_PKEY_CTX_free(ctx);
	return e;
}

/* expandDecapsulationKey() of the draft. On failure there is nothing to clear. */
static enum err expand(struct span seed, struct halves *out)
{
	uint8_t expanded[EXPANDED] = { 0 };
	enum err e;

	*out = (struct halves){ .ml_kem = NULL };
	ENSURE(seed.n == XWING_SEED, ERR_PEER_INVALID);
	ENSURE(xwing_there(), ERR_LOCAL_CRYPTO);
	TRY(shake256(&seed, 1, expanded, sizeof(expanded)));
	TRY(import(PARAM_SEED, EVP_PKEY_KEYPAIR, expanded, ML_KEM_SEED,
		   &out->ml_kem));
	TRY(sec_set(&out->z, span_of(expanded + ML_KEM_SEED / 2, ML_KEM_Z)));
	TRY(sec_set(&out->x25519, span_of(expanded + ML_KEM_SEED, X25519_KEY)));
out:
	if (e != ERR_OK)
		halves_clear(out);
	sec_wipe(expanded, sizeof(expanded));
	return e;
}

static enum err put_public(const struct halves *h, struct buf *public_key)
{
	uint8_t bytes[ML_KEM_PUBLIC];
	struct buf made = BUF_INIT;
	size_t n = 0;
	enum err e;

	ENSURE(EVP_PKEY_get_octet_string_param(h->ml_kem,
					       OSSL_PKEY_PARAM_PUB_KEY, bytes,
					       sizeof(bytes), &n) == 1 &&
		   n == sizeof(bytes),
	       ERR_LOCAL_CRYPTO);
	buf_put(&made, SPAN_ARRAY(bytes));
	TRY(curve_derive_public(X25519, sec_span(&h->x25519), &made));
	TRY(buf_end(&made));
	buf_put(public_key, buf_span(&made));
	e = public_key->fail;
out:
	buf_clear(&made);
	return e;
}

enum err xwing_derive_public(struct span seed, struct buf *public_key)
{
	struct halves h = { .ml_kem = NULL };
	enum err e;

	evp_quiet_begin();
	TRY(expand(seed, &h));
	TRY(put_public(&h, public_key));
out:
	halves_clear(&h);
	evp_quiet_end();
	return e;
}

/* SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", 32). */
enum err xwing_derive_key_pair(struct span ikm, struct sec *private_key,
			       struct buf *public_key)
{
	static const uint8_t label[] = { 'H',  'P', 'K', 'E',  '-',	  'v',
					 '1',  'K', 'E', 'M',  'd',	  0x7A,
					 0x00, 13,  'D', 'e',  'r',	  'i',
					 'v',  'e', 'K', 'e',  'y',	  'P',
					 'a',  'i', 'r', 0x00, XWING_SEED };
	const struct span parts[] = { ikm, SPAN_ARRAY(label) };
	enum err e;

	sec_clear(private_key);
	TRY(shake256(parts, 2, private_key->b, XWING_SEED));
	private_key->n = XWING_SEED;
	TRY(xwing_derive_public(sec_span(private_key), public_key));
out:
	if (e != ERR_OK)
		sec_clear(private_key);
	return e;
}

/* ---- the KEM ---- */

static enum err combine(const struct sec *ml_kem, const struct sec *x25519,
			struct span ciphertext, struct span public_key,
			struct sec *shared)
{
	const struct span parts[] = { sec_span(ml_kem), sec_span(x25519),
				      ciphertext, public_key,
				      SPAN_LIT("\\.//^\\") };
	const EVP_MD *md = evp_digest("SHA3-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_OK;

	ENSURE(md != NULL && ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestInit_ex2(ctx, md, NULL) == 1, ERR_LOCAL_CRYPTO);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		ENSURE(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1,
		       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestFinal_ex(ctx, shared->b, NULL) == 1, ERR_LOCAL_CRYPTO);
	shared->n = 32;
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

/* ML-KEM.Encaps with the coins given (FIPS 203, 6.2). */
static enum err ml_kem_encapsulate(struct span public_key, uint8_t *coins,
				   struct sec *secret,
				   uint8_t ciphertext[ML_KEM_CIPHERTEXT])
{
	uint8_t copy[ML_KEM_PUBLIC]; /* OSSL_PARAM has no const */
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(
				    PARAM_COINS, coins, ML_KEM_COINS),
				OSSL_PARAM_construct_end() };
	size_t n = ML_KEM_CIPHERTEXT, secret_n = ML_KEM_SECRET;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = NULL;
	enum err e;

	memcpy(copy, public_key.p, sizeof(copy));
	TRY(import(OSSL_PKEY_PARAM_PUB_KEY, EVP_PKEY_PUBLIC_KEY, copy,
		   sizeof(copy), &key));
	ctx = EVP_PKEY_CTX_new_from_pkey(evp_context(), key, NULL);
	ENSURE(ctx != NULL && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
		   EVP_PKEY_encapsulate(ctx, ciphertext, &n, secret->b,
					&secret_n) == 1 &&
		   n == ML_KEM_CIPHERTEXT && secret_n == ML_KEM_SECRET,
	       ERR_LOCAL_CRYPTO);
	secret->n = ML_KEM_SECRET;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return e;
}

enum err xwing_encapsulate(const struct rng *rng, struct span public_key,
			   struct sec *shared, struct buf *ciphertext)
{
	struct sec ss_m = { .n = 0 }, ss_x = { .n = 0 };
	uint8_t eseed[ML_KEM_COINS + X25519_KEY] = { 0 };
	uint8_t ct_m[ML_KEM_CIPHERTEXT];
	struct span ek_x = span_of(eseed + ML_KEM_COINS, X25519_KEY);
	struct buf ct_x = BUF_INIT;
	enum err e;

	sec_clear(shared);
	evp_quiet_begin();
	ENSURE(xwing_there(), ERR_LOCAL_CRYPTO);
	TRY(xwing_check_public(public_key));
	TRY(rng_fill(rng, eseed, sizeof(eseed)));
	TRY(ml_kem_encapsulate(ml_kem_part(public_key), eseed, &ss_m, ct_m));
	TRY(curve_derive_public(X25519, ek_x, &ct_x));
	TRY(curve_agree(X25519, ek_x, buf_span(&ct_x), x25519_part(public_key),
			&ss_x));
	TRY(combine(&ss_m, &ss_x, buf_span(&ct_x), x25519_part(public_key),
		    shared));
	buf_put(ciphertext, SPAN_ARRAY(ct_m));
	buf_put(ciphertext, buf_span(&ct_x));
	e = ciphertext->fail;
out:
	if (e != ERR_OK)
		sec_clear(shared);
	sec_clear(&ss_m);
	sec_clear(&ss_x);
	sec_wipe(eseed, sizeof(eseed));
	buf_clear(&ct_x);
	evp_quiet_end();
	return e;
}

static enum err ml_kem_decapsulate(EVP_PKEY *key, struct span ciphertext,
				   struct sec *secret)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_pkey(evp_context(), key, NULL);
	size_t n = ML_KEM_SECRET;
	enum err e = ERR_OK;

	ENSURE(ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
		   EVP_PKEY_decapsulate(ctx, secret->b, &n, ciphertext.p,
					ciphertext.n) == 1 &&
		   n == ML_KEM_SECRET,
	       ERR_LOCAL_CRYPTO);
	secret->n = ML_KEM_SECRET;
out:
	EVP_PKEY_CTX_free(ctx);
	return e;
}

/* Where something fails within ML-KEM, memory for a hash say, OpenSSL gives the secret
 * that FIPS 203 (6.3) has for a ciphertext of somebody else, J(z || c), and no error. It
 * would look like a peer's doing. So that secret is asked for twice: if it comes again, it is
 * right. Nothing opens with it, so it is no secret that it was that one. */
static enum err ml_kem_decapsulate_well(const struct halves *h,
					struct span ciphertext,
					struct sec *secret)
{
	const struct span parts[] = { sec_span(&h->z), ciphertext };
	struct sec rejected = { .n = ML_KEM_SECRET };
	enum err e;

	TRY(ml_kem_decapsulate(h->ml_kem, ciphertext, secret));
	TRY(shake256(parts, 2, rejected.b, ML_KEM_SECRET));
	if (sec_equal(sec_span(secret), sec_span(&rejected)))
		TRY(ml_kem_decapsulate(h->ml_kem, ciphertext, secret));
out:
	sec_clear(&rejected);
	return e;
}

enum err xwing_decapsulate(struct span ciphertext, struct span seed,
			   struct sec *shared)
{
	struct sec ss_m = { .n = 0 }, ss_x = { .n = 0 };
	struct halves h = { .ml_kem = NULL };
	struct buf pk_x = BUF_INIT;
	enum err e;

	sec_clear(shared);
	evp_quiet_begin();
	TRY(xwing_check_ciphertext(ciphertext));
	TRY(expand(seed, &h));
	TRY(ml_kem_decapsulate_well(&h, ml_kem_part(ciphertext), &ss_m));
	TRY(curve_derive_public(X25519, sec_span(&h.x25519), &pk_x));
	TRY(curve_agree(X25519, sec_span(&h.x25519), buf_span(&pk_x),
			x25519_part(ciphertext), &ss_x));
	TRY(combine(&ss_m, &ss_x, x25519_part(ciphertext), buf_span(&pk_x),
		    shared));
out:
	if (e != ERR_OK)
		sec_clear(shared);
	sec_clear(&ss_m);
	sec_clear(&ss_x);
	halves_clear(&h);
	buf_clear(&pk_x);
	evp_quiet_end();
	return e;
}
