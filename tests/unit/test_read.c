/* What is read of messages, KeyPackages and GroupInfos without a group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/read.h"
#include "tests/testlib/rules.h"

static struct mls_message_head head_of(const struct buf *message)
{
	struct mls_message_head head;

	assert_int_equal(mls_message_read(buf_span(message), &head), ERR_OK);
	return head;
}

static void is_content(const struct mls_message_head *head,
		       enum mls_format format, enum mls_content content,
		       uint64_t epoch)
{
	assert_int_equal(head->format, format);
	assert_int_equal(head->content, content);
	assert_int_equal(head->epoch, epoch);
	assert_int_equal(head->sender_type, MLS_SENDER_MEMBER);
	assert_true(span_equal(head->group_id, SPAN_LIT("group")));
}

static void test_messages(void **state)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct mls_change change = { .authenticated_data = SPAN_LIT("why") };
	struct mls_message_head head;
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	struct span add;
	uint64_t epoch;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	epoch = mls_group_epoch(BOB->group);
	assert_int_equal(mls_group_protect(BOB->group, &BOB->me,
					   SPAN_LIT("seen"), SPAN_LIT("text"),
					   &message),
			 ERR_OK);
	head = head_of(&message);
	is_content(&head, MLS_FORMAT_PRIVATE_MESSAGE, MLS_CONTENT_APPLICATION,
		   epoch);
	assert_true(span_equal(head.authenticated_data, SPAN_LIT("seen")));
	buf_reset(&message);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &update, false, &message),
	    ERR_OK);
	head = head_of(&message);
	is_content(&head, MLS_FORMAT_PUBLIC_MESSAGE, MLS_CONTENT_PROPOSAL,
		   epoch);
	assert_int_equal(head.sender, 1);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	change.adds = &add;
	change.add_count = 1;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_OK);
	head = head_of(&commit.commit);
	is_content(&head, MLS_FORMAT_PUBLIC_MESSAGE, MLS_CONTENT_COMMIT, epoch);
	assert_int_equal(head.sender, 2);
	assert_true(span_equal(head.authenticated_data, SPAN_LIT("why")));
	head = head_of(&commit.welcome);
	assert_int_equal(head.format, MLS_FORMAT_WELCOME);
	assert_int_equal(head.cipher_suite, rules_suite()->id);
	head = head_of(&commit.group_info);
	assert_int_equal(head.format, MLS_FORMAT_GROUP_INFO);
	assert_int_equal(head.epoch, epoch + 1);
	assert_int_equal(mls_message_read(SPAN_LIT("no message"), &head),
			 ERR_PEER_UNSUPPORTED);
	assert_int_equal(head.format, 0);
	mls_group_discard(CAROL->group);
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_end(rules);
}

static void test_key_package(void **state)
{
	static const uint8_t list[] = { 0, 1, 2, 'h', 'i' };
	struct mls_key_package_content content;
	struct mls_key_package_secrets secrets;
	struct buf package = BUF_INIT;
	struct span rest, data;
	struct member m;
	uint16_t type;
	(void)state;

	member_init(&m, rules_suite(), "alice/1");
	m.me.leaf_extensions = SPAN_ARRAY(list);
	for (int last = 0; last < 2; last++) {
		buf_reset(&package);
		assert_int_equal(mls_key_package_create(&m.me, last != 0,
							&secrets, &package),
				 ERR_OK);
		assert_int_equal(
		    mls_key_package_read(buf_span(&package), &content), ERR_OK);
		assert_int_equal(content.cipher_suite, rules_suite()->id);
		assert_int_equal(content.last_resort, last);
		assert_int_equal(content.not_after, m.me.now + m.me.lifetime);
		assert_true(
		    span_equal(content.leaf.identity, span_str(m.name)));
		assert_true(span_equal(content.leaf.signature_key,
				       m.me.signature_public));
	}
	rest = content.leaf.extensions;
	assert_true(mls_extension_next(&rest, &type, &data));
	assert_int_equal(type, 1);
	assert_true(span_equal(data, SPAN_LIT("hi")));
	while (mls_extension_next(&rest, &type, &data))
		assert_int_not_equal(type, 1);
	package.n--;
	assert_int_equal(mls_key_package_read(buf_span(&package), &content),
			 ERR_PEER_MALFORMED);
	assert_int_equal(content.cipher_suite, 0);
	mls_key_package_secrets_clear(&secrets);
	buf_clear(&package);
	member_clear(&m);
}

static void test_group_info(void **state)
{
	static const uint8_t list[] = { 0, 1, 2, 'h', 'i' };
	struct mls_group_info_content content;
	struct buf info = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_ARRAY(list));
	for (int tree = 0; tree < 2; tree++) {
		buf_reset(&info);
		assert_int_equal(
		    mls_group_info(BOB->group, &BOB->me, tree != 0, &info),
		    ERR_OK);
		assert_int_equal(mls_group_info_read(buf_span(&info), &content),
				 ERR_OK);
		assert_int_equal(content.has_tree, tree);
		assert_true(content.has_external_pub);
		assert_int_equal(content.signer, 1);
		assert_int_equal(content.epoch, mls_group_epoch(BOB->group));
		assert_true(span_equal(content.group_id, SPAN_LIT("group")));
		assert_true(
		    span_equal(content.group_extensions, SPAN_ARRAY(list)));
	}
	buf_reset(&info);
	assert_int_equal(mls_group_protect(BOB->group, &BOB->me, SPAN_EMPTY,
					   SPAN_LIT("text"), &info),
			 ERR_OK);
	assert_int_equal(mls_group_info_read(buf_span(&info), &content),
			 ERR_PEER_MALFORMED);
	buf_clear(&info);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_key_package),
		cmocka_unit_test(test_group_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
