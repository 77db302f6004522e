#include "crypto/xwing.h"

#include "crypto/curve.h"
#include "crypto/digest.h"
#include "crypto/evp.h"
#include "crypto/ml_kem.h"

#define X25519 "X25519"

enum { X25519_KEY = 32, EXPANDED = ML_KEM_SEED + X25519_KEY };

/* What a seed expands to. */
struct halves {
	struct sec ml_kem, x25519;
};

static void halves_clear(struct halves *h)
{
	sec_clear(&h->ml_kem);
	sec_clear(&h->x25519);
}

bool xwing_there(void)
{
	return ml_kem_there();
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

enum err xwing_check_public(struct span public_key)
{
	enum err e = ERR_OK;

	ENSURE(public_key.n == XWING_PUBLIC, ERR_PEER_INVALID);
	TRY(ml_kem_check_public(ml_kem_part(public_key)));
	TRY(curve_check_public(X25519, x25519_part(public_key)));
out:
	return e;
}

enum err xwing_check_ciphertext(struct span ciphertext)
{
	return ciphertext.n == XWING_CIPHERTEXT
		   ? curve_check_public(X25519, x25519_part(ciphertext))
		   : ERR_PEER_INVALID;
}

/* ---- keys ---- */

/* expandDecapsulationKey() of the draft. On failure there is nothing to clear. */
static enum err expand(struct span seed, struct halves *out)
{
	uint8_t expanded[EXPANDED] = { 0 };
	enum err e;

	*out = (struct halves){ .ml_kem.n = 0 };
	ENSURE(seed.n == XWING_SEED, ERR_PEER_INVALID);
	TRY(digest_shake256(&seed, 1, expanded, sizeof(expanded)));
	TRY(sec_set(&out->ml_kem, span_of(expanded, ML_KEM_SEED)));
	TRY(sec_set(&out->x25519, span_of(expanded + ML_KEM_SEED, X25519_KEY)));
out:
	if (e != ERR_OK)
		halves_clear(out);
	sec_wipe(expanded, sizeof(expanded));
	return e;
}

enum err xwing_derive_public(struct span seed, struct buf *public_key)
{
	struct halves h = { .ml_kem.n = 0 };
	struct buf made = BUF_INIT;
	enum err e;

	evp_quiet_begin();
	TRY(expand(seed, &h));
	TRY(ml_kem_derive_public(sec_span(&h.ml_kem), &made));
	TRY(curve_derive_public(X25519, sec_span(&h.x25519), &made));
	TRY(buf_end(&made));
	buf_put(public_key, buf_span(&made));
	e = public_key->fail;
out:
	halves_clear(&h);
	buf_clear(&made);
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
	TRY(digest_shake256(parts, 2, private_key->b, XWING_SEED));
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
	enum err e;

	TRY(digest_parts("SHA3-256", parts, sizeof(parts) / sizeof(*parts),
			 shared->b));
	shared->n = 32;
out:
	return e;
}

enum err xwing_encapsulate(const struct rng *rng, struct span public_key,
			   struct sec *shared, struct buf *ciphertext)
{
	struct sec ss_m = { .n = 0 }, ss_x = { .n = 0 };
	uint8_t eseed[ML_KEM_COINS + X25519_KEY] = { 0 };
	struct span ek_x = span_of(eseed + ML_KEM_COINS, X25519_KEY);
	struct buf ct_m = BUF_INIT, ct_x = BUF_INIT;
	enum err e;

	sec_clear(shared);
	evp_quiet_begin();
	ENSURE(xwing_there(), ERR_LOCAL_CRYPTO);
	TRY(xwing_check_public(public_key));
	TRY(rng_fill(rng, eseed, sizeof(eseed)));
	TRY(ml_kem_encapsulate(ml_kem_part(public_key),
			       span_of(eseed, ML_KEM_COINS), &ss_m, &ct_m));
	TRY(curve_derive_public(X25519, ek_x, &ct_x));
	TRY(curve_agree(X25519, ek_x, buf_span(&ct_x), x25519_part(public_key),
			&ss_x));
	TRY(combine(&ss_m, &ss_x, buf_span(&ct_x), x25519_part(public_key),
		    shared));
	buf_put(ciphertext, buf_span(&ct_m));
	buf_put(ciphertext, buf_span(&ct_x));
	e = ciphertext->fail;
out:
	if (e != ERR_OK)
		sec_clear(shared);
	sec_clear(&ss_m);
	sec_clear(&ss_x);
	sec_wipe(eseed, sizeof(eseed));
	buf_clear(&ct_m);
	buf_clear(&ct_x);
	evp_quiet_end();
	return e;
}

enum err xwing_decapsulate(struct span ciphertext, struct span seed,
			   struct sec *shared)
{
	struct sec ss_m = { .n = 0 }, ss_x = { .n = 0 };
	struct halves h = { .ml_kem.n = 0 };
	struct buf pk_x = BUF_INIT;
	enum err e;

	sec_clear(shared);
	evp_quiet_begin();
	TRY(xwing_check_ciphertext(ciphertext));
	TRY(expand(seed, &h));
	TRY(ml_kem_decapsulate(ml_kem_part(ciphertext), sec_span(&h.ml_kem),
			       &ss_m));
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
