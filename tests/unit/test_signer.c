/* Signatures by a callback (mls_identity.signer): the private key is elsewhere,
 * and whatever needs a signature fails as the callback does, without a trace. And by
 * a key that is parsed once for all calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/rules.h"

/* A token: it has the key of one member, and may be pulled out. */
struct token {
	const struct suite *suite;
	struct sec key;
	struct sign_by by;
	size_t asked;
	size_t fail_at; /* the how manieth is not answered; 0: all are */
	bool spoils;	/* what it answers is no signature of the message */
};

static struct token tokens[RULES_MEMBERS + 2];
static size_t token_count;
static struct sign_key *keys[3];
static size_t key_count;

static enum err token_sign(void *context, struct span message,
			   struct buf *signature)
{
	struct token *token = context;
	struct sign_key *key = NULL;
	enum err e;

	ENSURE(++token->asked != token->fail_at, ERR_LOCAL_IO);
	TRY(sign_private_parse(token->suite, sec_span(&token->key), &key));
	TRY(sign_sign(key, message, signature));
	if (token->spoils)
		signature->p[signature->n - 1] ^= 1;
out:
	sign_key_free(key);
	return e;
}

/* Its key moves to a token; in the member nothing is left of it. */
static void goes_to_token(struct member *m)
{
	struct token *token = &tokens[token_count++];

	*token = (struct token){ .suite = m->me.suite,
				 .key = m->signature_private,
				 .by = { token_sign, token } };
	sec_clear(&m->signature_private);
	m->me.signature_private = SPAN_EMPTY;
	m->me.signer = &token->by;
}

static void init(struct rules *rules)
{
	token_count = 0;
	rules_init_with(rules, SPAN_EMPTY, goes_to_token);
}

/* It is parsed once, and no bytes of it are left in the member. */
static void is_parsed(struct member *m)
{
	struct sign_key *key = NULL;

	assert_int_equal(
	    sign_private_parse(m->me.suite, m->me.signature_private, &key),
	    ERR_OK);
	m->me.signature_private = SPAN_EMPTY;
	m->me.signature_parsed = key;
	keys[key_count++] = key;
}

/* ---- everything that a member signs, with each suite ---- */

static void run_suite(const struct suite *suite,
		      void (*leaves)(struct member *))
{
	struct member all[3];
	struct member *others[] = { &all[1] };
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct buf info = BUF_INIT, proposal = BUF_INIT;
	struct mls_commit commit;

	token_count = 0;
	for (size_t i = 0; i < 3; i++) {
		member_init(&all[i], suite, i == 0 ? "a" : i == 1 ? "b" : "c");
		leaves(&all[i]);
	}
	member_create(&all[0], "group");
	member_commit(&all[0], others, 1, NULL, 0, true, &commit);
	member_join(&all[1], &commit);
	mls_commit_clear(&commit);
	assert_int_equal(mls_group_propose(all[1].group, &all[1].me, &update,
					   true, &proposal),
			 ERR_OK);
	rules_keep(&all[0], buf_span(&proposal));
	member_commit(&all[0], NULL, 0, NULL, 0, true, &commit);
	member_follow(&all[1], buf_span(&commit.commit));
	mls_commit_clear(&commit);
	assert_int_equal(mls_group_info(all[1].group, &all[1].me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&all[2].me, buf_span(&info),
						 &(struct mls_external){ 0 },
						 &all[2].group, &commit),
			 ERR_OK);
	assert_int_equal(mls_group_merge(all[2].group), ERR_OK);
	member_follow(&all[0], buf_span(&commit.commit));
	member_follow(&all[1], buf_span(&commit.commit));
	members_talk(all, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(leaves == is_parsed || tokens[i].asked > 0);
		member_clear(&all[i]);
	}
	mls_commit_clear(&commit);
	buf_clear(&info);
	buf_clear(&proposal);
}

static void test_suites(void **state)
{
	size_t count;
	const struct suite *table = suite_table(&count);
	(void)state;

	for (size_t i = 0; i < count; i++)
		if (suite_usable(&table[i])) {
			run_suite(&table[i], goes_to_token);
			run_suite(&table[i], is_parsed);
			while (key_count > 0)
				sign_key_free(keys[--key_count]);
		}
}

/* ---- a token that does not answer, or answers wrongly ---- */

struct doing {
	struct member *m;
	struct span add;
	struct span info;
};

static enum err commits(struct doing *d)
{
	struct mls_change change = { .adds = &d->add,
				     .add_count = 1,
				     .force_path = true,
				     .tree_beside_welcome = true };
	struct mls_commit commit;
	enum err e = mls_group_commit(d->m->group, &d->m->me, &change, &commit);

	mls_commit_clear(&commit);
	if (e == ERR_OK)
		mls_group_discard(d->m->group);
	return e;
}

static enum err proposes(struct doing *d)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct buf message = BUF_INIT;
	enum err e =
	    mls_group_propose(d->m->group, &d->m->me, &update, false, &message);

	assert_int_equal(message.n == 0, e != ERR_OK);
	buf_clear(&message);
	return e;
}

static enum err sends(struct doing *d)
{
	struct buf message = BUF_INIT;
	enum err e = mls_group_protect(d->m->group, &d->m->me, SPAN_EMPTY,
				       SPAN_LIT("text"), &message);

	assert_int_equal(message.n == 0, e != ERR_OK);
	buf_clear(&message);
	return e;
}

static enum err informs(struct doing *d)
{
	struct buf message = BUF_INIT;
	enum err e = mls_group_info(d->m->group, &d->m->me, true, &message);

	assert_int_equal(message.n == 0, e != ERR_OK);
	buf_clear(&message);
	return e;
}

static enum err packs(struct doing *d)
{
	struct mls_key_package_secrets secrets = { 0 };
	struct buf package = BUF_INIT;
	enum err e =
	    mls_key_package_create(&d->m->me, false, &secrets, &package);

	assert_int_equal(secrets.init_private.n == 0, e != ERR_OK);
	mls_key_package_secrets_clear(&secrets);
	buf_clear(&package);
	return e;
}

static enum err enters(struct doing *d)
{
	struct mls_external resync = { .resync = true };
	struct mls_group *group = NULL;
	struct mls_commit commit;
	enum err e = mls_group_join_external(&d->m->me, d->info, &resync,
					     &group, &commit);

	assert_int_equal(group == NULL, e != ERR_OK);
	mls_commit_clear(&commit);
	mls_group_free(group);
	return e;
}

static enum err founds(struct doing *d)
{
	struct mls_group *group = NULL;
	enum err e =
	    mls_group_create(&d->m->me, SPAN_LIT("other"), SPAN_EMPTY, &group);

	mls_group_free(group);
	return e;
}

static void is_as_before(const struct member *m, struct span before)
{
	struct buf after = BUF_INIT;

	assert_int_equal(mls_group_save(m->group, &after), ERR_OK);
	assert_true(span_equal(buf_span(&after), before));
	buf_clear(&after);
}

/* Each of its signatures fails once, or is wrong; then it does well. */
static void check(struct doing *d, struct token *token, size_t signatures,
		  enum err (*what)(struct doing *d))
{
	struct buf before = BUF_INIT;

	assert_int_equal(mls_group_save(d->m->group, &before), ERR_OK);
	for (size_t i = 1; i <= signatures; i++) {
		token->asked = 0;
		token->fail_at = i;
		assert_int_equal(what(d), ERR_LOCAL_IO);
		is_as_before(d->m, buf_span(&before));
	}
	token->fail_at = 0;
	token->spoils = true;
	assert_int_equal(what(d), ERR_LOCAL_CRYPTO);
	is_as_before(d->m, buf_span(&before));
	token->spoils = false;
	token->asked = 0;
	assert_int_equal(what(d), ERR_OK);
	assert_int_equal(token->asked, signatures);
	buf_clear(&before);
}

static void test_failures(void **state)
{
	struct token *token = &tokens[1];
	struct buf info = BUF_INIT;
	struct rules rules[1];
	struct doing d = { .m = BOB };
	(void)state;

	init(rules);
	member_key_package(DAVE);
	d.add = buf_span(&DAVE->key_package);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	d.info = buf_span(&info);
	check(&d, token, 1, sends);
	check(&d, token, 4, commits); /* leaf, commit, two GroupInfos */
	check(&d, token, 1, informs);
	check(&d, token, 2, packs);
	check(&d, token, 1, founds);
	check(&d, token, 3, enters);
	check(&d, token, 2, proposes);
	buf_clear(&info);
	rules_end(rules);
}

/* Who has a key goes on with a token, and back; each says who it is. */
static void test_change(void **state)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit commit;
	struct member next;
	struct mls_identity old;
	struct rules rules[1];
	(void)state;

	token_count = 0;
	rules_init(rules, SPAN_EMPTY);
	member_init(&next, rules_suite(), "carol/2");
	goes_to_token(&next);
	old = CAROL->me;
	change.next = &next.me;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_OK);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	assert_int_equal(mls_group_merge(CAROL->group), ERR_OK);
	CAROL->me = next.me;
	CAROL->me.credential_identity = old.credential_identity;
	members_talk(rules->all, RULES_MEMBERS);
	/* without the token there is no key, not even one of before */
	CAROL->me.signer = NULL;
	change.next = NULL;
	assert_true(mls_group_commit(CAROL->group, &CAROL->me, &change,
				     &commit) != ERR_OK);
	assert_true(sends(&(struct doing){ .m = CAROL }) != ERR_OK);
	CAROL->me.signer = next.me.signer;
	change.next = &old;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_OK);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	assert_int_equal(mls_group_merge(CAROL->group), ERR_OK);
	CAROL->me = old;
	rules_end(rules);
	member_clear(&next);
}

/* A public key that is none is told before the token is asked. */
static void test_no_key(void **state)
{
	struct sign_key *key = NULL;
	struct token token = { .by = { token_sign, &token } };
	(void)state;

	assert_int_equal(
	    sign_key_by(rules_suite(), &token.by, SPAN_LIT("x"), &key),
	    ERR_PEER_INVALID);
	assert_null(key);
	assert_int_equal(token.asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
