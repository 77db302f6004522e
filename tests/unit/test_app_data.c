/* Data of components in the GroupContext: draft-ietf-mls-extensions-10, sections 4.6
 * (app_data_dictionary), 4.7 (AppDataUpdate), 4.9 (SafeAAD) and 5 (what is required). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/components.h"
#include "mls/read.h"
#include "tests/testlib/rules.h"

#define TOPIC 0x8001 /* grows by what is said */
#define ICON 0x8002  /* is what was said last */
#define OTHER 0x8003 /* nobody knows it */

static const uint16_t extension_types[] = { MLS_APP_DATA_DICTIONARY };
static const uint16_t proposal_types[] = { MLS_APP_DATA_UPDATE };

/* ---- the application ---- */

static enum err update_data(void *context, uint16_t component,
			    const struct span *now, const struct span *updates,
			    size_t count, struct buf *data)
{
	bool known = component == TOPIC || component == ICON ||
		     component == MLS_APP_COMPONENTS ||
		     component == MLS_SAFE_AAD;
	(void)context;

	if (!known)
		return ERR_PEER_UNSUPPORTED;
	if (count == 0)
		return now != NULL ? ERR_OK : ERR_LOCAL_BUG;
	if (component == TOPIC && now != NULL)
		buf_put(data, *now);
	for (size_t i = component == TOPIC ? 0 : count - 1; i < count; i++) {
		if (span_equal(updates[i], SPAN_LIT("no")))
			return ERR_PEER_DENIED;
		buf_put(data, updates[i]);
	}
	return ERR_OK;
}

static const struct mls_authentication hooks = { .update_data = update_data };

/* A dictionary whose leaf lists TOPIC and ICON, and SafeAAD for TOPIC. */
static struct span leaf_dictionary(void)
{
	static const uint8_t bytes[] = {
		0, 6, 15, 14,			/* extension */
		0, 1, 5,  4,  0x80, 1, 0x80, 2, /* app_components */
		0, 2, 3,  2,  0x80, 1,		/* safe_aad */
	};

	return SPAN_ARRAY(bytes);
}

static void knows(struct member *m)
{
	m->me.extension_types = extension_types;
	m->me.extension_type_count = 1;
	m->me.proposal_types = proposal_types;
	m->me.proposal_type_count = 1;
	m->me.leaf_extensions = leaf_dictionary();
	m->me.authentication = &hooks;
}

static void knows_but_dave(struct member *m)
{
	if (strcmp(m->name, "dave/1") != 0)
		knows(m);
}

static void end(struct rules *rules)
{
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

/* dave takes the proposals, and does not know the extension. */
static void knows_but_dave_half(struct member *m)
{
	knows(m);
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

static struct mls_change change_of(const struct mls_app_data *list,
				   size_t count)
{
	return (struct mls_change){ .app_data = list, .app_data_count = count };
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
	rules_init_with(rules, buf_span(&extensions), knows);
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
	struct mls_change change = change_of(first, 4);
	struct rules rules[1];
	(void)state;

	/* where there was no dictionary, it is the last extension */
	rules_init_with(rules, SPAN_EMPTY, knows);
	is_data(BOB, "");
	/* "AppDataUpdate proposals do not require an UpdatePath." */
	assert_false(all_take(rules, &change));
	is_data(ALICE, "8001=ab 8002=y");
	is_data(BOB, "8001=ab 8002=y");
	change = change_of(second, 2);
	assert_false(all_take(rules, &change));
	is_data(CAROL, "8002=z");
	change = change_of(&last, 1);
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
	struct mls_change change = change_of(&update, 1);
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
	end(rules);
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
	rules_init_with(rules, buf_span(&extensions), knows);
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
	mls_group_authenticate(ALICE->group, &hooks);
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
	struct mls_app_data list[3];
	struct mls_change change = change_of(list, count);
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
	mls_group_authenticate(BOB->group, &hooks);
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
	end(rules);
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
	rules_init_with(rules, buf_span(&extensions), knows);
	DAVE->me.leaf_extensions = SPAN_ARRAY(less);
	member_key_package(DAVE);
	rules_refuse_add(rules, ERR_PEER_INVALID, MLS_RULE_APP_DATA_REQUIRED);
	DAVE->me.leaf_extensions = leaf_dictionary();
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

/* ---- beside messages ---- */

static enum err say(struct member *m, struct span aad, struct buf *message)
{
	buf_reset(message);
	return mls_group_protect(m->group, &m->me, aad, SPAN_LIT("text"),
				 message);
}

/* dave from outside, with that beside his commit; bob takes it. */
static void joins_beside(struct rules *rules, struct span aad, enum err wanted)
{
	const struct mls_external how = { .authenticated_data = aad };
	struct mls_group *joined = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;

	assert_int_equal(mls_group_info(CAROL->group, &CAROL->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &joined, &commit),
			 wanted);
	if (wanted == ERR_OK)
		rules_accept(BOB, buf_span(&commit.commit));
	mls_group_free(joined);
	mls_commit_clear(&commit);
	buf_clear(&info);
}

static void test_safe_aad(void **state)
{
	static const uint8_t none[] = { 0 };
	static const uint8_t item[] = { 5, 0x80, 1, 2, 'h', 'i' };
	const struct mls_app_data safe = { .component = MLS_SAFE_AAD,
					   .update = SPAN_ARRAY(none) };
	const struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE,
					     .removed = 2 };
	struct buf message = BUF_INIT;
	struct cheat pathful = { .count = 0 };
	struct mls_change change = change_of(&safe, 1);
	struct mls_commit commit;
	struct mls_event event;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	mls_commit_clear(&commit);
	change = (struct mls_change){ .authenticated_data = SPAN_LIT("free") };
	/* a cheat's commit has nothing beside it, not even an empty list */
	pathful.by = CAROL;
	rules_refuse_commit(BOB, &pathful, ERR_PEER_MALFORMED,
			    MLS_RULE_APP_DATA_SAFE_AAD);
	pathful.private_handshake = true;
	rules_refuse_commit(BOB, &pathful, ERR_PEER_MALFORMED,
			    MLS_RULE_APP_DATA_SAFE_AAD);
	assert_int_equal(say(ALICE, SPAN_LIT("free"), &message), ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_LOCAL_BUG);
	assert_int_equal(say(ALICE, SPAN_ARRAY(item), &message), ERR_OK);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_true(
	    span_equal(buf_span(&event.authenticated_data), SPAN_ARRAY(item)));
	mls_event_clear(&event);
	buf_reset(&message);
	assert_int_equal(mls_group_propose(ALICE->group, &ALICE->me, &remove,
					   false, &message),
			 ERR_OK);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_true(
	    span_equal(buf_span(&event.authenticated_data), SPAN_ARRAY(none)));
	mls_event_clear(&event);
	joins_beside(rules, SPAN_LIT("free"), ERR_LOCAL_BUG);
	joins_beside(rules, SPAN_EMPTY, ERR_OK);
	buf_clear(&message);
	end(rules);
}

/* ---- the pieces ---- */

static void test_wire(void **state)
{
	static const uint8_t update[] = { 0, 8, 0x80, 1, 1, 2, 'h', 'i' };
	static const uint8_t remove[] = { 0, 8, 0x80, 1, 2 };
	static const uint8_t invalid[] = { 0, 8, 0x80, 1, 0 };
	static const uint8_t empty[] = { 0 }, cut[] = { 3, 0, 1, 1 };
	struct wire_proposal proposal;
	struct buf out = BUF_INIT;
	struct span components;
	(void)state;

	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(update), &proposal),
			 ERR_OK);
	assert_int_equal(proposal.app_data.component, 0x8001);
	assert_true(span_equal(proposal.app_data.update, SPAN_LIT("hi")));
	wire_proposal_put(&out, &proposal);
	assert_true(span_equal(buf_span(&out), SPAN_ARRAY(update)));
	buf_reset(&out);
	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(remove), &proposal),
			 ERR_OK);
	wire_proposal_put(&out, &proposal);
	assert_true(span_equal(buf_span(&out), SPAN_ARRAY(remove)));
	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(invalid), &proposal),
			 ERR_PEER_MALFORMED);
	assert_int_equal(wire_dictionary_decode(SPAN_ARRAY(empty), &components),
			 ERR_OK);
	assert_int_equal(components.n, 0);
	assert_int_equal(wire_dictionary_decode(SPAN_ARRAY(cut), &components),
			 ERR_PEER_MALFORMED);
	assert_int_equal(components.n, 0);
	buf_clear(&out);
}

static void test_misuse(void **state)
{
	const struct mls_component unsorted[] = { { 2, SPAN_EMPTY },
						  { 1, SPAN_EMPTY } };
	struct mls_key_package_secrets secrets = { 0 };
	struct buf out = BUF_INIT;
	struct member m;
	(void)state;

	assert_int_equal(mls_dictionary_put(&out, unsorted, 2), ERR_LOCAL_BUG);
	assert_int_equal(mls_dictionary_put(&out, unsorted + 1, 1), ERR_OK);
	buf_clear(&out);
	member_init(&m, rules_suite(), "erin/1");
	knows(&m);
	member_key_package(&m);
	/* "MUST understand and advertise the app_components component" */
	m.me.leaf_extensions = SPAN_EMPTY;
	assert_int_equal(mls_key_package_create(&m.me, false, &secrets, &out),
			 ERR_LOCAL_BUG);
	member_clear(&m);
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
		cmocka_unit_test(test_safe_aad),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
