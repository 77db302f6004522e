/* What anybody can see to be wrong with a commit (check/form.h), each broken once:
 * by the check that the server makes, by a walk and by every member alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "check/commit.h"
#include "check/form.h"
#include "check/walk.h"
#include "mls/epoch.h"
#include "tests/testlib/court.h"
#include "wire/message.h"

/* ---- tags ---- */

/* A right commit whose tags are cut or drawn out after it was signed. */
static void refuse_tags(struct court *c, size_t confirmation, size_t membership,
			const char *word)
{
	static const uint8_t room[SUITE_HASH_MAX + 1];
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol };
	struct wire_message message;
	struct buf bytes = BUF_INIT;
	struct cheated made;

	cheat_commit(&how, &made);
	assert_int_equal(wire_message_decode(buf_span(&made.message), &message),
			 ERR_OK);
	message.public_message.auth.confirmation_tag =
	    span_of(room, confirmation);
	message.public_message.membership_tag = span_of(room, membership);
	wire_message_put_header(&bytes, WIRE_PUBLIC_MESSAGE);
	wire_public_message_put(&bytes, &message.public_message);
	assert_int_equal(buf_end(&bytes), ERR_OK);
	court_refuse_bytes(c, buf_span(&bytes), SPAN_EMPTY, word, false);
	buf_clear(&bytes);
	cheated_clear(&made);
}

static void test_tags(void **state)
{
	struct court *c = *state;

	refuse_tags(c, 0, 32, "its confirmation tag has another length");
	refuse_tags(c, 31, 32, "its confirmation tag has another length");
	refuse_tags(c, 33, 32, "its confirmation tag has another length");
	refuse_tags(c, 32, 0, "its membership tag has another length");
	refuse_tags(c, 32, 33, "its membership tag has another length");
}

/* ---- the path ---- */

static size_t cut;	     /* bytes that each ciphertext loses */
static struct span exchange; /* what each kem_output becomes */

/* Every node's list anew, its ciphertexts changed. */
static void edit_ciphertexts(struct wire_update_path *path)
{
	static struct buf nodes;
	struct span rest = path->nodes;
	struct wire_update_path_node node;

	buf_clear(&nodes);
	while (wire_update_path_nodes_next(&rest, &node)) {
		struct span secrets = node.encrypted_path_secrets;
		struct wire_hpke_ciphertext sealed;
		size_t vec;

		buf_put_vec(&nodes, node.encryption_key);
		vec = buf_open_vec(&nodes);
		while (wire_hpke_ciphertexts_next(&secrets, &sealed)) {
			sealed.ciphertext.n -= cut;
			if (exchange.n > 0)
				sealed.kem_output = exchange;
			wire_hpke_ciphertext_put(&nodes, &sealed);
		}
		buf_close_vec(&nodes, vec);
	}
	path->nodes = buf_span(&nodes);
}

static void test_ciphertext(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol, .path = edit_ciphertexts };

	exchange = SPAN_EMPTY;
	cut = 1;
	court_refuse_cheat(c, &how, "not that of a path secret", false);
	cut = 16;
	court_refuse_cheat(c, &how, "not that of a path secret", false);
}

static void test_kem_output(void **state)
{
	static const uint8_t zeros[32], many[33] = { 9 };
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol, .path = edit_ciphertexts };

	cut = 0;
	exchange = span_of(many, 31);
	court_refuse_cheat(c, &how, "a kem_output of its path", false);
	exchange = span_of(many, 33);
	court_refuse_cheat(c, &how, "a kem_output of its path", false);
	/* a point of small order: nobody could open what it sealed (RFC 7748,
	 * section 6.1) */
	exchange = SPAN_ARRAY(zeros);
	court_refuse_cheat(c, &how, "a kem_output of its path", false);
}

static void test_external_init(void **state)
{
	static const uint8_t zeros[32], few[31] = { 9 };
	struct court *c = *state;
	struct member alice = court_member(&c->all[ALICE]);
	struct member dave = court_member(&c->all[DAVE]);
	struct buf kem_output = BUF_INIT;
	struct cheat_item item;
	struct cheat how = {
		.by = &dave, .from = &alice, .items = &item, .count = 1
	};

	item = cheat_external_init(&alice, &kem_output, &how.init_secret);
	item.proposal.kem_output = SPAN_ARRAY(zeros);
	court_refuse_cheat(c, &how, "its ExternalInit", false);
	item.proposal.kem_output = SPAN_ARRAY(few);
	court_refuse_cheat(c, &how, "its ExternalInit", false);
	buf_clear(&kem_output);
}

/* ---- the GroupInfo after it ---- */

/* The extensions of a GroupInfo, with this external_pub; empty: with none. */
static void edit_external_pub(struct span info, struct span key,
			      struct buf *extensions)
{
	struct wire_message message;
	struct wire_extension extension;
	struct buf data = BUF_INIT;
	struct span rest;

	assert_int_equal(wire_message_decode(info, &message), ERR_OK);
	rest = message.group_info.extensions;
	while (wire_extensions_next(&rest, &extension))
		if (extension.type != WIRE_EXTENSION_EXTERNAL_PUB)
			wire_extension_put(extensions, extension.type,
					   extension.data);
	buf_put_vec(&data, key);
	if (key.n > 0)
		wire_extension_put(extensions, WIRE_EXTENSION_EXTERNAL_PUB,
				   buf_span(&data));
	assert_int_equal(buf_end(extensions), ERR_OK);
	buf_clear(&data);
}

static void refuse_external_pub(struct span info, struct span key,
				const char *word)
{
	const struct suite *suite = suite_by_id(3);
	struct buf extensions = BUF_INIT;
	const char *wrong;

	edit_external_pub(info, key, &extensions);
	wrong = check_form_external_pub(suite, buf_span(&extensions));
	if (wrong == NULL || strstr(wrong, word) == NULL)
		fail_msg("\"%s\" was expected to say \"%s\"",
			 wrong != NULL ? wrong : "", word);
	buf_clear(&extensions);
}

static void test_external_pub(void **state)
{
	static const uint8_t zeros[32], many[33] = { 9 };
	struct court *c = *state;
	struct device *alice = &c->all[ALICE];
	struct buf info = BUF_INIT;
	struct wire_message message;

	assert_int_equal(mls_group_info(session_group(alice->session),
					&alice->me, true, &info),
			 ERR_OK);
	assert_int_equal(wire_message_decode(buf_span(&info), &message),
			 ERR_OK);
	assert_null(check_form_external_pub(suite_by_id(3),
					    message.group_info.extensions));
	refuse_external_pub(buf_span(&info), SPAN_EMPTY, "no external_pub");
	refuse_external_pub(buf_span(&info), SPAN_ARRAY(zeros),
			    "no key of the suite");
	refuse_external_pub(buf_span(&info), SPAN_ARRAY(many),
			    "no key of the suite");
	buf_clear(&info);
}

/* A commit is right, and nobody could join by the GroupInfo that comes with it. */
static void no_external_pub(struct wire_group_info *info)
{
	static struct buf left;
	struct wire_extension extension;
	struct span rest = info->extensions;

	buf_clear(&left);
	while (wire_extensions_next(&rest, &extension))
		if (extension.type != WIRE_EXTENSION_EXTERNAL_PUB)
			wire_extension_put(&left, extension.type,
					   extension.data);
	info->extensions = buf_span(&left);
}

static void test_group_info(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol };
	const struct cheat_info broken = { .info = no_external_pub };
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct check_commit what = { .now = NOW };
	struct cheated made;

	assert_int_equal(mls_group_info(carol.group, &carol.me, true, &before),
			 ERR_OK);
	cheat_commit(&how, &made);
	cheat_group_info(&carol, made.next, &(struct cheat_info){ 0 }, &after);
	what.before = buf_span(&before);
	what.commit = buf_span(&made.message);
	what.after = buf_span(&after);
	assert_null(check_commit(&what).wrong);
	buf_reset(&after);
	cheat_group_info(&carol, made.next, &broken, &after);
	what.after = buf_span(&after);
	assert_non_null(strstr(check_commit(&what).wrong, "no external_pub"));
	buf_clear(&before);
	buf_clear(&after);
	cheated_clear(&made);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_tags),	 TEST(test_ciphertext),
		TEST(test_kem_output),	 TEST(test_external_init),
		TEST(test_external_pub), TEST(test_group_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
