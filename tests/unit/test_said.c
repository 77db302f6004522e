/* What one message says: topics, mentions, and what is shown of parts. */
#include "device/said.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/mentions.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LINK(label, user) "[" label "](" MENTIONS_URI user ")"

static bool says(const struct buf *buf, const char *text)
{
	return span_equal(buf_span(buf), span_str(text));
}

/* ---- links ---- */

static const struct {
	const char *markdown, *users;
} LINKS[] = {
	{ LINK("@alice", A), A },
	{ "so " LINK("@alice", A) " and " LINK("@bob", B) "!", A B },
	{ LINK("@alice", A) LINK("@al", A), A }, /* once */
	{ "\\\\" LINK("@alice", A), A },
	{ LINK("a\\\\", A), A },
	{ LINK("a\\", A), "" }, /* the bracket is a word */
	{ LINK("a", "aaa"), "" },
	{ "[a](" MENTIONS_URI A, "" },
	{ "[a](" MENTIONS_URI A "a)", "" },
	{ LINK("a",
	       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	       "AAAA"),
	  "" },
	{ "[a](hermetic:session/" A ")", "" },
	{ "[a](" MENTIONS_URI LINK("b", B), B },
	{ "@alice", "" },
	{ "", "" },
};

static void links_name_accounts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(LINKS) / sizeof(*LINKS); i++) {
		struct buf users = BUF_INIT;

		mentions_collect(span_str(LINKS[i].markdown), &users);
		if (!says(&users, LINKS[i].users))
			fail_msg("%zu: %.*s", i, (int)users.n,
				 (const char *)users.p);
		buf_clear(&users);
	}
}

static void mentions_are_bounded(void **state)
{
	struct buf markdown = BUF_INIT, users = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < MENTIONS_MAX + 5; i++)
		buf_putf(&markdown, "[x](" MENTIONS_URI "%064x)", i);
	MUST(buf_end(&markdown));
	mentions_collect(buf_span(&markdown), &users);
	assert_int_equal(users.n, MENTIONS_MAX * MENTIONS_USER);
	buf_clear(&markdown);
	buf_clear(&users);
}

/* ---- what is made is what is read ---- */

static void make(const struct saying *saying, struct buf *mimi)
{
	buf_reset(mimi);
	MUST(said_put(saying, rng_system(), mimi));
}

static void a_text_has_a_topic_and_mentions(void **state)
{
	struct saying saying = { .text = SPAN_LIT("hi @al"),
				 .markdown = SPAN_LIT("hi " LINK("@al", A)),
				 .topic = SPAN_LIT("lunch") };
	struct buf mimi = BUF_INIT;
	struct said said;

	(void)state;
	make(&saying, &mimi);
	MUST(said_read(buf_span(&mimi), &said));
	assert_int_equal(said.act, SAID_TEXT);
	assert_true(says(&said.text, "hi @al"));
	assert_true(says(&said.topic, "lunch"));
	assert_true(says(&said.mentions, A));
	assert_false(said.fallback);
	said_clear(&said);
	/* a reaction mentions nobody, whatever it says */
	saying.act = SAID_REACTION;
	saying.about = SPAN_LIT("\001bcdefghijklmnopqrstuvwxyz012345");
	saying.text = saying.markdown = SPAN_LIT("+");
	make(&saying, &mimi);
	MUST(said_read(buf_span(&mimi), &said));
	assert_int_equal(said.mentions.n, 0);
	said_clear(&said);
	buf_clear(&mimi);
}

/* What a person gives is the same, whoever is mentioned when it is said. */
static void as_it_was_given(void **state)
{
	struct saying saying = { .text = SPAN_LIT("hi @al"),
				 .markdown = SPAN_LIT("hi " LINK("@al", A)) };
	struct buf mimi = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	bool alone;

	(void)state;
	make(&saying, &mimi);
	MUST(said_as_given(buf_span(&mimi), &one, &alone));
	assert_true(alone && says(&one, "hi @al"));
	saying.topic = SPAN_LIT("lunch");
	buf_reset(&one);
	make(&saying, &mimi);
	MUST(said_as_given(buf_span(&mimi), &one, &alone));
	assert_false(alone);
	saying.markdown = SPAN_EMPTY;
	saying.expires_ms = 1000;
	make(&saying, &mimi);
	MUST(said_as_given(buf_span(&mimi), &two, &alone));
	assert_false(alone);
	assert_int_equal(one.n, two.n);
	/* but for the salt */
	assert_memory_equal(one.p + 2 + MIMI_SALT, two.p + 2 + MIMI_SALT,
			    one.n - 2 - MIMI_SALT);
	buf_clear(&mimi);
	buf_clear(&one);
	buf_clear(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_name_accounts),
		cmocka_unit_test(mentions_are_bounded),
		cmocka_unit_test(a_text_has_a_topic_and_mentions),
		cmocka_unit_test(as_it_was_given),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
