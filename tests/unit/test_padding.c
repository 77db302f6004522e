/* Padding of application messages (RFC 9420, 6.3.1): lengths do not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/members.h"
#include "wire/message.h"

struct pair {
	struct member alice, bob;
};

static void pair_make(struct pair *p, uint16_t suite)
{
	struct member *bob[] = { &p->bob };
	struct mls_commit commit = { 0 };

	member_init(&p->alice, suite_by_id(suite), "alice");
	member_init(&p->bob, suite_by_id(suite), "bob");
	member_create(&p->alice, "padded");
	member_commit(&p->alice, bob, 1, NULL, 0, true, &commit);
	member_join(&p->bob, &commit);
	mls_commit_clear(&commit);
}

/* The ciphertext's length without the AEAD's tag; Bob reads what was sent. */
static size_t length_of(struct pair *p, size_t n)
{
	static const uint8_t data[1000];
	struct buf message = BUF_INIT;
	struct mls_event event = { 0 };
	struct wire_message m;
	size_t length;

	assert_int_equal(mls_group_protect(p->alice.group, &p->alice.me,
					   SPAN_EMPTY, span_of(data, n),
					   &message),
			 ERR_OK);
	assert_int_equal(wire_message_decode(buf_span(&message), &m), ERR_OK);
	length = m.private_message.ciphertext.n - SUITE_AEAD_TAG;
	assert_int_equal(mls_group_process(p->bob.group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_true(span_equal(buf_span(&event.data), span_of(data, n)));
	mls_event_clear(&event);
	buf_clear(&message);
	return length;
}

static void test_lengths_are_multiples(void **state)
{
	static const uint16_t suites[] = { 0x0003, 0x0002, 0x0004, 0xF7F1 };
	static const uint32_t blocks[] = { 1, 2, 128, 1000 };

	(void)state;
	for (size_t s = 0; s < sizeof(suites) / sizeof(*suites); s++) {
		struct pair p = { 0 };

		pair_make(&p, suites[s]);
		for (size_t b = 0; b < sizeof(blocks) / sizeof(*blocks); b++) {
			p.alice.me.padding = blocks[b];
			for (size_t n = 0; n < 300; n += 23)
				assert_int_equal(length_of(&p, n) % blocks[b],
						 0);
		}
		member_clear(&p.alice);
		member_clear(&p.bob);
	}
}

static void test_short_messages_look_alike(void **state)
{
	struct pair p = { 0 };
	size_t without, with;

	(void)state;
	pair_make(&p, 0x0003);
	without = length_of(&p, 1);
	assert_int_equal(length_of(&p, 50), without + 49);
	p.alice.me.padding = 128;
	with = length_of(&p, 1);
	for (size_t n = 0; n < 60; n++)
		assert_int_equal(length_of(&p, n), with);
	assert_int_equal(length_of(&p, 100), with + 128);
	member_clear(&p.alice);
	member_clear(&p.bob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_are_multiples),
		cmocka_unit_test(test_short_messages_look_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
