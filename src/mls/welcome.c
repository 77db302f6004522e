#include "mls/welcome.h"

#include "crypto/aead.h"
#include "mls/key_schedule.h"
#include "mls/label.h"
#include "mls/limits.h"

static enum err group_info_key(const struct suite *suite,
			       struct span joiner_secret,
			       struct span psk_secret, struct sec *key,
			       struct sec *nonce)
{
	struct sec welcome_secret = { 0 };
	enum err e;

	TRY(key_schedule_welcome(suite, joiner_secret, psk_secret,
				 &welcome_secret));
	TRY(key_schedule_welcome_key(suite, sec_span(&welcome_secret), key,
				     nonce));
out:
	sec_clear(&welcome_secret);
	return e;
}

/* One EncryptedGroupSecrets: bound to the encrypted GroupInfo by its context. */
static enum err seal_secrets(const struct suite *suite, const struct rng *rng,
			     const struct welcome_recipient *recipient,
			     struct span joiner_secret, struct span psk_ids,
			     const struct hpke_info *info, struct buf *out)
{
	const struct wire_group_secrets secrets = {
		.joiner_secret = joiner_secret,
		.has_path_secret = recipient->path_secret.n > 0,
		.path_secret = recipient->path_secret,
		.psks = psk_ids,
	};
	struct wire_encrypted_group_secrets item;
	struct buf plaintext = BUF_INIT;
	struct buf kem_output = BUF_INIT;
	struct buf ciphertext = BUF_INIT;
	enum err e;

	wire_group_secrets_put(&plaintext, &secrets);
	TRY(buf_end(&plaintext));
	TRY(hpke_seal_under(suite, rng, recipient->init_key, info, SPAN_EMPTY,
			    buf_span(&plaintext), &kem_output, &ciphertext));
	item.new_member = recipient->key_package_ref;
	item.secrets.kem_output = buf_span(&kem_output);
	item.secrets.ciphertext = buf_span(&ciphertext);
	wire_encrypted_group_secrets_put(out, &item);
	TRY(buf_end(out));
out:
	buf_clear(&plaintext);
	buf_clear(&kem_output);
	buf_clear(&ciphertext);
	return e;
}

enum err welcome_seal(const struct suite *suite, const struct rng *rng,
		      const struct welcome_recipient *recipients, size_t count,
		      struct span joiner_secret, struct span psk_ids,
		      struct span psk_secret, struct span group_info,
		      struct buf *message)
{
	struct sec key = { 0 };
	struct sec nonce = { 0 };
	struct buf encrypted = BUF_INIT;
	struct buf secrets = BUF_INIT;
	struct hpke_info info;
	struct wire_welcome welcome = { .cipher_suite = suite->id,
					.secret_count = count };
	size_t start = message->n;
	enum err e;

	TRY(group_info_key(suite, joiner_secret, psk_secret, &key, &nonce));
	TRY(aead_seal(suite, sec_span(&key), sec_span(&nonce), SPAN_EMPTY,
		      group_info, &encrypted));
	TRY(label_encryption(suite, "Welcome", buf_span(&encrypted), &info));
	for (size_t i = 0; i < count; i++)
		TRY(seal_secrets(suite, rng, &recipients[i], joiner_secret,
				 psk_ids, &info, &secrets));
	welcome.secrets = buf_span(&secrets);
	welcome.encrypted_group_info = buf_span(&encrypted);
	wire_message_put_header(message, WIRE_WELCOME);
	wire_welcome_put(message, &welcome);
	TRY(buf_end(message));
	ENSURE(message->n - start <= MLS_MESSAGE_MAX, ERR_PEER_TOO_LARGE);
out:
	sec_clear(&key);
	sec_clear(&nonce);
	buf_clear(&encrypted);
	buf_clear(&secrets);
	return e;
}

bool welcome_find(const struct wire_welcome *welcome, struct span ref,
		  struct wire_encrypted_group_secrets *entry)
{
	struct span rest = welcome->secrets;

	while (wire_encrypted_group_secrets_next(&rest, entry)) {
		if (span_equal(entry->new_member, ref))
			return true;
	}
	return false;
}

enum err welcome_open_secrets(const struct suite *suite,
			      const struct wire_welcome *welcome,
			      const struct wire_encrypted_group_secrets *entry,
			      struct span init_private, struct span init_key,
			      struct buf *plaintext,
			      struct wire_group_secrets *secrets)
{
	enum err e;

	TRY(label_decrypt(suite, init_private, init_key, "Welcome",
			  welcome->encrypted_group_info,
			  entry->secrets.kem_output, entry->secrets.ciphertext,
			  plaintext));
	TRY(wire_group_secrets_decode(buf_span(plaintext), secrets));
out:
	if (e != ERR_OK) {
		buf_clear(plaintext);
		*secrets = (struct wire_group_secrets){ 0 };
	}
	return e;
}

enum err welcome_open_group_info(const struct suite *suite,
				 const struct wire_welcome *welcome,
				 struct span joiner_secret,
				 struct span psk_secret, struct buf *group_info)
{
	struct sec key = { 0 };
	struct sec nonce = { 0 };
	enum err e;

	TRY(group_info_key(suite, joiner_secret, psk_secret, &key, &nonce));
	TRY(aead_open(suite, sec_span(&key), sec_span(&nonce), SPAN_EMPTY,
		      welcome->encrypted_group_info, group_info));
out:
	sec_clear(&key);
	sec_clear(&nonce);
	return e;
}

enum err welcome_sign_group_info(const struct sign_key *private_key,
				 struct span unsigned_part,
				 struct buf *signature)
{
	return label_sign(private_key, "GroupInfoTBS", unsigned_part,
			  signature);
}

enum err welcome_verify_group_info(const struct sign_key *public_key,
				   const struct wire_group_info *info)
{
	return label_verify(public_key, "GroupInfoTBS", info->unsigned_part,
			    info->signature);
}
