/* Roles, and the generations of a session's groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/extension.h"
#include "wire/generation.h"
#include "wire/roles.h"

#define ALICE SPAN_LIT("alice/1")
#define ALICE2 SPAN_LIT("alice/2")
#define BOB SPAN_LIT("bob/1")
#define CAROL SPAN_LIT("carol/1")

/* Alice owns, Bob is an admin, Carol a member. */
static struct roles trio(struct buf *extension)
{
	static const struct roles none;
	struct buf first = BUF_INIT;
	struct roles roles;

	assert_int_equal(
	    roles_put_changed(&none, SPAN_LIT("alice"), ROLE_OWNER, &first),
	    ERR_OK);
	assert_int_equal(roles_read(buf_span(&first), &roles), ERR_OK);
	assert_int_equal(
	    roles_put_changed(&roles, SPAN_LIT("bob"), ROLE_ADMIN, extension),
	    ERR_OK);
	assert_int_equal(roles_read(buf_span(extension), &roles), ERR_OK);
	buf_clear(&first);
	return roles;
}

static void test_who_is_what(void **state)
{
	struct buf extension = BUF_INIT;
	struct roles roles = trio(&extension);

	(void)state;
	assert_true(roles.there);
	assert_int_equal(roles_of(&roles, SPAN_LIT("alice")), ROLE_OWNER);
	assert_int_equal(roles_of(&roles, SPAN_LIT("bob")), ROLE_ADMIN);
	assert_int_equal(roles_of(&roles, SPAN_LIT("carol")), ROLE_MEMBER);
	assert_int_equal(roles_of(&roles, SPAN_LIT("alic")), ROLE_MEMBER);
	buf_clear(&extension);
}

static void test_removing(void **state)
{
	static const struct {
		const char *by, *whom;
		bool may;
	} cases[] = {
		{ "alice/1", "bob/1", true },	{ "alice/1", "carol/1", true },
		{ "alice/1", "alice/2", true }, { "bob/1", "alice/1", false },
		{ "bob/1", "carol/1", true },	{ "bob/1", "bob/2", true },
		{ "carol/1", "bob/1", false },	{ "carol/1", "alice/1", false },
		{ "carol/1", "carol/2", true }, { "carol/1", "dave/1", false },
		{ "bob/1", "dave/1", true },
	};
	static const struct roles none;
	struct buf extension = BUF_INIT;
	struct roles roles = trio(&extension);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(roles_may_remove(&roles, span_str(cases[i].by),
						  span_str(cases[i].whom)),
				 cases[i].may);
		assert_true(roles_may_remove(&none, span_str(cases[i].by),
					     span_str(cases[i].whom)));
	}
	buf_clear(&extension);
}

static void test_changing(void **state)
{
	static const struct roles none;
	struct buf extension = BUF_INIT, changed = BUF_INIT;
	struct roles before = trio(&extension), after;

	(void)state;
	assert_int_equal(
	    roles_put_changed(&before, SPAN_LIT("bob"), ROLE_OWNER, &changed),
	    ERR_OK);
	assert_int_equal(roles_read(buf_span(&changed), &after), ERR_OK);
	assert_true(roles_may_change(&before, &after, ALICE));
	assert_true(roles_may_change(&before, &after, ALICE2));
	assert_false(roles_may_change(&before, &after, BOB));
	assert_false(roles_may_change(&before, &after, CAROL));
	assert_true(roles_may_change(&before, &before, CAROL));
	/* the extension neither comes nor goes */
	assert_false(roles_may_change(&before, &none, ALICE));
	assert_false(roles_may_change(&none, &before, ALICE));
	assert_true(roles_may_change(&none, &none, CAROL));
	buf_reset(&changed);
	assert_int_equal(roles_put_changed(&before, SPAN_LIT("alice"),
					   ROLE_MEMBER, &changed),
			 ERR_PEER_INVALID);
	buf_clear(&extension);
	buf_clear(&changed);
}

static void test_reinit(void **state)
{
	static const struct roles none;
	struct buf extension = BUF_INIT;
	struct roles roles = trio(&extension);

	(void)state;
	assert_true(roles_may_reinit(&roles, ALICE));
	assert_true(roles_may_reinit(&roles, BOB));
	assert_false(roles_may_reinit(&roles, CAROL));
	assert_true(roles_may_reinit(&none, CAROL));
	buf_clear(&extension);
}

static void put_row(struct buf *b, const char *user, uint8_t role)
{
	buf_put_vec(b, span_str(user));
	buf_put_u8(b, role);
}

static enum err read_rows(const struct buf *rows, bool more)
{
	struct buf data = BUF_INIT, extension = BUF_INIT;
	struct roles roles;
	enum err e;

	buf_put_vec(&data, buf_span(rows));
	if (more)
		buf_put_u8(&data, 0);
	wire_extension_put(&extension, ROLES_EXTENSION, buf_span(&data));
	e = roles_read(buf_span(&extension), &roles);
	assert_int_equal(roles.there, e == ERR_OK);
	buf_clear(&data);
	buf_clear(&extension);
	return e;
}

static void test_what_does_not_decode(void **state)
{
	struct buf rows = BUF_INIT;

	(void)state;
	assert_int_equal(read_rows(&rows, false), ERR_PEER_MALFORMED);
	put_row(&rows, "bob", 1);
	assert_int_equal(read_rows(&rows, false), ERR_PEER_MALFORMED);
	put_row(&rows, "alice", 2);
	assert_int_equal(read_rows(&rows, false), ERR_OK);
	assert_int_equal(read_rows(&rows, true), ERR_PEER_MALFORMED);
	put_row(&rows, "bob", 2);
	assert_int_equal(read_rows(&rows, false), ERR_PEER_MALFORMED);
	buf_reset(&rows);
	put_row(&rows, "alice", 2);
	put_row(&rows, "bob", 3);
	assert_int_equal(read_rows(&rows, false), ERR_PEER_MALFORMED);
	buf_clear(&rows);
}

static void test_generations(void **state)
{
	static const uint8_t session[16] = "0123456789abcde";
	uint8_t id[GENERATION_GROUP_ID_MAX];
	uint64_t epoch = 0, last = 0;
	uint32_t generation;

	(void)state;
	for (uint32_t g = 0; g < 3; g++) {
		size_t n = generation_group_id(session, g, id);

		assert_int_equal(n, g == 0 ? 16 : 20);
		assert_true(generation_of_group(
		    span_of(id, n), SPAN_ARRAY(session), &generation));
		assert_int_equal(generation, g);
		for (uint64_t e = 1; e < 4; e++) {
			assert_true(generation_session_epoch(
			    span_of(id, n), e, SPAN_ARRAY(session), &epoch));
			assert_true(epoch > last);
			last = epoch;
		}
	}
	/* one generation has one name */
	memset(id + 16, 0, 4);
	assert_false(generation_of_group(SPAN_ARRAY(id), SPAN_ARRAY(session),
					 &generation));
	assert_false(generation_of_group(span_of(id, 18), SPAN_ARRAY(session),
					 &generation));
	id[0] ^= 1;
	assert_false(generation_of_group(span_of(id, 16), SPAN_ARRAY(session),
					 &generation));
	assert_false(generation_session_epoch(SPAN_ARRAY(session), UINT32_MAX,
					      SPAN_ARRAY(session), &epoch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_what),
		cmocka_unit_test(test_removing),
		cmocka_unit_test(test_changing),
		cmocka_unit_test(test_reinit),
		cmocka_unit_test(test_what_does_not_decode),
		cmocka_unit_test(test_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
