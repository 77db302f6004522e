/* A failure leaves the group as it was: every allocation of every function of
 * mls/group.h fails once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "mls/components.h"
#include "mls/read.h"
#include "tests/testlib/shelf.h"
#include "tests/testlib/starve_world.h"

/* ---- without a group ---- */

static enum err key_package(struct scene *s)
{
	return mls_key_package_create(&s->m->me, s->flag, &s->secrets,
				      &s->bytes);
}

static enum err key_package_ref(struct scene *s)
{
	return mls_key_package_ref(s->m->me.suite, s->in, &s->bytes);
}

static enum err create(struct scene *s)
{
	return mls_group_create(&s->m->me, SPAN_LIT("another"), s->in,
				&s->group);
}

static enum err dictionary(struct scene *s)
{
	const struct mls_component one = { 1, s->in };

	return mls_dictionary_put(&s->bytes, &one, 1);
}

static enum err from_outside(struct scene *s)
{
	return mls_propose_from_outside(&s->m->me, SPAN_LIT("group"), 4,
					s->index, s->proposal, &s->bytes);
}

static void test_outside(void **state)
{
	static const struct mls_external_psk psk = {
		{ (const uint8_t *)"id", 2 }, { (const uint8_t *)"key", 3 }
	};
	static const uint32_t zero = 0;
	struct world *w = *state;
	struct scene s = { .m = DAVE };
	struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
	struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE };

	starve_each("key package", key_package, &s);
	s.flag = true;
	starve_each("key package of last resort", key_package, &s);
	s.in = buf_span(&DAVE->key_package);
	starve_each("key package ref", key_package_ref, &s);
	starve_each("dictionary", dictionary, &s);
	DAVE->me.psks = &psk;
	DAVE->me.psk_count = 1;
	s.in = buf_span(&w->extensions);
	starve_each("create", create, &s);
	DAVE->me.psk_count = 0;
	add.key_package = buf_span(&DAVE->key_package);
	s.proposal = &add;
	starve_each("add from outside", from_outside, &s);
	s.m = ERIN;
	s.index = &zero;
	remove.removed = 1;
	s.proposal = &remove;
	starve_each("remove from outside", from_outside, &s);
}

/* ---- asking ---- */

static enum err export(struct scene *s) {
	return s->flag
		   ? mls_group_export_past(s->m->group, 3, "label",
					   SPAN_LIT("context"), 32, &s->secret)
		   : mls_group_export(s->m->group, "label", SPAN_LIT("context"),
				      32, &s->secret);
}

static enum err export_long(struct scene *s)
{
	return mls_group_export_long(s->m->group, "label", SPAN_LIT("context"),
				     1000, &s->bytes);
}

static enum err info(struct scene *s)
{
	return mls_group_info(s->m->group, &s->m->me, s->flag, &s->bytes);
}

static enum err info_staged(struct scene *s)
{
	return mls_group_info_staged(s->m->group, &s->m->me, true, &s->bytes);
}

static enum err tree(struct scene *s)
{
	return mls_group_tree(s->m->group, &s->bytes);
}

static enum err add_psk(struct scene *s)
{
	return mls_group_add_psk(s->m->group, s->in, SPAN_LIT("another"));
}

static enum err save(struct scene *s)
{
	return mls_group_save(s->m->group, &s->bytes);
}

static enum err load(struct scene *s)
{
	return mls_group_load(s->in, &s->group);
}

static enum err sees(void *context, const struct mls_group *group,
		     const struct mls_staged *staged)
{
	struct scene *s = context;

	(void)group;
	buf_put(&s->bytes, staged->committer.after.identity);
	return buf_end(&s->bytes);
}

static enum err staged(struct scene *s)
{
	return mls_group_staged(s->m->group, sees, s);
}

static enum err merge(struct scene *s)
{
	enum err e = mls_group_keep_past(s->m->group, 2);

	return e != ERR_OK ? e : mls_group_merge(s->m->group);
}

static void test_asking(void **state)
{
	struct mls_change change = { .force_path = true };
	struct world *w = *state;
	struct scene s = { .m = ALICE };
	struct buf saved = BUF_INIT;
	struct mls_commit commit;

	starve_each("export", export, &s);
	starve_each("a long export", export_long, &s);
	starve_each("info", info, &s);
	starve_each("tree", tree, &s);
	s.in = SPAN_LIT("new");
	starve_each("a PSK", add_psk, &s);
	s.in = PSK_ID;
	starve_each("a PSK again", add_psk, &s);
	s.flag = true;
	starve_each("export of the past", export, &s);
	starve_each("info with the tree", info, &s);
	commit_of(ALICE, &change, &commit);
	starve_each("info of what is staged", info_staged, &s);
	starve_each("looking at what is staged", staged, &s);
	starve_each("save", save, &s);
	starve_state(ALICE, &saved);
	s.in = buf_span(&saved);
	starve_each("load", load, &s);
	starve_each("merge", merge, &s);
	mls_group_discard(ALICE->group);
	mls_commit_clear(&commit);
	buf_clear(&saved);
}

/* ---- sending ---- */

static enum err protect(struct scene *s)
{
	return mls_group_protect(s->m->group, &s->m->me, SPAN_LIT("seen"),
				 SPAN_LIT("said"), &s->bytes);
}

static enum err propose(struct scene *s)
{
	return mls_group_propose(s->m->group, &s->m->me, s->proposal, s->flag,
				 &s->bytes);
}

static void test_sending(void **state)
{
	struct mls_proposal list[PROPOSALS];
	struct world *w = *state;
	struct scene s = { .m = ALICE };
	struct member next;
	char name[64];

	starve_each("protect", protect, &s);
	renewed(ALICE, &next);
	all_proposals(w, &next, list);
	for (size_t i = 0; i < PROPOSALS; i++) {
		s.proposal = &list[i];
		s.flag = i % 2 == 0;
		(void)snprintf(name, sizeof(name), "proposal %zu", i);
		starve_each(name, propose, &s);
	}
	member_clear(&next);
}

/* ---- committing ---- */

static enum err commit(struct scene *s)
{
	return mls_group_commit(s->m->group, &s->m->me, s->change, &s->commit);
}

static bool each(void *context, struct span ref,
		 const struct mls_staged_proposal *proposal)
{
	struct scene *s = context;

	(void)proposal;
	buf_put(&s->bytes, ref);
	return false;
}

static enum err drop(struct scene *s)
{
	enum err e = mls_group_each_pending(s->m->group, each, s);

	if (e == ERR_OK)
		e = buf_end(&s->bytes);
	return e != ERR_OK
		   ? e
		   : mls_group_drop_pending(s->m->group, buf_span(&s->bytes));
}

/* A signature that is made elsewhere, where there is memory. */
static enum err sign_elsewhere(void *context, struct span message,
			       struct buf *signature)
{
	bool counting = starve.counting;
	enum err e;

	starve.counting = false;
	e = sign_sign(context, message, signature);
	starve.counting = counting;
	return e;
}

static void commit_by_token(struct scene *s)
{
	struct mls_identity *me = &s->m->me;
	struct span key = me->signature_private;
	struct sign_by by = { .sign = sign_elsewhere };
	struct sign_key *parsed = NULL;

	assert_int_equal(sign_private_parse(me->suite, key, &parsed), ERR_OK);
	by.context = parsed;
	me->signer = &by;
	me->signature_private = SPAN_EMPTY;
	starve_each("commit signed elsewhere", commit, s);
	me->signer = NULL;
	me->signature_private = key;
	sign_key_free(parsed);
}

static void test_committing(void **state)
{
	static const uint32_t carol = 2;
	static const uint64_t past = 3;
	struct world *w = *state;
	struct span add = buf_span(&DAVE->key_package);
	struct span extensions = buf_span(&w->extensions);
	struct scene s = { .m = ALICE };
	struct member next;
	struct mls_change all = {
		.adds = &add,
		.add_count = 1,
		.removes = &carol,
		.remove_count = 1,
		.psks = &PSK_ID,
		.psk_count = 1,
		.resumptions = &past,
		.resumption_count = 1,
		.customs = &CUSTOM,
		.custom_count = 1,
		.app_data = &APP_DATA,
		.app_data_count = 1,
		.extensions = &extensions,
		.authenticated_data = SPAN_LIT("why"),
		.private_handshake = true,
	};
	struct mls_change alone = { .adds = &add, .add_count = 1 };
	struct mls_change reinit = { .reinit = &REINIT };
	struct mls_change renew = { .commit_pending_proposals = true };

	s.change = &all;
	starve_each("commit of everything", commit, &s);
	commit_by_token(&s);
	s.change = &alone;
	starve_each("commit without a path", commit, &s);
	alone.tree_beside_welcome = alone.without_group_info = true;
	starve_each("commit with the tree beside", commit, &s);
	s.change = &reinit;
	starve_each("commit of a reinit", commit, &s);
	renewed(ALICE, &next);
	renew.next = &next.me;
	gather(w, false);
	s.change = &renew;
	starve_each("commit of what is pending", commit, &s);
	starve_each("dropping what is pending", drop, &s);
	gather(w, true);
	starve_each("commit of some of what is pending", commit, &s);
	member_clear(&next);
}

/* ---- joining ---- */

static enum err join(struct scene *s)
{
	return mls_group_join(&s->m->me, s->in, s->more,
			      buf_span(&s->m->key_package), &s->m->secrets,
			      &s->group);
}

static bool each_ref(void *context, struct span ref)
{
	(void)context;
	(void)ref;
	return true;
}

/* Nothing is allocated, so nothing fails. */
static enum err read_all(struct scene *s)
{
	struct mls_key_package_content package;
	struct mls_group_info_content group_info;
	struct mls_message_head head;
	struct span components;
	enum err e;

	TRY(mls_dictionary_read(SPAN_ARRAY(DICTIONARY), &components));
	TRY(mls_message_read(s->in, &head));
	TRY(mls_group_info_read(s->in, &group_info));
	TRY(mls_key_package_read(s->more, &package));
out:
	return e;
}

static enum err refs(struct scene *s)
{
	return mls_welcome_each_ref(s->in, each_ref, NULL);
}

static enum err join_external(struct scene *s)
{
	struct mls_external how = { .resync = s->flag,
				    .authenticated_data = SPAN_LIT("why"),
				    .self_removes = &s->more,
				    .self_remove_count = s->more.n > 0 };

	return mls_group_join_external(&s->m->me, s->in, &how, &s->group,
				       &s->commit);
}

static void test_joining(void **state)
{
	struct world *w = *state;
	struct span add = buf_span(&DAVE->key_package);
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .force_path = true,
				     .psks = &PSK_ID,
				     .psk_count = 1 };
	struct mls_external_psk psk = { PSK_ID, PSK };
	struct scene s = { .m = DAVE };
	struct mls_commit made;
	struct buf tree_bytes = BUF_INIT;

	DAVE->me.psks = &psk;
	DAVE->me.psk_count = 1;
	commit_of(ALICE, &change, &made);
	s.in = buf_span(&made.welcome);
	starve_each("join", join, &s);
	starve_each("refs of a Welcome", refs, &s);
	mls_group_discard(ALICE->group);
	mls_commit_clear(&made);
	DAVE->me.psk_count = 0;
	assert_int_equal(
	    mls_group_info(ALICE->group, &ALICE->me, true, &tree_bytes),
	    ERR_OK);
	s.in = buf_span(&tree_bytes);
	s.more = buf_span(&DAVE->key_package);
	starve_each("reading", read_all, &s);
	s.more = SPAN_EMPTY;
	starve_each("join from outside", join_external, &s);
	s.m = CAROL;
	s.flag = true;
	starve_each("join again from outside", join_external, &s);
	buf_clear(&tree_bytes);
}

/* A commit takes Carol away, who said that she leaves; so does who joins. */
static void test_leaving(void **state)
{
	struct mls_change change = { .authenticated_data = SPAN_LIT("why") };
	struct world *w = *state;
	struct scene s = { .m = ALICE, .change = &change };
	struct buf message = BUF_INIT, info = BUF_INIT;

	carol_leaves(w, &message);
	starve_each("commit of who leaves", commit, &s);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	s.m = DAVE;
	s.in = buf_span(&info);
	s.more = buf_span(&message);
	starve_each("join as another leaves", join_external, &s);
	buf_clear(&message);
	buf_clear(&info);
}

/* ---- successors ---- */

static enum err reinit_group(struct scene *s)
{
	return mls_group_reinit(s->m->group, &s->m->me, &s->in, 1, &s->group,
				&s->commit);
}

static enum err branch(struct scene *s)
{
	return mls_group_branch(s->m->group, &s->m->me, SPAN_LIT("branch"),
				SPAN_EMPTY, &s->in, 1, &s->group, &s->commit);
}

static enum err join_successor(struct scene *s)
{
	return mls_group_join_successor(
	    s->m->group, &s->m->me, s->in, SPAN_EMPTY,
	    buf_span(&s->m->key_package), &s->m->secrets, &s->group);
}

static void test_successors(void **state)
{
	static const uint32_t carol = 2;
	struct world *w = *state;
	struct mls_reinit like = REINIT;
	struct mls_change remove = { .removes = &carol, .remove_count = 1 };
	struct mls_change change = { .reinit = &like };
	struct mls_group *made_group = NULL;
	struct mls_commit made;
	struct scene s = { .m = ALICE };

	like.cipher_suite = ALICE->me.suite->id;
	member_key_package(BOB);
	s.in = buf_span(&BOB->key_package);
	starve_each("branch", branch, &s);
	commit_of(ALICE, &remove, &made);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&made.commit));
	mls_commit_clear(&made);
	commit_of(ALICE, &change, &made);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&made.commit));
	mls_commit_clear(&made);
	starve_each("reinit", reinit_group, &s);
	assert_int_equal(mls_group_reinit(ALICE->group, &ALICE->me, &s.in, 1,
					  &made_group, &made),
			 ERR_OK);
	s.m = BOB;
	s.in = buf_span(&made.welcome);
	starve_each("join of a successor", join_successor, &s);
	mls_group_free(made_group);
	mls_commit_clear(&made);
}

/* ---- items: what cannot be stored is stored by the next call ---- */

static struct shelf shelf;

/* The shelf itself has memory. */

static enum err fed_put(void *context, struct span key, struct span value)
{
	bool counting = starve.counting;
	enum err e;

	starve.counting = false;
	e = shelf_put(context, key, value);
	starve.counting = counting;
	return e;
}

static enum err fed_get(void *context, struct span key, struct buf *value)
{
	bool counting = starve.counting;
	enum err e;

	starve.counting = false;
	e = shelf_get(context, key, value);
	starve.counting = counting;
	return e;
}

static void open_shelf(void)
{
	shelf_init(&shelf);
	shelf_count(&shelf);
	shelf.port.put = fed_put;
	shelf.port.get = fed_get;
}

static enum err store(struct scene *s)
{
	return mls_group_store(s->m->group, &shelf.port);
}

static enum err restore(struct scene *s)
{
	return mls_group_restore(&shelf.port, &s->group);
}

static void is_stored(const struct member *m)
{
	struct buf live = BUF_INIT, stored = BUF_INIT;
	struct mls_group *again = NULL;

	assert_int_equal(mls_group_restore(&shelf.port, &again), ERR_OK);
	assert_int_equal(mls_group_save(m->group, &live), ERR_OK);
	assert_int_equal(mls_group_save(again, &stored), ERR_OK);
	assert_true(span_equal(buf_span(&live), buf_span(&stored)));
	mls_group_free(again);
	buf_clear(&live);
	buf_clear(&stored);
}

static void test_items(void **state)
{
	struct mls_change change = { .force_path = true };
	struct world *w = *state;
	struct scene s = { .m = ALICE };
	struct mls_commit made;

	open_shelf();
	starve_each("store", store, &s);
	assert_int_equal(store(&s), ERR_OK);
	is_stored(ALICE);
	commit_of(ALICE, &change, &made);
	starve_each("store what is staged", store, &s);
	assert_int_equal(store(&s), ERR_OK);
	is_stored(ALICE);
	starve_each("restore", restore, &s);
	mls_commit_clear(&made);
	shelf_clear(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARVED(test_outside),	    STARVED(test_asking),
		STARVED(test_sending),	    STARVED(test_committing),
		STARVED(test_joining),	    STARVED(test_successors),
		STARVED_NIST(test_outside), STARVED_NIST(test_joining),
		STARVED(test_items),	    STARVED(test_leaving),
	};

	if (!starve_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
