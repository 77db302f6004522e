/* Proposals and extensions of the application's own: RFC 9420 sections 12.2, 13
 * and 17.4 (private use). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/read.h"
#include "tests/testlib/rules.h"

#define TYPE 0xF0AA
#define OTHER 0xFFFF

static const uint16_t ours[] = { TYPE, OTHER };
static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };

static void knows(struct member *m)
{
	/* dave, who is outside, is of another kind */
	if (strcmp(m->name, "dave/1") == 0)
		return;
	m->me.proposal_types = ours;
	m->me.proposal_type_count = 2;
}

/* What the application was shown of the first two of its proposals. */
struct shown {
	enum err answer;
	size_t count;
	struct {
		uint16_t type;
		char data[16];
		bool by_reference;
		uint32_t sender;
	} is[2];
	struct mls_authentication hook;
};

static enum err look(void *context, const struct mls_group *group,
		     const struct mls_staged *staged)
{
	struct shown *shown = context;
	(void)group;

	shown->count = 0;
	for (size_t i = 0; i < staged->proposal_count; i++) {
		const struct mls_staged_proposal *p = &staged->proposals[i];

		if (p->proposal.kind != MLS_PROPOSE_CUSTOM)
			continue;
		assert_true(shown->count < 2);
		assert_true(p->proposal.custom.data.n < 16);
		shown->is[shown->count].type = p->proposal.custom.type;
		shown->is[shown->count].by_reference = p->by_reference;
		shown->is[shown->count].sender = p->sender;
		memset(shown->is[shown->count].data, 0, 16);
		for (size_t j = 0; j < p->proposal.custom.data.n; j++)
			shown->is[shown->count].data[j] =
			    (char)p->proposal.custom.data.p[j];
		shown->count++;
	}
	return shown->answer;
}

static void shows(struct shown *shown, struct member *m)
{
	memset(shown, 0, sizeof(*shown));
	shown->hook = (struct mls_authentication){ .check_staged = look,
						   .context = shown };
	mls_group_authenticate(m->group, &shown->hook);
}

static void was_shown(const struct shown *shown, size_t i, uint16_t type,
		      const char *data, bool by_reference, uint32_t sender)
{
	assert_true(i < shown->count);
	assert_int_equal(shown->is[i].type, type);
	assert_string_equal(shown->is[i].data, data);
	assert_int_equal(shown->is[i].by_reference, by_reference);
	assert_int_equal(shown->is[i].sender, sender);
}

static struct mls_change change_of(const struct mls_custom *customs,
				   size_t count)
{
	return (struct mls_change){ .customs = customs, .custom_count = count };
}

/* ---- what does well ---- */

static void test_by_value(void **state)
{
	const struct mls_custom two[] = { { TYPE, SPAN_LIT("pin 7") },
					  { OTHER, SPAN_EMPTY } };
	struct mls_change change = change_of(two, 2);
	struct mls_commit commit;
	struct rules rules[1];
	struct shown own, shown;
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	shows(&own, ALICE);
	shows(&shown, BOB);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	was_shown(&own, 0, TYPE, "pin 7", false, 0);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	assert_int_equal(shown.count, 2);
	was_shown(&shown, 0, TYPE, "pin 7", false, 0);
	was_shown(&shown, 1, OTHER, "", false, 0);
	mls_commit_clear(&commit);
	rules_end(rules);
}

struct pending {
	size_t count;
	bool is_ours;
};

static bool each(void *context, struct span ref,
		 const struct mls_staged_proposal *p)
{
	struct pending *pending = context;

	assert_true(ref.n > 0);
	pending->count++;
	pending->is_ours =
	    p->proposal.kind == MLS_PROPOSE_CUSTOM &&
	    p->proposal.custom.type == TYPE &&
	    span_equal(p->proposal.custom.data, SPAN_LIT("vote"));
	return true;
}

/* Proposed by bob, kept over a restart, committed by alice. */
static void run_reference(bool secret)
{
	const struct mls_proposal vote = {
		.kind = MLS_PROPOSE_CUSTOM, .custom = { TYPE, SPAN_LIT("vote") }
	};
	struct pending pending = { 0 };
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	struct shown shown;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &vote, secret, &message),
	    ERR_OK);
	shows(&shown, CAROL);
	rules_keep(ALICE, buf_span(&message));
	rules_keep(CAROL, buf_span(&message));
	was_shown(&shown, 0, TYPE, "vote", true, 1);
	member_reload(ALICE);
	assert_int_equal(mls_group_each_pending(ALICE->group, each, &pending),
			 ERR_OK);
	assert_true(pending.count == 1 && pending.is_ours);
	member_commit(ALICE, NULL, 0, NULL, 0, false, &commit);
	member_follow(BOB, buf_span(&commit.commit));
	shown.count = 0;
	member_follow(CAROL, buf_span(&commit.commit));
	was_shown(&shown, 0, TYPE, "vote", true, 1);
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_end(rules);
}

static void test_by_reference(void **state)
{
	(void)state;
	run_reference(false);
	run_reference(true);
}

/* The application refuses it, with its own reason. */
static void test_policy(void **state)
{
	const struct mls_custom one[] = { { TYPE, SPAN_LIT("no") } };
	struct mls_change change = change_of(one, 1);
	struct mls_commit commit;
	struct rules rules[1];
	struct shown shown;
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	shows(&shown, BOB);
	shown.answer = ERR_PEER_DENIED;
	rules_refuse(BOB, buf_span(&commit.commit), ERR_PEER_DENIED,
		     MLS_RULE_NONE);
	mls_group_authenticate(BOB->group, NULL);
	rules_accept(BOB, buf_span(&commit.commit));
	mls_group_discard(ALICE->group);
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* ---- who has to know it ---- */

/* dave comes in, who does not know the type, and goes: 12.2. */
static void test_members(void **state)
{
	const struct mls_custom one[] = { { TYPE, SPAN_LIT("hi") } };
	const uint32_t three = 3;
	struct mls_change change = change_of(one, 1);
	struct cheat_item item = { .proposal = { .type = TYPE } };
	struct cheat how = { .items = &item, .count = 1 };
	struct mls_commit commit;
	struct rules rules[1];
	struct span add;
	(void)state;

	how.by = CAROL;
	rules_init_with(rules, SPAN_EMPTY, knows);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	change.adds = &add;
	change.add_count = 1;
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_join(DAVE, &commit);
	mls_commit_clear(&commit);
	change = change_of(one, 1);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_PEER_UNSUPPORTED);
	rules_said(mls_group_last_rule(ALICE->group), MLS_RULE_PROPOSAL_LISTED);
	rules_refuse_commit(BOB, &how, ERR_PEER_UNSUPPORTED,
			    MLS_RULE_PROPOSAL_LISTED);
	change.removes = &three;
	change.remove_count = 1;
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* A group whose members have to know it (11.1) does not take dave. */
static void test_required(void **state)
{
	struct buf required = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_put_required(&required, 0, TYPE, 0);
	rules_init_with(rules, buf_span(&required), knows);
	member_key_package(DAVE);
	rules_refuse_add(rules, ERR_PEER_INVALID,
			 MLS_RULE_LEAF_REQUIRED_PROPOSALS);
	DAVE->me.proposal_types = ours;
	DAVE->me.proposal_type_count = 1;
	member_key_package(DAVE);
	rules_accept_add(rules);
	buf_clear(&required);
	rules_end(rules);
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
	struct cheat_item init = { .psk = SPAN_EMPTY };
	struct cheat_item items[2] = { { .proposal = { .type = TYPE } } };
	struct cheat pathless = { .items = items, .count = 1, .no_path = true };
	struct cheat outside = { .items = items, .count = 2 };
	struct buf kem_output = BUF_INIT, message = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	items[0].proposal.data = SPAN_LIT("x");
	/* 12.4: "By default, the path field of a Commit MUST be populated" */
	pathless.by = CAROL;
	rules_refuse_commit(BOB, &pathless, ERR_PEER_INVALID,
			    MLS_RULE_PATH_MISSING);
	/* 12.2: "No other proposals" */
	init = cheat_external_init(ALICE, &kem_output, &outside.init_secret);
	items[1] = init;
	outside.by = DAVE;
	outside.from = ALICE;
	rules_refuse_commit(BOB, &outside, ERR_PEER_INVALID,
			    MLS_RULE_EXTERNAL_PROPOSALS);
	/* a type that we do not list ourselves */
	items[0].proposal.type = 0xF0AB;
	cheat_propose(CAROL, CAROL->group, carol, 0, &items[0].proposal,
		      &message, NULL);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_UNSUPPORTED,
		     MLS_RULE_PROPOSAL_LISTED);
	buf_clear(&kem_output);
	buf_clear(&message);
	rules_end(rules);
}

static void test_misuse(void **state)
{
	static const uint16_t standard[] = { 9 };
	const struct mls_custom one[] = { { 9, SPAN_LIT("x") } };
	const struct mls_proposal bad = { .kind = MLS_PROPOSE_CUSTOM,
					  .custom = { 9, SPAN_EMPTY } };
	const struct mls_proposal good = { .kind = MLS_PROPOSE_CUSTOM,
					   .custom = { TYPE, SPAN_EMPTY } };
	static const uint32_t zero = 0;
	struct mls_key_package_secrets secrets = { 0 };
	struct mls_change change = change_of(one, 1);
	struct buf out = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_propose(ALICE->group, &ALICE->me, &bad, false, &out),
	    ERR_LOCAL_BUG);
	assert_int_equal(mls_propose_from_outside(&DAVE->me, SPAN_LIT("group"),
						  1, &zero, &good, &out),
			 ERR_LOCAL_BUG);
	DAVE->me.proposal_types = standard;
	DAVE->me.proposal_type_count = 1;
	assert_int_equal(
	    mls_key_package_create(&DAVE->me, false, &secrets, &out),
	    ERR_LOCAL_BUG);
	DAVE->me.proposal_type_count = 0;
	rules_end(rules);
}

/* ---- extensions of KeyPackages ---- */

static void test_key_package_extensions(void **state)
{
	static const uint16_t types[] = { 0xF123 };
	static const uint8_t extension[] = { 0xF1, 0x23, 2, 'h', 'i' };
	struct mls_key_package_secrets secrets = { 0 };
	struct mls_key_package_content content;
	struct buf out = BUF_INIT;
	struct rules rules[1];
	struct span data, rest;
	uint16_t type = 0;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	DAVE->me.key_package_extensions = SPAN_ARRAY(extension);
	assert_int_equal(
	    mls_key_package_create(&DAVE->me, false, &secrets, &out),
	    ERR_LOCAL_BUG); /* not listed */
	DAVE->me.extension_types = types;
	DAVE->me.extension_type_count = 1;
	member_key_package(DAVE);
	assert_int_equal(
	    mls_key_package_read(buf_span(&DAVE->key_package), &content),
	    ERR_OK);
	rest = content.extensions;
	while (mls_extension_next(&rest, &type, &data) && type != 0xF123)
		;
	assert_int_equal(type, 0xF123);
	assert_true(span_equal(data, SPAN_LIT("hi")));
	rules_accept_add(rules);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_value),
		cmocka_unit_test(test_by_reference),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_key_package_extensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
