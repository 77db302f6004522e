/* The rules of a session (docs/protocol.md, "Rules"), each broken once: by the
 * check that the server makes and by every member alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/court.h"
#include "wire/generation.h"

/* ---- GroupContext extensions ---- */

/* The extensions of the group, that of one type replaced (or added). */
static void with_extension(const struct court *c, uint16_t type,
			   struct span data, struct buf *out)
{
	struct span rest =
	    mls_group_extensions(session_group(c->all[ALICE].session));
	struct wire_extension extension;

	while (wire_extensions_next(&rest, &extension))
		if (extension.type != type)
			wire_extension_put(out, extension.type, extension.data);
	wire_extension_put(out, type, data);
	assert_int_equal(buf_end(out), ERR_OK);
}

static void refuse_extensions(struct court *c, int by, struct buf *extensions,
			      const char *word, bool denied)
{
	struct span content = buf_span(extensions);
	const struct mls_change change = { .extensions = &content };

	court_refuse(c, by, &change, word, denied);
	buf_reset(extensions);
}

static void test_external_senders(void **state)
{
	struct court *c = *state;
	struct wire_external_sender sender = { .signature_key = buf_span(
						   &c->all[DAVE].public_key) };
	struct buf list = BUF_INIT, data = BUF_INIT, extensions = BUF_INIT;

	sender.credential.type = WIRE_CREDENTIAL_BASIC;
	sender.credential.identity = SPAN_LIT("the server");
	wire_external_sender_put(&list, &sender);
	buf_put_vec(&data, buf_span(&list));
	for (int by = ALICE; by <= CAROL; by += CAROL) {
		with_extension(c, WIRE_EXTENSION_EXTERNAL_SENDERS,
			       buf_span(&data), &extensions);
		refuse_extensions(c, by, &extensions, "nobody may change",
				  true);
	}
	buf_clear(&list);
	buf_clear(&data);
	buf_clear(&extensions);
}

static void test_negotiation(void **state)
{
	struct court *c = *state;
	struct span now =
	    mls_group_extensions(session_group(c->all[ALICE].session));
	struct buf extensions = BUF_INIT;
	struct wire_extension extension;

	with_extension(c, NEGOTIATION_EXTENSION, SPAN_LIT("another"),
		       &extensions);
	refuse_extensions(c, ALICE, &extensions, "nobody may change", true);
	while (wire_extensions_next(&now, &extension)) /* without it */
		if (extension.type != NEGOTIATION_EXTENSION)
			wire_extension_put(&extensions, extension.type,
					   extension.data);
	refuse_extensions(c, ALICE, &extensions, "nobody may change", true);
	buf_clear(&extensions);
}

static void test_roles(void **state)
{
	struct court *c = *state;
	struct buf extensions = BUF_INIT;
	struct span now =
	    mls_group_extensions(session_group(c->all[ALICE].session));
	struct wire_extension extension;

	for (int by = BOB; by <= CAROL; by++) {
		assert_int_equal(session_put_role(c->all[by].session,
						  SPAN_LIT("carol"), ROLE_OWNER,
						  &extensions),
				 ERR_OK);
		refuse_extensions(c, by, &extensions, "only an owner", true);
	}
	with_extension(c, ROLES_EXTENSION, SPAN_LIT("\1x"), &extensions);
	refuse_extensions(c, ALICE, &extensions, "do not decode", false);
	while (wire_extensions_next(&now, &extension))
		if (extension.type != ROLES_EXTENSION)
			wire_extension_put(&extensions, extension.type,
					   extension.data);
	refuse_extensions(c, ALICE, &extensions, "they stay", true);
	court_give_role(c, ALICE, "carol", ROLE_OWNER);
	court_give_role(c, CAROL, "alice", ROLE_MEMBER);
	buf_clear(&extensions);
}

/* ---- proposals ---- */

static void test_psk(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct span id = SPAN_LIT("known to Carol only");
	const struct mls_change change = { .psks = &id, .psk_count = 1 };

	assert_int_equal(mls_group_add_psk(carol.group, id, SPAN_LIT("secret")),
			 ERR_OK);
	court_refuse(c, CAROL, &change, "PreSharedKey", true);
}

/* A type of the application's own is none of ours. */
static void test_custom(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct cheat_item item = { .proposal = { .type = 0xF0AA,
						 .data = SPAN_LIT("vote") } };
	struct cheat how = { .by = &carol, .items = &item, .count = 1 };

	court_refuse_cheat(c, &how, "of that type has no place", true);
}

static void test_self_remove(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct cheat_item item = {
		.proposal = { .type = WIRE_PROPOSAL_SELF_REMOVE },
		.sender = { WIRE_SENDER_MEMBER, UINT32_MAX },
	};
	struct cheat how = { .by = &carol, .items = &item, .count = 1 };

	court_refuse_cheat(c, &how, "a SelfRemove", false);
}

static void test_update(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct buf leaf = BUF_INIT;
	struct cheat_item item;
	struct cheat how = { .by = &carol, .items = &item, .count = 1 };

	cheat_update_leaf(&carol, NULL, NULL, false, &leaf);
	item = cheat_update(buf_span(&leaf));
	court_refuse_cheat(c, &how, "an Update", false);
	buf_clear(&leaf);
}

static void test_by_reference(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct cheat_item item = cheat_add(buf_span(&c->all[DAVE].key_package));
	struct cheat how = { .by = &carol, .items = &item, .count = 1 };

	item.ref = SPAN_LIT("a reference of thirty-two bytes");
	item.sender.type = WIRE_SENDER_MEMBER;
	court_refuse_cheat(c, &how, "by value", false);
}

static void test_path_is_there(void **state)
{
	struct court *c = *state;
	struct member alice = court_member(&c->all[ALICE]);
	struct cheat_item item = cheat_remove(court_leaf(&c->all[CAROL]));
	struct cheat how = {
		.by = &alice, .items = &item, .count = 1, .no_path = true
	};

	court_refuse_cheat(c, &how, "path is missing", false);
	how.count = 0;
	court_refuse_cheat(c, &how, "path is missing", false);
	item = cheat_add(buf_span(&c->all[DAVE].key_package));
	how.count = 1;
	court_accept_cheat(c, &how);
}

static void test_self_removal(void **state)
{
	struct court *c = *state;
	struct member alice = court_member(&c->all[ALICE]);
	struct cheat_item item = cheat_remove(court_leaf(&c->all[ALICE]));
	struct cheat how = {
		.by = &alice, .items = &item, .count = 1, .no_path = true
	};

	court_refuse_cheat(c, &how, "cannot remove itself", false);
}

/* ---- the committer's leaf ---- */

static struct span other_key;

static void set_identity(struct wire_leaf_node *leaf)
{
	leaf->credential.identity = SPAN_LIT("alice/1");
}

static void set_key(struct wire_leaf_node *leaf)
{
	leaf->signature_key = other_key;
}

static void test_path_leaf(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct member dave = court_member(&c->all[DAVE]);
	struct cheat how = { .by = &carol, .leaf = set_identity };

	court_refuse_cheat(c, &how, "not its sender's", true);
	other_key = dave.me.signature_public;
	how.leaf = set_key;
	how.leaf_by = &dave;
	court_refuse_cheat(c, &how, "signature key does not change", true);
	how = (struct cheat){ .by = &carol };
	court_accept_cheat(c, &how);
}

/* ---- another algorithm ---- */

static void refuse_reinit(struct court *c, int by, uint32_t generation,
			  struct span extensions, const char *word, bool denied)
{
	uint8_t id[GENERATION_GROUP_ID_MAX];
	size_t n = generation_group_id(world_id, generation, id);
	const struct mls_reinit reinit = {
		.group_id = span_of(id, n),
		.cipher_suite = SUITE_X448_AES256GCM_SHA512_ED448,
		.extensions = extensions,
	};
	const struct mls_change change = { .reinit = &reinit };

	if (word != NULL)
		court_refuse(c, by, &change, word, denied);
	else
		court_accept(c, by, &change, -1);
}

static void test_reinit(void **state)
{
	struct court *c = *state;
	struct buf own = BUF_INIT, extensions = BUF_INIT;
	struct cheat_item items[2];
	struct member alice = court_member(&c->all[ALICE]);
	struct cheat how = { .by = &alice, .items = items, .count = 2 };
	uint8_t id[GENERATION_GROUP_ID_MAX];
	struct wire_reinit reinit = { .version = WIRE_VERSION_MLS10,
				      .cipher_suite = 4 };
	struct buf bytes = BUF_INIT;

	buf_put(&own, mls_group_extensions(session_group(c->all[BOB].session)));
	refuse_reinit(c, CAROL, 1, buf_span(&own), "an admin or an owner",
		      true);
	refuse_reinit(c, BOB, 2, buf_span(&own), "next generation", false);
	with_extension(c, WIRE_EXTENSION_EXTERNAL_SENDERS, SPAN_LIT("\0"),
		       &extensions);
	refuse_reinit(c, BOB, 1, buf_span(&extensions), "group's extensions",
		      true);
	refuse_reinit(c, BOB, 1, SPAN_EMPTY, "group's extensions", true);
	reinit.group_id = span_of(id, generation_group_id(world_id, 1, id));
	reinit.extensions = buf_span(&own);
	items[0] = cheat_reinit(&reinit, &bytes);
	items[1] = cheat_add(buf_span(&c->all[DAVE].key_package));
	court_refuse_cheat(c, &how, "stands alone", false);
	buf_reset(&extensions);
	with_extension(c, NEGOTIATION_EXTENSION, SPAN_LIT("another"),
		       &extensions);
	court_depart(c, CAROL, CAROL, "");
	refuse_reinit(c, BOB, 1, buf_span(&extensions), "before a ReInit",
		      true);
	court_remove(c, ALICE2, CAROL);
	refuse_reinit(c, BOB, 1, buf_span(&extensions), NULL, false);
	buf_clear(&own);
	buf_clear(&extensions);
	buf_clear(&bytes);
}

/* ---- members ---- */

static void refuse_remove(struct court *c, int by, int whom, const char *word)
{
	uint32_t leaf = court_leaf(&c->all[whom]);
	const struct mls_change change = { .removes = &leaf,
					   .remove_count = 1 };

	court_refuse(c, by, &change, word, true);
}

static void test_remove(void **state)
{
	struct court *c = *state;

	refuse_remove(c, CAROL, BOB, "an admin or an owner");
	refuse_remove(c, BOB, ALICE2, "an admin or an owner");
	court_remove(c, ALICE2, ALICE); /* a device of its own user */
	court_remove(c, BOB, CAROL);	/* a member, by an admin */
	court_remove(c, ALICE2, BOB);	/* everybody, by an owner */
}

static void refuse_add(struct court *c, int by, const struct span *adds,
		       size_t count, const char *word)
{
	const struct mls_change change = { .adds = adds, .add_count = count };

	court_refuse(c, by, &change, word, true);
}

static void test_add(void **state)
{
	struct court *c = *state;
	struct device again;
	struct span both[2];

	both[0] = buf_span(&c->all[CAROL2].key_package);
	refuse_add(c, ALICE, both, 1, "another device of that user");
	court_add(c, CAROL, CAROL2);
	device_make(&again, "carol/1", c->all[ALICE].me.suite->id);
	both[0] = buf_span(&again.key_package);
	refuse_add(c, CAROL2, both, 1, "would stand twice");
	both[1] = buf_span(&c->all[DAVE].key_package);
	device_free(&again);
	device_make(&again, "dave/1", c->all[ALICE].me.suite->id);
	both[0] = buf_span(&again.key_package);
	refuse_add(c, BOB, both, 2, "would stand twice");
	court_add(c, BOB, DAVE);
	device_free(&again);
}

/* Removed and added by one commit, by somebody else: the user was away. */
static void test_remove_and_add(void **state)
{
	struct court *c = *state;
	struct span key_package = buf_span(&c->all[CAROL2].key_package);
	uint32_t leaf = court_leaf(&c->all[CAROL]);
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1,
					   .removes = &leaf,
					   .remove_count = 1 };

	court_accept(c, BOB, &change, CAROL2);
	assert_false(session_member(c->all[CAROL].session));
}

static void test_join(void **state)
{
	struct court *c = *state;
	struct device carol = c->all[CAROL];

	court_join(c, DAVE, false, NULL); /* nobody of the user is here */
	court_join(c, CAROL2, false, "another device of that user");
	court_join(c, CAROL, true, NULL); /* again */
	/* again, with another key */
	session_free(c->all[CAROL].session);
	carol.session = NULL;
	device_make(&c->all[CAROL], "carol/1", carol.me.suite->id);
	court_join(c, CAROL, true, "keeps its signature key");
	court_join(c, CAROL, false, "removes its earlier self");
	device_free(&carol);
}

static void remove_other(struct court *c, const char *word)
{
	struct member dave = court_member(&c->all[DAVE]);
	struct member alice = court_member(&c->all[ALICE]);
	struct sec init = { .n = 0 };
	struct buf kem = BUF_INIT;
	struct cheat_item items[2];
	struct cheat how = {
		.by = &dave, .from = &alice, .items = items, .count = 2
	};

	items[0] = cheat_external_init(&alice, &kem, &init);
	items[1] = cheat_remove(court_leaf(&c->all[CAROL]));
	how.init_secret = init;
	court_refuse_cheat(c, &how, word, true);
	how.count = 1; /* without an ExternalInit */
	how.items = items + 1;
	court_refuse_cheat(c, &how, "an ExternalInit", false);
	items[1] = cheat_add(buf_span(&c->all[CAROL2].key_package));
	how.items = items;
	how.count = 2;
	court_refuse_cheat(c, &how, "an ExternalInit", false);
	buf_clear(&kem);
}

static void test_join_removes_nobody_else(void **state)
{
	remove_other(*state, "an earlier self only");
}

static struct buf former_key;

static void put_former_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key = buf_span(&former_key);
}

/* Members refuse it, and so would have to join again, each of them. */
static void test_join_again_with_the_same_key(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct member alice = court_member(&c->all[ALICE]);
	struct sec init = { .n = 0 };
	struct buf kem = BUF_INIT;
	struct cheat_item items[2];
	struct cheat how = { .by = &carol,
			     .from = &alice,
			     .items = items,
			     .count = 2,
			     .leaf = put_former_key };
	struct mls_member member;
	struct wire_leaf_node leaf;

	assert_true(
	    session_find(c->all[ALICE].session, SPAN_LIT("carol/1"), &member));
	assert_int_equal(wire_leaf_node_decode(member.leaf_node, &leaf),
			 ERR_OK);
	buf_put(&former_key, leaf.encryption_key);
	items[0] = cheat_external_init(&alice, &kem, &init);
	items[1] = cheat_remove(member.leaf_index);
	how.init_secret = init;
	court_refuse_cheat(c, &how, "the key that it had", false);
	buf_clear(&former_key);
	buf_clear(&kem);
}

/* ---- owners that are gone ---- */

static void test_owner_gone(void **state)
{
	struct court *c = *state;

	court_depart(c, ALICE, ALICE2, "");
	court_depart(c, ALICE, ALICE, "");
	court_remove(c, CAROL, ALICE);
	refuse_remove(c, CAROL, BOB, "an admin or an owner");
	court_remove(c, CAROL, ALICE2);
	/* Bob, the admin, counts as owner from now on */
	assert_int_equal(session_role(c->all[CAROL].session, SPAN_LIT("bob/1")),
			 ROLE_OWNER);
	refuse_remove(c, CAROL, BOB, "an admin or an owner");
	court_give_role(c, BOB, "carol", ROLE_ADMIN);
	court_depart(c, BOB, BOB, "");
	court_remove(c, CAROL, BOB);
	court_give_role(c, CAROL, "dave", ROLE_OWNER);
}

/* Removes with the roles that heirs get, or with others. */
static void remove_departed(struct court *c, int by, const uint32_t *leaves,
			    size_t count, const char *heir, const char *word)
{
	struct buf extensions = BUF_INIT;
	struct span content;
	struct mls_change change = { .removes = leaves,
				     .remove_count = count,
				     .extensions = &content };

	if (heir == NULL)
		assert_int_equal(session_put_heirs(c->all[by].session, leaves,
						   count, &extensions),
				 ERR_OK);
	else
		assert_int_equal(session_put_role(c->all[by].session,
						  span_str(heir), ROLE_OWNER,
						  &extensions),
				 ERR_OK);
	content = buf_span(&extensions);
	if (content.n == 0)
		change.extensions = NULL;
	if (word != NULL)
		court_refuse(c, by, &change, word, true);
	else
		court_accept(c, by, &change, -1);
	buf_clear(&extensions);
}

static void test_heir(void **state)
{
	struct court *c = *state;
	uint32_t leaves[2] = { court_leaf(&c->all[ALICE]),
			       court_leaf(&c->all[ALICE2]) };

	court_depart(c, ALICE, ALICE2, "");
	court_depart(c, ALICE, ALICE, "carol");
	remove_departed(c, CAROL, leaves, 2, "dave", "only an owner");
	remove_departed(c, CAROL, leaves, 2, "carol", "only an owner");
	/* not her last leaf: nobody inherits yet */
	remove_departed(c, CAROL, leaves, 1, "carol", "only an owner");
	remove_departed(c, BOB, leaves, 2, NULL, NULL);
	assert_int_equal(session_role(c->all[BOB].session, SPAN_LIT("carol/1")),
			 ROLE_OWNER);
	assert_int_equal(session_role(c->all[BOB].session, SPAN_LIT("bob/1")),
			 ROLE_ADMIN);
	court_give_role(c, CAROL, "bob", ROLE_MEMBER);
}

/* ---- departures ---- */

static void test_departed_commits_nothing(void **state)
{
	struct court *c = *state;
	const struct mls_change rotate = { .force_path = true };
	struct mls_commit made = { 0 };

	/* staged before, in the log after */
	assert_int_equal(device_stage(&c->all[ALICE2], &rotate, &made), ERR_OK);
	court_depart(c, ALICE, ALICE2, "");
	assert_false(session_pending(c->all[ALICE2].session));
	court_refuse_bytes(c, buf_span(&made.commit),
			   buf_span(&made.group_info), "has departed", true);
	court_join(c, ALICE2, true, "has departed");
	mls_commit_clear(&made);
	{ /* nobody is added who would not know of the departure */
		const struct span guest = buf_span(&c->all[DAVE].key_package);
		const uint32_t leaf = 1;
		struct mls_change change = { .adds = &guest,
					     .add_count = 1,
					     .force_path = true };

		court_refuse(c, BOB, &change, "before anybody is added", true);
		change.removes = &leaf;
		change.remove_count = 1;
		court_accept(c, CAROL, &change, DAVE);
	}
	assert_int_equal(session_departures(c->all[CAROL].session).n, 0);
	court_join(c, ALICE2, false, "another device of that user");
	court_add(c, ALICE, ALICE2);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_external_senders),
		TEST(test_negotiation),
		TEST(test_roles),
		TEST(test_psk),
		TEST(test_custom),
		TEST(test_self_remove),
		TEST(test_update),
		TEST(test_by_reference),
		TEST(test_path_is_there),
		TEST(test_self_removal),
		TEST(test_path_leaf),
		TEST(test_reinit),
		TEST(test_remove),
		TEST(test_add),
		TEST(test_remove_and_add),
		TEST(test_join),
		TEST(test_join_removes_nobody_else),
		TEST(test_join_again_with_the_same_key),
		TEST(test_owner_gone),
		TEST(test_heir),
		TEST(test_departed_commits_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
