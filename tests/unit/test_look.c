/* Look, then merge: what the application is shown of a change before it is
 * staged is what it can read of it afterwards, also in a group that was saved and
 * loaded; and it says why it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/testlib/rules.h"

#define TYPE 0xF0AA

static const uint16_t ours[] = { TYPE };
static const uint8_t extension[] = { 0xF1, 0x23, 0 };

static void knows(struct member *m)
{
	static const uint16_t known[] = { 0xF123 };

	m->me.extension_types = known;
	m->me.extension_type_count = 1;
	m->me.proposal_types = ours;
	m->me.proposal_type_count = 1;
}

/* ---- a change as text ---- */

static void put_number(struct buf *out, const char *name, uint64_t n)
{
	char text[64];

	(void)snprintf(text, sizeof(text), " %s=%llu", name,
		       (unsigned long long)n);
	buf_put_str(out, text);
}

static void put_bytes(struct buf *out, const char *name, struct span bytes)
{
	char text[4];

	buf_put_str(out, " ");
	buf_put_str(out, name);
	buf_put_str(out, "=");
	for (size_t i = 0; i < bytes.n; i++) {
		(void)snprintf(text, sizeof(text), "%02x", bytes.p[i]);
		buf_put_str(out, text);
	}
}

static void put_member(struct buf *out, const struct mls_member *m)
{
	put_number(out, "leaf", m->leaf_index);
	put_bytes(out, "key", m->signature_key);
	put_bytes(out, "node", m->leaf_node);
	buf_put(out, m->identity);
	put_bytes(out, "extensions", m->extensions);
}

static void put_proposal(struct buf *out, const struct mls_staged_proposal *p)
{
	buf_put_str(out, "\nproposal");
	put_number(out, "kind", p->proposal.kind);
	put_number(out, "by_reference", p->by_reference);
	put_number(out, "type", p->sender_type);
	put_number(out, "sender", p->sender);
	put_member(out, &p->leaf.before);
	put_member(out, &p->leaf.after);
	if (p->proposal.kind == MLS_PROPOSE_ADD)
		put_bytes(out, "package", p->proposal.key_package);
	if (p->proposal.kind == MLS_PROPOSE_REMOVE)
		put_number(out, "removed", p->proposal.removed);
	if (p->proposal.kind == MLS_PROPOSE_EXTENSIONS)
		put_bytes(out, "extensions", p->proposal.extensions);
	if (p->proposal.kind == MLS_PROPOSE_CUSTOM) {
		put_number(out, "custom", p->proposal.custom.type);
		put_bytes(out, "data", p->proposal.custom.data);
	}
}

struct view {
	struct buf text;
	enum err answer;
	const char *reason;
	size_t asked;
	size_t members;
	bool keeps_kind; /* only of this kind */
	enum mls_staged_kind kind;
	struct mls_authentication hook;
};

static enum err look(void *context, const struct mls_group *group,
		     const struct mls_staged *s)
{
	struct view *view = context;
	struct buf *out = &view->text;
	struct mls_member member;

	if (view->keeps_kind && s->kind != view->kind)
		return ERR_OK;
	(void)group;
	buf_reset(out);
	view->asked++;
	view->members = 0;
	put_number(out, "kind", s->kind);
	put_number(out, "own", s->own);
	put_number(out, "self_removed", s->self_removed);
	put_number(out, "epoch", s->epoch);
	put_bytes(out, "extensions", s->extensions);
	put_bytes(out, "data", s->authenticated_data);
	put_member(out, &s->committer.before);
	put_member(out, &s->committer.after);
	for (size_t i = 0; i < s->proposal_count; i++)
		put_proposal(out, &s->proposals[i]);
	for (uint32_t leaf = 0; mls_staged_next_member(s, &leaf, &member);) {
		buf_put_str(out, "\nnext");
		put_member(out, &member);
		view->members++;
	}
	assert_int_equal(buf_end(out), ERR_OK);
	if (view->answer != ERR_OK && view->reason != NULL)
		*s->refusal = view->reason;
	return view->answer;
}

static void watches(struct view *view, struct member *m)
{
	*view = (struct view){ .text = BUF_INIT };
	view->hook = (struct mls_authentication){ .check_staged = look,
						  .context = view };
	m->me.authentication = &view->hook;
	if (m->group != NULL)
		mls_group_authenticate(m->group, &view->hook);
}

/* What is staged reads as it was shown, now and after a restart. */
static void reads_alike(struct view *shown, struct member *m, size_t members)
{
	struct view later = { .text = BUF_INIT };

	assert_int_equal(shown->asked, 1);
	assert_int_equal(shown->members, members);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mls_group_staged(m->group, look, &later),
				 ERR_OK);
		assert_int_equal(later.members, members);
		assert_true(
		    span_equal(buf_span(&later.text), buf_span(&shown->text)));
		member_reload(m);
	}
	mls_group_authenticate(m->group, m->me.authentication);
	buf_clear(&later.text);
	buf_reset(&shown->text);
	shown->asked = 0;
}

static void stages(struct member *m, const struct buf *commit)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, buf_span(commit), &event),
	    ERR_OK);
	mls_event_clear(&event);
}

/* ---- commits ---- */

static void all_see(struct rules *rules, struct member *by,
		    const struct mls_change *change, size_t members)
{
	struct view views[RULES_MEMBERS];
	struct mls_commit commit;

	for (size_t i = 0; i < RULES_MEMBERS; i++)
		watches(&views[i], &rules->all[i]);
	assert_int_equal(mls_group_commit(by->group, &by->me, change, &commit),
			 ERR_OK);
	for (size_t i = 0; i < RULES_MEMBERS; i++) {
		struct member *m = &rules->all[i];

		if (m != by)
			stages(m, &commit.commit);
		reads_alike(&views[i], m, members);
		assert_int_equal(mls_group_merge(m->group), ERR_OK);
		assert_int_equal(mls_group_staged(m->group, look, &views[i]),
				 ERR_LOCAL_BUG);
		mls_group_authenticate(m->group, NULL);
		m->me.authentication = NULL;
		buf_clear(&views[i].text);
	}
	mls_commit_clear(&commit);
}

static void propose(struct rules *rules, struct member *by,
		    const struct mls_proposal *proposal)
{
	struct buf message = BUF_INIT;

	assert_int_equal(
	    mls_group_propose(by->group, &by->me, proposal, true, &message),
	    ERR_OK);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		if (&rules->all[i] != by)
			rules_keep(&rules->all[i], buf_span(&message));
	buf_clear(&message);
}

static void test_commit(void **state)
{
	static const struct mls_custom custom = { TYPE, { extension, 2 } };
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct span add, extensions = SPAN_ARRAY(extension);
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .customs = &custom,
				     .custom_count = 1,
				     .extensions = &extensions,
				     .authenticated_data = SPAN_LIT("why"),
				     .commit_pending_proposals = true };
	const uint32_t three = 3;
	struct mls_change none = { .private_handshake = true };
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	propose(rules, CAROL, &update);
	all_see(rules, BOB, &change, 4);
	all_see(rules, ALICE, &none, 4);
	none.removes = &three;
	none.remove_count = 1;
	all_see(rules, ALICE, &none, 3);
	rules_end(rules);
}

/* Who is removed sees by whom, and of whom it does not see. */
static void test_removal(void **state)
{
	const uint32_t two = 2;
	struct span extensions = SPAN_ARRAY(extension);
	struct mls_change change = { .removes = &two,
				     .remove_count = 1,
				     .extensions = &extensions };
	struct mls_commit commit;
	struct rules rules[1];
	struct view view;
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	watches(&view, CAROL);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	stages(CAROL, &commit.commit);
	reads_alike(&view, CAROL, 0);
	mls_group_discard(CAROL->group);
	mls_group_discard(ALICE->group);
	mls_group_authenticate(CAROL->group, NULL);
	mls_commit_clear(&commit);
	buf_clear(&view.text);
	rules_end(rules);
}

static void test_external(void **state)
{
	struct mls_external how = { .authenticated_data = SPAN_LIT("hi") };
	struct view view, joiner;
	struct buf info = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	watches(&view, BOB);
	watches(&joiner, DAVE);
	joiner.keeps_kind = true;
	joiner.kind = MLS_STAGED_EXTERNAL_COMMIT;
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &DAVE->group, &commit),
			 ERR_OK);
	reads_alike(&joiner, DAVE, 4);
	stages(BOB, &commit.commit);
	reads_alike(&view, BOB, 4);
	mls_group_discard(BOB->group);
	mls_group_authenticate(BOB->group, NULL);
	mls_group_free(DAVE->group);
	DAVE->group = NULL;
	mls_commit_clear(&commit);
	buf_clear(&info);
	buf_clear(&view.text);
	buf_clear(&joiner.text);
	rules_end(rules);
}

/* ---- refusing with a reason ---- */

static const char reason[] = "nobody votes on a Sunday";

static void refuses(struct view *view, struct member *m)
{
	watches(view, m);
	view->answer = ERR_PEER_DENIED;
	view->reason = reason;
}

static void test_reason(void **state)
{
	struct mls_proposal vote = { .kind = MLS_PROPOSE_CUSTOM,
				     .custom = { TYPE, SPAN_LIT("yes") } };
	struct mls_change change = { .force_path = true };
	struct buf message = BUF_INIT, own = BUF_INIT;
	struct mls_commit commit, none;
	struct rules rules[1];
	struct view view;
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(
	    mls_group_propose(CAROL->group, &CAROL->me, &vote, true, &message),
	    ERR_OK);
	refuses(&view, BOB);
	rules_refuse(BOB, buf_span(&commit.commit), ERR_PEER_DENIED,
		     MLS_RULE_NONE);
	assert_ptr_equal(mls_group_last_refusal(BOB->group), reason);
	rules_refuse(BOB, SPAN_LIT("x"), ERR_PEER_MALFORMED, MLS_RULE_NONE);
	assert_null(mls_group_last_refusal(BOB->group));
	rules_refuse(BOB, buf_span(&message), ERR_PEER_DENIED, MLS_RULE_NONE);
	assert_ptr_equal(mls_group_last_refusal(BOB->group), reason);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &vote, true, &own),
	    ERR_PEER_DENIED);
	assert_ptr_equal(mls_group_last_refusal(BOB->group), reason);
	view.reason = NULL; /* it need not give one */
	assert_int_equal(mls_group_commit(BOB->group, &BOB->me, &change, &none),
			 ERR_PEER_DENIED);
	assert_null(mls_group_last_refusal(BOB->group));
	mls_group_authenticate(BOB->group, NULL);
	BOB->me.authentication = NULL;
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	mls_group_discard(ALICE->group);
	mls_commit_clear(&commit);
	member_commit(ALICE, NULL, 0, NULL, 0, true, &commit);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	buf_clear(&message);
	buf_clear(&view.text);
	rules_end(rules);
}

static void test_reason_of_joiner(void **state)
{
	const char *said = NULL;
	struct mls_external how = { .resync = false };
	struct member *others[1];
	struct buf info = BUF_INIT;
	struct mls_commit none;
	struct rules rules[1];
	struct view view;
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	others[0] = DAVE;
	refuses(&view, DAVE);
	DAVE->me.refusal = &said;
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &DAVE->group, &none),
			 ERR_PEER_DENIED);
	assert_ptr_equal(said, reason);
	view.keeps_kind = true; /* the group may be, the commit may not */
	view.kind = MLS_STAGED_EXTERNAL_COMMIT;
	said = NULL;
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &DAVE->group, &none),
			 ERR_PEER_DENIED);
	assert_ptr_equal(said, reason);
	view.kind = MLS_STAGED_GROUP;
	said = NULL;
	member_key_package(DAVE);
	member_commit(ALICE, others, 1, NULL, 0, true, &none);
	assert_int_equal(mls_group_join(&DAVE->me, buf_span(&none.welcome),
					SPAN_EMPTY,
					buf_span(&DAVE->key_package),
					&DAVE->secrets, &DAVE->group),
			 ERR_PEER_DENIED);
	assert_ptr_equal(said, reason);
	DAVE->me.authentication = NULL;
	member_follow(BOB, buf_span(&none.commit));
	member_follow(CAROL, buf_span(&none.commit));
	mls_commit_clear(&none);
	buf_clear(&info);
	buf_clear(&view.text);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_reason_of_joiner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
