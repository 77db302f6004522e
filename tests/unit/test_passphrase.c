/* What counts of a passphrase, and a state whose passphrase changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reach/passphrase_form.h"
#include "reach/state.h"

/* As little as scrypt allows: the tests are not about its cost. */
static const struct password_cost CHEAP = { 16, 1, 1 };

/* ---- the form ---- */

static void expect_form(const char *typed, const char *form)
{
	struct buf got = BUF_INIT;

	assert_int_equal(passphrase_form(span_str(typed), &got), ERR_OK);
	assert_int_equal(buf_end(&got), ERR_OK);
	assert_true(span_equal(buf_span(&got), span_str(form)));
	buf_clear(&got);
}

static void test_form(void **context)
{
	(void)context;
	expect_form("correct horse", "correct horse");
	expect_form("Correct Horse", "Correct Horse"); /* case counts */
	expect_form("", "");
	/* e and a combining acute; one character */
	expect_form("caf\x65\xcc\x81", "caf\xc3\xa9");
	expect_form("caf\xc3\xa9", "caf\xc3\xa9");
	/* the order of marks */
	expect_form("a\xcc\x81\xcc\xa7", "\xc3\xa1\xcc\xa7");
	/* no-break, ideographic and ogham spaces */
	expect_form("a\xc2\xa0"
		    "b\xe3\x80\x80"
		    "c\xe1\x9a\x80"
		    "d",
		    "a b c d");
	/* wide letters, a ligature */
	expect_form("\xef\xbc\xa1\xef\xbc\xa2\xef\xac\x81", "ABfi");
	/* Hangul by its letters */
	expect_form("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c");
	/* no UTF-8: as it is */
	expect_form("caf\xe9", "caf\xe9");
	expect_form("\xed\xa0\x80", "\xed\xa0\x80");
}

static void test_form_is_its_own(void **context)
{
	static const char *const typed[] = {
		"\xef\xac\x81\xcc\x81 \xe2\x84\xab",
		"\xce\x90\xcd\x85\xe1\xbe\x80",
		"\xe0\xbd\xb2\xe0\xbd\xb1\xe0\xbe\x80"
	};

	(void)context;
	for (size_t i = 0; i < sizeof(typed) / sizeof(*typed); i++) {
		struct buf once = BUF_INIT, twice = BUF_INIT;

		assert_int_equal(passphrase_form(span_str(typed[i]), &once),
				 ERR_OK);
		assert_int_equal(passphrase_form(buf_span(&once), &twice),
				 ERR_OK);
		assert_true(span_equal(buf_span(&once), buf_span(&twice)));
		buf_clear(&once);
		buf_clear(&twice);
	}
}

/* ---- a state ---- */

static int make_home(void **context)
{
	char *home = strdup("/tmp/hermetic-passphrase-XXXXXX");

	if (home == NULL || mkdtemp(home) == NULL)
		return -1;
	*context = home;
	return 0;
}

static int remove_home(void **context)
{
	state_remove(*context);
	(void)rmdir(*context);
	free(*context);
	return 0;
}

static enum err open_state(const char *home, const char *passphrase,
			   struct state **state)
{
	struct why why = { 0 };

	*state = NULL;
	return state_open(home, span_str(passphrase), &why, state);
}

static void expect_opens(const char *home, const char *passphrase)
{
	struct buf value = BUF_INIT;
	struct state *state;

	assert_int_equal(open_state(home, passphrase, &state), ERR_OK);
	assert_int_equal(state_get(state, "a", &value), ERR_OK);
	assert_true(span_equal(buf_span(&value), SPAN_LIT("one")));
	buf_clear(&value);
	state_close(state);
}

static void expect_stays_shut(const char *home, const char *passphrase)
{
	struct state *state;

	assert_int_equal(open_state(home, passphrase, &state), ERR_PEER_CRYPTO);
	assert_null(state);
}

static void change(const char *home, const char *from, const char *to,
		   bool commit)
{
	struct state *state;

	assert_int_equal(open_state(home, from, &state), ERR_OK);
	assert_int_equal(state_begin(state), ERR_OK);
	assert_int_equal(state_change_passphrase(state, span_str(to)), ERR_OK);
	if (commit)
		assert_int_equal(state_commit(state), ERR_OK);
	state_close(state);
}

static void create(const char *home, const char *passphrase)
{
	struct state *state = NULL;
	struct why why = { 0 };

	assert_int_equal(
	    state_create(home, span_str(passphrase), CHEAP, &why, &state),
	    ERR_OK);
	assert_int_equal(state_begin(state), ERR_OK);
	assert_int_equal(state_put(state, "a", SPAN_LIT("one")), ERR_OK);
	assert_int_equal(state_commit(state), ERR_OK);
	state_close(state);
}

static void test_change(void **context)
{
	const char *home = *context;
	struct state *state;

	create(home, "the first");
	change(home, "the first", "the second", false); /* cut off */
	expect_opens(home, "the first");
	expect_stays_shut(home, "the second");
	change(home, "the first", "the second", true);
	expect_opens(home, "the second");
	expect_stays_shut(home, "the first");
	assert_int_equal(open_state(home, "the second", &state), ERR_OK);
	assert_int_equal(state_change_passphrase(state, SPAN_LIT("no")),
			 ERR_LOCAL_BUG); /* outside of a transaction */
	state_close(state);
}

static void test_one_form_opens_another(void **context)
{
	create(*context, "caf\x65\xcc\x81");
	expect_opens(*context, "caf\xc3\xa9");
	expect_stays_shut(*context, "cafe");
}

/* ---- a state of version 1, whose keys come from the passphrase ---- */

/* tests/vectors/states/state-1.db: made by the code of then, with what was typed
 * as it was (e and a combining acute), in which the record `a` is "one". */
#define OLD "caf\x65\xcc\x81 au lait"
#define OLD_FORM "caf\xc3\xa9 au lait"

static void copy_old(const char *home)
{
	char path[128];
	uint8_t bytes[65536];
	FILE *from = fopen("tests/vectors/states/state-1.db", "rb"), *to;
	size_t n;

	assert_non_null(from);
	n = fread(bytes, 1, sizeof(bytes), from);
	(void)fclose(from);
	(void)snprintf(path, sizeof(path), "%s/state.db", home);
	to = fopen(path, "wb");
	assert_non_null(to);
	assert_int_equal(fwrite(bytes, 1, n, to), n);
	assert_int_equal(fclose(to), 0);
}

static void test_a_state_of_before(void **context)
{
	const char *home = *context;

	copy_old(home);
	expect_opens(home, OLD);
	expect_stays_shut(home, OLD_FORM); /* it was typed otherwise */
	expect_stays_shut(home, "another");
	change(home, OLD, "new", false);
	expect_opens(home, OLD);
	change(home, OLD, OLD, true); /* goes over to its form */
	expect_opens(home, OLD);
	expect_opens(home, OLD_FORM);
	change(home, OLD_FORM, "new", true);
	expect_opens(home, "new");
	expect_stays_shut(home, OLD);
}

#define WITH_HOME(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_form_is_its_own),
		WITH_HOME(test_change),
		WITH_HOME(test_one_form_opens_another),
		WITH_HOME(test_a_state_of_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
