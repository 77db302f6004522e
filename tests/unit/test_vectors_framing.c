/* The working group's vectors of messages: framing and Welcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/transcript.h"
#include "mls/broken.h"
#include "mls/framing.h"
#include "mls/key_schedule.h"
#include "mls/label.h"
#include "mls/welcome.h"
#include "tests/testlib/vector_case.h"

/* ---- message-protection ---- */

struct protection {
	const struct suite *suite;
	const json_t *item;
	struct sign_key *private_key, *public_key;
	struct buf context;
};

/* What the group does with any message, in one place: opens it and compares
 * its body with `body`. */
static bool open_message(const struct protection *p, struct span bytes,
			 struct span body)
{
	struct secret_tree tree = SECRET_TREE_INIT;
	struct wire_message m;
	struct wire_sender_data sender;
	struct wire_content content;
	struct wire_auth auth;
	struct buf plaintext = BUF_INIT;
	bool ok = false;

	CHECK_OK(secret_tree_init(&tree, p->suite, 2,
				  HEX(p->item, "encryption_secret")));
	CHECK_OK(wire_message_decode(bytes, &m));
	if (m.format == WIRE_PUBLIC_MESSAGE) {
		CHECK_OK(framing_check_public(p->suite, &m.public_message,
					      buf_span(&p->context),
					      HEX(p->item, "membership_key")));
		content = m.public_message.content;
		CHECK_OK(framing_verify(
		    p->public_key, WIRE_PUBLIC_MESSAGE, &content,
		    m.public_message.auth.signature, buf_span(&p->context)));
	} else {
		CHECK_OK(framing_open_sender(p->suite, &m.private_message,
					     HEX(p->item, "sender_data_secret"),
					     &sender));
		CHECK_OK(framing_open_private(
		    p->suite, &m.private_message, &sender, p->public_key,
		    buf_span(&p->context), &tree, NULL, &plaintext, &content,
		    &auth));
	}
	CHECK(content.sender.index == 1);
	CHECK(span_equal(content.body, body));
	ok = true;
out:
	secret_tree_clear(&tree);
	buf_clear(&plaintext);
	return ok;
}

static bool protect_message(const struct protection *p, uint8_t type,
			    struct span body, enum wire_format format,
			    struct buf *message)
{
	static const uint8_t tag[SUITE_HASH_MAX] = { 1, 2, 3 };
	struct secret_tree tree = SECRET_TREE_INIT;
	struct buf signature = BUF_INIT;
	struct wire_content content = {
		.group_id = HEX(p->item, "group_id"),
		.epoch = number(p->item, "epoch"),
		.sender = { WIRE_SENDER_MEMBER, 1 },
		.authenticated_data = SPAN_LIT("seen by all"),
		.type = type,
		.body = body,
	};
	struct wire_auth auth = { .confirmation_tag =
				      span_of(tag, p->suite->nh) };
	bool ok = false;

	CHECK_OK(secret_tree_init(&tree, p->suite, 2,
				  HEX(p->item, "encryption_secret")));
	CHECK_OK(framing_sign(p->private_key, format, &content,
			      buf_span(&p->context), &signature));
	auth.signature = buf_span(&signature);
	if (format == WIRE_PUBLIC_MESSAGE) {
		enum err e = framing_protect_public(
		    p->suite, &content, &auth, buf_span(&p->context),
		    HEX(p->item, "membership_key"), message);

		CHECK(e == (type == WIRE_CONTENT_APPLICATION ? ERR_LOCAL_BUG
							     : ERR_OK));
	} else {
		CHECK_OK(framing_protect_private(
		    p->suite, rng_system(), &content, &auth,
		    HEX(p->item, "sender_data_secret"), &tree, 7, NULL,
		    message));
	}
	ok = true;
out:
	secret_tree_clear(&tree);
	buf_clear(&signature);
	return ok;
}

/* A byte changed anywhere must be refused, the signature included. */
static bool tampered(const struct protection *p, const struct buf *message,
		     struct span body)
{
	struct buf copy = BUF_INIT;
	struct wire_message m;
	struct wire_sender_data sender;
	struct wire_content content;
	struct wire_auth auth;
	struct buf plaintext = BUF_INIT;
	struct secret_tree tree = SECRET_TREE_INIT;
	bool ok = false;

	CHECK_OK(secret_tree_init(&tree, p->suite, 2,
				  HEX(p->item, "encryption_secret")));
	buf_put(&copy, buf_span(message));
	copy.p[copy.n - 1] ^= 1;
	CHECK_OK(wire_message_decode(buf_span(&copy), &m));
	if (m.format == WIRE_PUBLIC_MESSAGE) {
		CHECK(framing_check_public(
			  p->suite, &m.public_message, buf_span(&p->context),
			  HEX(p->item, "membership_key")) == ERR_PEER_CRYPTO);
	} else {
		CHECK_OK(framing_open_sender(p->suite, &m.private_message,
					     HEX(p->item, "sender_data_secret"),
					     &sender));
		CHECK(
		    rules_settle(framing_open_private(
				     p->suite, &m.private_message, &sender,
				     p->public_key, buf_span(&p->context),
				     &tree, NULL, &plaintext, &content, &auth),
				 NULL) == ERR_PEER_CRYPTO);
		CHECK(plaintext.n == 0);
		/* A false signature under a right AEAD key changes nothing
		 * either: the true message is still readable. */
		CHECK_OK(wire_message_decode(buf_span(message), &m));
		CHECK(
		    rules_settle(framing_open_private(
				     p->suite, &m.private_message, &sender,
				     p->public_key, SPAN_LIT("another context"),
				     &tree, NULL, &plaintext, &content, &auth),
				 NULL) == ERR_PEER_CRYPTO);
		CHECK_OK(framing_open_private(
		    p->suite, &m.private_message, &sender, p->public_key,
		    buf_span(&p->context), &tree, NULL, &plaintext, &content,
		    &auth));
		CHECK(span_equal(content.body, body));
	}
	ok = true;
out:
	secret_tree_clear(&tree);
	buf_clear(&plaintext);
	buf_clear(&copy);
	return ok;
}

static bool both_ways(const struct protection *p, uint8_t type,
		      struct span body, const char *pub, const char *priv)
{
	struct buf message = BUF_INIT;
	bool ok = false;

	if (pub != NULL)
		CHECK(open_message(p, HEX(p->item, pub), body));
	CHECK(open_message(p, HEX(p->item, priv), body));
	CHECK(protect_message(p, type, body, WIRE_PUBLIC_MESSAGE, &message));
	if (pub != NULL) {
		CHECK(open_message(p, buf_span(&message), body));
		CHECK(tampered(p, &message, body));
	}
	buf_reset(&message);
	CHECK(protect_message(p, type, body, WIRE_PRIVATE_MESSAGE, &message));
	CHECK(open_message(p, buf_span(&message), body));
	CHECK(tampered(p, &message, body));
	ok = true;
out:
	buf_clear(&message);
	return ok;
}

static bool message_protection(const struct suite *suite, const json_t *item)
{
	struct protection p = { .suite = suite, .item = item };
	struct wire_group_context c = {
		.version = WIRE_VERSION_MLS10,
		.cipher_suite = suite->id,
		.group_id = HEX(item, "group_id"),
		.epoch = number(item, "epoch"),
		.tree_hash = HEX(item, "tree_hash"),
		.confirmed_transcript_hash =
		    HEX(item, "confirmed_transcript_hash"),
	};
	struct buf data = BUF_INIT; /* application_data<V> */
	bool ok = false;

	wire_group_context_put(&p.context, &c);
	buf_put_vec(&data, HEX(item, "application"));
	CHECK_OK(sign_private_parse(
	    suite, vectors_signature_key(suite, item, "signature_priv"),
	    &p.private_key));
	CHECK_OK(sign_public_parse(suite, HEX(item, "signature_pub"),
				   &p.public_key));
	CHECK(both_ways(&p, WIRE_CONTENT_PROPOSAL, HEX(item, "proposal"),
			"proposal_pub", "proposal_priv"));
	CHECK(both_ways(&p, WIRE_CONTENT_COMMIT, HEX(item, "commit"),
			"commit_pub", "commit_priv"));
	CHECK(both_ways(&p, WIRE_CONTENT_APPLICATION, buf_span(&data), NULL,
			"application_priv"));
	ok = true;
out:
	sign_key_free(p.private_key);
	sign_key_free(p.public_key);
	buf_clear(&p.context);
	buf_clear(&data);
	return ok;
}

static void test_message_protection(void **state)
{
	(void)state;
	run("mls/message-protection.json", message_protection);
}

/* ---- welcome ---- */

static bool group_info_holds(const struct suite *suite, struct span bytes,
			     struct span joiner, const json_t *item)
{
	struct mls_epoch_secrets secrets = { 0 };
	struct sign_key *signer = NULL;
	struct wire_group_info info;
	bool ok = false;

	CHECK_OK(wire_group_info_decode(bytes, &info));
	CHECK_OK(sign_public_parse(suite, HEX(item, "signer_pub"), &signer));
	CHECK_OK(welcome_verify_group_info(signer, &info));
	CHECK_OK(key_schedule_epoch(suite, joiner, SPAN_EMPTY,
				    info.context.encoded, NULL, &secrets));
	CHECK_OK(transcript_check_tag(
	    suite, sec_span(&secrets.confirmation_key),
	    info.context.confirmed_transcript_hash, info.confirmation_tag));
	ok = true;
out:
	sign_key_free(signer);
	key_schedule_clear(&secrets);
	return ok;
}

/* A Welcome of our own for the same KeyPackage and another, opened again. */
static bool welcome_again(const struct suite *suite, struct span ref,
			  struct span init_key, struct span init_private,
			  struct span group_info)
{
	static const uint8_t joiner[SUITE_HASH_MAX] = { 9 };
	struct welcome_recipient to[2] = {
		{ SPAN_LIT("another"), init_key, SPAN_EMPTY },
		{ ref, init_key, SPAN_LIT("a path secret") },
	};
	struct span joiner_span = span_of(joiner, suite->nh);
	struct buf message = BUF_INIT, plaintext = BUF_INIT, info = BUF_INIT;
	struct wire_encrypted_group_secrets entry;
	struct wire_group_secrets secrets;
	struct wire_message m;
	bool ok = false;

	CHECK_OK(welcome_seal(suite, rng_system(), to, 2, joiner_span,
			      SPAN_EMPTY, SPAN_EMPTY, group_info, &message));
	CHECK_OK(wire_message_decode(buf_span(&message), &m));
	CHECK(m.format == WIRE_WELCOME && m.welcome.secret_count == 2);
	CHECK(!welcome_find(&m.welcome, SPAN_LIT("nobody"), &entry));
	CHECK(welcome_find(&m.welcome, ref, &entry));
	CHECK_OK(welcome_open_secrets(suite, &m.welcome, &entry, init_private,
				      SPAN_EMPTY, &plaintext, &secrets));
	CHECK(span_equal(secrets.joiner_secret, joiner_span));
	CHECK(secrets.has_path_secret &&
	      span_equal(secrets.path_secret, to[1].path_secret));
	CHECK_OK(welcome_open_group_info(
	    suite, &m.welcome, secrets.joiner_secret, SPAN_EMPTY, &info));
	CHECK(span_equal(buf_span(&info), group_info));
	ok = true;
out:
	buf_clear(&message);
	buf_clear(&plaintext);
	buf_clear(&info);
	return ok;
}

static bool welcome(const struct suite *suite, const json_t *item)
{
	struct wire_message package, message;
	struct wire_encrypted_group_secrets entry;
	struct wire_group_secrets secrets;
	struct buf ref = BUF_INIT, plaintext = BUF_INIT, info = BUF_INIT;
	struct span init_private = HEX(item, "init_priv");
	bool ok = false;

	CHECK_OK(wire_message_decode(HEX(item, "key_package"), &package));
	CHECK_OK(wire_message_decode(HEX(item, "welcome"), &message));
	CHECK(package.format == WIRE_KEY_PACKAGE);
	CHECK(message.format == WIRE_WELCOME);
	CHECK_OK(
	    label_key_package_ref(suite, package.key_package.encoded, &ref));
	CHECK(welcome_find(&message.welcome, buf_span(&ref), &entry));
	CHECK_OK(welcome_open_secrets(suite, &message.welcome, &entry,
				      init_private, SPAN_EMPTY, &plaintext,
				      &secrets));
	CHECK_OK(welcome_open_group_info(
	    suite, &message.welcome, secrets.joiner_secret, SPAN_EMPTY, &info));
	CHECK(group_info_holds(suite, buf_span(&info), secrets.joiner_secret,
			       item));
	CHECK(welcome_again(suite, buf_span(&ref), package.key_package.init_key,
			    init_private, buf_span(&info)));
	ok = true;
out:
	buf_clear(&ref);
	buf_clear(&plaintext);
	buf_clear(&info);
	return ok;
}

static void test_welcome(void **state)
{
	(void)state;
	run("mls/welcome.json", welcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_protection),
		cmocka_unit_test(test_welcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
