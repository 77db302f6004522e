/* RFC 9420 sections 8.3, 12.1.8, 12.2 and 12.4.3.2: proposals from outside and
 * external Commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

/* ---- external senders (12.1.8) ---- */

static const struct wire_sender service_sender = { WIRE_SENDER_EXTERNAL, 0 };

struct outside {
	struct rules rules[1];
	struct member service;
	struct buf message;
	struct buf scratch;
};

static void outside_init(struct outside *o)
{
	struct buf extensions = BUF_INIT;

	*o = (struct outside){ .message = BUF_INIT };
	member_init(&o->service, rules_suite(), "service");
	rules_put_sender(&extensions, &o->service);
	rules_init(o->rules, buf_span(&extensions));
	buf_clear(&extensions);
}

static void outside_end(struct outside *o)
{
	rules_end(o->rules);
	member_clear(&o->service);
	buf_clear(&o->message);
	buf_clear(&o->scratch);
}

/* A proposal by `by`, who says to be `sender`, at bob. */
static void refuse_from(struct outside *o, const struct member *by,
			struct wire_sender sender,
			const struct wire_proposal *proposal, enum err why,
			enum mls_rule rule)
{
	struct rules *rules = o->rules;

	cheat_propose(by, ALICE->group, sender, 0, proposal, &o->message, NULL);
	rules_refuse(BOB, buf_span(&o->message), why, rule);
}

static void keep_from(struct outside *o, const struct member *by,
		      struct wire_sender sender,
		      const struct wire_proposal *proposal)
{
	struct rules *rules = o->rules;

	cheat_propose(by, ALICE->group, sender, 0, proposal, &o->message, NULL);
	rules_keep(BOB, buf_span(&o->message));
}

/* "only the following types may be sent by an external sender" */
static void test_external_types(void **state)
{
	static const uint8_t nonce[32];
	struct wire_reinit reinit = { SPAN_LIT("group 2"), 1, 1, SPAN_EMPTY };
	struct buf leaf = BUF_INIT;
	struct cheat_item item;
	struct sec init_secret;
	struct outside o[1];
	struct rules *rules = o->rules;
	(void)state;

	outside_init(o);
	member_key_package(DAVE);
	item = cheat_add(buf_span(&DAVE->key_package));
	keep_from(o, &o->service, service_sender, &item.proposal);
	item = cheat_remove(2);
	keep_from(o, &o->service, service_sender, &item.proposal);
	item = cheat_psk(SPAN_LIT("id"), SPAN_EMPTY, SPAN_ARRAY(nonce));
	keep_from(o, &o->service, service_sender, &item.proposal);
	item = cheat_reinit(&reinit, &o->scratch);
	keep_from(o, &o->service, service_sender, &item.proposal);
	item = cheat_extensions(SPAN_EMPTY);
	keep_from(o, &o->service, service_sender, &item.proposal);
	cheat_update_leaf(ALICE, NULL, NULL, false, &leaf);
	item = cheat_update(buf_span(&leaf));
	refuse_from(o, &o->service, service_sender, &item.proposal,
		    ERR_PEER_INVALID, MLS_RULE_EXTERNAL_PROPOSAL_TYPE);
	item = cheat_external_init(ALICE, &o->scratch, &init_secret);
	refuse_from(o, &o->service, service_sender, &item.proposal,
		    ERR_PEER_INVALID, MLS_RULE_EXTERNAL_PROPOSAL_TYPE);
	buf_clear(&leaf);
	outside_end(o);
}

static void test_external_sender(void **state)
{
	static const struct wire_sender second = { WIRE_SENDER_EXTERNAL, 1 };
	struct cheat_item item = cheat_remove(2);
	struct outside o[1];
	struct rules *rules = o->rules, none[1];
	(void)state;

	outside_init(o);
	refuse_from(o, &o->service, second, &item.proposal, ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_SENDERS);
	refuse_from(o, DAVE, service_sender, &item.proposal, ERR_PEER_CRYPTO,
		    MLS_RULE_CONTENT_SIGNATURE);
	outside_end(o);
	/* "can only be used if the external_senders extension is present" */
	rules_init(none, SPAN_EMPTY);
	rules = none;
	cheat_propose(DAVE, ALICE->group, service_sender, 0, &item.proposal,
		      &o->message, NULL);
	rules_refuse(BOB, buf_span(&o->message), ERR_PEER_INVALID,
		     MLS_RULE_EXTERNAL_SENDERS);
	rules_end(none);
	buf_clear(&o->message);
}

/* new_member_proposal: an Add, signed by who is to be added */
static void test_new_member(void **state)
{
	static const struct wire_sender new_member = {
		WIRE_SENDER_NEW_MEMBER_PROPOSAL, 0
	};
	static const struct wire_sender new_commit = {
		WIRE_SENDER_NEW_MEMBER_COMMIT, 0
	};
	static const struct wire_sender unknown = { 9, 0 };
	struct cheat_item item;
	struct outside o[1];
	struct rules *rules = o->rules;
	(void)state;

	outside_init(o);
	member_key_package(DAVE);
	item = cheat_add(buf_span(&DAVE->key_package));
	keep_from(o, DAVE, new_member, &item.proposal);
	refuse_from(o, &o->service, new_member, &item.proposal, ERR_PEER_CRYPTO,
		    MLS_RULE_CONTENT_SIGNATURE);
	refuse_from(o, DAVE, new_commit, &item.proposal, ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_COMMIT_PATH);
	refuse_from(o, DAVE, unknown, &item.proposal, ERR_PEER_MALFORMED,
		    MLS_RULE_NONE);
	item = cheat_remove(2);
	refuse_from(o, DAVE, new_member, &item.proposal, ERR_PEER_INVALID,
		    MLS_RULE_NEW_MEMBER_PROPOSAL);
	outside_end(o);
}

/* ---- external Commits ---- */

struct join {
	struct rules rules[1];
	struct cheat_item items[4];
	struct buf kem_output;
	struct cheat how;
};

/* dave's, with an ExternalInit and nothing else */
static void join_init(struct join *j, void (*prepare)(struct member *m))
{
	struct rules *rules = j->rules;

	*j = (struct join){ .kem_output = BUF_INIT };
	rules_init_with(rules, SPAN_EMPTY, prepare);
	j->how = (struct cheat){ .by = DAVE, .from = ALICE, .items = j->items };
	j->items[0] =
	    cheat_external_init(ALICE, &j->kem_output, &j->how.init_secret);
	j->how.count = 1;
	rules_accept_commit(CAROL, &j->how);
}

static void join_end(struct join *j)
{
	rules_end(j->rules);
	buf_clear(&j->kem_output);
}

static void refuse_with(struct join *j, struct cheat_item item, enum err why,
			enum mls_rule rule)
{
	struct rules *rules = j->rules;

	j->items[1] = item;
	j->how.count = 2;
	rules_refuse_commit(CAROL, &j->how, why, rule);
	j->how.count = 1;
}

static void test_external_list(void **state)
{
	static const uint8_t nonce[32] = { 1 };
	static const struct wire_sender bob = { WIRE_SENDER_MEMBER, 1 };
	struct wire_reinit reinit = { SPAN_LIT("group 2"), 1, 1, SPAN_EMPTY };
	struct buf bytes = BUF_INIT, ref = BUF_INIT;
	struct cheat_item item;
	struct member erin;
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, NULL);
	/* "Exactly one ExternalInit" */
	refuse_with(j, j->items[0], ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_INIT_ONCE);
	j->how.count = 0;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_EXTERNAL_INIT_ONCE);
	/* "Zero or more PreSharedKey proposals" */
	assert_int_equal(
	    mls_group_add_psk(CAROL->group, SPAN_LIT("id"), SPAN_LIT("key")),
	    ERR_OK);
	j->how.count = 2;
	j->items[1] =
	    cheat_psk(SPAN_LIT("id"), SPAN_LIT("key"), SPAN_ARRAY(nonce));
	rules_accept_commit(CAROL, &j->how);
	/* 12.2: "multiple PreSharedKey proposals that reference the same" */
	j->items[2] = j->items[1];
	j->how.count = 3;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_SAME_PSK_TWICE);
	j->how.count = 1;
	/* "No other proposals" */
	member_init(&erin, rules_suite(), "erin/1");
	member_key_package(&erin);
	refuse_with(j, cheat_add(buf_span(&erin.key_package)), ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_PROPOSALS);
	refuse_with(j, cheat_extensions(SPAN_EMPTY), ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_PROPOSALS);
	refuse_with(j, cheat_reinit(&reinit, &bytes), ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_PROPOSALS);
	/* 12.4.3.2: "MUST NOT include any proposals by reference" */
	item = cheat_psk(SPAN_LIT("id"), SPAN_LIT("key"), SPAN_ARRAY(nonce));
	cheat_propose(BOB, BOB->group, bob, 0, &item.proposal, &bytes, &ref);
	rules_keep(CAROL, buf_span(&bytes));
	item.ref = buf_span(&ref);
	item.sender = bob;
	refuse_with(j, item, ERR_PEER_INVALID, MLS_RULE_EXTERNAL_REFERENCES);
	member_clear(&erin);
	buf_clear(&bytes);
	buf_clear(&ref);
	join_end(j);
}

/* ---- "with which the joiner removes an old version of themselves" ---- */

static void dave_is_bob(struct member *m)
{
	if (strcmp(m->name, "dave/1") == 0)
		m->me.credential_identity = SPAN_LIT("bob/1");
}

static uint8_t bobs_key[32];

static void with_bobs_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key = SPAN_ARRAY(bobs_key);
}

static void test_external_remove(void **state)
{
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, dave_is_bob);
	j->items[1] = cheat_remove(1);
	j->how.count = 2;
	rules_accept_commit(CAROL, &j->how);
	/* of somebody else, of nobody */
	refuse_with(j, cheat_remove(0), ERR_PEER_INVALID,
		    MLS_RULE_FORMER_CREDENTIAL);
	refuse_with(j, cheat_remove(3), ERR_PEER_INVALID,
		    MLS_RULE_REMOVE_BLANK);
	j->items[1] = cheat_remove(1);
	/* "the same criteria as would the LeafNode in an Update" */
	memcpy(bobs_key,
	       tree_leaf(&CAROL->group->now->tree, 1)->node.encryption_key.p,
	       sizeof(bobs_key));
	j->how.count = 2;
	j->how.leaf = with_bobs_key;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_FORMER_KEY);
	join_end(j);
}

static void all_are_bob(struct member *m)
{
	if (strcmp(m->name, "alice/1") != 0)
		m->me.credential_identity = SPAN_LIT("bob/1");
}

/* "At most one Remove proposal", though both be old versions of the joiner. */
static void test_two_removes(void **state)
{
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, all_are_bob);
	j->items[1] = cheat_remove(1);
	j->items[2] = cheat_remove(2);
	j->how.count = 2;
	rules_accept_commit(ALICE, &j->how);
	j->how.count = 3;
	rules_refuse_commit(ALICE, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_EXTERNAL_REMOVES);
	join_end(j);
}

/* ---- path, signature, sender (12.4.3.2) ---- */

static void as_member(struct wire_sender *sender)
{
	sender->type = WIRE_SENDER_MEMBER;
}

static void as_external(struct wire_sender *sender)
{
	sender->type = WIRE_SENDER_EXTERNAL;
}

static void as_new_member_proposal(struct wire_sender *sender)
{
	sender->type = WIRE_SENDER_NEW_MEMBER_PROPOSAL;
}

static void test_external_framing(void **state)
{
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, NULL);
	/* "External Commits MUST contain a path field" */
	j->how.no_path = true;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_EXTERNAL_COMMIT_PATH);
	j->how.no_path = false;
	/* "MUST be signed by the new member" */
	j->how.bad_signature = true;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	j->how.bad_signature = false;
	/* "MUST be new_member_commit" */
	j->how.sender = as_member;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	j->how.sender = as_external;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_EXTERNAL_PROPOSAL_TYPE);
	j->how.sender = as_new_member_proposal;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_NEW_MEMBER_PROPOSAL);
	join_end(j);
}

/* Of a member who says to be a new one: its key is in the tree already. */
static void test_member_as_joiner(void **state)
{
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, NULL);
	j->how.by = BOB;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_SIGNATURE_KEYS_UNIQUE);
	join_end(j);
}

static void no_suite(struct wire_leaf_node *leaf)
{
	static const uint8_t other[] = { 0, 2 };

	leaf->capabilities.cipher_suites = SPAN_ARRAY(other);
}

static void from_update(struct wire_leaf_node *leaf)
{
	leaf->source = WIRE_LEAF_UPDATE;
}

static void test_external_leaf(void **state)
{
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, NULL);
	j->how.leaf = no_suite;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_LEAF_CIPHER_SUITE);
	j->how.leaf = from_update;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_LEAF_SOURCE);
	j->how.leaf = NULL;
	j->how.bad_leaf_signature = true;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO,
			    MLS_RULE_LEAF_SIGNATURE);
	join_end(j);
}

/* ---- 8.3 ---- */

static void test_init_secret(void **state)
{
	struct buf other = BUF_INIT;
	struct sec unused;
	struct join j[1];
	struct rules *rules = j->rules;
	(void)state;

	join_init(j, NULL);
	/* not the one that the KEM gives; that of the old epoch */
	j->how.init_secret.b[0] ^= 1;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONFIRMATION_TAG);
	j->how.init_secret = ALICE->group->now->secrets.init;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONFIRMATION_TAG);
	/* a kem_output of another, a short one, one that is no point */
	j->items[0] = cheat_external_init(ALICE, &other, &unused);
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONFIRMATION_TAG);
	j->items[0].proposal.kem_output.n--;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO, MLS_RULE_NONE);
	memset(other.p, 0, other.n);
	j->items[0].proposal.kem_output.n++;
	rules_refuse_commit(CAROL, &j->how, ERR_PEER_CRYPTO, MLS_RULE_NONE);
	buf_clear(&other);
	join_end(j);
}

/* ---- what the joiner looks at ---- */

static void no_external_pub(struct wire_group_info *info)
{
	info->extensions = SPAN_EMPTY;
}

static void test_group_info(void **state)
{
	static const struct cheat_info breaks[] = {
		{ .info = no_external_pub },
		{ .bad_signature = true },
	};
	struct cheat_info good = { 0 };
	struct mls_group *group = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	cheat_group_info(ALICE, ALICE->group->now, &good, &info);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &(struct mls_external){ 0 },
						 &group, &commit),
			 ERR_OK);
	rules_accept(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	mls_group_free(group);
	group = NULL;
	for (size_t i = 0; i < 2; i++) {
		cheat_group_info(ALICE, ALICE->group->now, &breaks[i], &info);
		assert_int_equal(
		    mls_group_join_external(&DAVE->me, buf_span(&info),
					    &(struct mls_external){ 0 }, &group,
					    &commit),
		    i == 0 ? ERR_PEER_INVALID : ERR_PEER_CRYPTO);
		assert_null(group);
	}
	buf_clear(&info);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_external_types),
		cmocka_unit_test(test_external_sender),
		cmocka_unit_test(test_new_member),
		cmocka_unit_test(test_external_list),
		cmocka_unit_test(test_external_remove),
		cmocka_unit_test(test_two_removes),
		cmocka_unit_test(test_external_framing),
		cmocka_unit_test(test_member_as_joiner),
		cmocka_unit_test(test_external_leaf),
		cmocka_unit_test(test_init_secret),
		cmocka_unit_test(test_group_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
