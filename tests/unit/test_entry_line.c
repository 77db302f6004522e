/* The line that an entry is for a person: no words of a member read as the program's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "command/entry_line.h"
#include "command/out.h"
#include "device/texts/entry_kind.h"

static void expect_line(const char *json, const char *line)
{
	json_t *message = json_loads(json, 0, NULL);
	struct entry_lines lines = { 0 };
	struct buf out = BUF_INIT;

	assert_non_null(message);
	entry_line_put(&out, &lines, message);
	assert_int_equal(buf_end(&out), ERR_OK);
	buf_put_u8(&out, 0);
	assert_string_equal((const char *)out.p, line);
	buf_clear(&out);
	json_decref(message);
}

static void test_who_came_and_went(void **state)
{
	(void)state;
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"alice\"}",
		    "#3   * alice changed the keys (epoch 2)");
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"alice\", \"added\": [\"carol/1\", "
		    "\"carol/2\", \"alice/3\"], \"removed\": [\"bob/4\"]}",
		    "#3   * alice added carol, their new device 3 and "
		    "removed bob; new keys (epoch 2)");
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"alice\", \"device\": \"0123456789\", "
		    "\"added\": [\"alice/abcdefghij\", \"alice/k\"]}",
		    "#3   * alice added their new device abcdefgh, approved by "
		    "01234567, their new device k, approved by 01234567; new "
		    "keys (epoch 2)");
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"alice\", \"device\": \"0123456789\", "
		    "\"removed\": [\"alice/abcdefghij\"]}",
		    "#3   * alice removed their device abcdefgh; new keys "
		    "(epoch 2)");
	/* a name is no place for signs that do not show */
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"al\\u200dice\", \"added\": "
		    "[\"ca\\u001brol/1\", 7]}",
		    "#3   * al\\u{200d}ice added ca\\u{1b}rol; new keys "
		    "(epoch 2)");
}

/* Whoever says or does something is marked, and the own account is not. */
static void test_whether_numbers_were_compared(void **state)
{
	(void)state;
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"bob\", "
		    "\"text\": \"hi\", \"compared\": \"yes\"}",
		    "#3   bob (verified): hi");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"bob\", "
		    "\"text\": \"hi\", \"compared\": \"no\"}",
		    "#3   bob (unverified): hi");
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"bob\", \"added\": [\"carol/1\"], "
		    "\"compared\": \"changed\"}",
		    "#3   * bob (CHANGED) added carol; new keys (epoch 2)");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"me\", "
		    "\"text\": \"hi\"}",
		    "#3   me: hi");
}

static void test_roles_and_departures(void **state)
{
	(void)state;
	expect_line("{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
		    "\"from\": \"alice\", \"roles\": [{\"user\": \"bob\", "
		    "\"role\": \"admin\"}]}",
		    "#3   * alice made bob admin; new keys (epoch 2)");
	expect_line(
	    "{\"seq\": 3, \"kind\": \"commit\", \"epoch\": 2, "
	    "\"from\": \"alice\", \"removed\": [\"bob/4\"], \"roles\": "
	    "[{\"user\": \"ca\\u200drol\", \"role\": \"owner\"}, "
	    "{\"user\": \"alice\", \"role\": \"member\"}]}",
	    "#3   * alice removed bob and made ca\\u{200d}rol owner and "
	    "alice member; new keys (epoch 2)");
	expect_line("{\"seq\": 4, \"kind\": \"departed\", \"epoch\": 2, "
		    "\"from\": \"bob\", \"device\": \"4\"}",
		    "#4   * bob left with device 4");
	expect_line(
	    "{\"seq\": 4, \"kind\": \"departed\", \"epoch\": 2, "
	    "\"from\": \"bob\", \"device\": \"4\", \"heir\": \"carol\"}",
	    "#4   * bob left with device 4; carol is to be owner");
	expect_line("{\"seq\": 5, \"kind\": \"joined\", \"epoch\": 2, "
		    "\"from\": \"bob\"}",
		    "#5   * bob joined; new keys (epoch 2)");
	expect_line("{\"seq\": 5, \"kind\": \"joined\", \"epoch\": 2, "
		    "\"from\": \"bob\", \"removed\": [\"bob/4\"]}",
		    "#5   * bob joined again; new keys (epoch 2)");
}

/* A name in quotes ends where the program ends it, also one that is cut. */
static void test_quotes_hold(void **state)
{
	json_t *row =
	    json_pack("{s:s, s:s, s:s}", "name",
		      "phone\"  device 2  (this one)", "empty", "", "long",
		      "0123456789012345678901234567890123456789"
		      "012345678901234567890123456789012345678\\\"x");
	(void)state;

	assert_string_equal(out_quoted(row, "name"),
			    "\"phone\\\"  device 2  \\(this one\\)\"");
	assert_string_equal(out_quoted(row, "empty"), "");
	assert_string_equal(out_quoted(row, "missing"), "");
	assert_string_equal(out_quoted(row, "long"),
			    "\"0123456789012345678901234567890123456789"
			    "012345678901234567890123456789012345678\\\\...\"");
	json_decref(row);
}

/* No words of a member read as marks of the program. */
static void test_marks_are_not_forged(void **state)
{
	(void)state;
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"topic\": \"lunch) (to #5\", \"text\": \"yes (mentions "
		    "you)\"}",
		    "#3   alice (topic \"lunch\\) \\(to #5\"): yes (mentions "
		    "you)");
	/* marks stand before the colon, and others' words in them are quoted */
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"text\": \"yes (edited by #4) [read by bob]\"}",
		    "#3   alice: yes (edited by #4) [read by bob]");
	expect_line(
	    "{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
	    "\"compared\": \"no\", \"edited\": 4, \"edited_text\": "
	    "\"yes\", \"reply_to\": 2, \"read_by\": [\"bob\"], "
	    "\"reactions\": {\"a\\\") (\\\"b\\\" bob\": [\"carol\"]}}",
	    "#3   alice (unverified) (to #2) (edited by #4) (\"a\\\"\\) "
	    "\\(\\\"b\\\" bob\" carol) (read by bob): yes");
	/* nor do they make lines, which another one would seem to have said */
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"text\": \"no\", \"reactions\": {\"\\n#13  09:16\\tbob: "
		    "yes, I pay\": [\"carol\"]}}",
		    "#3   alice (\"\\u{a}#13  09:16\\u{9}bob: yes, I pay\" "
		    "carol): no");
	expect_line("{\"seq\": 3, \"kind\": \"name\", \"from\": \"alice\", "
		    "\"text\": \"lunch\\n#13 bob: yes\"}",
		    "#3   * alice calls this session \"lunch\\u{a}#13 bob: "
		    "yes\"");
}

/* Nor do the names of files, and what is gone is told by a mark. */
static void test_marks_of_files_and_of_what_is_gone(void **state)
{
	(void)state;
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"file\": {\"name\": \"a\\\", 1 bytes: x): bob\", "
		    "\"size\": 7}, \"text\": \"\"}",
		    "#3   alice (file \"a\\\", 1 bytes: x\\): bob\", 7 bytes: "
		    "hermetic save SESSION 3)");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"file\": {\"name\": \"a\", \"size\": 7}, \"edited\": 4, "
		    "\"edited_text\": \"for you\", \"text\": \"\"}",
		    "#3   alice (file \"a\", 7 bytes: hermetic save SESSION "
		    "3) (edited by #4): for you");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"deleted\": 4}",
		    "#3   alice (deleted by #4)");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"text\": \"(deleted by #4)\"}",
		    "#3   alice: (deleted by #4)");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"expired\": true}",
		    "#3   alice (expired)");
	expect_line("{\"seq\": 3, \"kind\": \"edit\", \"from\": \"alice\", "
		    "\"of\": 2, \"expired\": true}",
		    "#3   * alice edited #2 (expired)");
	expect_line("{\"seq\": 3, \"kind\": \"reaction\", \"from\": "
		    "\"alice\", \"of\": 2, \"deleted\": 5, \"text\": "
		    "\"x to #1\"}",
		    "#3   * alice reacted to #2 (deleted by #5)");
}

/* Nor do the words that a session is described by. */
static void test_marks_of_sessions_and_copies(void **state)
{
	(void)state;
	expect_line("{\"seq\": 3, \"kind\": \"room\", \"from\": \"alice\", "
		    "\"picture\": {\"type\": \"image/png), it is called "
		    "\\\"a\\\"\"}}",
		    "#3   * alice says of this session: it has a picture "
		    "(\"image/png\\), it is called \\\"a\\\"\")");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"me\", "
		    "\"copy\": true, \"text\": \"who was that?\"}",
		    "#3   (by another copy of this device's state) me: who was "
		    "that?");
	expect_line("{\"seq\": 3, \"kind\": \"text\", \"from\": \"alice\", "
		    "\"mentioned\": true, \"text\": \"yes\"}",
		    "#3   (mentions you) alice: yes");
	expect_line("{\"seq\": 3, \"kind\": \"edit\", \"from\": \"alice\", "
		    "\"of\": 2, \"mentioned\": true, \"text\": \"yes\"}",
		    "#3   (mentions you) * alice edited #2: yes");
	expect_line("{\"seq\": 3, \"kind\": \"name\", \"from\": \"alice\", "
		    "\"text\": \"a\\\" (b) \\\\\"}",
		    "#3   * alice calls this session "
		    "\"a\\\" \\(b\\) \\\\\"");
	expect_line("{\"seq\": 3, \"kind\": \"room\", \"from\": \"alice\", "
		    "\"name\": \"a\\\"\", \"subject\": \"b\\\", it has a "
		    "picture (image/png)\"}",
		    "#3   * alice says of this session: it is called "
		    "\"a\\\"\", it is about \"b\\\", it has a picture "
		    "\\(image/png\\)\"");
}

/* Every kind has words of its own, and what is to come is not called broken. */
static void test_every_kind(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ENTRY_KINDS; i++) {
		json_t *entry = json_pack("{s:i, s:s}", "seq", 1, "kind",
					  entry_kind_text((enum entry_kind)i));
		struct entry_lines lines = { 0 };
		struct buf line = BUF_INIT;

		entry_line_put(&line, &lines, entry);
		assert_int_equal(buf_end(&line), ERR_OK);
		buf_put_u8(&line, 0);
		assert_null(strstr((const char *)line.p, "later version"));
		buf_clear(&line);
		json_decref(entry);
	}
	expect_line("{\"seq\": 1, \"kind\": \"painted\"}",
		    "#1   ! this is for a later version of hermetic: "
		    "\"painted\"");
	expect_line("{\"seq\": 1, \"kind\": \"refused\", \"reason\": \"not "
		    "allowed\", \"rule\": \"another device has to add it\"}",
		    "#1   ! a commit was refused, members and keys are as "
		    "before: another device has to add it");
	expect_line("{\"seq\": 1, \"kind\": \"expired\"}",
		    "#1   ! the server says that it does not keep this message "
		    "any more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_came_and_went),
		cmocka_unit_test(test_whether_numbers_were_compared),
		cmocka_unit_test(test_roles_and_departures),
		cmocka_unit_test(test_quotes_hold),
		cmocka_unit_test(test_marks_are_not_forged),
		cmocka_unit_test(test_marks_of_files_and_of_what_is_gone),
		cmocka_unit_test(test_marks_of_sessions_and_copies),
		cmocka_unit_test(test_every_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
