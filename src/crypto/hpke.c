/* RFC 9180 over EVP, for OpenSSL 3.0 has no HPKE. Function names follow the
 * RFC's; base mode only. */
#include "crypto/hpke.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/curve.h"
#include "crypto/evp.h"
#include "crypto/hash.h"
#include "crypto/xwing.h"

enum { MODE_BASE = 0, SUITE_ID_MAX = 10 };

/* A suite_id: of the KEM (5 bytes) or of the whole (10 bytes). */
struct label_id {
	uint8_t b[SUITE_ID_MAX];
	size_t n;
};

static void put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static struct label_id kem_label(const struct suite *suite)
{
	struct label_id id = { "KEM", 5 };

	put_u16(id.b + 3, suite->kem_id);
	return id;
}

static struct label_id hpke_label(const struct suite *suite)
{
	struct label_id id = { "HPKE", 10 };

	put_u16(id.b + 4, suite->kem_id);
	put_u16(id.b + 6, suite->kdf_id);
	put_u16(id.b + 8, suite->aead_id);
	return id;
}

/* The KEM's KDF goes with its group, which need not be the suite's. */
static const struct suite *kem_suite(const struct suite *suite)
{
	switch (suite->kem_id) {
	case 0x0010: /* P-256 */
	case 0x0020: /* X25519 */
		return suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
	case 0x0011: /* P-384 */
		return suite_by_id(SUITE_P384_AES256GCM_SHA384_P384);
	default:
		return suite_by_id(SUITE_X448_AES256GCM_SHA512_ED448);
	}
}

static enum err labeled_extract(const struct suite *hash, struct label_id id,
				struct span salt, const char *label,
				struct span ikm, struct sec *prk)
{
	struct span parts[] = { SPAN_LIT("HPKE-v1"), span_of(id.b, id.n),
				span_str(label), ikm };
	static const uint8_t zeros[SUITE_HASH_MAX] = { 0 };
	enum err e;

	sec_clear(prk);
	if (salt.n == 0)
		salt = span_of(zeros, hash->nh);
	e = hash_mac(hash, salt, parts, 4, prk->b);
	if (e != ERR_OK)
		sec_clear(prk);
	else
		prk->n = hash->nh;
	return e;
}

static enum err labeled_expand(const struct suite *hash, struct label_id id,
			       struct span prk, const char *label,
			       struct span info, size_t length, struct sec *out)
{
	struct buf labeled = BUF_INIT;
	enum err e;

	buf_put_u16(&labeled, (uint16_t)length);
	buf_put_str(&labeled, "HPKE-v1");
	buf_put(&labeled, span_of(id.b, id.n));
	buf_put_str(&labeled, label);
	buf_put(&labeled, info);
	TRY(buf_end(&labeled));
	TRY(hash_expand(hash, prk, buf_span(&labeled), length, out));
out:
	buf_clear(&labeled);
	return e;
}

/* ---- the KEM, section 4.1 and 7.1 ---- */

static bool is_xwing(const struct suite *suite)
{
	return suite->kem_id == SUITE_KEM_XWING;
}

/* 7.1.3 for NIST curves: candidates until one is a scalar. */
static enum err derive_nist(const struct suite *suite, struct span prk,
			    struct sec *private_key)
{
	uint8_t mask = suite->nsk == 66 ? 0x01 : 0xff;
	enum err e;

	for (unsigned counter = 0; counter < 256; counter++) {
		uint8_t byte = (uint8_t)counter;

		TRY(labeled_expand(kem_suite(suite), kem_label(suite), prk,
				   "candidate", span_of(&byte, 1), suite->nsk,
				   private_key));
		private_key->b[0] &= mask;
		if (curve_scalar_in_range(suite->kem_group,
					  sec_span(private_key)))
			return ERR_OK;
	}
	e = ERR_LOCAL_CRYPTO;
out:
	sec_clear(private_key);
	return e;
}

enum err hpke_derive_key_pair(const struct suite *suite, struct span ikm,
			      struct sec *private_key, struct buf *public_key)
{
	struct sec prk = { .n = 0 };
	enum err e;

	if (is_xwing(suite))
		return xwing_derive_key_pair(ikm, private_key, public_key);
	sec_clear(private_key);
	TRY(labeled_extract(kem_suite(suite), kem_label(suite), SPAN_EMPTY,
			    "dkp_prk", ikm, &prk));
	if (curve_is_nist(suite->kem_group))
		TRY(derive_nist(suite, sec_span(&prk), private_key));
	else
		TRY(labeled_expand(kem_suite(suite), kem_label(suite),
				   sec_span(&prk), "sk", SPAN_EMPTY, suite->nsk,
				   private_key));
	TRY(curve_derive_public(suite->kem_group, sec_span(private_key),
				public_key));
out:
	if (e != ERR_OK)
		sec_clear(private_key);
	sec_clear(&prk);
	return e;
}

enum err hpke_generate_key_pair(const struct suite *suite,
				const struct rng *rng, struct sec *private_key,
				struct buf *public_key)
{
	struct sec ikm = { .n = suite->nsk };
	enum err e;

	private_key->n = 0;
	TRY(rng_fill(rng, ikm.b, ikm.n));
	TRY(hpke_derive_key_pair(suite, sec_span(&ikm), private_key,
				 public_key));
out:
	sec_clear(&ikm);
	return e;
}

enum err hpke_check_public_key(const struct suite *suite,
			       struct span public_key)
{
	return is_xwing(suite)
		   ? xwing_check_public(public_key)
		   : curve_check_public(suite->kem_group, public_key);
}

/* Of a DHKEM an encapsulated key is a public key (RFC 9180, 4.1). */
enum err hpke_check_encapsulated(const struct suite *suite, struct span enc)
{
	return is_xwing(suite) ? xwing_check_ciphertext(enc)
			       : curve_check_public(suite->kem_group, enc);
}

/* ExtractAndExpand(dh, enc || pkR). */
static enum err kem_secret(const struct suite *suite, struct span dh,
			   struct span enc, struct span receiver,
			   struct sec *shared)
{
	struct sec prk = { .n = 0 };
	struct buf context = BUF_INIT;
	enum err e;

	buf_put(&context, enc);
	buf_put(&context, receiver);
	TRY(buf_end(&context));
	TRY(labeled_extract(kem_suite(suite), kem_label(suite), SPAN_EMPTY,
			    "eae_prk", dh, &prk));
	TRY(labeled_expand(kem_suite(suite), kem_label(suite), sec_span(&prk),
			   "shared_secret", buf_span(&context), suite->nsecret,
			   shared));
out:
	sec_clear(&prk);
	buf_clear(&context);
	return e;
}

static enum err encap(const struct suite *suite, const struct rng *rng,
		      struct span public_key, struct sec *shared,
		      struct buf *enc)
{
	struct sec ephemeral = { .n = 0 }, dh = { .n = 0 };
	struct buf mine = BUF_INIT;
	enum err e;

	if (is_xwing(suite))
		return xwing_encapsulate(rng, public_key, shared, enc);
	TRY(hpke_generate_key_pair(suite, rng, &ephemeral, &mine));
	TRY(curve_agree(suite->kem_group, sec_span(&ephemeral), buf_span(&mine),
			public_key, &dh));
	TRY(kem_secret(suite, sec_span(&dh), buf_span(&mine), public_key,
		       shared));
	buf_put(enc, buf_span(&mine));
	e = enc->fail;
out:
	sec_clear(&ephemeral);
	sec_clear(&dh);
	buf_clear(&mine);
	return e;
}

/* `public_key` may be empty: it is derived then. */
static enum err decap(const struct suite *suite, struct span enc,
		      struct span private_key, struct span public_key,
		      struct sec *shared)
{
	struct sec dh = { .n = 0 };
	struct buf mine = BUF_INIT;
	enum err e;

	if (is_xwing(suite))
		return xwing_decapsulate(enc, private_key, shared);
	if (public_key.n == 0) {
		TRY(curve_derive_public(suite->kem_group, private_key, &mine));
		public_key = buf_span(&mine);
	}
	TRY(curve_agree(suite->kem_group, private_key, public_key, enc, &dh));
	TRY(kem_secret(suite, sec_span(&dh), enc, public_key, shared));
out:
	sec_clear(&dh);
	buf_clear(&mine);
	return e;
}

/* ---- the key schedule, section 5.1 ---- */

struct schedule {
	struct sec key, base_nonce, exporter;
};

static void schedule_clear(struct schedule *s)
{
	sec_wipe(s, sizeof(*s));
}

enum err hpke_info(const struct suite *suite, struct span info,
		   struct hpke_info *out)
{
	struct label_id id = hpke_label(suite);
	struct sec psk_hash = { .n = 0 }, info_hash = { .n = 0 };
	enum err e;

	TRY(labeled_extract(suite, id, SPAN_EMPTY, "psk_id_hash", SPAN_EMPTY,
			    &psk_hash));
	TRY(labeled_extract(suite, id, SPAN_EMPTY, "info_hash", info,
			    &info_hash));
	out->context[0] = MODE_BASE;
	memcpy(out->context + 1, psk_hash.b, suite->nh);
	memcpy(out->context + 1 + suite->nh, info_hash.b, suite->nh);
	out->n = 1 + 2 * (size_t)suite->nh;
out:
	return e;
}

static enum err key_schedule(const struct suite *suite, struct span shared,
			     const struct hpke_info *info, struct schedule *s)
{
	struct span context = span_of(info->context, info->n);
	struct label_id id = hpke_label(suite);
	struct sec secret = { .n = 0 };
	enum err e;

	TRY(labeled_extract(suite, id, shared, "secret", SPAN_EMPTY, &secret));
	TRY(labeled_expand(suite, id, sec_span(&secret), "key", context,
			   suite->nk, &s->key));
	TRY(labeled_expand(suite, id, sec_span(&secret), "base_nonce", context,
			   SUITE_NONCE, &s->base_nonce));
	TRY(labeled_expand(suite, id, sec_span(&secret), "exp", context,
			   suite->nh, &s->exporter));
out:
	sec_clear(&secret);
	return e;
}

static enum err key_schedule_of(const struct suite *suite, struct span shared,
				struct span info, struct schedule *s)
{
	struct hpke_info made;
	enum err e;

	TRY(hpke_info(suite, info, &made));
	TRY(key_schedule(suite, shared, &made, s));
out:
	return e;
}

/* ---- single-shot, section 6 ---- */

enum err hpke_seal_under(const struct suite *suite, const struct rng *rng,
			 struct span public_key, const struct hpke_info *info,
			 struct span aad, struct span plaintext,
			 struct buf *enc, struct buf *ciphertext)
{
	struct schedule s = { .key = { .n = 0 } };
	struct sec shared = { .n = 0 };
	size_t start = enc->n;
	enum err e;

	TRY(encap(suite, rng, public_key, &shared, enc));
	TRY(key_schedule(suite, sec_span(&shared), info, &s));
	TRY(aead_seal(suite, sec_span(&s.key), sec_span(&s.base_nonce), aad,
		      plaintext, ciphertext));
out:
	if (e != ERR_OK)
		enc->n = start;
	sec_clear(&shared);
	schedule_clear(&s);
	return e;
}

enum err hpke_seal(const struct suite *suite, const struct rng *rng,
		   struct span public_key, struct span info, struct span aad,
		   struct span plaintext, struct buf *enc,
		   struct buf *ciphertext)
{
	struct hpke_info made;
	enum err e;

	TRY(hpke_info(suite, info, &made));
	TRY(hpke_seal_under(suite, rng, public_key, &made, aad, plaintext, enc,
			    ciphertext));
out:
	return e;
}

/* What a peer can cause has one code. */
static enum err opaque(enum err e)
{
	return err_class(e) == ERR_CLASS_PEER ? ERR_PEER_CRYPTO : e;
}

enum err hpke_open(const struct suite *suite, struct span enc,
		   struct span private_key, struct span public_key,
		   struct span info, struct span aad, struct span ciphertext,
		   struct buf *plaintext)
{
	struct schedule s = { .key = { .n = 0 } };
	struct sec shared = { .n = 0 };
	enum err e;

	TRY(decap(suite, enc, private_key, public_key, &shared));
	TRY(key_schedule_of(suite, sec_span(&shared), info, &s));
	TRY(aead_open(suite, sec_span(&s.key), sec_span(&s.base_nonce), aad,
		      ciphertext, plaintext));
out:
	sec_clear(&shared);
	schedule_clear(&s);
	return opaque(e);
}

static enum err export_secret(const struct suite *suite, struct span shared,
			      struct span info, struct span context,
			      size_t length, struct sec *exported)
{
	struct schedule s = { .key = { .n = 0 } };
	enum err e;

	TRY(key_schedule_of(suite, shared, info, &s));
	TRY(labeled_expand(suite, hpke_label(suite), sec_span(&s.exporter),
			   "sec", context, length, exported));
out:
	schedule_clear(&s);
	return e;
}

enum err hpke_send_export(const struct suite *suite, const struct rng *rng,
			  struct span public_key, struct span info,
			  struct span context, size_t length, struct buf *enc,
			  struct sec *exported)
{
	struct sec shared = { .n = 0 };
	size_t start = enc->n;
	enum err e;

	TRY(encap(suite, rng, public_key, &shared, enc));
	TRY(export_secret(suite, sec_span(&shared), info, context, length,
			  exported));
out:
	if (e != ERR_OK) {
		enc->n = start;
		sec_clear(exported);
	}
	sec_clear(&shared);
	return e;
}

enum err hpke_receive_export(const struct suite *suite, struct span enc,
			     struct span private_key, struct span info,
			     struct span context, size_t length,
			     struct sec *exported)
{
	struct sec shared = { .n = 0 };
	enum err e;

	TRY(decap(suite, enc, private_key, SPAN_EMPTY, &shared));
	TRY(export_secret(suite, sec_span(&shared), info, context, length,
			  exported));
out:
	if (e != ERR_OK)
		sec_clear(exported);
	sec_clear(&shared);
	return opaque(e);
}
