/* Commits that are right as far as one sees without keys, and that no member can
 * process: they are refused, and their signer is named; nobody is named who has
 * not signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/epoch.h"
#include "tests/testlib/court.h"

struct expected {
	const char *who; /* NULL: nobody is named */
	bool broken, external, newcomer;
	enum err refused;
};

static void compare(const struct session_event *event,
		    const struct expected *expected)
{
	const char *who = expected->who != NULL ? expected->who : "";

	assert_int_equal(event->kind, SESSION_REFUSED);
	assert_true(span_equal(buf_span(&event->identity), span_str(who)));
	assert_int_equal(event->broken, expected->broken);
	assert_int_equal(event->external_join, expected->external);
	assert_int_equal(event->newcomer, expected->newcomer);
	assert_int_equal(event->refused, expected->refused);
}

/* All members but its maker see the same in it, and whoever walks takes it if it
 * is broken. */
static void see(struct court *c, struct span commit,
		const struct expected *expected)
{
	struct check_walk *walk = NULL;
	struct session_event event;
	uint64_t seq;

	assert_int_equal(session_walk(c->all[ALICE].session, &walk), ERR_OK);
	assert_int_equal(check_walk_commit(walk, commit).wrong == NULL,
			 expected->broken);
	check_walk_free(walk);
	seq = ledger_post(&c->ledger, CHAIN_COMMIT, commit);
	for (int i = ALICE; i <= BOB; i++) {
		memset(&event, 0, sizeof(event));
		assert_int_equal(
		    device_receive(&c->all[i], &c->ledger, seq, &event),
		    ERR_OK);
		compare(&event, expected);
		session_event_clear(&event);
	}
	memset(&event, 0, sizeof(event));
	assert_int_equal(
	    device_receive(&c->all[CAROL], &c->ledger, seq, &event), ERR_OK);
	session_event_clear(&event);
	court_compare(c); /* nobody's group has changed */
}

static void see_cheat(struct court *c, const struct cheat *how,
		      const struct expected *expected)
{
	struct cheated made;

	cheat_commit(how, &made);
	see(c, buf_span(&made.message), expected);
	cheated_clear(&made);
}

static void spoil_tag(uint8_t *tag)
{
	tag[0] ^= 1;
}

static void spoil_secrets(struct treekem_update *update)
{
	for (size_t i = 0; i < update->path.count; i++)
		update->path_secrets[i].b[0] ^= 1;
}

/* ---- by members ---- */

static void test_confirmation_tag(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol, .tag = spoil_tag };

	see_cheat(c, &how,
		  &(struct expected){ .who = "carol/1",
				      .broken = true,
				      .refused = ERR_PEER_CRYPTO });
}

static void test_path_secrets(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol, .secrets = spoil_secrets };

	see_cheat(c, &how,
		  &(struct expected){ .who = "carol/1",
				      .broken = true,
				      .refused = ERR_PEER_INVALID });
}

/* No signature covers that tag: it comes between nobody. */
static void test_membership_tag(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol, .bad_membership_tag = true };

	court_accept_cheat(c, &how);
}

/* ---- by whoever joins ---- */

static void test_join(void **state)
{
	struct court *c = *state;
	struct member alice = court_member(&c->all[ALICE]);
	struct member dave = court_member(&c->all[DAVE]);
	struct buf kem_output = BUF_INIT;
	struct cheat_item item;
	struct cheat how = { .by = &dave,
			     .from = &alice,
			     .items = &item,
			     .count = 1,
			     .tag = spoil_tag };

	item = cheat_external_init(&alice, &kem_output, &how.init_secret);
	see_cheat(c, &how,
		  &(struct expected){ .who = "dave/1",
				      .broken = true,
				      .external = true,
				      .newcomer = true,
				      .refused = ERR_PEER_CRYPTO });
	buf_clear(&kem_output);
}

static void test_join_again(void **state)
{
	struct court *c = *state;
	struct member alice = court_member(&c->all[ALICE]);
	struct member carol = court_member(&c->all[CAROL]);
	struct buf kem_output = BUF_INIT;
	struct cheat_item items[2];
	struct cheat how = { .by = &carol,
			     .from = &alice,
			     .items = items,
			     .count = 2,
			     .tag = spoil_tag };

	items[0] = cheat_external_init(&alice, &kem_output, &how.init_secret);
	items[1] = cheat_remove(court_leaf(&c->all[CAROL]));
	see_cheat(c, &how,
		  &(struct expected){ .who = "carol/1",
				      .broken = true,
				      .external = true,
				      .refused = ERR_PEER_CRYPTO });
	buf_clear(&kem_output);
}

/* ---- what is not broken, but wrong ---- */

static void test_signature(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	const struct cheat how = { .by = &carol, .bad_signature = true };

	see_cheat(c, &how, &(struct expected){ .refused = ERR_PEER_CRYPTO });
}

static void test_rule(void **state)
{
	struct court *c = *state;
	struct member carol = court_member(&c->all[CAROL]);
	struct cheat_item item = cheat_remove(court_leaf(&c->all[ALICE]));
	struct cheat how = { .by = &carol, .items = &item, .count = 1 };

	see_cheat(
	    c, &how,
	    &(struct expected){ .who = "carol/1", .refused = ERR_PEER_DENIED });
	/* under somebody else's name */
	how.bad_signature = true;
	see_cheat(c, &how, &(struct expected){ .refused = ERR_PEER_DENIED });
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_confirmation_tag),
		TEST(test_path_secrets),
		TEST(test_membership_tag),
		TEST(test_join),
		TEST(test_join_again),
		TEST(test_signature),
		TEST(test_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
