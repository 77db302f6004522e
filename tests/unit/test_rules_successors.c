/* RFC 9420 sections 11.2 and 11.3, with 12.4.3.1: groups that follow another,
 * by ReInit or as a branch of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

static const struct cheat_info nothing;
static const uint8_t nonces[2][32] = { { 1 }, { 2 } };

/* A group of alice, bob and carol that a ReInit has ended, or not; and alice
 * as she makes the next, with whom she likes. */
struct world {
	struct rules rules[1];
	struct member heirs[4]; /* alice, bob, carol, and dave */
	struct cheat_item items[4];
};

static void end_by_reinit(struct rules *rules)
{
	struct mls_reinit reinit = { .group_id = SPAN_LIT("group 2"),
				     .cipher_suite = 1 };
	struct mls_change change = { .reinit = &reinit };
	struct mls_commit commit;

	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
}

static void world_init(struct world *w, bool reinit, const struct suite *suite)
{
	struct rules *rules = w->rules;

	memset(w, 0, sizeof(*w));
	rules_init(rules, SPAN_EMPTY);
	if (reinit)
		end_by_reinit(rules);
	for (size_t i = 0; i < 4; i++) {
		member_init(&w->heirs[i], suite, rules->all[i].name);
		member_key_package(&w->heirs[i]);
	}
}

static void world_clear(struct world *w)
{
	for (size_t i = 0; i < 4; i++) {
		member_clear(&w->rules->all[i]);
		member_clear(&w->heirs[i]);
	}
}

static struct cheat_item parent_psk(const struct world *w, uint8_t usage,
				    size_t nonce)
{
	const struct mls_epoch *now = w->rules->all[0].group->now;
	struct cheat_item item =
	    cheat_psk(SPAN_EMPTY, sec_span(&now->secrets.resumption_psk),
		      SPAN_ARRAY(nonces[nonce]));

	item.proposal.psk.type = WIRE_PSK_RESUMPTION;
	item.proposal.psk.usage = usage;
	item.proposal.psk.group_id = now->context.group_id;
	item.proposal.psk.epoch = now->context.epoch;
	return item;
}

/* How the new group is made. */
struct make {
	const char *group_id;
	struct span extensions;
	uint8_t usage;
	bool second_psk;
	bool late;	    /* at epoch 2 */
	size_t first, last; /* heirs that are added; bob is among them */
};

/* What bob, of the old group, says to the new one. */
static enum err bob_joins(struct world *w, const struct make *make,
			  bool as_successor, enum mls_rule wanted)
{
	enum mls_rule rule = MLS_RULE_NONE;
	struct member *alice = &w->heirs[0], *bob = &w->heirs[1];
	struct mls_group *group = NULL;
	struct buf welcome = BUF_INIT;
	struct mls_commit commit;
	struct cheated made;
	size_t count = 0;
	enum err e;

	assert_int_equal(mls_group_create(&alice->me, span_str(make->group_id),
					  make->extensions, &alice->group),
			 ERR_OK);
	if (make->late) {
		member_commit(alice, NULL, 0, NULL, 0, true, &commit);
		mls_commit_clear(&commit);
	}
	for (size_t i = make->first; i <= make->last; i++)
		w->items[count++] =
		    cheat_add(buf_span(&w->heirs[i].key_package));
	w->items[count++] = parent_psk(w, make->usage, 0);
	if (make->second_psk)
		w->items[count++] = parent_psk(w, make->usage, 1);
	struct cheat how = { .by = alice, .items = w->items, .count = count };
	cheat_commit(&how, &made);
	cheat_welcome(alice, &made, &nothing, &welcome);
	bob->me.broken = &rule;
	e = as_successor
		? mls_group_join_successor(w->rules->all[1].group, &bob->me,
					   buf_span(&welcome), SPAN_EMPTY,
					   buf_span(&bob->key_package),
					   &bob->secrets, &group)
		: mls_group_join(&bob->me, buf_span(&welcome), SPAN_EMPTY,
				 buf_span(&bob->key_package), &bob->secrets,
				 &group);
	bob->me.broken = NULL;
	rules_said(rule, wanted);
	assert_int_equal(e == ERR_OK, group != NULL);
	mls_group_free(group);
	mls_group_free(alice->group);
	alice->group = NULL;
	cheated_clear(&made);
	buf_clear(&welcome);
	return e;
}

static void test_reinit(void **state)
{
	static const uint8_t extension[] = { 0x00, 0x03, 3, 0, 0, 0 };
	const struct make good = { .group_id = "group 2",
				   .usage = WIRE_PSK_REINIT,
				   .first = 1,
				   .last = 2 };
	struct make make = good;
	struct world w[1];
	(void)state;

	world_init(w, true, rules_suite());
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_NONE), ERR_OK);
	/* "group_id, version, cipher_suite, and ... extensions fields" */
	make.group_id = "group 3";
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_REINIT_DIFFERS),
			 ERR_PEER_INVALID);
	make = good;
	make.extensions = SPAN_ARRAY(extension);
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_REINIT_DIFFERS),
			 ERR_PEER_INVALID);
	/* "the epoch field in the GroupInfo is equal to 1" */
	make = good;
	make.late = true;
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_SUCCESSOR_EPOCH),
			 ERR_PEER_INVALID);
	/* "all the members of the old group are also members of the new" */
	make = good;
	make.last = 1;
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_SUCCESSOR_MEMBERS),
			 ERR_PEER_INVALID);
	/* "verify that it is the only such PSK" */
	make = good;
	make.second_psk = true;
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_WELCOME_ONE_PARENT),
			 ERR_PEER_INVALID);
	/* who does not ask for a successor gets none */
	assert_int_equal(bob_joins(w, &good, false, MLS_RULE_NONE),
			 ERR_STATE_GONE);
	world_clear(w);
}

/* Another suite than the ReInit asks for. */
static void test_reinit_suite(void **state)
{
	struct mls_reinit other = {
		.group_id = SPAN_LIT("group 2"),
		.cipher_suite = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
	};
	struct mls_change change = { .reinit = &other };
	const struct make make = { .group_id = "group 2",
				   .usage = WIRE_PSK_REINIT,
				   .first = 1,
				   .last = 2 };
	struct mls_commit commit;
	struct world w[1];
	struct rules *rules = w->rules;
	(void)state;

	world_init(w, false, rules_suite());
	/* "contains a ReInit proposal": there was none yet */
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_REINIT_ASKED),
			 ERR_PEER_INVALID);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_REINIT_DIFFERS),
			 ERR_PEER_INVALID);
	world_clear(w);
}

static void test_branch(void **state)
{
	const struct make good = { .group_id = "branch",
				   .usage = WIRE_PSK_BRANCH,
				   .first = 1,
				   .last = 1 };
	struct make make = good;
	struct world w[1];
	(void)state;

	world_init(w, false, rules_suite());
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_NONE), ERR_OK);
	make.late = true;
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_SUCCESSOR_EPOCH),
			 ERR_PEER_INVALID);
	make = good;
	make.second_psk = true;
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_WELCOME_ONE_PARENT),
			 ERR_PEER_INVALID);
	/* "a subset of the members of the old group": not dave */
	make = good;
	make.last = 3;
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_SUCCESSOR_MEMBERS),
			 ERR_PEER_INVALID);
	assert_int_equal(bob_joins(w, &good, false, MLS_RULE_NONE),
			 ERR_STATE_GONE);
	world_clear(w);
	/* "version and cipher_suite values ... are the same" */
	world_init(w, false,
		   suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519));
	assert_int_equal(
	    bob_joins(w, &good, true, MLS_RULE_BRANCH_CIPHER_SUITE),
	    ERR_PEER_INVALID);
	world_clear(w);
}

/* Usage application: an ordinary group with a resumption PSK, no successor. */
static void test_application_usage(void **state)
{
	const struct make make = { .group_id = "other",
				   .usage = WIRE_PSK_APPLICATION,
				   .first = 1,
				   .last = 1 };
	struct world w[1];
	(void)state;

	world_init(w, false, rules_suite());
	assert_int_equal(bob_joins(w, &make, true, MLS_RULE_WELCOME_PARENT),
			 ERR_PEER_INVALID);
	world_clear(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reinit),
		cmocka_unit_test(test_reinit_suite),
		cmocka_unit_test(test_branch),
		cmocka_unit_test(test_application_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
