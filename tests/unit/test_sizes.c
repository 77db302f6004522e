/* The limits of mls/limits.h: what is as large as may be goes, what is one larger
 * does not, and nothing has changed then. Of pending proposals: test_pending_room.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/tree.h"
#include "mls/tree_node.h"
#include "tests/testlib/rules.h"

static int setup(void **state)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	*state = rules;
	if (rules == NULL)
		return -1;
	rules_init(rules, SPAN_EMPTY);
	return 0;
}

static int teardown(void **state)
{
	rules_end(*state);
	free(*state);
	return 0;
}

/* ---- messages ---- */

/* The size of the message for so many bytes of text; 0 when it is too large. */
static size_t say(struct member *m, struct span text, struct buf *message)
{
	enum err e;

	buf_clear(message);
	e = mls_group_protect(m->group, &m->me, SPAN_EMPTY, text, message);
	if (e != ERR_OK)
		assert_int_equal(e, ERR_PEER_TOO_LARGE);
	return message->n;
}

static void test_message(void **state)
{
	struct rules *rules = *state;
	uint8_t *text = calloc(1, MLS_MESSAGE_MAX + 1);
	struct buf message = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
	struct mls_event event;
	size_t length = MLS_MESSAGE_MAX - 4096;

	assert_non_null(text);
	length += MLS_MESSAGE_MAX - say(ALICE, span_of(text, length), &message);
	assert_int_equal(mls_group_save(ALICE->group, &before), ERR_OK);
	assert_int_equal(say(ALICE, span_of(text, length + 1), &message), 0);
	assert_int_equal(mls_group_save(ALICE->group, &after), ERR_OK);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	assert_int_equal(say(ALICE, span_of(text, length), &message),
			 MLS_MESSAGE_MAX);
	rules_refuse(BOB, span_of(text, MLS_MESSAGE_MAX + 1),
		     ERR_PEER_TOO_LARGE, MLS_RULE_NONE);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_int_equal(event.data.n, length);
	mls_event_clear(&event);
	buf_clear(&message);
	buf_clear(&before);
	buf_clear(&after);
	free(text);
}

/* ---- proposals ---- */

/* One PSK so often: each has a nonce of its own. What a cheat sends breaks
 * another rule, too; the limit comes before it. */
static void test_proposals(void **state)
{
	struct rules *rules = *state;
	static struct span ids[MLS_PROPOSALS_MAX + 1];
	static struct cheat_item items[MLS_PROPOSALS_MAX + 1];
	struct cheat how = { .by = ALICE,
			     .items = items,
			     .count = MLS_PROPOSALS_MAX + 1 };
	struct mls_change change = { .psks = ids,
				     .psk_count = MLS_PROPOSALS_MAX + 1 };
	struct mls_commit commit;

	for (size_t i = 0; i <= MLS_PROPOSALS_MAX; i++) {
		ids[i] = SPAN_LIT("psk");
		items[i] = cheat_extensions(SPAN_EMPTY);
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(mls_group_add_psk(rules->all[i].group, ids[0],
						   SPAN_LIT("key")),
				 ERR_OK);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_PEER_TOO_LARGE);
	change.psk_count--;
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	rules_accept(BOB, buf_span(&commit.commit));
	mls_group_discard(ALICE->group);
	mls_commit_clear(&commit);
	rules_refuse_commit(BOB, &how, ERR_PEER_TOO_LARGE, MLS_RULE_NONE);
	how.count--;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_EXTENSIONS_TWICE);
}

/* ---- the tree ---- */

/* ratchet_tree of so many leaves, the first and the last of them occupied. */
static void put_tree(struct buf *out, uint32_t leaves, struct span leaf)
{
	struct buf nodes = BUF_INIT;
	size_t blanks = 2 * (size_t)leaves - 3;
	uint8_t *p;

	for (size_t i = 0; i < 2; i++) {
		buf_put_u8(&nodes, 1);
		buf_put_u8(&nodes, WIRE_NODE_LEAF);
		buf_put(&nodes, leaf);
		p = i == 0 ? buf_append(&nodes, blanks) : NULL;
		if (p != NULL)
			memset(p, 0, blanks);
	}
	buf_put_vec(out, buf_span(&nodes));
	assert_int_equal(buf_end(out), ERR_OK);
	buf_clear(&nodes);
}

static void test_leaves(void **state)
{
	struct rules *rules = *state;
	struct buf bytes = BUF_INIT;
	struct mls_member first;
	struct tree tree;
	uint32_t leaf = 0;

	assert_true(mls_group_next_member(ALICE->group, &leaf, &first));
	put_tree(&bytes, MLS_LEAVES_MAX, first.leaf_node);
	assert_int_equal(tree_decode(&tree, rules_suite(), buf_span(&bytes)),
			 ERR_OK);
	assert_int_equal(tree.leaves, MLS_LEAVES_MAX);
	/* One more member than leaves: as if all were occupied. */
	tree.root->members = tree.leaves;
	assert_int_equal(tree_free_leaf(&tree, &leaf), ERR_PEER_TOO_LARGE);
	tree_clear(&tree);
	buf_reset(&bytes);
	put_tree(&bytes, MLS_LEAVES_MAX + 1, first.leaf_node);
	assert_int_equal(tree_decode(&tree, rules_suite(), buf_span(&bytes)),
			 ERR_PEER_TOO_LARGE);
	buf_clear(&bytes);
}

/* ---- extensions and leaves ---- */

/* One extension, which takes `size` bytes in all. */
static void put_extension(struct buf *out, uint16_t type, size_t size)
{
	struct buf data = BUF_INIT;
	size_t n = size - 2 - 4; /* type and length */
	uint8_t *p = buf_append(&data, n);

	assert_non_null(p);
	memset(p, 0, n);
	wire_extension_put(out, type, buf_span(&data));
	assert_int_equal(out->n, size);
	buf_clear(&data);
}

static void test_extensions(void **state)
{
	struct rules *rules = *state;
	struct buf most = BUF_INIT, more = BUF_INIT;
	struct mls_group *group = NULL;
	struct mls_commit commit;
	struct span list;
	struct mls_change change = { .extensions = &list };
	struct cheat_item item;
	struct cheat how = { .by = ALICE, .items = &item, .count = 1 };

	put_extension(&most, WIRE_EXTENSION_APPLICATION_ID, MLS_EXTENSIONS_MAX);
	put_extension(&more, WIRE_EXTENSION_APPLICATION_ID,
		      MLS_EXTENSIONS_MAX + 1);
	assert_int_equal(mls_group_create(&DAVE->me, SPAN_LIT("large"),
					  buf_span(&most), &group),
			 ERR_OK);
	mls_group_free(group);
	assert_int_equal(mls_group_create(&DAVE->me, SPAN_LIT("large"),
					  buf_span(&more), &group),
			 ERR_PEER_TOO_LARGE);
	list = buf_span(&most);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	rules_accept(BOB, buf_span(&commit.commit));
	mls_group_discard(ALICE->group);
	mls_commit_clear(&commit);
	list = buf_span(&more);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_PEER_TOO_LARGE);
	item = cheat_extensions(list);
	rules_refuse_commit(BOB, &how, ERR_PEER_TOO_LARGE, MLS_RULE_NONE);
	buf_clear(&most);
	buf_clear(&more);
}

static struct buf longer_list;

/* The same leaf, with one byte more. */
static void longer(struct wire_leaf_node *leaf)
{
	buf_reset(&longer_list);
	put_extension(&longer_list, WIRE_EXTENSION_APPLICATION_ID,
		      leaf->extensions.n + 1);
	leaf->extensions = buf_span(&longer_list);
}

/* A leaf that has no room left, then one byte more. */
static void test_leaf(void **state)
{
	struct rules *rules = *state;
	struct buf extension = BUF_INIT;
	size_t size = MLS_LEAF_NODE_MAX - 1024;
	struct mls_key_package_secrets secrets;
	struct wire_key_package kp;
	struct buf package = BUF_INIT;

	for (size_t i = 0; i < 3; i++) {
		buf_reset(&extension);
		put_extension(&extension, WIRE_EXTENSION_APPLICATION_ID,
			      size + (i == 2));
		DAVE->me.leaf_extensions = buf_span(&extension);
		if (i == 2)
			break;
		member_key_package(DAVE);
		assert_int_equal(
		    wire_key_package_decode(buf_span(&DAVE->key_package), &kp),
		    ERR_OK);
		size += MLS_LEAF_NODE_MAX - kp.leaf_node.encoded.n;
	}
	assert_int_equal(kp.leaf_node.encoded.n, MLS_LEAF_NODE_MAX);
	assert_int_equal(
	    mls_key_package_create(&DAVE->me, false, &secrets, &package),
	    ERR_PEER_TOO_LARGE);
	assert_int_equal(secrets.init_private.n, 0);
	rules_accept_add(rules);
	buf_reset(&extension);
	put_extension(&extension, WIRE_EXTENSION_APPLICATION_ID, size);
	DAVE->me.leaf_extensions = buf_span(&extension);
	cheat_key_package(DAVE, &(struct cheat_key_package){ .leaf = longer });
	rules_refuse_lone_add(rules, ERR_PEER_TOO_LARGE, MLS_RULE_NONE);
	DAVE->me.leaf_extensions = SPAN_EMPTY;
	buf_clear(&extension);
	buf_clear(&longer_list);
	buf_clear(&package);
}

/* ---- exports ---- */

/* As the short one where that goes; all members alike; up to HKDF's end. */
static void test_export(void **state)
{
	struct rules *rules = *state;
	size_t most = 255 * (size_t)rules_suite()->nh;
	struct buf alice = BUF_INIT, bob = BUF_INIT;
	struct sec known;

	for (size_t n = 0; n <= SEC_MAX; n++) {
		assert_int_equal(mls_group_export(ALICE->group, "label",
						  SPAN_LIT("context"), n,
						  &known),
				 ERR_OK);
		buf_reset(&alice);
		assert_int_equal(mls_group_export_long(ALICE->group, "label",
						       SPAN_LIT("context"), n,
						       &alice),
				 ERR_OK);
		assert_true(span_equal(buf_span(&alice), sec_span(&known)));
	}
	buf_reset(&alice);
	assert_int_equal(mls_group_export_long(ALICE->group, "label",
					       SPAN_LIT("context"), most,
					       &alice),
			 ERR_OK);
	assert_int_equal(mls_group_export_long(BOB->group, "label",
					       SPAN_LIT("context"), most, &bob),
			 ERR_OK);
	assert_int_equal(alice.n, most);
	assert_true(span_equal(buf_span(&alice), buf_span(&bob)));
	assert_int_equal(mls_group_export_long(BOB->group, "label",
					       SPAN_LIT("context"), most + 1,
					       &bob),
			 ERR_LOCAL_BUG);
	assert_int_equal(bob.n, 0);
	buf_clear(&alice);
	buf_clear(&bob);
}

#define LIMIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMIT(test_export),	LIMIT(test_message),
		LIMIT(test_proposals),	LIMIT(test_leaves),
		LIMIT(test_extensions), LIMIT(test_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
