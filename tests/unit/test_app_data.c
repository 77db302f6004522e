/* Data of components in the GroupContext: draft-ietf-mls-extensions-10, sections 4.6
 * (app_data_dictionary), 4.7 (AppDataUpdate) and 5 (what is required). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/components.h"
#include "mls/read.h"
#include "tests/testlib/components.h"
#include "tests/testlib/rules.h"

static void knows_but_dave(struct member *m)
{
	if (strcmp(m->name, "dave/1") != 0)
		components_known(m);
}

/* dave takes the proposals, and does not know the extension. */
static void knows_but_dave_half(struct member *m)
{
	components_known(m);
	if (strcmp(m->name, "dave/1") != 0)
		return;
	m->me.extension_type_count = 0;
	m->me.leaf_extensions = SPAN_EMPTY;
}

static const uint8_t unsorted_dictionary[] = { 0, 6,   9,    8, 0x80, 2,
					       1, 'a', 0x80, 1, 1,    'b' };

/* ---- what is there ---- */

/* "id=data id=data", of a member's group. */
static void is_data(const struct member *m, const char *wanted)
{
	struct mls_component component;
	struct buf text = BUF_INIT;
	struct span rest;

	assert_int_equal(
	    mls_dictionary_read(mls_group_extensions(m->group), &rest), ERR_OK);
	while (mls_component_next(&rest, &component)) {
		buf_putf(&text, "%s%x=", text.n > 0 ? " " : "", component.id);
		buf_put(&text, component.data);
	}
	buf_put_u8(&text, 0);
	assert_int_equal(buf_end(&text), ERR_OK);
	assert_string_equal((const char *)text.p, wanted);
	buf_clear(&text);
}

static enum err see_path(void *context, const struct mls_group *group,
			 const struct mls_staged *staged)
{
	bool *path = context;
	(void)group;

	*path = !span_equal(staged->committer.before.leaf_node,
			    staged->committer.after.leaf_node);
	return ERR_OK;
}

/* alice's commit, at all three; whether it had a path. */
static bool all_take(struct rules *rules, const struct mls_change *change)
{
	struct mls_commit commit;
	bool path;

	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, change, &commit),
	    ERR_OK);
	assert_int_equal(mls_group_staged(ALICE->group, see_path, &path),
			 ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	members_talk(rules->all, RULES_MEMBERS);
	mls_commit_clear(&commit);
	return path;
}

/* A GroupContext with these components, and what it requires. */
static void put_group(struct buf *extensions, uint16_t proposal,
		      const struct mls_component *components, size_t count)
{
	assert_int_equal(mls_dictionary_put(extensions, components, count),
			 ERR_OK);
	rules_put_required(extensions, 0, proposal, 0);
}

static void begin(struct rules *rules, uint16_t proposal)
{
	const struct mls_component topic = { TOPIC, SPAN_LIT("t") };
	struct buf extensions = BUF_INIT;

	put_group(&extensions, proposal, &topic, 1);
	rules_init_with(rules, buf_span(&extensions), components_known);
	buf_clear(&extensions);
}

/* ---- what does well ---- */

static void test_commits(void **state)
{
	const struct mls_app_data first[] = {
		{ .component = ICON, .update = SPAN_LIT("x") },
		{ .component = TOPIC, .update = SPAN_LIT("a") },
		{ .component = TOPIC, .update = SPAN_LIT("b") },
		{ .component = ICON, .update = SPAN_LIT("y") },
	};
	const struct mls_app_data second[] = {
		{ .component = TOPIC, .remove = true },
		{ .component = ICON, .update = SPAN_LIT("z") },
	};
	const struct mls_app_data last = { .component = ICON, .remove = true };
	struct mls_change change = components_change(first, 4);
	struct rules rules[1];
	(void)state;

	/* where there was no dictionary, it is the last extension */
	rules_init_with(rules, SPAN_EMPTY, components_known);
	is_data(BOB, "");
	/* "AppDataUpdate proposals do not require an UpdatePath." */
	assert_false(all_take(rules, &change));
	is_data(ALICE, "8001=ab 8002=y");
	is_data(BOB, "8001=ab 8002=y");
	change = components_change(second, 2);
	assert_false(all_take(rules, &change));
	is_data(CAROL, "8002=z");
	change = components_change(&last, 1);
	assert_false(all_take(rules, &change));
	is_data(BOB, "");
	rules_end(rules);
}

/* The dictionary stays where it stands among the extensions; other extensions change
 * beside it, and who joins has it. */
static void test_beside(void **state)
{
	const struct mls_app_data update = { .component = TOPIC,
					     .update = SPAN_LIT("u") };
	struct mls_change change = components_change(&update, 1);
	struct buf extensions = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	struct span whole, rest, data, add;
	uint16_t type;
	(void)state;

	begin(rules, MLS_APP_DATA_UPDATE);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	whole = mls_group_extensions(ALICE->group);
	buf_put(&extensions, whole);
	wire_extension_put(&extensions, 1, SPAN_LIT("id"));
	whole = buf_span(&extensions);
	change.extensions = &whole;
	change.adds = &add;
	change.add_count = 1;
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_join(DAVE, &commit);
	is_data(DAVE, "8001=tu");
	rest = mls_group_extensions(BOB->group);
	assert_true(mls_extension_next(&rest, &type, &data));
	assert_int_equal(type, MLS_APP_DATA_DICTIONARY);
	assert_true(mls_extension_next(&rest, &type, &data));
	assert_int_equal(type, WIRE_EXTENSION_REQUIRED_CAPABILITIES);
	assert_true(mls_extension_next(&rest, &type, &data));
	assert_int_equal(type, 1);
	mls_commit_clear(&commit);
	buf_clear(&extensions);
	rules_clear(rules);
}

static bool is_update(void *context, struct span ref,
		      const struct mls_staged_proposal *p)
{
	size_t *count = context;
	(void)ref;

	assert_int_equal(p->proposal.kind, MLS_PROPOSE_APP_DATA);
	assert_int_equal(p->proposal.app_data.component, TOPIC);
	assert_false(p->proposal.app_data.remove);
	assert_true(span_equal(p->proposal.app_data.update, SPAN_LIT("v")));
	(*count)++;
	return true;
}

/* By a member, and by who is outside. */
static void test_proposals(void **state)
{
	static const uint32_t zero = 0;
	const struct mls_proposal update = {
		.kind = MLS_PROPOSE_APP_DATA,
		.app_data = { .component = TOPIC, .update = SPAN_LIT("v") },
	};
	struct mls_change pending = { .commit_pending_proposals = true };
	struct buf first = BUF_INIT, second = BUF_INIT, extensions = BUF_INIT;
	struct member service;
	struct rules rules[1];
	size_t count = 0;
	(void)state;

	member_init(&service, rules_suite(), "service");
	rules_put_sender(&extensions, &service);
	rules_init_with(rules, buf_span(&extensions), components_known);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &update, true, &first),
	    ERR_OK);
	assert_int_equal(mls_propose_from_outside(&service.me,
						  SPAN_LIT("group"),
						  mls_group_epoch(BOB->group),
						  &zero, &update, &second),
			 ERR_OK);
	rules_keep(ALICE, buf_span(&first));
	rules_keep(ALICE, buf_span(&second));
	rules_keep(BOB, buf_span(&second));
	rules_keep(CAROL, buf_span(&first));
	rules_keep(CAROL, buf_span(&second));
	member_reload(ALICE);
	mls_group_authenticate(ALICE->group, &components_hooks);
	assert_int_equal(
	    mls_group_each_pending(ALICE->group, is_update, &count), ERR_OK);
	assert_int_equal(count, 2);
	assert_false(all_take(rules, &pending));
	is_data(CAROL, "8001=vv");
	buf_clear(&first);
	buf_clear(&second);
	buf_clear(&extensions);
	member_clear(&service);
	rules_end(rules);
}

/* ---- what is refused ---- */

static struct cheat_item item_of(uint16_t component, uint8_t op,
				 struct span update)
{
	struct cheat_item item = { .proposal.type =
				       WIRE_PROPOSAL_APP_DATA_UPDATE };

	item.proposal.app_data =
	    (struct wire_app_data_update){ component, op, update };
	return item;
}

/* Of carol's commit with these, at bob; and at alice, who would make it. */
static void refuse_list(struct rules *rules, const struct cheat_item *items,
			size_t count, enum err why, enum mls_rule rule)
{
	const struct cheat how = { .by = CAROL,
				   .items = items,
				   .count = count };
	struct mls_app_data list[3] = { { .remove = false } };
	struct mls_change change = components_change(list, count);
	struct mls_commit commit;

	assert_true(count <= 3);
	rules_refuse_commit(BOB, &how, why, rule);
	for (size_t i = 0; i < count; i++) {
		const struct wire_app_data_update *u =
		    &items[i].proposal.app_data;

		list[i] = (struct mls_app_data){
			.component = u->component,
			.remove = u->op == WIRE_APP_DATA_REMOVE,
			.update = u->update,
		};
	}
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit), why);
	rules_said(mls_group_last_rule(ALICE->group), rule);
}

static void test_lists(void **state)
{
	static const uint8_t odd[] = { 3, 0x80, 1, 0x80 };
	static const uint8_t more[] = { 2, 0x80, 3 };
	struct cheat_item items[2];
	struct rules rules[1];
	(void)state;

	begin(rules, MLS_APP_DATA_UPDATE);
	items[0] = item_of(ICON, WIRE_APP_DATA_REMOVE, SPAN_EMPTY);
	refuse_list(rules, items, 1, ERR_PEER_INVALID,
		    MLS_RULE_APP_DATA_NOTHING);
	items[0] = item_of(TOPIC, WIRE_APP_DATA_REMOVE, SPAN_EMPTY);
	items[1] = items[0];
	refuse_list(rules, items, 2, ERR_PEER_INVALID, MLS_RULE_APP_DATA_MIXED);
	items[1] = item_of(TOPIC, WIRE_APP_DATA_UPDATE, SPAN_LIT("a"));
	refuse_list(rules, items, 2, ERR_PEER_INVALID, MLS_RULE_APP_DATA_MIXED);
	/* the application's word, and its own error */
	items[0] = item_of(TOPIC, WIRE_APP_DATA_UPDATE, SPAN_LIT("no"));
	refuse_list(rules, items, 1, ERR_PEER_DENIED, MLS_RULE_NONE);
	items[0] = item_of(OTHER, WIRE_APP_DATA_UPDATE, SPAN_LIT("a"));
	refuse_list(rules, items, 1, ERR_PEER_UNSUPPORTED, MLS_RULE_NONE);
	/* what the group requires is a list, and in every leaf */
	items[0] =
	    item_of(MLS_APP_COMPONENTS, WIRE_APP_DATA_UPDATE, SPAN_ARRAY(odd));
	refuse_list(rules, items, 1, ERR_PEER_MALFORMED,
		    MLS_RULE_APP_DATA_LISTS);
	items[0] =
	    item_of(MLS_APP_COMPONENTS, WIRE_APP_DATA_UPDATE, SPAN_ARRAY(more));
	refuse_list(rules, items, 1, ERR_PEER_INVALID,
		    MLS_RULE_APP_DATA_REQUIRED);
	items[0].proposal.app_data.component = MLS_SAFE_AAD;
	refuse_list(rules, items, 1, ERR_PEER_INVALID,
		    MLS_RULE_APP_DATA_REQUIRED);
	is_data(BOB, "8001=t");
	rules_end(rules);
}

/* Of carol's proposal, at bob. */
static void refuse_proposal(struct rules *rules, struct cheat_item item,
			    enum err why, enum mls_rule rule)
{
	static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };
	struct buf message = BUF_INIT;

	cheat_propose(CAROL, CAROL->group, carol, 0, &item.proposal, &message,
		      NULL);
	rules_refuse(BOB, buf_span(&message), why, rule);
	buf_clear(&message);
}

/* What no commit may contain is not kept either: as many as are tried one by one
 * would keep out what waits behind them. */
static void test_unkept(void **state)
{
	static const uint8_t odd[] = { 3, 0x80, 1, 0x80 };
	struct rules rules[1];
	(void)state;

	begin(rules, MLS_APP_DATA_UPDATE);
	refuse_proposal(rules, item_of(ICON, WIRE_APP_DATA_REMOVE, SPAN_EMPTY),
			ERR_PEER_INVALID, MLS_RULE_APP_DATA_NOTHING);
	refuse_proposal(rules,
			item_of(OTHER, WIRE_APP_DATA_UPDATE, SPAN_LIT("a")),
			ERR_PEER_UNSUPPORTED, MLS_RULE_NONE);
	refuse_proposal(rules,
			item_of(TOPIC, WIRE_APP_DATA_UPDATE, SPAN_LIT("no")),
			ERR_PEER_DENIED, MLS_RULE_NONE);
	refuse_proposal(
	    rules,
	    item_of(MLS_APP_COMPONENTS, WIRE_APP_DATA_UPDATE, SPAN_ARRAY(odd)),
	    ERR_PEER_MALFORMED, MLS_RULE_APP_DATA_LISTS);
	is_data(BOB, "8001=t");
	rules_end(rules);
}

/* An application that has no such hook: of a commit, a proposal, and its own. */
static void test_unknown(void **state)
{
	struct cheat_item item =
	    item_of(TOPIC, WIRE_APP_DATA_UPDATE, SPAN_LIT("a"));
	const struct mls_proposal own = {
		.kind = MLS_PROPOSE_APP_DATA,
		.app_data = { .component = TOPIC, .update = SPAN_LIT("a") },
	};
	struct cheat how = { .items = &item, .count = 1 };
	struct buf message = BUF_INIT;
	struct rules rules[1];
	(void)state;

	begin(rules, 0);
	how.by = CAROL;
	mls_group_authenticate(BOB->group, NULL);
	rules_refuse_commit(BOB, &how, ERR_PEER_UNSUPPORTED,
			    MLS_RULE_APP_DATA_UNKNOWN);
	refuse_proposal(rules, item, ERR_PEER_UNSUPPORTED,
			MLS_RULE_APP_DATA_UNKNOWN);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &own, true, &message),
	    ERR_PEER_UNSUPPORTED);
	rules_said(mls_group_last_rule(BOB->group), MLS_RULE_APP_DATA_UNKNOWN);
	mls_group_authenticate(BOB->group, &components_hooks);
	rules_end(rules);
}

/* Whole extensions: with a dictionary that is in order, and where AppDataUpdate is
 * required, the same one as before. */
static void test_extensions(void **state)
{
	static const uint8_t twice[] = { 0, 6,	 9,    8, 0x80, 1,
					 1, 'a', 0x80, 1, 1,	'b' };
	const struct mls_component other = { TOPIC, SPAN_LIT("else") };
	struct buf extensions = BUF_INIT, required = BUF_INIT;
	struct mls_group *made = NULL;
	enum mls_rule broken;
	struct cheat_item item;
	struct cheat how = { .items = &item, .count = 1 };
	struct rules rules[1];
	(void)state;

	begin(rules, 0);
	how.by = CAROL;
	item = cheat_extensions(SPAN_ARRAY(unsorted_dictionary));
	rules_refuse_commit(BOB, &how, ERR_PEER_MALFORMED,
			    MLS_RULE_APP_DATA_DICTIONARY);
	item = cheat_extensions(SPAN_ARRAY(twice));
	rules_refuse_commit(BOB, &how, ERR_PEER_MALFORMED,
			    MLS_RULE_APP_DATA_DICTIONARY);
	DAVE->me.broken = &broken;
	assert_int_equal(mls_group_create(&DAVE->me, SPAN_LIT("other"),
					  SPAN_ARRAY(twice), &made),
			 ERR_PEER_MALFORMED);
	rules_said(broken, MLS_RULE_APP_DATA_DICTIONARY);
	/* one that is right may come so, while nothing requires the other way */
	put_group(&extensions, 0, &other, 1);
	item = cheat_extensions(buf_span(&extensions));
	rules_accept_commit(BOB, &how);
	rules_end(rules);
	begin(rules, MLS_APP_DATA_UPDATE);
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_APP_DATA_BY_EXTENSIONS);
	rules_put_required(&required, 0, MLS_APP_DATA_UPDATE, 0);
	item = cheat_extensions(buf_span(&required));
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_APP_DATA_BY_EXTENSIONS);
	item = cheat_extensions(mls_group_extensions(BOB->group));
	rules_accept_commit(BOB, &how);
	rules_end(rules);
	buf_clear(&extensions);
	buf_clear(&required);
}

/* What carol's update comes to where dave is in, and there was no dictionary. */
static void with_dave(struct rules *rules, void (*prepare)(struct member *m),
		      enum err why, enum mls_rule rule)
{
	struct cheat_item item =
	    item_of(TOPIC, WIRE_APP_DATA_UPDATE, SPAN_LIT("a"));
	struct cheat how = { .items = &item, .count = 1 };
	struct member *add = DAVE;
	struct mls_commit commit;

	rules_init_with(rules, SPAN_EMPTY, prepare);
	member_commit(ALICE, &add, 1, NULL, 0, false, &commit);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	how.by = CAROL;
	rules_refuse_commit(BOB, &how, why, rule);
	rules_clear(rules);
}

static void spoil_context(struct wire_group_info *info)
{
	info->context.extensions = SPAN_ARRAY(unsorted_dictionary);
}

/* Who joins looks at the dictionary, too. */
static void test_join(void **state)
{
	const struct cheat_info right = { .info = NULL };
	const struct cheat_info wrong = { .info = spoil_context };
	struct cheat how = { .count = 0 };
	struct rules rules[1];
	(void)state;

	begin(rules, MLS_APP_DATA_UPDATE);
	how.by = ALICE;
	assert_int_equal(
	    rules_join(DAVE, &how, &wrong, MLS_RULE_APP_DATA_DICTIONARY),
	    ERR_PEER_MALFORMED);
	assert_int_equal(rules_join(DAVE, &how, &right, MLS_RULE_NONE), ERR_OK);
	rules_end(rules);
}

/* Who does not understand it does not come in, and where somebody is who does not,
 * there is none. */
static void test_who_understands(void **state)
{
	static const uint8_t ids[] = { 2, 0x80, 1 };
	const struct mls_component components[] = {
		{ MLS_APP_COMPONENTS, SPAN_ARRAY(ids) },
	};
	/* a dictionary without TOPIC in app_components */
	static const uint8_t less[] = { 0, 6, 7, 6, 0, 1, 3, 2, 0x80, 2 };
	struct buf extensions = BUF_INIT;
	struct rules rules[1];
	(void)state;

	put_group(&extensions, 0, components, 1);
	rules_init_with(rules, buf_span(&extensions), components_known);
	DAVE->me.leaf_extensions = SPAN_ARRAY(less);
	member_key_package(DAVE);
	rules_refuse_add(rules, ERR_PEER_INVALID, MLS_RULE_APP_DATA_REQUIRED);
	DAVE->me.leaf_extensions = components_leaf();
	member_key_package(DAVE);
	rules_accept_add(rules);
	rules_end(rules);
	buf_clear(&extensions);
	with_dave(rules, knows_but_dave, ERR_PEER_UNSUPPORTED,
		  MLS_RULE_PROPOSAL_LISTED);
	with_dave(rules, knows_but_dave_half, ERR_PEER_INVALID,
		  MLS_RULE_LEAF_GROUP_EXTENSIONS);
}

/* "AppDataUpdate proposals can be included in an external Commit" by value. */
static void test_external_commit(void **state)
{
	const struct mls_component now = { TOPIC, SPAN_LIT("tj") };
	struct cheat_item items[2];
	struct cheat how = { .items = items, .count = 2 };
	struct buf scratch = BUF_INIT, extensions = BUF_INIT;
	struct rules rules[1];
	(void)state;

	begin(rules, MLS_APP_DATA_UPDATE);
	put_group(&extensions, MLS_APP_DATA_UPDATE, &now, 1);
	items[0] = cheat_external_init(ALICE, &scratch, &how.init_secret);
	items[1] = item_of(TOPIC, WIRE_APP_DATA_UPDATE, SPAN_LIT("j"));
	how.by = DAVE;
	how.from = ALICE;
	how.extensions = buf_span(&extensions);
	rules_accept_commit(BOB, &how);
	items[1] = item_of(ICON, WIRE_APP_DATA_REMOVE, SPAN_EMPTY);
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_APP_DATA_NOTHING);
	buf_clear(&scratch);
	buf_clear(&extensions);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commits),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_unkept),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_who_understands),
		cmocka_unit_test(test_external_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
