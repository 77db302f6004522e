/* MIMI content (draft-ietf-mimi-content-08): the draft's examples, each limit and
 * one past it, and messages made at random. */
#include "content/mimi.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/item.h"
#include "tests/testlib/mimi_examples.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define EXAMPLES (sizeof(mimi_examples) / sizeof(mimi_examples[0]))

static void unhex(const char *hex, struct buf *bytes)
{
	buf_reset(bytes);
	MUST(text_hex(bytes, span_str(hex)));
	MUST(buf_end(bytes));
}

/* ---- the draft's examples ---- */

static struct span uri_of(const struct mimi_message *m, int64_t number)
{
	struct mimi_extension extension;
	struct span rest = m->extensions;

	while (mimi_next_extension(&rest, &extension))
		if (!extension.named && extension.number == number) {
			struct item_rd r = item_rd_init(extension.value);

			return item_text(&r, MIMI_MAX);
		}
	fail();
	return SPAN_EMPTY;
}

static void check_example(const struct mimi_example *example)
{
	struct buf bytes = BUF_INIT, id = BUF_INIT, again = BUF_INIT;
	struct mimi_message m;
	uint8_t made[MIMI_ID];

	unhex(example->message, &bytes);
	unhex(example->id, &id);
	if (mimi_decode(buf_span(&bytes), &m) != ERR_OK)
		fail_msg("%s", example->section);
	MUST(mimi_encode(&m, &again));
	assert_true(span_equal(buf_span(&again), buf_span(&bytes)));
	MUST(mimi_id(uri_of(&m, MIMI_SENDER_URI), uri_of(&m, MIMI_ROOM_URI),
		     buf_span(&bytes), m.salt, made));
	assert_true(span_equal(SPAN_ARRAY(made), buf_span(&id)));
	mimi_message_clear(&m);
	buf_clear(&bytes);
	buf_clear(&id);
	buf_clear(&again);
}

static void examples_of_the_draft(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++)
		check_example(&mimi_examples[i]);
}

static void decode_example(const char *section, struct buf *bytes,
			   struct mimi_message *m)
{
	for (size_t i = 0; i < EXAMPLES; i++)
		if (strcmp(mimi_examples[i].section, section) == 0) {
			unhex(mimi_examples[i].message, bytes);
			MUST(mimi_decode(buf_span(bytes), m));
			return;
		}
	fail();
}

static bool says(struct span bytes, const char *text)
{
	return span_equal(bytes, span_str(text));
}

static void examples_say_what_they_say(void **state)
{
	static const unsigned levels[] = { 1, 2, 3, 4, 4, 3, 2, 3, 4, 4, 3 };
	struct buf bytes = BUF_INIT;
	struct mimi_message m;

	(void)state;
	decode_example("Edit", &bytes, &m);
	assert_int_equal(m.replaces.n, MIMI_ID);
	assert_int_equal(m.in_reply_to.n, MIMI_ID);
	assert_true(
	    says(m.parts[0].content, "Right on! _Congratulations_ y'all!"));
	mimi_message_clear(&m);
	decode_example("Delete", &bytes, &m);
	assert_int_equal(m.parts[0].cardinality, MIMI_NULL);
	assert_int_equal(m.parts[0].disposition, MIMI_RENDER);
	mimi_message_clear(&m);
	decode_example("Expiring", &bytes, &m);
	assert_true(m.expires && !m.relative);
	assert_int_equal(m.expires_at, 1644390004);
	mimi_message_clear(&m);
	decode_example("Attachments", &bytes, &m);
	assert_int_equal(m.parts[0].cardinality, MIMI_EXTERNAL);
	assert_int_equal(m.parts[0].external.size, 708234961);
	assert_int_equal(m.parts[0].external.aead, 1);
	assert_true(says(m.parts[0].external.filename, "bigfile.mp4"));
	mimi_message_clear(&m);
	decode_example("Conferencing", &bytes, &m);
	assert_true(says(m.topic, "Foo 118"));
	mimi_message_clear(&m);
	decode_example("Complicated Nested", &bytes, &m);
	assert_int_equal(m.part_count, 11); /* their places are the draft's */
	for (size_t i = 0; i < 11; i++)
		assert_int_equal(m.parts[i].level, levels[i]);
	assert_true(says(m.parts[5].content_type, "image/gif"));
	assert_true(says(m.parts[10].content_type, "image/png"));
	mimi_message_clear(&m);
	buf_clear(&bytes);
}

/* ---- limits ---- */

static struct mimi_part text_part(void)
{
	return (struct mimi_part){ .disposition = MIMI_RENDER,
				   .cardinality = MIMI_SINGLE,
				   .content_type = SPAN_LIT("text/plain"),
				   .content = SPAN_LIT("hello") };
}

static enum err encode(const struct mimi_message *m)
{
	struct buf out = BUF_INIT;
	enum err e = mimi_encode(m, &out);

	if (e != ERR_OK)
		assert_int_equal(out.n, 0);
	buf_clear(&out);
	return e;
}

static void sizes_at_the_limit(void **state)
{
	static uint8_t bytes[MIMI_MAX + 1];
	struct mimi_part part = text_part();
	struct mimi_message m = { .parts = &part, .part_count = 1 };
	size_t around;
	struct buf out = BUF_INIT;

	(void)state;
	memset(bytes, MIMI_SHA256, sizeof(bytes));
	m.topic = span_of(bytes, MIMI_TOPIC_MAX);
	MUST(encode(&m));
	m.topic = span_of(bytes, MIMI_TOPIC_MAX + 1);
	assert_int_equal(encode(&m), ERR_PEER_TOO_LARGE);
	m.topic = SPAN_EMPTY;
	m.replaces = span_of(bytes, MIMI_ID);
	MUST(encode(&m));
	m.replaces = span_of(bytes, MIMI_ID - 1);
	assert_int_equal(encode(&m), ERR_PEER_MALFORMED);
	m.replaces = span_of(bytes, MIMI_ID + 1);
	assert_int_equal(encode(&m), ERR_PEER_TOO_LARGE);
	m.replaces = SPAN_EMPTY;
	part.content = span_of(bytes, 1000); /* its head has 3 bytes */
	MUST(mimi_encode(&m, &out));
	around = out.n - 1000;
	part.content = span_of(bytes, MIMI_MAX - around);
	MUST(encode(&m));
	part.content = span_of(bytes, MIMI_MAX - around + 1);
	assert_int_equal(encode(&m), ERR_PEER_TOO_LARGE);
	buf_clear(&out);
}

static void an_unknown_hash(void **state)
{
	uint8_t id[MIMI_ID] = { MIMI_SHA256 + 1 };
	struct mimi_part part = text_part();
	struct mimi_message m = { .parts = &part, .part_count = 1 };

	(void)state;
	m.in_reply_to = SPAN_ARRAY(id);
	assert_int_equal(encode(&m), ERR_PEER_UNSUPPORTED);
	id[0] = MIMI_SHA256;
	MUST(encode(&m));
}

static void parts_at_the_limit(void **state)
{
	static struct mimi_part parts[MIMI_PARTS + 1];
	struct mimi_message m = { .parts = parts };

	(void)state;
	parts[0].cardinality = MIMI_MULTI;
	parts[0].children = MIMI_PARTS - 1;
	m.part_count = MIMI_PARTS;
	MUST(encode(&m));
	parts[0].children = MIMI_PARTS;
	m.part_count = MIMI_PARTS + 1;
	assert_int_equal(encode(&m), ERR_PEER_TOO_LARGE);
	/* in two arrays */
	parts[0].children = 2;
	parts[1].cardinality = MIMI_MULTI;
	parts[1].children = MIMI_PARTS - 3;
	m.part_count = MIMI_PARTS;
	MUST(encode(&m));
	parts[1].children = MIMI_PARTS - 2;
	m.part_count = MIMI_PARTS + 1;
	assert_int_equal(encode(&m), ERR_PEER_TOO_LARGE);
	/* more or fewer than one and its children */
	m.part_count = MIMI_PARTS;
	assert_int_not_equal(encode(&m), ERR_OK);
	m.part_count = 0;
	assert_int_equal(encode(&m), ERR_PEER_MALFORMED);
	parts[0].children = 1; /* a multipart has two */
	parts[1].cardinality = MIMI_NULL;
	m.part_count = 2;
	assert_int_equal(encode(&m), ERR_PEER_MALFORMED);
}

static void levels_at_the_limit(void **state)
{
	struct mimi_part parts[2 * MIMI_LEVELS + 1];
	struct mimi_message m = { .parts = parts };

	(void)state;
	memset(parts, 0, sizeof(parts));
	for (size_t deep = 1; deep <= MIMI_LEVELS; deep++) {
		parts[deep - 1].cardinality = MIMI_MULTI;
		parts[deep - 1].children = 2;
		m.part_count = 2 * deep + 1; /* deep + 1 levels */
		assert_int_equal(encode(&m), deep < MIMI_LEVELS
						 ? ERR_OK
						 : ERR_PEER_TOO_LARGE);
	}
}

/* Pairs as they are, in hex. */
static enum err with_pairs(const char *hex)
{
	struct mimi_part part = text_part();
	struct mimi_message m = { .parts = &part, .part_count = 1 };
	struct buf pairs = BUF_INIT;
	enum err e;

	unhex(hex, &pairs);
	m.extensions = buf_span(&pairs);
	e = encode(&m);
	buf_clear(&pairs);
	return e;
}

static void extensions_at_the_limit(void **state)
{
	struct mimi_part part = text_part();
	struct mimi_message m = { .parts = &part, .part_count = 1 };
	static const uint8_t name[MIMI_NAME_MAX + 1];
	struct buf pairs = BUF_INIT;

	(void)state;
	for (size_t n = MIMI_NAME_MAX; n <= MIMI_NAME_MAX + 1; n++) {
		buf_reset(&pairs);
		item_put_text(&pairs, span_of(name, n));
		item_put_null(&pairs);
		m.extensions = buf_span(&pairs);
		assert_int_equal(encode(&m), n == MIMI_NAME_MAX
						 ? ERR_OK
						 : ERR_PEER_TOO_LARGE);
	}
	buf_clear(&pairs);
	MUST(with_pairs("0161610261622000"));
	MUST(with_pairs("190100818181f6"));
	assert_int_equal(with_pairs("19010081818180"), ERR_PEER_TOO_LARGE);
	assert_int_equal(with_pairs("0100"), ERR_PEER_MALFORMED); /* no text */
	assert_int_equal(with_pairs("0200"), ERR_PEER_MALFORMED);
	assert_int_equal(with_pairs("01616101616a"), ERR_PEER_MALFORMED);
	assert_int_equal(with_pairs("026161016162"),
			 ERR_PEER_MALFORMED); /* the order */
	assert_int_equal(with_pairs("6000"), ERR_PEER_MALFORMED); /* no name */
	assert_int_equal(with_pairs("410000"), ERR_PEER_MALFORMED);
}

/* ---- other bytes ---- */

/* One field of a plain message is another one. */
static void fields_are_checked(void **state)
{
	static const char *const start = "8750000102030405060708090a0b0c0d0e0f";
	static const char *const fields[] = {
		"f640f6f6a0850160",	  /* cut off */
		"f640f6f6a083016000",	  /* this one is good */
		"0040f6f6a083016000",	  /* replaces is no id */
		"f660f6f6a083016000",	  /* topicId is a text */
		"f64081f4f6a083016000",	  /* expires has one item */
		"f6408200f4f6a083016000", /* relative is no bool */
		"f64082f41b0000000100000000f6a083016000",
		"f640f6f68083016000",	    /* extensions are an array */
		"f640f6f6a084016000f6",	    /* a null part with an item more */
		"f640f6f6a082016000",	    /* with one fewer */
		"f640f6f6a083190100600000", /* a disposition above 255 */
		"f640f6f6a083016004",	    /* an unknown cardinality */
		"f640f6f6a0850160030380",   /* unknown semantics */
		"f640f6f6a0850160030280",   /* no parts */
		"f640f6f6a0850160010040",   /* a type that is no text */
		"f640f6f6a0850160016040f6", /* something behind it */
		"f640f6f6a08301f600",	    /* a language that is none */
		"f640f6f6a0830161ff00",	    /* no UTF-8 */
		"f640f6f6a08f016002606000000000404040004060",
	};
	struct buf hex = BUF_INIT, bytes = BUF_INIT;
	struct mimi_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		buf_reset(&hex);
		buf_putf(&hex, "%s%s", start, fields[i]);
		buf_reset(&bytes);
		MUST(text_hex(&bytes, buf_span(&hex)));
		if ((mimi_decode(buf_span(&bytes), &m) == ERR_OK) != (i == 1))
			fail_msg("%s", fields[i]);
		assert_int_equal(m.part_count, i == 1 ? 1 : 0);
		mimi_message_clear(&m);
	}
	buf_clear(&hex);
	buf_clear(&bytes);
}

/* ---- at random ---- */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t any_number(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static uint64_t any_size(uint64_t max)
{
	return any_number(4) == 0 ? max : any_number(max);
}

static uint8_t pool[512]; /* letters: bytes and UTF-8 alike */

static struct span any_bytes(size_t max)
{
	size_t n = any_number(max + 1);

	return span_of(pool + any_number(sizeof(pool) - n), n);
}

static void any_external(struct mimi_external *x)
{
	x->url = any_bytes(60);
	x->expires = (uint32_t)any_size(UINT32_MAX);
	x->size = any_size(UINT64_MAX);
	x->aead = (uint16_t)any_size(UINT16_MAX);
	x->key = any_bytes(32);
	x->nonce = any_bytes(12);
	x->aad = any_bytes(300);
	x->hash = (uint8_t)any_number(256);
	x->content_hash = any_bytes(32);
	x->description = any_bytes(100);
	x->filename = any_bytes(30);
}

static void any_parts(struct mimi_message *m, unsigned level)
{
	struct mimi_part *part = &m->parts[m->part_count++];
	uint64_t kinds = level < MIMI_LEVELS ? 4 : 3;

	memset(part, 0, sizeof(*part));
	part->level = level;
	part->disposition = (uint8_t)any_number(256);
	part->language = any_bytes(5);
	part->cardinality = (enum mimi_cardinality)any_number(kinds);
	if (part->cardinality == MIMI_SINGLE ||
	    part->cardinality == MIMI_EXTERNAL)
		part->content_type = any_bytes(40);
	if (part->cardinality == MIMI_SINGLE)
		part->content = any_bytes(400);
	if (part->cardinality == MIMI_EXTERNAL)
		any_external(&part->external);
	if (part->cardinality != MIMI_MULTI)
		return;
	part->semantics = (enum mimi_semantics)any_number(3);
	part->children = 2 + any_number(3);
	for (size_t i = part->children; i > 0; i--)
		any_parts(m, level + 1);
}

static void any_pairs(struct buf *pairs)
{
	if (any_number(2) == 0)
		mimi_put_extension(pairs, MIMI_SENDER_URI, any_bytes(60));
	if (any_number(2) == 0)
		mimi_put_extension(pairs, MIMI_ROOM_URI, any_bytes(60));
	if (any_number(2) == 0)
		mimi_put_extension(pairs, 3 + (int64_t)any_number(1000),
				   any_bytes(60));
	if (any_number(2) == 0)
		mimi_put_extension(pairs, -1 - (int64_t)any_number(1000),
				   any_bytes(60));
	if (any_number(2) == 0) {
		item_put_text(pairs, span_of(pool, 1 + any_number(255)));
		item_put_array(pairs, 2);
		item_put_bytes(pairs, any_bytes(20));
		item_put_bool(pairs, any_number(2) == 0);
	}
}

static void any_message(struct mimi_message *m, struct buf *pairs)
{
	static uint8_t ids[2][MIMI_ID] = { { MIMI_SHA256 }, { MIMI_SHA256 } };

	for (size_t i = 0; i < MIMI_SALT; i++)
		m->salt[i] = (uint8_t)any_number(256);
	for (size_t i = 1; i < MIMI_ID; i++)
		ids[0][i] = ids[1][i] = (uint8_t)any_number(256);
	m->replaces = any_number(2) == 0 ? SPAN_EMPTY : SPAN_ARRAY(ids[0]);
	m->in_reply_to = any_number(2) == 0 ? SPAN_EMPTY : SPAN_ARRAY(ids[1]);
	m->topic = any_bytes(300);
	m->expires = any_number(2) == 0;
	m->relative = m->expires && any_number(2) == 0;
	m->expires_at = m->expires ? (uint32_t)any_size(UINT32_MAX) : 0;
	any_pairs(pairs);
	m->extensions = buf_span(pairs);
	m->part_count = 0;
	any_parts(m, 1);
}

static void same_external(const struct mimi_external *a,
			  const struct mimi_external *b)
{
	assert_true(span_equal(a->url, b->url));
	assert_int_equal(a->expires, b->expires);
	assert_true(a->size == b->size);
	assert_int_equal(a->aead, b->aead);
	assert_true(span_equal(a->key, b->key));
	assert_true(span_equal(a->nonce, b->nonce));
	assert_true(span_equal(a->aad, b->aad));
	assert_int_equal(a->hash, b->hash);
	assert_true(span_equal(a->content_hash, b->content_hash));
	assert_true(span_equal(a->description, b->description));
	assert_true(span_equal(a->filename, b->filename));
}

static void same_part(const struct mimi_part *a, const struct mimi_part *b)
{
	assert_int_equal(a->level, b->level);
	assert_int_equal(a->disposition, b->disposition);
	assert_int_equal(a->cardinality, b->cardinality);
	assert_true(span_equal(a->language, b->language));
	assert_true(span_equal(a->content_type, b->content_type));
	assert_true(span_equal(a->content, b->content));
	assert_int_equal(a->semantics, b->semantics);
	assert_int_equal(a->children, b->children);
	same_external(&a->external, &b->external);
}

static void same_message(const struct mimi_message *a,
			 const struct mimi_message *b)
{
	assert_memory_equal(a->salt, b->salt, MIMI_SALT);
	assert_true(span_equal(a->replaces, b->replaces));
	assert_true(span_equal(a->topic, b->topic));
	assert_int_equal(a->expires, b->expires);
	assert_int_equal(a->relative, b->relative);
	assert_int_equal(a->expires_at, b->expires_at);
	assert_true(span_equal(a->in_reply_to, b->in_reply_to));
	assert_true(span_equal(a->extensions, b->extensions));
	assert_int_equal(a->part_count, b->part_count);
	for (size_t i = 0; i < a->part_count; i++)
		same_part(&a->parts[i], &b->parts[i]);
}

/* A byte is another one: refused, or one that is written the same way. */
static void change_bytes(struct buf *bytes)
{
	struct mimi_message m;
	struct buf again = BUF_INIT;

	for (int i = 0; i < 20; i++) {
		uint8_t *at = &bytes->p[any_number(bytes->n)], was = *at;

		*at = (uint8_t)any_number(256);
		if (mimi_decode(buf_span(bytes), &m) == ERR_OK) {
			buf_reset(&again);
			MUST(mimi_encode(&m, &again));
			assert_true(
			    span_equal(buf_span(&again), buf_span(bytes)));
			mimi_message_clear(&m);
		}
		*at = was;
	}
	buf_clear(&again);
}

static void random_messages_come_back(void **state)
{
	static struct mimi_part parts[200];
	struct mimi_message m = { .parts = parts }, back;
	struct buf bytes = BUF_INIT, again = BUF_INIT, pairs = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(pool); i++)
		pool[i] = (uint8_t)('a' + i % 26);
	for (int i = 0; i < 3000; i++) {
		buf_reset(&pairs);
		buf_reset(&bytes);
		buf_reset(&again);
		any_message(&m, &pairs);
		MUST(mimi_encode(&m, &bytes));
		MUST(mimi_decode(buf_span(&bytes), &back));
		same_message(&m, &back);
		MUST(mimi_encode(&back, &again));
		assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
		mimi_message_clear(&back);
		for (size_t n = 0; n < bytes.n; n += 1 + bytes.n / 40)
			assert_int_not_equal(
			    mimi_decode(span_of(bytes.p, n), &back), ERR_OK);
		change_bytes(&bytes);
	}
	buf_clear(&bytes);
	buf_clear(&again);
	buf_clear(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_draft),
		cmocka_unit_test(examples_say_what_they_say),
		cmocka_unit_test(sizes_at_the_limit),
		cmocka_unit_test(an_unknown_hash),
		cmocka_unit_test(parts_at_the_limit),
		cmocka_unit_test(levels_at_the_limit),
		cmocka_unit_test(extensions_at_the_limit),
		cmocka_unit_test(fields_are_checked),
		cmocka_unit_test(random_messages_come_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
