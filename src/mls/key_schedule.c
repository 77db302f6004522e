#include "mls/key_schedule.h"

#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "mls/label.h"

#define EXTERNAL_INIT_LABEL "MLS 1.0 external init secret"

/* "`0` represents an all-zero byte string of length KDF.Nh" (8). */
static struct span or_zero(const struct suite *suite, struct span secret)
{
	static const uint8_t zeros[SUITE_HASH_MAX];

	return secret.n != 0 ? secret : span_of(zeros, suite->nh);
}

void key_schedule_clear(struct mls_epoch_secrets *secrets)
{
	sec_wipe(secrets, sizeof(*secrets));
}

enum err key_schedule_joiner(const struct suite *suite, struct span init_secret,
			     struct span commit_secret, struct span context,
			     struct sec *joiner)
{
	struct sec extracted = { 0 };
	enum err e;

	/* The salt comes from the top of the diagram (8), the input keying
	 * material from the left. */
	/* 12.4.2: "define commit_secret as the all-zero vector" */
	TRY(hash_extract(suite, init_secret, or_zero(suite, commit_secret),
			 &extracted));
	TRY(label_expand(suite, sec_span(&extracted), "joiner", context,
			 suite->nh, joiner));
out:
	sec_clear(&extracted);
	if (e != ERR_OK)
		sec_clear(joiner);
	return e;
}

enum err key_schedule_epoch(const struct suite *suite, struct span joiner,
			    struct span psk_secret, struct span context,
			    struct sec *welcome,
			    struct mls_epoch_secrets *secrets)
{
	struct sec member = { 0 };
	struct sec epoch = { 0 };
	enum err e;

	TRY(hash_extract(suite, joiner, or_zero(suite, psk_secret), &member));
	if (welcome != NULL)
		TRY(label_derive(suite, sec_span(&member), "welcome", welcome));
	TRY(label_expand(suite, sec_span(&member), "epoch", context, suite->nh,
			 &epoch));
	TRY(key_schedule_expand(suite, sec_span(&epoch), secrets));
out:
	sec_clear(&member);
	sec_clear(&epoch);
	if (e != ERR_OK) {
		key_schedule_clear(secrets);
		if (welcome != NULL)
			sec_clear(welcome);
	}
	return e;
}

enum err key_schedule_expand(const struct suite *suite,
			     struct span epoch_secret,
			     struct mls_epoch_secrets *secrets)
{
	/* Section 8, table 4. */
	const struct {
		const char *label;
		struct sec *out;
	} table[] = {
		{ "sender data", &secrets->sender_data },
		{ "encryption", &secrets->encryption },
		{ "exporter", &secrets->exporter },
		{ "external", &secrets->external },
		{ "confirm", &secrets->confirmation_key },
		{ "membership", &secrets->membership_key },
		{ "resumption", &secrets->resumption_psk },
		{ "authentication", &secrets->epoch_authenticator },
		{ "init", &secrets->init },
	};
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		TRY(label_derive(suite, epoch_secret, table[i].label,
				 table[i].out));
out:
	if (e != ERR_OK)
		key_schedule_clear(secrets);
	return e;
}

enum err key_schedule_welcome(const struct suite *suite, struct span joiner,
			      struct span psk_secret, struct sec *welcome)
{
	struct sec member = { 0 };
	enum err e;

	TRY(hash_extract(suite, joiner, or_zero(suite, psk_secret), &member));
	TRY(label_derive(suite, sec_span(&member), "welcome", welcome));
out:
	sec_clear(&member);
	if (e != ERR_OK)
		sec_clear(welcome);
	return e;
}

enum err key_schedule_welcome_key(const struct suite *suite,
				  struct span welcome, struct sec *key,
				  struct sec *nonce)
{
	enum err e;

	TRY(label_expand(suite, welcome, "key", SPAN_EMPTY, suite->nk, key));
	TRY(label_expand(suite, welcome, "nonce", SPAN_EMPTY, SUITE_NONCE,
			 nonce));
out:
	if (e != ERR_OK) {
		sec_clear(key);
		sec_clear(nonce);
	}
	return e;
}

enum err key_schedule_external(const struct suite *suite,
			       struct span external_secret,
			       struct sec *private_key, struct buf *public_key)
{
	return hpke_derive_key_pair(suite, external_secret, private_key,
				    public_key);
}

/* 8.3: "the joiner sends a new init_secret value to the group" */
enum err key_schedule_external_init(const struct suite *suite,
				    const struct rng *rng,
				    struct span external_pub,
				    struct buf *kem_output,
				    struct sec *init_secret)
{
	return hpke_send_export(suite, rng, external_pub, SPAN_EMPTY,
				SPAN_LIT(EXTERNAL_INIT_LABEL), suite->nh,
				kem_output, init_secret);
}

enum err key_schedule_external_open(const struct suite *suite,
				    struct span external_secret,
				    struct span kem_output,
				    struct sec *init_secret)
{
	struct sec private_key = { 0 };
	struct buf public_key = BUF_INIT;
	enum err e;

	TRY(key_schedule_external(suite, external_secret, &private_key,
				  &public_key));
	TRY(hpke_receive_export(suite, kem_output, sec_span(&private_key),
				SPAN_EMPTY, SPAN_LIT(EXTERNAL_INIT_LABEL),
				suite->nh, init_secret));
out:
	sec_clear(&private_key);
	buf_clear(&public_key);
	if (e != ERR_OK)
		sec_clear(init_secret);
	return e;
}

/* psk_input_[i], from one PSK and its place in the row. */
static enum err psk_input(const struct suite *suite, const struct mls_psk *psk,
			  size_t index, size_t count, struct sec *out)
{
	struct sec extracted = { 0 };
	struct buf label = BUF_INIT; /* PSKLabel */
	enum err e;

	buf_put(&label, psk->id);
	buf_put_u16(&label, (uint16_t)index);
	buf_put_u16(&label, (uint16_t)count);
	TRY(buf_end(&label));
	TRY(hash_extract(suite, or_zero(suite, SPAN_EMPTY), psk->psk,
			 &extracted));
	TRY(label_expand(suite, sec_span(&extracted), "derived psk",
			 buf_span(&label), suite->nh, out));
out:
	sec_clear(&extracted);
	buf_clear(&label);
	return e;
}

enum err key_schedule_psk(const struct suite *suite, const struct mls_psk *psks,
			  size_t count, struct sec *psk_secret)
{
	struct sec input = { 0 };
	struct sec chained = { 0 };
	struct sec next = { 0 };
	enum err e;

	ENSURE(count <= UINT16_MAX, ERR_PEER_TOO_LARGE);
	TRY(sec_set(&chained, or_zero(suite, SPAN_EMPTY)));
	for (size_t i = 0; i < count; i++) {
		TRY(psk_input(suite, &psks[i], i, count, &input));
		TRY(hash_extract(suite, sec_span(&input), sec_span(&chained),
				 &next));
		chained = next;
	}
	*psk_secret = chained;
out:
	if (e != ERR_OK)
		sec_clear(psk_secret);
	sec_clear(&input);
	sec_clear(&chained);
	sec_clear(&next);
	return e;
}

enum err key_schedule_export(const struct suite *suite,
			     struct span exporter_secret, const char *label,
			     struct span context, size_t length,
			     struct sec *out)
{
	uint8_t digest[SUITE_HASH_MAX];
	struct sec derived = { 0 };
	enum err e;

	TRY(hash_digest(suite, &context, 1, digest));
	TRY(label_derive(suite, exporter_secret, label, &derived));
	TRY(label_expand(suite, sec_span(&derived), "exported",
			 span_of(digest, suite->nh), length, out));
out:
	sec_clear(&derived);
	if (e != ERR_OK)
		sec_clear(out);
	return e;
}

enum err key_schedule_export_long(const struct suite *suite,
				  struct span exporter_secret,
				  const char *label, struct span context,
				  size_t length, struct buf *out)
{
	uint8_t digest[SUITE_HASH_MAX];
	struct sec derived = { 0 };
	enum err e;

	TRY(hash_digest(suite, &context, 1, digest));
	TRY(label_derive(suite, exporter_secret, label, &derived));
	TRY(label_expand_long(suite, sec_span(&derived), "exported",
			      span_of(digest, suite->nh), length, out));
out:
	sec_clear(&derived);
	return e;
}
