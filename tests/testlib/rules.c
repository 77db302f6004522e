#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

const struct suite *rules_suite(void)
{
	return suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
}

static void follow(struct rules *rules, size_t by, struct mls_commit *commit)
{
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		if (i != by)
			member_follow(&rules->all[i],
				      buf_span(&commit->commit));
	mls_commit_clear(commit);
}

/* Without the proposals that only some of them know. */
static void everybody_commits(struct rules *rules)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit commit;

	for (size_t i = 1; i <= RULES_MEMBERS; i++) {
		struct member *m = &rules->all[i % RULES_MEMBERS];

		assert_int_equal(
		    mls_group_commit(m->group, &m->me, &change, &commit),
		    ERR_OK);
		assert_int_equal(mls_group_merge(m->group), ERR_OK);
		follow(rules, i % RULES_MEMBERS, &commit);
	}
	members_talk(rules->all, RULES_MEMBERS);
}

void rules_init_with(struct rules *rules, struct span group_extensions,
		     void (*prepare)(struct member *m))
{
	static const char *const names[] = { "alice/1", "bob/1", "carol/1",
					     "dave/1" };
	struct member *m = rules->all, *others[] = { &m[1], &m[2] };
	struct mls_commit commit;

	for (size_t i = 0; i <= RULES_MEMBERS; i++) {
		member_init(&m[i], rules_suite(), names[i]);
		if (prepare != NULL)
			prepare(&m[i]);
	}
	assert_int_equal(mls_group_create(&m[0].me, SPAN_LIT("group"),
					  group_extensions, &m[0].group),
			 ERR_OK);
	member_commit(&m[0], others, 2, NULL, 0, false, &commit);
	member_join(&m[1], &commit);
	member_join(&m[2], &commit);
	mls_commit_clear(&commit);
	everybody_commits(rules);
}

void rules_init(struct rules *rules, struct span group_extensions)
{
	rules_init_with(rules, group_extensions, NULL);
}

void rules_take_self_removes(struct member *m)
{
	static const uint16_t types[] = { MLS_SELF_REMOVE };

	m->me.proposal_types = types;
	m->me.proposal_type_count = 1;
}

void rules_clear(struct rules *rules)
{
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

void rules_end(struct rules *rules)
{
	everybody_commits(rules);
	rules_clear(rules);
}

static void state_of(const struct member *m, struct buf *state)
{
	assert_int_equal(mls_group_save(m->group, state), ERR_OK);
}

void rules_said(enum mls_rule rule, enum mls_rule wanted)
{
	assert_string_equal(mls_rule_name(rule), mls_rule_name(wanted));
}

void rules_refuse(struct member *m, struct span message, enum err why,
		  enum mls_rule rule)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct mls_event event;

	state_of(m, &before);
	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, message, &event), why);
	rules_said(mls_group_last_rule(m->group), rule);
	state_of(m, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	buf_clear(&before);
	buf_clear(&after);
}

void rules_accept(struct member *m, struct span commit)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct mls_event event;

	state_of(m, &before);
	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, commit, &event), ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_COMMIT);
	assert_true(mls_group_has_pending(m->group));
	mls_event_clear(&event);
	mls_group_discard(m->group);
	state_of(m, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	buf_clear(&before);
	buf_clear(&after);
}

void rules_keep(struct member *m, struct span proposal)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, proposal, &event), ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_PROPOSAL);
	mls_event_clear(&event);
}

void rules_refuse_commit(struct member *m, const struct cheat *how,
			 enum err why, enum mls_rule rule)
{
	struct cheated made;

	cheat_commit(how, &made);
	rules_refuse(m, buf_span(&made.message), why, rule);
	cheated_clear(&made);
}

void rules_accept_commit(struct member *m, const struct cheat *how)
{
	struct cheated made;

	cheat_commit(how, &made);
	rules_accept(m, buf_span(&made.message));
	cheated_clear(&made);
}

enum err rules_join(struct member *joiner, const struct cheat *how,
		    const struct cheat_info *info, enum mls_rule wanted)
{
	enum mls_rule rule = MLS_RULE_NONE;
	struct mls_identity me = joiner->me;
	struct cheat_item adds[3];
	struct cheat with_add = *how;
	struct buf welcome = BUF_INIT;
	struct mls_group *group = NULL;
	struct cheated made;
	enum err e;

	if (joiner->key_package.n == 0)
		member_key_package(joiner);
	assert_true(how->count < 3);
	adds[0] = cheat_add(buf_span(&joiner->key_package));
	for (size_t i = 0; i < how->count; i++)
		adds[i + 1] = how->items[i];
	with_add.items = adds;
	with_add.count = how->count + 1;
	cheat_commit(&with_add, &made);
	cheat_welcome(how->by, &made, info, &welcome);
	me.broken = &rule;
	e = mls_group_join(&me, buf_span(&welcome), SPAN_EMPTY,
			   buf_span(&joiner->key_package), &joiner->secrets,
			   &group);
	rules_said(rule, wanted);
	assert_int_equal(e == ERR_OK, group != NULL);
	mls_group_free(group);
	buf_clear(&welcome);
	cheated_clear(&made);
	return e;
}

/* ---- adding ---- */

enum err rules_add(struct rules *rules)
{
	struct member *m = &rules->all[0];
	struct span add = buf_span(&rules->all[RULES_MEMBERS].key_package);
	struct mls_change change = { .adds = &add, .add_count = 1 };
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct mls_commit commit;
	enum err e;

	state_of(m, &before);
	e = mls_group_commit(m->group, &m->me, &change, &commit);
	if (e == ERR_OK) {
		mls_commit_clear(&commit);
		mls_group_discard(m->group);
	}
	state_of(m, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	buf_clear(&before);
	buf_clear(&after);
	return e;
}

static void propose_add(struct rules *rules, struct buf *message)
{
	struct member *m = rules->all;
	struct cheat_item add =
	    cheat_add(buf_span(&m[RULES_MEMBERS].key_package));

	cheat_propose(&m[0], m[0].group,
		      (struct wire_sender){ WIRE_SENDER_MEMBER, 0 }, 0,
		      &add.proposal, message, NULL);
}

void rules_refuse_add(struct rules *rules, enum err why, enum mls_rule rule)
{
	struct member *m = rules->all;
	struct cheat_item add =
	    cheat_add(buf_span(&m[RULES_MEMBERS].key_package));
	struct cheat how = { .by = &m[0], .items = &add, .count = 1 };

	assert_int_equal(rules_add(rules), why);
	rules_said(mls_group_last_rule(m[0].group), rule);
	rules_refuse_commit(&m[1], &how, why, rule);
}

void rules_refuse_lone_add(struct rules *rules, enum err why,
			   enum mls_rule rule)
{
	struct buf message = BUF_INIT;

	rules_refuse_add(rules, why, rule);
	propose_add(rules, &message);
	rules_refuse(&rules->all[1], buf_span(&message), why, rule);
	buf_clear(&message);
}

void rules_accept_add(struct rules *rules)
{
	struct member *m = rules->all;
	struct cheat_item add =
	    cheat_add(buf_span(&m[RULES_MEMBERS].key_package));
	struct cheat how = { .by = &m[0], .items = &add, .count = 1 };

	assert_int_equal(rules_add(rules), ERR_OK);
	rules_accept_commit(&m[1], &how);
}

void rules_put_required(struct buf *extensions, uint16_t extension,
			uint16_t proposal, uint16_t credential)
{
	struct wire_required_capabilities required = { SPAN_EMPTY, SPAN_EMPTY,
						       SPAN_EMPTY };
	struct buf lists[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct buf data = BUF_INIT;

	if (extension != 0)
		buf_put_u16(&lists[0], extension);
	if (proposal != 0)
		buf_put_u16(&lists[1], proposal);
	if (credential != 0)
		buf_put_u16(&lists[2], credential);
	required.extension_types = buf_span(&lists[0]);
	required.proposal_types = buf_span(&lists[1]);
	required.credential_types = buf_span(&lists[2]);
	wire_required_capabilities_put(&data, &required);
	wire_extension_put(extensions, WIRE_EXTENSION_REQUIRED_CAPABILITIES,
			   buf_span(&data));
	assert_int_equal(buf_end(extensions), ERR_OK);
	buf_clear(&data);
	for (size_t i = 0; i < 3; i++)
		buf_clear(&lists[i]);
}

void rules_put_sender(struct buf *extensions, const struct member *service)
{
	members_put_sender(extensions, buf_span(&service->signature_public),
			   SPAN_LIT("service"));
}
