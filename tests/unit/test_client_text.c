/* What the client reads from people and from others: servers' addresses,
 * algorithms, message contents, text for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/chat.h"
#include "command/entry_line.h"
#include "command/environment.h"
#include "command/home.h"
#include "command/out.h"
#include "crypto/xwing.h"
#include "device/texts/content.h"
#include "device/texts/entry_kind.h"
#include "reach/account.h"

static void expect_url(const char *server, const char *url)
{
	struct buf found = BUF_INIT;
	enum err e = api_base_url(server, &found);

	if (url == NULL) {
		assert_int_not_equal(e, ERR_OK);
	} else {
		assert_int_equal(e, ERR_OK);
		assert_true(span_equal(buf_span(&found), span_str(url)));
	}
	buf_clear(&found);
}

static void test_servers(void **state)
{
	(void)state;
	expect_url("localhost:8000", "http://localhost:8000");
	expect_url("127.0.0.1", "http://127.0.0.1");
	expect_url("[::1]:8000", "http://[::1]:8000");
	expect_url("chat.example", "https://chat.example");
	expect_url("chat.example:444/", "https://chat.example:444");
	expect_url("localhost.example", "https://localhost.example");
	expect_url("http://chat.example", "http://chat.example");
	expect_url("https://chat.example/api/", "https://chat.example/api");
	expect_url("", NULL);
	expect_url("http://", NULL);
	expect_url("ftp://chat.example", NULL);
	expect_url("chat.example/path", NULL);
	expect_url("user@chat.example", NULL);
	expect_url("http://user@chat.example", NULL);
	expect_url("chat example", NULL);
	expect_url("http://chat.example/?x", NULL);
}

static void test_algorithms(void **state)
{
	static const char *const bad[] = { "",
					   ",",
					   "aes-256-gcm,",
					   "rot13",
					   "aes-256-gcm,aes-256-gcm",
					   "aes-256-gcm, twofish-256-gcm" };
	struct suites suites = { 0 };
	struct why why = { 0 };
	(void)state;

	assert_int_equal(suites_parse(NULL, &suites, &why), ERR_OK);
	/* the same with each OpenSSL */
	assert_int_equal(suites.count, 3);
	assert_int_equal(suites.ids[0], SUITE_X448_AES256GCM_SHA512_ED448);
	for (size_t i = 0; i < suites.count; i++)
		assert_int_not_equal(suite_by_id(suites.ids[i])->kem_id,
				     SUITE_KEM_XWING);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why_clear(&why);
		assert_int_equal(suites_parse(bad[i], &suites, &why),
				 ERR_PEER_INVALID);
		assert_true(why.text[0] != '\0');
	}
	assert_int_equal(suites.count, 3);
}

/* Where OpenSSL is too old for an algorithm, that is said and nothing else. */
static void test_openssl_too_old(void **state)
{
	struct suites suites = { 0 };
	struct why why = { 0 };
	enum err e =
	    suites_parse("aes-256-gcm,xwing-aes-256-gcm", &suites, &why);
	(void)state;

	if (xwing_there()) {
		assert_int_equal(e, ERR_OK);
		assert_int_equal(suites.count, 2);
		return;
	}
	assert_int_equal(e, ERR_PEER_INVALID);
	assert_string_equal(why.slug, "openssl-too-old");
	assert_non_null(strstr(why.text, "xwing-aes-256-gcm"));
	assert_int_equal(suites.count, 0);
}

static enum err take_environment(const char *cost, const char *stock,
				 const char *receipts,
				 struct hermetic_config *config)
{
	const struct args args = { .scrypt_n = cost,
				   .stock = stock,
				   .receipts = receipts };
	struct reason why = { 0 };
	enum err e = environment_take(&args, &why, config);

	assert_int_equal(why.result,
			 e == ERR_OK ? HERMETIC_OK : HERMETIC_USAGE);
	return e;
}

static void test_environment(void **state)
{
	struct hermetic_config config = { 0 };
	(void)state;

	assert_int_equal(take_environment(NULL, NULL, NULL, &config), ERR_OK);
	assert_int_equal(config.scrypt_n, 0);
	assert_int_equal(config.stock, 0);
	assert_true(config.receipts);
	assert_int_equal(take_environment("16384", "7", "off", &config),
			 ERR_OK);
	assert_int_equal(config.scrypt_n, 16384);
	assert_int_equal(config.stock, 7);
	assert_false(config.receipts);
	assert_int_not_equal(take_environment("0", NULL, NULL, &config),
			     ERR_OK);
	assert_int_not_equal(take_environment("16384x", NULL, NULL, &config),
			     ERR_OK);
	assert_int_not_equal(
	    take_environment(NULL, "4294967296", NULL, &config), ERR_OK);
	assert_int_not_equal(take_environment(NULL, NULL, "yes", &config),
			     ERR_OK);
}

static enum hermetic_result make_handle(uint32_t cost, uint32_t stock)
{
	const struct hermetic_config config = { .size = sizeof(config),
						.home = "/nowhere",
						.scrypt_n = cost,
						.stock = stock };
	struct hermetic *h = NULL;
	enum hermetic_result result = hermetic_new(&config, &h);

	hermetic_free(h);
	return result;
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(make_handle(0, 0), HERMETIC_OK);
	assert_int_equal(make_handle(1u << 14, 100), HERMETIC_OK);
	assert_int_equal(make_handle(1u << 22, 1), HERMETIC_OK);
	assert_int_equal(make_handle(1u << 13, 0), HERMETIC_USAGE);
	assert_int_equal(make_handle((1u << 14) + 1, 0), HERMETIC_USAGE);
	assert_int_equal(make_handle(1u << 23, 0), HERMETIC_USAGE);
	assert_int_equal(make_handle(0, 101), HERMETIC_USAGE);
}

/* A call that succeeds wipes no reason, and memory that is out is told as that. */
static void test_reasons(void **state)
{
	const struct hermetic_config config = { .size = sizeof(config),
						.home = "/nowhere" };
	struct cmd cmd = { 0 };
	(void)state;

	assert_int_equal(hermetic_new(&config, &cmd.h), HERMETIC_OK);
	assert_int_equal(cmd_no(&cmd, HERMETIC_GONE, "no-such",
				"There is no %s.", "caf\xc3"),
			 ERR_PEER_INVALID);
	assert_int_equal(cmd_did(&cmd, hermetic_set_passphrase(cmd.h, "p", 1)),
			 ERR_OK);
	reason_end(&cmd.why, ERR_PEER_INVALID);
	assert_int_equal(cmd.why.result, HERMETIC_GONE);
	assert_string_equal(cmd.why.text, "There is no caf.");
	reason_end(&cmd.why, ERR_LOCAL_MEMORY);
	assert_int_equal(cmd.why.result, HERMETIC_LOCAL);
	assert_string_equal(cmd.why.slug, "failed");
	assert_int_not_equal(cmd_did(&cmd, hermetic_open(cmd.h)), ERR_OK);
	assert_string_equal(cmd.why.slug, "no-state");
	hermetic_free(cmd.h);
}

static void expect_home(const char *home, const char *name, const char *path)
{
	struct buf found = BUF_INIT;
	struct reason why = { 0 };

	assert_int_equal(home_find(home, name, &why, &found), ERR_OK);
	assert_string_equal((const char *)found.p, path);
	buf_clear(&found);
}

static void test_homes(void **state)
{
	struct buf found = BUF_INIT;
	struct reason why = { 0 };
	(void)state;

	(void)setenv("XDG_DATA_HOME", "/nowhere/data", 1);
	expect_home("/h", "alice", "/h");
	expect_home(NULL, "alice", "/nowhere/data/hermetic/alice");
	expect_home(NULL, "..", "/nowhere/data/hermetic/@..");
	assert_int_equal(home_find(NULL, NULL, &why, &found), ERR_PEER_INVALID);
	assert_int_equal(why.result, HERMETIC_NO_ACCOUNT);
	(void)unsetenv("XDG_DATA_HOME");
	(void)setenv("HOME", "/nowhere", 1);
	expect_home(NULL, "bob", "/nowhere/.local/share/hermetic/bob");
	buf_clear(&found);
}

static void test_contents(void **state)
{
	struct buf b = BUF_INIT;
	enum content_type type;
	struct span value;
	(void)state;

	content_put(&b, CONTENT_TEXT, SPAN_LIT("h\xc3\xa9"));
	assert_int_equal(content_read(buf_span(&b), &type, &value), ERR_OK);
	assert_int_equal(type, CONTENT_TEXT);
	assert_true(span_equal(value, SPAN_LIT("h\xc3\xa9")));
	assert_int_equal(content_read(SPAN_EMPTY, &type, &value),
			 ERR_PEER_MALFORMED);
	assert_int_equal(content_read(SPAN_LIT("\x7fx"), &type, &value),
			 ERR_PEER_UNSUPPORTED);
	assert_int_equal(content_read(SPAN_LIT("\x01\xff"), &type, &value),
			 ERR_PEER_MALFORMED);
	buf_reset(&b);
	buf_put_u8(&b, CONTENT_NAME);
	for (unsigned i = 0; i <= CONTENT_NAME_MAX; i++)
		buf_put_u8(&b, 'n');
	assert_int_equal(content_read(buf_span(&b), &type, &value),
			 ERR_PEER_MALFORMED);
	buf_clear(&b);
}

static void test_utf8(void **state)
{
	(void)state;
	assert_true(text_is_utf8(SPAN_EMPTY));
	assert_true(text_is_utf8(SPAN_LIT("a\xc2\x80\xe2\x82\xac"
					  "\xf0\x9f\x98\x80"
					  "\xf4\x8f\xbf\xbf")));
	assert_false(text_is_utf8(SPAN_LIT("\x80")));
	assert_false(text_is_utf8(SPAN_LIT("\xc0\xaf")));
	assert_false(text_is_utf8(SPAN_LIT("\xe0\x80\xaf")));
	assert_false(text_is_utf8(SPAN_LIT("\xed\xa0\x80")));
	assert_false(text_is_utf8(SPAN_LIT("\xf4\x90\x80\x80")));
	assert_false(text_is_utf8(SPAN_LIT("\xf5\x80\x80\x80")));
	assert_false(text_is_utf8(SPAN_LIT("\xe2\x82")));
}

static void test_blank(void **state)
{
	(void)state;
	assert_true(text_is_blank(SPAN_EMPTY));
	assert_true(text_is_blank(SPAN_LIT(" \t\n\r")));
	assert_true(text_is_blank(SPAN_LIT("\xc2\xa0\xe3\x80\x80"
					   "\xe2\x80\x8b\xef\xbb\xbf")));
	assert_false(text_is_blank(SPAN_LIT("  .")));
	assert_false(text_is_blank(SPAN_LIT(".  ")));
	assert_false(text_is_blank(SPAN_LIT("\xe2\x80\xb0")));
	assert_false(text_is_blank(SPAN_LIT("\x80")));
}

static void expect_safe(struct span text, const char *safe)
{
	struct buf out = BUF_INIT;

	out_put_safe(&out, text);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_int_equal(out.n, strlen(safe));
	assert_memory_equal(out.p, safe, out.n);
	buf_clear(&out);
}

static void test_terminal(void **state)
{
	(void)state;
	expect_safe(SPAN_LIT("plain, \xc3\xa9t\xc3\xa9"),
		    "plain, \xc3\xa9t\xc3\xa9");
	expect_safe(SPAN_LIT("a\x1b[31m"), "a\\u{1b}[31m");
	expect_safe(SPAN_LIT("a\r\x7f"), "a\\u{d}\\u{7f}");
	expect_safe(SPAN_LIT("\xc2\x9b"), "\\u{9b}");
	expect_safe(SPAN_LIT("\xe2\x80\xae"), "\\u{202e}");
	expect_safe(SPAN_LIT("\xff\xe2\x82"), "\\xff\\xe2\\x82");
	expect_safe(SPAN_LIT("one\ntwo"), "one\n    two");
	/* joiners belong to scripts and to emoji; a space of no width does
	 * not */
	expect_safe(SPAN_LIT("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"),
		    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7");
	expect_safe(SPAN_LIT("\xd9\x85\xe2\x80\x8c\xd8\xae"),
		    "\xd9\x85\xe2\x80\x8c\xd8\xae");
	expect_safe(SPAN_LIT("\xe2\x80\x8b"), "\\u{200b}");
}

static void put_code_point(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

static bool is_escaped(void put(struct buf *out, struct span text), uint32_t c)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	char escape[16];
	bool escaped;

	put_code_point(&in, c);
	put(&out, buf_span(&in));
	(void)snprintf(escape, sizeof(escape), "\\u{%x}", (unsigned)c);
	escaped = span_equal(buf_span(&out), span_str(escape));
	assert_true(escaped || span_equal(buf_span(&out), buf_span(&in)));
	buf_clear(&in);
	buf_clear(&out);
	return escaped;
}

/* What does not show, and changes how a text reads. */
static void test_format_characters(void **state)
{
	static const uint32_t harmful[][2] = {
		{ 0x00, 0x08 },	      { 0x0b, 0x1f },	    { 0x7f, 0x9f },
		{ 0xad, 0xad },	      { 0x61c, 0x61c },	    { 0x180e, 0x180e },
		{ 0x200b, 0x200b },   { 0x200e, 0x200f },   { 0x2028, 0x202e },
		{ 0x2060, 0x206f },   { 0xfeff, 0xfeff },   { 0xfff0, 0xfffb },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe007f },
	};
	/* signs of numbers in Arabic, an emoji, a sign for the missing, private
	 * use */
	static const uint32_t good[] = { 0x600,	 0x6dd, 0x1f469, 0xfffd,
					 0xe000, 0x20,	0x300 };
	/* alone they are of no use */
	static const uint32_t hidden[] = { 0x200c, 0x200d, 0xfe0f,  0x34f,
					   0x115f, 0x3164, 0xe0100, 0x180b };
	(void)state;

	for (size_t i = 0; i < sizeof(harmful) / sizeof(*harmful); i++)
		for (uint32_t c = harmful[i][0]; c <= harmful[i][1]; c++) {
			assert_true(is_escaped(out_put_safe, c));
			assert_true(is_escaped(out_put_name, c));
		}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_false(is_escaped(out_put_safe, good[i]));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		assert_true(is_escaped(out_put_safe, hidden[i]) &&
			    is_escaped(out_put_name, hidden[i]));
	/* what only a text has: a name is one line */
	assert_true(is_escaped(out_put_name, '\n'));
	assert_true(is_escaped(out_put_name, '\t'));
}

/* A member that is longer than its buffer ends with a whole character. */
static void test_long_member(void **state)
{
	char text[601] = "abc";
	json_t *object;
	const char *shown;
	(void)state;

	for (size_t i = 3; i < 600; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[600] = '\0';
	for (size_t skip = 0; skip < 3; skip++) {
		object = json_pack("{s:s}", "name", text + skip);
		assert_non_null(object);
		shown = out_member(object, "name");
		assert_true(text_is_utf8(span_str(shown)));
		assert_in_range(strlen(shown), 509, 511);
		json_decref(object);
	}
}

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

static void expect_cut(const char *label, bool inside, const char *expected)
{
	struct buf out = BUF_INIT;

	chat_put_cut(&out, span_str(label), inside);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_true(out.n <= CHAT_LABEL_BYTES + strlen("..."));
	if (expected != NULL)
		assert_true(span_equal(buf_span(&out), span_str(expected)));
	buf_clear(&out);
}

/* What is measured is what stands on the screen. */
static void label_is_cut_as_it_is_put(void **state)
{
	char letter[1024] = "a";

	(void)state;
	expect_cut("lunch", true, "lunch");
	expect_cut("123456789012345678901234", true,
		   "123456789012345678901234");
	expect_cut("1234567890123456789012345", true,
		   "123456789012345678901234...");
	/* six columns each, and none before they are escaped */
	expect_cut("\x01\x01\x01\x01\x01", false,
		   "\\u{1}\\u{1}\\u{1}\\u{1}...");
	expect_cut("(((((((((((((", true,
		   "\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(...");
	/* one sign of many bytes leaves room for the quote behind it */
	for (size_t n = 1; n + 2 < sizeof(letter); n += 2)
		memcpy(letter + n, "\xcc\x81", 3);
	expect_cut(letter, true, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_is_cut_as_it_is_put),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_openssl_too_old),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_homes),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_format_characters),
		cmocka_unit_test(test_long_member),
		cmocka_unit_test(test_who_came_and_went),
		cmocka_unit_test(test_whether_numbers_were_compared),
		cmocka_unit_test(test_roles_and_departures),
		cmocka_unit_test(test_quotes_hold),
		cmocka_unit_test(test_marks_are_not_forged),
		cmocka_unit_test(test_every_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
