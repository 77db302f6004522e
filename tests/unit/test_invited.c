/* Who may come into a session from outside, and who may say so: each rule of
 * check/invited.h broken once, by the check that the server makes, by every member and by
 * a walk alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/invited.h"
#include "tests/testlib/court.h"
#include "wire/extension.h"
#include "wire/generation.h"

static const char uninvited[] = "no member has invited";
static const char ended[] = "an invitation stays that has ended";

static struct span extensions_of(const struct court *c)
{
	return mls_group_extensions(session_group(c->all[ALICE].session));
}

static uint64_t epoch_of(const struct court *c)
{
	return mls_group_epoch(session_group(c->all[ALICE].session));
}

static struct invited list_of(const struct court *c)
{
	struct invited list;

	assert_int_equal(session_invited(c->all[ALICE].session, &list), ERR_OK);
	return list;
}

static bool is_invited(const struct court *c, const char *user)
{
	const struct invited list = list_of(c);
	struct invitation one;

	return invited_find(&list, span_str(user), &one);
}

/* What a good member makes of it. */
static void put(const struct court *c, int by, const char *user, bool invited,
		struct buf *extensions)
{
	buf_reset(extensions);
	assert_int_equal(session_put_invitation(c->all[by].session,
						span_str(user), invited,
						extensions),
			 ERR_OK);
}

static void accept(struct court *c, int by, const char *user, bool invited)
{
	struct buf extensions = BUF_INIT;
	struct span content;
	const struct mls_change change = { .extensions = &content };

	put(c, by, user, invited, &extensions);
	content = buf_span(&extensions);
	court_accept(c, by, &change, -1);
	buf_clear(&extensions);
	assert_true(is_invited(c, user) == invited);
}

static void refuse(struct court *c, int by, const char *user, bool invited,
		   const char *word)
{
	struct buf extensions = BUF_INIT;
	struct span content;
	const struct mls_change change = { .extensions = &content };

	put(c, by, user, invited, &extensions);
	content = buf_span(&extensions);
	court_refuse(c, by, &change, word, true);
	buf_clear(&extensions);
}

/* A commit with exactly this list, or (`data` empty) with none. */
static void cheat_list(struct court *c, int by, struct span data,
		       const char *word, bool denied)
{
	struct buf whole = BUF_INIT, extensions = BUF_INIT;
	struct member member = court_member(&c->all[by]);
	struct cheat_item item;
	const struct cheat how = { .by = &member, .items = &item, .count = 1 };

	if (data.n > 0)
		wire_extension_put(&whole, INVITED_EXTENSION, data);
	wire_extensions_put_with(&extensions, extensions_of(c),
				 INVITED_EXTENSION, buf_span(&whole));
	assert_int_equal(buf_end(&whole), ERR_OK);
	assert_int_equal(buf_end(&extensions), ERR_OK);
	item = cheat_extensions(buf_span(&extensions));
	if (word != NULL)
		court_refuse_cheat(c, &how, word, denied);
	else
		court_accept_cheat(c, &how);
	buf_clear(&whole);
	buf_clear(&extensions);
}

/* The list with one more. `word` NULL: it is good, and `by` leaves the court. */
static void cheat_row(struct court *c, int by, const char *user,
		      const char *name, uint64_t last, const char *word)
{
	const struct invited list = list_of(c);
	struct invitation one = { span_str(user), span_str(name), last };
	struct buf whole = BUF_INIT;
	struct span data;

	assert_int_equal(invited_put_with(&list, &one, &whole), ERR_OK);
	assert_true(
	    wire_extensions_find(buf_span(&whole), INVITED_EXTENSION, &data));
	cheat_list(c, by, data, word, true);
	buf_clear(&whole);
}

static void test_let_in(void **state)
{
	struct court *c = *state;
	const struct mls_change keys = { .force_path = true };

	court_join(c, DAVE, false, uninvited);
	accept(c, CAROL, "dave", true);
	court_join(c, DAVE, false, NULL);
	assert_true(is_invited(c, "dave")); /* who joins changes nothing */
	court_accept(c, BOB, &keys, -1);
	assert_false(is_invited(c, "dave"));
	court_join(c, DAVE, true, NULL); /* again: by its own leaf */
}

/* There is no replay: a later act of a member is needed. */
static void test_removed(void **state)
{
	struct court *c = *state;

	accept(c, CAROL, "dave", true);
	court_join(c, DAVE, false, NULL);
	court_remove(c, BOB, DAVE);
	assert_false(is_invited(c, "dave"));
	court_join(c, DAVE, false, uninvited);
	accept(c, ALICE, "dave", true);
	court_join(c, DAVE, false, NULL);
	court_remove(c, ALICE, CAROL);
	court_join(c, CAROL2, false, uninvited);
}

/* Who is added is in by that, and not by an older invitation. */
static void test_added(void **state)
{
	struct court *c = *state;

	accept(c, ALICE, "dave", true);
	court_add(c, BOB, DAVE);
	assert_false(is_invited(c, "dave"));
}

static void test_taken_back(void **state)
{
	struct court *c = *state;

	court_add(c, BOB, DAVE);
	accept(c, CAROL, "zoe", true);
	refuse(c, DAVE, "zoe", false, "takes who made it");
	accept(c, CAROL, "zoe", false);
	accept(c, CAROL, "zoe", true);
	accept(c, BOB, "zoe", false); /* an admin */
}

/* What has ended has to go, with whatever commit. */
static void test_has_to_go(void **state)
{
	struct court *c = *state;
	struct member alice;
	const struct cheat nothing = { .by = &alice };

	cheat_row(c, ALICE, "bob", "alice", epoch_of(c) + 2, ended);
	accept(c, CAROL, "dave", true);
	court_join(c, DAVE, false, NULL);
	alice = court_member(&c->all[ALICE]);
	court_refuse_cheat(c, &nothing, ended, true);
}

static void test_epochs(void **state)
{
	struct court *c = *state;
	uint64_t behind = epoch_of(c) + 1;

	cheat_row(c, ALICE, "dave", "alice", behind - 1, ended);
	cheat_row(c, ALICE, "dave", "alice", behind + CHECK_INVITED_EPOCHS + 1,
		  "for too long");
	court_remove(c, ALICE, CAROL);
	accept(c, BOB, "carol", true);
	behind = epoch_of(c) + 1;
	cheat_row(c, ALICE2, "dave", "alice", behind + 1, NULL);
	cheat_row(c, ALICE, "dave", "alice", behind + 9,
		  "nobody changes an invitation");
	court_join(c, CAROL2, false, NULL);
	court_join(c, CAROL2, true, NULL); /* which ends the last epoch */
	court_join(c, DAVE, false, uninvited);
	accept(c, ALICE, "dave", true); /* in the place of what has run out */
	court_join(c, DAVE, false, NULL);
}

/* Whoever is removed lets nobody in any more. */
static void test_inviter_removed(void **state)
{
	struct court *c = *state;
	struct member bob;
	struct cheat_item item;
	const struct cheat how = { .by = &bob, .items = &item, .count = 1 };

	accept(c, CAROL, "dave", true);
	accept(c, ALICE, "zoe", true);
	bob = court_member(&c->all[BOB]);
	item = cheat_remove(court_leaf(&c->all[CAROL]));
	court_refuse_cheat(c, &how, ended, true);
	court_remove(c, BOB, CAROL);
	assert_false(is_invited(c, "dave"));
	court_join(c, DAVE, false, uninvited);
	court_remove(c, ALICE, ALICE2); /* another leaf of that inviter stays */
	assert_true(is_invited(c, "zoe"));
}

static void test_bound(void **state)
{
	struct court *c = *state;
	char user[] = "user-a";
	size_t count;

	for (size_t i = 0; i < CHECK_INVITED_BY; i++, user[5]++)
		accept(c, CAROL, user, true);
	assert_int_equal(session_count_invitations(c->all[CAROL].session,
						   SPAN_EMPTY, &count),
			 ERR_OK);
	assert_int_equal(count, CHECK_INVITED_BY);
	refuse(c, CAROL, "zoe", true, "too many invitations");
	accept(c, CAROL, "user-a", false);
	accept(c, CAROL, "dave", true);
	accept(c, BOB, "zoe", true);
	/* who came in counts no more */
	court_join(c, DAVE, false, NULL);
	assert_int_equal(session_count_invitations(c->all[CAROL].session,
						   SPAN_EMPTY, &count),
			 ERR_OK);
	assert_int_equal(count, CHECK_INVITED_BY - 1);
	accept(c, CAROL, "user-a", true);
}

static void reinit_by(struct court *c, int by, struct span extensions,
		      const char *word)
{
	uint8_t id[GENERATION_GROUP_ID_MAX];
	const struct mls_reinit next = {
		.group_id = span_of(id, generation_group_id(world_id, 1, id)),
		.cipher_suite = SUITE_X448_AES256GCM_SHA512_ED448,
		.extensions = extensions,
	};
	const struct mls_change change = { .reinit = &next };

	if (word != NULL)
		court_refuse(c, by, &change, word, true);
	else
		court_accept(c, by, &change, -1);
}

static void reinit(struct court *c, struct span extensions, const char *word)
{
	reinit_by(c, BOB, extensions, word);
}

static void bring(struct court *c, int by, struct span list, const char *word)
{
	struct buf next = BUF_INIT, whole = BUF_INIT;

	wire_extension_put(&whole, INVITED_EXTENSION, list);
	assert_int_equal(buf_end(&whole), ERR_OK);
	wire_extensions_put_with(&next, extensions_of(c), INVITED_EXTENSION,
				 buf_span(&whole));
	assert_int_equal(buf_end(&next), ERR_OK);
	reinit_by(c, by, buf_span(&next), word);
	buf_clear(&next);
	buf_clear(&whole);
}

/* To a group that has none an owner's ReInit brings the list. */
static void test_brought(void **state)
{
	struct court *c = *state;

	bring(c, BOB, SPAN_LIT("\0\0"), "for an owner to say first");
	bring(c, ALICE, SPAN_LIT("\0\x10\1d\5alice\0\0\0\0\0\0\0\11"),
	      "begins with invitations");
	bring(c, ALICE, SPAN_LIT("\0\0"), NULL);
}

/* The next group has what stands, counted from its own first epoch. */
static void test_carried(void **state)
{
	static const char other[] = "carries on the invitations that stand";
	struct buf list = BUF_INIT, next = BUF_INIT, now = BUF_INIT;
	struct court *c = *state;
	struct invited carried;
	struct invitation one;

	cheat_row(c, ALICE2, "zoe", "alice", epoch_of(c) + 21, NULL);
	accept(c, CAROL, "dave", true);
	court_join(c, DAVE, false, NULL);
	buf_put(&now, extensions_of(c));
	reinit(c, buf_span(&now), other);
	assert_int_equal(invited_put_carried(c->all[BOB].session, &list),
			 ERR_OK);
	wire_extensions_put_with(&next, buf_span(&now), INVITED_EXTENSION,
				 SPAN_EMPTY);
	reinit(c, buf_span(&next), "whether a session is open");
	buf_reset(&next);
	wire_extensions_put_with(&next, buf_span(&now), INVITED_EXTENSION,
				 buf_span(&list));
	assert_int_equal(invited_read(buf_span(&next), &carried), ERR_OK);
	assert_false(invited_find(&carried, SPAN_LIT("dave"), &one));
	assert_true(invited_find(&carried, SPAN_LIT("zoe"), &one));
	/* 20 epochs were left; two commits went, and the ReInit is one */
	assert_int_equal(one.last, 1 + 17);
	reinit(c, buf_span(&next), NULL);
	buf_clear(&list);
	buf_clear(&next);
	buf_clear(&now);
}

static void test_names(void **state)
{
	struct court *c = *state;

	cheat_row(c, CAROL, "dave", "alice", epoch_of(c) + 2,
		  "in the name of who commits");
}

/* A ban ends it; and nobody banned is invited. */
static void test_banned(void **state)
{
	struct buf extensions = BUF_INIT;
	struct court *c = *state;
	struct span content;
	const struct mls_change ban = { .extensions = &content };

	accept(c, CAROL, "dave", true);
	assert_int_equal(session_put_ban(c->all[BOB].session, SPAN_LIT("dave"),
					 true, &extensions),
			 ERR_OK);
	content = buf_span(&extensions);
	court_accept(c, BOB, &ban, -1);
	assert_false(is_invited(c, "dave"));
	cheat_row(c, ALICE, "dave", "alice", epoch_of(c) + 2, ended);
	buf_clear(&extensions);
}

static void test_policy(void **state)
{
	struct court *c = *state;

	cheat_list(c, ALICE, SPAN_LIT("\1\0"), "session is open", true);
	cheat_list(c, ALICE, SPAN_EMPTY, "session is open", true);
}

static void test_open(void **state)
{
	struct court *c = *state;

	cheat_list(c, ALICE, SPAN_LIT("\0\0"), "session is open", true);
	court_join(c, DAVE, false, NULL);
}

/* A session of before: the server alone knows who is invited. */
static void test_before(void **state)
{
	struct court *c = *state;

	cheat_list(c, ALICE, SPAN_LIT("\0\0"), "session is open", true);
	court_join(c, DAVE, false, NULL);
}

#define ROW "\1d\5alice\0\0\0\0\0\0\0\11"

static void test_bytes(void **state)
{
	static const char wrong[] = "does not decode";
	struct court *c = *state;

	cheat_list(c, ALICE, SPAN_LIT("\2\0"), wrong, false);
	cheat_list(c, ALICE, SPAN_LIT("\0\0x"), wrong, false);
	cheat_list(c, ALICE, SPAN_LIT("\0\4\1d\1a"), wrong, false);
	cheat_list(c, ALICE, SPAN_LIT("\0\x0a\0\0\0\0\0\0\0\0\0\11"), wrong,
		   false);
	cheat_list(c, ALICE, SPAN_LIT("\0\x20" ROW ROW), wrong, false);
}

int main(void)
{
#define TEST(name, setup)                                                      \
	cmocka_unit_test_setup_teardown(name, setup, court_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_let_in, court_setup_invited),
		TEST(test_removed, court_setup_invited),
		TEST(test_added, court_setup_invited),
		TEST(test_taken_back, court_setup_invited),
		TEST(test_has_to_go, court_setup_invited),
		TEST(test_epochs, court_setup_invited),
		TEST(test_inviter_removed, court_setup_invited),
		TEST(test_bound, court_setup_invited),
		TEST(test_carried, court_setup_invited),
		TEST(test_names, court_setup_invited),
		TEST(test_banned, court_setup_invited),
		TEST(test_policy, court_setup_invited),
		TEST(test_open, court_setup_open),
		TEST(test_before, court_setup),
		TEST(test_brought, court_setup),
		TEST(test_bytes, court_setup_invited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
