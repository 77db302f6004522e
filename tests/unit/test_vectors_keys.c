/* The working group's vectors below the tree: labels, key schedule, PSKs, secret
 * tree, transcript hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/transcript.h"
#include "mls/key_schedule.h"
#include "mls/label.h"
#include "mls/secret_tree.h"
#include "tests/testlib/vector_case.h"
#include "wire/context.h"
#include "wire/framing.h"
#include "wire/psk.h"

/* ---- crypto-basics ---- */

static bool derive_basics(const struct suite *suite, const json_t *item)
{
	const json_t *o;
	struct sec s = { 0 };
	struct buf ref = BUF_INIT;
	bool ok = false;

	o = at(item, "ref_hash");
	CHECK_OK(
	    label_ref_hash(suite, text(o, "label"), HEX(o, "value"), &ref));
	CHECK(span_equal(buf_span(&ref), HEX(o, "out")));
	o = at(item, "expand_with_label");
	CHECK_OK(label_expand(suite, HEX(o, "secret"), text(o, "label"),
			      HEX(o, "context"), number(o, "length"), &s));
	CHECK(sec_is(&s, o, "out"));
	o = at(item, "derive_secret");
	CHECK_OK(label_derive(suite, HEX(o, "secret"), text(o, "label"), &s));
	CHECK(sec_is(&s, o, "out"));
	o = at(item, "derive_tree_secret");
	CHECK_OK(label_derive_tree(suite, HEX(o, "secret"), text(o, "label"),
				   (uint32_t)number(o, "generation"),
				   number(o, "length"), &s));
	CHECK(sec_is(&s, o, "out"));
	ok = true;
out:
	buf_clear(&ref);
	return ok;
}

static bool sign_basics(const struct suite *suite, const json_t *o)
{
	struct sign_key *private_key = NULL, *public_key = NULL;
	struct buf signature = BUF_INIT;
	const char *label = text(o, "label");
	bool ok = false;

	CHECK_OK(sign_private_parse(
	    suite, vectors_signature_key(suite, o, "priv"), &private_key));
	CHECK_OK(sign_public_parse(suite, HEX(o, "pub"), &public_key));
	CHECK_OK(label_verify(public_key, label, HEX(o, "content"),
			      HEX(o, "signature")));
	CHECK_OK(label_sign(private_key, label, HEX(o, "content"), &signature));
	CHECK_OK(label_verify(public_key, label, HEX(o, "content"),
			      buf_span(&signature)));
	CHECK(label_verify(public_key, "Another", HEX(o, "content"),
			   buf_span(&signature)) == ERR_PEER_CRYPTO);
	ok = true;
out:
	sign_key_free(private_key);
	sign_key_free(public_key);
	buf_clear(&signature);
	return ok;
}

static bool encrypt_basics(const struct suite *suite, const json_t *o)
{
	struct buf plain = BUF_INIT, enc = BUF_INIT, sealed = BUF_INIT;
	const char *label = text(o, "label");
	bool ok = false;

	CHECK_OK(label_decrypt(suite, HEX(o, "priv"), SPAN_EMPTY, label,
			       HEX(o, "context"), HEX(o, "kem_output"),
			       HEX(o, "ciphertext"), &plain));
	CHECK(span_equal(buf_span(&plain), HEX(o, "plaintext")));
	CHECK_OK(label_encrypt(suite, rng_system(), HEX(o, "pub"), label,
			       HEX(o, "context"), buf_span(&plain), &enc,
			       &sealed));
	buf_reset(&plain);
	CHECK_OK(label_decrypt(suite, HEX(o, "priv"), SPAN_EMPTY, label,
			       HEX(o, "context"), buf_span(&enc),
			       buf_span(&sealed), &plain));
	CHECK(span_equal(buf_span(&plain), HEX(o, "plaintext")));
	CHECK(label_decrypt(suite, HEX(o, "priv"), SPAN_EMPTY, "Another",
			    HEX(o, "context"), buf_span(&enc),
			    buf_span(&sealed), &plain) == ERR_PEER_CRYPTO);
	ok = true;
out:
	buf_clear(&plain);
	buf_clear(&enc);
	buf_clear(&sealed);
	return ok;
}

static bool crypto_basics(const struct suite *suite, const json_t *item)
{
	return derive_basics(suite, item) &&
	       sign_basics(suite, at(item, "sign_with_label")) &&
	       encrypt_basics(suite, at(item, "encrypt_with_label"));
}

static void test_crypto_basics(void **state)
{
	(void)state;
	run("mls/crypto-basics.json", crypto_basics);
}

/* ---- key-schedule ---- */

static bool epoch_secrets(const struct mls_epoch_secrets *s, const json_t *o)
{
	return sec_is(&s->init, o, "init_secret") &&
	       sec_is(&s->sender_data, o, "sender_data_secret") &&
	       sec_is(&s->encryption, o, "encryption_secret") &&
	       sec_is(&s->exporter, o, "exporter_secret") &&
	       sec_is(&s->epoch_authenticator, o, "epoch_authenticator") &&
	       sec_is(&s->external, o, "external_secret") &&
	       sec_is(&s->confirmation_key, o, "confirmation_key") &&
	       sec_is(&s->membership_key, o, "membership_key") &&
	       sec_is(&s->resumption_psk, o, "resumption_psk");
}

/* An ExternalInit's two ends agree, and the exporter gives what it should. */
static bool epoch_uses(const struct suite *suite,
		       const struct mls_epoch_secrets *s, const json_t *o)
{
	const json_t *exporter = at(o, "exporter");
	struct buf public_key = BUF_INIT, kem_output = BUF_INIT;
	struct sec private_key = { 0 }, a = { 0 }, b = { 0 };
	bool ok = false;

	CHECK_OK(key_schedule_external(suite, sec_span(&s->external),
				       &private_key, &public_key));
	CHECK(span_equal(buf_span(&public_key), HEX(o, "external_pub")));
	CHECK_OK(key_schedule_external_init(
	    suite, rng_system(), buf_span(&public_key), &kem_output, &a));
	CHECK_OK(key_schedule_external_open(suite, sec_span(&s->external),
					    buf_span(&kem_output), &b));
	CHECK(a.n == suite->nh && span_equal(sec_span(&a), sec_span(&b)));
	CHECK_OK(key_schedule_export(
	    suite, sec_span(&s->exporter), text(exporter, "label"),
	    HEX(exporter, "context"), number(exporter, "length"), &a));
	CHECK(sec_is(&a, exporter, "secret"));
	ok = true;
out:
	buf_clear(&public_key);
	buf_clear(&kem_output);
	return ok;
}

static bool key_schedule(const struct suite *suite, const json_t *item)
{
	const json_t *epochs = at(item, "epochs");
	struct mls_epoch_secrets secrets = { 0 };
	struct sec init = { 0 }, joiner = { 0 }, welcome = { 0 };
	struct buf context = BUF_INIT;
	bool ok = false;

	CHECK_OK(sec_set(&init, HEX(item, "initial_init_secret")));
	for (size_t i = 0; i < json_array_size(epochs); i++) {
		const json_t *o = json_array_get(epochs, i);
		struct wire_group_context c = {
			.version = WIRE_VERSION_MLS10,
			.cipher_suite = suite->id,
			.group_id = HEX(item, "group_id"),
			.epoch = i,
			.tree_hash = HEX(o, "tree_hash"),
			.confirmed_transcript_hash =
			    HEX(o, "confirmed_transcript_hash"),
		};

		buf_reset(&context);
		wire_group_context_put(&context, &c);
		CHECK(span_equal(buf_span(&context), HEX(o, "group_context")));
		CHECK_OK(key_schedule_joiner(suite, sec_span(&init),
					     HEX(o, "commit_secret"),
					     buf_span(&context), &joiner));
		CHECK(sec_is(&joiner, o, "joiner_secret"));
		CHECK_OK(key_schedule_epoch(
		    suite, sec_span(&joiner), HEX(o, "psk_secret"),
		    buf_span(&context), &welcome, &secrets));
		CHECK(sec_is(&welcome, o, "welcome_secret"));
		CHECK_OK(key_schedule_welcome(suite, sec_span(&joiner),
					      HEX(o, "psk_secret"), &welcome));
		CHECK(sec_is(&welcome, o, "welcome_secret"));
		CHECK(epoch_secrets(&secrets, o));
		CHECK(epoch_uses(suite, &secrets, o));
		init = secrets.init;
	}
	ok = json_array_size(epochs) > 0;
out:
	buf_clear(&context);
	key_schedule_clear(&secrets);
	return ok;
}

static void test_key_schedule(void **state)
{
	(void)state;
	run("mls/key-schedule.json", key_schedule);
}

/* ---- psk_secret ---- */

static bool psk_secret(const struct suite *suite, const json_t *item)
{
	const json_t *list = at(item, "psks");
	struct mls_psk psks[64];
	struct buf ids[64];
	size_t count = json_array_size(list);
	struct sec secret = { 0 };
	bool ok = false;

	memset(ids, 0, sizeof(ids));
	CHECK(count <= 64);
	for (size_t i = 0; i < count; i++) {
		const json_t *o = json_array_get(list, i);
		struct wire_psk_id id = {
			.type = WIRE_PSK_EXTERNAL,
			.psk_id = HEX(o, "psk_id"),
			.nonce = HEX(o, "psk_nonce"),
		};

		wire_psk_id_put(&ids[i], &id);
		psks[i] = (struct mls_psk){ buf_span(&ids[i]), HEX(o, "psk") };
	}
	CHECK_OK(key_schedule_psk(suite, psks, count, &secret));
	CHECK(sec_is(&secret, item, "psk_secret"));
	ok = true;
out:
	for (size_t i = 0; i < 64; i++)
		buf_clear(&ids[i]);
	return ok;
}

static void test_psk_secret(void **state)
{
	(void)state;
	run("mls/psk_secret.json", psk_secret);
}

/* ---- secret-tree ---- */

static bool key_is(const struct suite *suite, const struct secret_tree_key *key,
		   struct span want_key, struct span want_nonce)
{
	return span_equal(span_of(key->key, suite->nk), want_key) &&
	       span_equal(SPAN_ARRAY(key->nonce), want_nonce);
}

static bool take_and_compare(const struct suite *suite,
			     struct secret_tree *tree, uint32_t leaf,
			     const json_t *o)
{
	struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;
	uint32_t generation = (uint32_t)number(o, "generation");
	bool ok = false;

	CHECK_OK(secret_tree_take(tree, leaf, SECRET_TREE_HANDSHAKE, generation,
				  &staged));
	CHECK(key_is(suite, &staged.key, HEX(o, "handshake_key"),
		     HEX(o, "handshake_nonce")));
	secret_tree_confirm(&staged);
	CHECK_OK(secret_tree_take(tree, leaf, SECRET_TREE_APPLICATION,
				  generation, &staged));
	CHECK(key_is(suite, &staged.key, HEX(o, "application_key"),
		     HEX(o, "application_nonce")));
	secret_tree_confirm(&staged);
	CHECK(secret_tree_take(tree, leaf, SECRET_TREE_APPLICATION, generation,
			       &staged) == ERR_STATE_GONE);
	ok = true;
out:
	secret_tree_abandon(&staged);
	return ok;
}

static bool sender_data(const struct suite *suite, const json_t *o)
{
	struct sec key = { 0 }, nonce = { 0 };
	bool ok = false;

	CHECK_OK(
	    secret_tree_sender_data_key(suite, HEX(o, "sender_data_secret"),
					HEX(o, "ciphertext"), &key, &nonce));
	CHECK(sec_is(&key, o, "key") && sec_is(&nonce, o, "nonce"));
	ok = true;
out:
	return ok;
}

/* Forward through the leaves, or backward, so that the tree is derived in
 * another order; with the last generation first the skipped keys serve. */
static bool secret_tree_order(const struct suite *suite, const json_t *item,
			      bool backward)
{
	const json_t *leaves = at(item, "leaves");
	size_t n = json_array_size(leaves);
	struct secret_tree tree = SECRET_TREE_INIT;
	bool ok = false;

	CHECK_OK(secret_tree_init(&tree, suite, (uint32_t)n,
				  HEX(item, "encryption_secret")));
	for (size_t i = 0; i < n; i++) {
		size_t leaf = backward ? n - 1 - i : i;
		const json_t *steps = json_array_get(leaves, leaf);
		size_t m = json_array_size(steps);

		for (size_t j = 0; j < m; j++)
			CHECK(take_and_compare(
			    suite, &tree, (uint32_t)leaf,
			    json_array_get(steps, backward ? m - 1 - j : j)));
	}
	ok = n > 0;
out:
	secret_tree_clear(&tree);
	return ok;
}

static bool secret_tree(const struct suite *suite, const json_t *item)
{
	return sender_data(suite, at(item, "sender_data")) &&
	       secret_tree_order(suite, item, false) &&
	       secret_tree_order(suite, item, true);
}

static void test_secret_tree(void **state)
{
	(void)state;
	run("mls/secret-tree.json", secret_tree);
}

/* ---- transcript-hashes ---- */

static bool transcript_hashes(const struct suite *suite, const json_t *item)
{
	struct rd r = rd_init(HEX(item, "authenticated_content"));
	uint8_t confirmed[SUITE_HASH_MAX], interim[SUITE_HASH_MAX];
	struct span hash = span_of(confirmed, suite->nh);
	struct wire_content content;
	struct wire_auth auth;
	uint16_t format = rd_u16(&r);
	bool ok = false;

	wire_content_read(&r, &content);
	wire_auth_read(&r, content.type, &auth);
	CHECK_OK(rd_end(&r));
	CHECK(content.type == WIRE_CONTENT_COMMIT);
	CHECK_OK(transcript_confirmed(
	    suite, HEX(item, "interim_transcript_hash_before"), format,
	    content.encoded, auth.signature, confirmed));
	CHECK(span_equal(hash, HEX(item, "confirmed_transcript_hash_after")));
	CHECK_OK(transcript_check_tag(suite, HEX(item, "confirmation_key"),
				      hash, auth.confirmation_tag));
	CHECK(transcript_check_tag(suite, HEX(item, "confirmation_key"),
				   SPAN_EMPTY,
				   auth.confirmation_tag) == ERR_PEER_CRYPTO);
	CHECK_OK(
	    transcript_interim(suite, hash, auth.confirmation_tag, interim));
	CHECK(span_equal(span_of(interim, suite->nh),
			 HEX(item, "interim_transcript_hash_after")));
	ok = true;
out:
	return ok;
}

static void test_transcript_hashes(void **state)
{
	(void)state;
	run("mls/transcript-hashes.json", transcript_hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crypto_basics),
		cmocka_unit_test(test_key_schedule),
		cmocka_unit_test(test_psk_secret),
		cmocka_unit_test(test_secret_tree),
		cmocka_unit_test(test_transcript_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
