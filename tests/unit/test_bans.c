/* Who is kept out of a session: each rule of check/bans.h broken once, by the check that
 * the server makes, by every member and by a walk alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/court.h"
#include "wire/bans.h"
#include "wire/extension.h"

/* The extensions with that ban, or without it. */
static void put(const struct court *c, const char *user, bool banned,
		struct buf *extensions)
{
	buf_reset(extensions);
	assert_int_equal(session_put_ban(c->all[ALICE].session, span_str(user),
					 banned, extensions),
			 ERR_OK);
}

static void refuse(struct court *c, int by, const char *user, bool banned,
		   const char *word)
{
	struct buf extensions = BUF_INIT;
	struct span content;
	const struct mls_change change = { .extensions = &content };

	put(c, user, banned, &extensions);
	content = buf_span(&extensions);
	court_refuse(c, by, &change, word, true);
	buf_clear(&extensions);
}

/* `whom`: the device whose leaf goes with it; -1: nobody's. */
static void accept(struct court *c, int by, const char *user, bool banned,
		   int whom)
{
	uint32_t leaf = whom >= 0 ? court_leaf(&c->all[whom]) : 0;
	struct buf extensions = BUF_INIT;
	struct span content;
	const struct mls_change change = { .extensions = &content,
					   .removes = &leaf,
					   .remove_count = whom >= 0 };

	put(c, user, banned, &extensions);
	content = buf_span(&extensions);
	court_accept(c, by, &change, -1);
	buf_clear(&extensions);
}

static void refuse_add(struct court *c, int by, int who)
{
	const struct span guest = buf_span(&c->all[who].key_package);
	const struct mls_change change = { .adds = &guest, .add_count = 1 };

	court_refuse(c, by, &change, "is banned from the session", true);
}

static void test_rights(void **state)
{
	struct court *c = *state;

	refuse(c, CAROL, "dave", true, "takes an admin or an owner");
	refuse(c, BOB, "alice", true, "to ban an admin takes an owner");
	refuse(c, BOB, "bob", true, "their own account");
	refuse(c, ALICE2, "alice", true, "their own account");
	refuse(c, BOB, "carol", true, "keeps a leaf");
	accept(c, BOB, "dave", true, -1);
	refuse(c, CAROL, "dave", false, "takes an admin or an owner");
	accept(c, ALICE2, "bob", true, BOB);
	assert_false(session_member(c->all[BOB].session));
}

static void test_kept_out(void **state)
{
	struct court *c = *state;
	struct bans bans;

	accept(c, BOB, "carol", true, CAROL);
	assert_int_equal(session_bans(c->all[ALICE].session, &bans), ERR_OK);
	assert_true(bans_have(&bans, SPAN_LIT("carol")));
	court_join(c, CAROL2, false, "is banned from the session");
	refuse_add(c, BOB, CAROL2);
	refuse_add(c, ALICE, CAROL2);
	court_join(c, DAVE, false, NULL); /* somebody else */
	accept(c, ALICE, "carol", false, -1);
	assert_int_equal(session_bans(c->all[ALICE].session, &bans), ERR_OK);
	assert_false(bans.there);
	court_add(c, DAVE, CAROL2);
}

/* One commit cannot take a ban back and leave another one's leaf. */
static void test_several(void **state)
{
	struct court *c = *state;

	accept(c, ALICE, "dave", true, -1);
	accept(c, ALICE, "zoe", true, -1);
	accept(c, BOB, "carol", true, CAROL);
	accept(c, BOB, "dave", false, -1);
	court_join(c, CAROL2, false, "is banned from the session");
	court_join(c, DAVE, false, NULL);
}

static void refuse_bytes(struct court *c, struct span data)
{
	struct span rest =
	    mls_group_extensions(session_group(c->all[ALICE].session));
	struct buf extensions = BUF_INIT;
	struct wire_extension extension;
	struct span content;
	const struct mls_change change = { .extensions = &content };

	while (wire_extensions_next(&rest, &extension))
		wire_extension_put(&extensions, extension.type, extension.data);
	wire_extension_put(&extensions, BANS_EXTENSION, data);
	assert_int_equal(buf_end(&extensions), ERR_OK);
	content = buf_span(&extensions);
	court_refuse(c, ALICE, &change, "does not decode", false);
	buf_clear(&extensions);
}

static void test_bytes(void **state)
{
	refuse_bytes(*state, SPAN_LIT("\0"));	    /* nobody */
	refuse_bytes(*state, SPAN_LIT("\1\0"));	    /* an empty name */
	refuse_bytes(*state, SPAN_LIT("\2\1"));	    /* cut off */
	refuse_bytes(*state, SPAN_LIT("\4\1b\1a")); /* out of order */
	refuse_bytes(*state, SPAN_LIT("\4\1b\1b")); /* twice */
	refuse_bytes(*state, SPAN_LIT("\2\1bx"));   /* more behind it */
}

/* A device of a version before bans is no reason that others come to two verdicts. */
static void test_older_leaf(void **state)
{
	static const uint16_t before[] = { 0xF7F0, 0xF7F2, 0xF7F3, 0xF7F4 };
	struct court *c = *state;
	struct device *dave = &c->all[DAVE];
	struct member alice = court_member(&c->all[ALICE]);
	struct buf extensions = BUF_INIT;
	struct cheat_item item;
	struct cheat how = { .by = &alice, .items = &item, .count = 1 };

	mls_key_package_secrets_clear(&dave->secrets);
	buf_clear(&dave->key_package);
	dave->me.extension_types = before;
	dave->me.extension_type_count = sizeof(before) / sizeof(*before);
	assert_int_equal(mls_key_package_create(&dave->me, false,
						&dave->secrets,
						&dave->key_package),
			 ERR_OK);
	court_add(c, BOB, DAVE);
	alice = court_member(&c->all[ALICE]);
	put(c, "zoe", true, &extensions);
	item = cheat_extensions(buf_span(&extensions));
	court_refuse_cheat(c, &how, "does not list the extension", false);
	buf_clear(&extensions);
	accept(c, ALICE, "dave", true, DAVE); /* the way out */
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_rights), TEST(test_kept_out),	  TEST(test_several),
		TEST(test_bytes),  TEST(test_older_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
