/* What one message says: topics, mentions, and what is shown of parts. */
#include "device/texts/said.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/texts/mentions.h"

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

/* ---- parts ---- */

#define SINGLE(type, words)                                                    \
	{                                                                      \
		.cardinality = MIMI_SINGLE, .content_type = SPAN_LIT(type),    \
		.content = SPAN_LIT(words)                                     \
	}
#define MULTI(how, count)                                                      \
	{                                                                      \
		.cardinality = MIMI_MULTI, .semantics = how, .children = count \
	}
#define TEXT "text/plain;charset=utf-8"

static void expect_text(struct mimi_part *parts, size_t count, const char *text)
{
	struct mimi_message m = { .parts = parts, .part_count = count };
	struct buf mimi = BUF_INIT;
	struct said said;

	MUST(mimi_encode(&m, &mimi));
	MUST(said_read(buf_span(&mimi), &said));
	if (!says(&said.text, text))
		fail_msg("%.*s", (int)said.text.n, (const char *)said.text.p);
	said_clear(&said);
	buf_clear(&mimi);
}

static void parts_are_shown_as_text(void **state)
{
	struct mimi_part one[] = { SINGLE("text/markdown;variant=GFM",
					  "# so\n\n*is* `it`") };
	struct mimi_part html[] = { SINGLE("text/html", "<b>x</b>") };
	struct mimi_part latin[] = { MULTI(MIMI_PROCESS_ALL, 2),
				     SINGLE("text/plain", "caf\xe9"),
				     SINGLE(TEXT, "tea") };
	struct mimi_part nul[] = { SINGLE("a/b\0c", "x") };
	struct mimi_part whole[] = {
		MULTI(MIMI_CHOOSE_ONE, 2),     MULTI(MIMI_SINGLE_UNIT, 2),
		SINGLE("text/plain", "look:"), SINGLE("image/png", "...."),
		MULTI(MIMI_PROCESS_ALL, 2),    SINGLE(TEXT, "one"),
		SINGLE("text/markdown", "two")
	};
	struct mimi_part deep[] = { MULTI(MIMI_CHOOSE_ONE, 2),
				    SINGLE("image/png", "...."),
				    MULTI(MIMI_CHOOSE_ONE, 2),
				    SINGLE("text/html", "<i>"),
				    SINGLE("TEXT/plain", "words") };
	struct mimi_part none[] = { MULTI(MIMI_CHOOSE_ONE, 2),
				    SINGLE("image/png", "...."),
				    SINGLE("image/gif", "...") };

	(void)state;
	expect_text(one, 1, "# so\n\n*is* `it`");
	expect_text(html, 1, "[text/html, 8 bytes]");
	expect_text(latin, 3, "[text/plain, 4 bytes]\ntea");
	expect_text(nul, 1, "[a/bc, 1 bytes]");
	expect_text(whole, 7, "one\ntwo");
	expect_text(deep, 5, "words");
	expect_text(none, 3, "[image/png, 4 bytes]");
}

/* As many as there may be: what is shown is bounded by what came. */
static void many_parts_are_shown(void **state)
{
	static struct mimi_part parts[MIMI_PARTS] = { MULTI(MIMI_PROCESS_ALL,
							    MIMI_PARTS - 1) };
	struct mimi_message m = { .parts = parts, .part_count = MIMI_PARTS };
	struct buf mimi = BUF_INIT;
	struct said said;

	(void)state;
	for (size_t i = 1; i < MIMI_PARTS; i++)
		parts[i] = (struct mimi_part)SINGLE("a/b", "x");
	MUST(mimi_encode(&m, &mimi));
	MUST(said_read(buf_span(&mimi), &said));
	assert_true(said.fallback);
	assert_int_equal(said.text.n,
			 (MIMI_PARTS - 1) * (strlen("[a/b, 1 bytes]") + 1) - 1);
	said_clear(&said);
	buf_clear(&mimi);
}

/* ---- of the session ---- */

#define PNG "\x89PNG\r\n\x1a\n"

static void put_room(const struct room *room, struct buf *mimi)
{
	buf_reset(mimi);
	MUST(room_put(room, rng_system(), mimi));
}

static void a_room_is_what_was_said(void **state)
{
	struct room room = { .says_name = true,
			     .name = SPAN_LIT("The crew"),
			     .says_subject = true,
			     .subject = SPAN_LIT("lunch"),
			     .says_picture = true,
			     .picture = SPAN_LIT(PNG "...") };
	struct buf mimi = BUF_INIT;
	struct said said;

	(void)state;
	put_room(&room, &mimi);
	MUST(said_read(buf_span(&mimi), &said));
	assert_int_equal(said.act, SAID_ROOM);
	assert_true(span_equal(said.room.name, room.name));
	assert_true(span_equal(said.room.subject, room.subject));
	assert_true(span_equal(said.room.picture, room.picture));
	assert_string_equal(said.room.type, "image/png");
	/* who does not know it reads this */
	assert_true(says(&said.text, "The session's name: The crew\n"
				     "The session is about: lunch\n"
				     "The session has this picture:\n"
				     "[image/png, 11 bytes]"));
	said_clear(&said);
	/* what is not said is not said */
	room.says_name = room.says_subject = false;
	room.picture = SPAN_EMPTY;
	put_room(&room, &mimi);
	MUST(said_read(buf_span(&mimi), &said));
	assert_false(said.room.says_name || said.room.says_subject);
	assert_true(said.room.says_picture && said.room.picture.n == 0);
	said_clear(&said);
	buf_clear(&mimi);
}

/* What a message that says something of the session is changed to. */
static void reply(struct mimi_message *m)
{
	static const uint8_t id[MIMI_ID] = { MIMI_SHA256 };

	m->in_reply_to = SPAN_ARRAY(id);
}

static void edit(struct mimi_message *m)
{
	static const uint8_t id[MIMI_ID] = { MIMI_SHA256 };

	m->replaces = SPAN_ARRAY(id);
}

static void put_topic(struct mimi_message *m)
{
	m->topic = SPAN_LIT("lunch");
}

static void end(struct mimi_message *m)
{
	m->expires = true;
	m->expires_at = 1;
}

static void say_other_words(struct mimi_message *m)
{
	m->parts[1].content = SPAN_LIT("The session is about: supper");
}

static void say_more_words(struct mimi_message *m)
{
	m->parts[2].disposition = MIMI_RENDER;
	m->parts[2].content_type = SPAN_LIT("text/plain;charset=utf-8");
	m->parts[2].content = SPAN_LIT("and more");
}

static void choose_one(struct mimi_message *m)
{
	m->parts[0].semantics = MIMI_CHOOSE_ONE;
}

static void leave(struct mimi_message *m)
{
	(void)m;
}

/* Who does not know it would read something else. */
static void a_room_is_nothing_else(void **state)
{
	static void (*const changes[])(struct mimi_message *) = {
		leave, reply,		edit,		put_topic,
		end,   say_other_words, say_more_words, choose_one,
	};
	struct room room = { .says_subject = true,
			     .subject = SPAN_LIT("lunch"),
			     .says_picture = true,
			     .picture = SPAN_LIT(PNG "...") };
	struct buf mimi = BUF_INIT, changed = BUF_INIT;

	(void)state;
	put_room(&room, &mimi);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct mimi_message m;
		struct said said;

		MUST(mimi_decode(buf_span(&mimi), &m));
		changes[i](&m);
		buf_reset(&changed);
		MUST(mimi_encode(&m, &changed));
		MUST(said_read(buf_span(&changed), &said));
		if ((said.act == SAID_ROOM) != (changes[i] == leave))
			fail_msg("change %zu", i);
		said_clear(&said);
		mimi_message_clear(&m);
	}
	buf_clear(&mimi);
	buf_clear(&changed);
}

/* What is over a limit is a text like any other: nothing of it is lost. */
static void a_room_is_bounded(void **state)
{
	static char subject[ROOM_SUBJECT_MAX + 1];
	struct room room = { .says_subject = true };
	struct buf mimi = BUF_INIT;
	struct said said;

	(void)state;
	memset(subject, 'x', sizeof(subject));
	for (size_t n = ROOM_SUBJECT_MAX; n <= sizeof(subject); n++) {
		room.subject = span_of(subject, n);
		put_room(&room, &mimi);
		MUST(said_read(buf_span(&mimi), &said));
		assert_int_equal(said.act,
				 n == ROOM_SUBJECT_MAX ? SAID_ROOM : SAID_TEXT);
		said_clear(&said);
	}
	room.says_subject = false;
	room.says_name = true; /* an empty one */
	put_room(&room, &mimi);
	MUST(said_read(buf_span(&mimi), &said));
	assert_int_equal(said.act, SAID_TEXT);
	said_clear(&said);
	buf_clear(&mimi);
}

static void pictures_are_known_by_their_bytes(void **state)
{
	static uint8_t large[ROOM_PICTURE_MAX + 1] = PNG;

	(void)state;
	assert_string_equal(room_picture_type(SPAN_LIT("GIF89a")), "image/gif");
	assert_string_equal(room_picture_type(SPAN_LIT("\xff\xd8\xff")),
			    "image/jpeg");
	assert_string_equal(room_picture_type(SPAN_LIT("RIFFaaaaWEBP")),
			    "image/webp");
	assert_null(room_picture_type(SPAN_LIT("RIFFaaaaWEB")));
	assert_null(room_picture_type(SPAN_LIT("<svg xmlns=")));
	assert_null(room_picture_type(SPAN_EMPTY));
	assert_non_null(room_picture_type(span_of(large, ROOM_PICTURE_MAX)));
	assert_null(room_picture_type(SPAN_ARRAY(large)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_name_accounts),
		cmocka_unit_test(mentions_are_bounded),
		cmocka_unit_test(a_text_has_a_topic_and_mentions),
		cmocka_unit_test(as_it_was_given),
		cmocka_unit_test(parts_are_shown_as_text),
		cmocka_unit_test(many_parts_are_shown),
		cmocka_unit_test(a_room_is_what_was_said),
		cmocka_unit_test(a_room_is_nothing_else),
		cmocka_unit_test(a_room_is_bounded),
		cmocka_unit_test(pictures_are_known_by_their_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
