#include "device/group/signer.h"

#include "base/rd.h"
#include "crypto/sign.h"

#include <stdio.h>
#include <string.h>

static enum err decode_key(struct span record, struct signer *signer)
{
	struct rd r = rd_init(record);
	struct span private_key = rd_vec(&r), public_key = rd_vec(&r);
	enum err e;

	TRY(rd_end(&r));
	TRY(sec_set(&signer->private_key, private_key));
	buf_put(&signer->public_key, public_key);
	TRY(buf_end(&signer->public_key));
out:
	return e;
}

static enum err make_key(struct device *d, const struct suite *suite,
			 const char *name, struct signer *signer)
{
	const struct device_store *store = core_store(d);
	struct buf record = BUF_INIT;
	enum err e;

	TRY(sign_generate(suite, d->ports.rng, &signer->private_key,
			  &signer->public_key));
	buf_put_vec(&record, sec_span(&signer->private_key));
	buf_put_vec(&record, buf_span(&signer->public_key));
	TRY(buf_end(&record));
	TRY(store->put(store->context, name, buf_span(&record)));
out:
	buf_clear(&record);
	return e;
}

static enum err find_key(struct device *d, const struct suite *suite,
			 struct signer *signer)
{
	const struct device_store *store = core_store(d);
	struct buf record = BUF_INIT;
	char name[64];
	enum err e;

	(void)snprintf(name, sizeof(name), "signature/%s", suite->signature);
	e = store->get(store->context, name, &record);
	if (e == ERR_STATE_GONE)
		e = make_key(d, suite, name, signer);
	else if (e == ERR_OK)
		e = decode_key(buf_span(&record), signer);
	buf_clear(&record);
	return e;
}

enum err signer_init(struct signer *signer, struct device *d,
		     const struct suite *suite, const struct suites *offer)
{
	enum err e;

	memset(signer, 0, sizeof(*signer));
	TRY(find_key(d, suite, signer));
	signer->offer = *offer;
	signer->me = (struct mls_identity){
		.suite = suite,
		.rng = d->ports.rng,
		.now = core_now_ms(d) / 1000,
		.credential_identity = span_str(d->identity),
		.signature_private = sec_span(&signer->private_key),
		.signature_public = buf_span(&signer->public_key),
		.cipher_suites = signer->offer.ids,
		.cipher_suite_count = signer->offer.count,
		.lifetime = SIGNER_LIFETIME,
	};
	session_identity(&signer->me);
out:
	return e;
}

void signer_clear(struct signer *signer)
{
	sec_clear(&signer->private_key);
	buf_clear(&signer->public_key);
	memset(&signer->me, 0, sizeof(signer->me));
}

void signer_name(struct signer *signer, const char *identity)
{
	signer->me.credential_identity = span_str(identity);
}

enum err signer_of_session(struct signer *signer, struct device *d)
{
	struct suites offer;
	enum err e;

	memset(signer, 0, sizeof(*signer));
	TRY(membership_offer(&d->open, &offer));
	TRY(signer_init(signer, d, session_suite(d->open.session), &offer));
	signer_name(signer, core_self(d));
out:
	return e;
}
