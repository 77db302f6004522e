/* What the client reads from people and from others: servers' addresses, algorithms,
 * message contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/cmd.h"
#include "command/environment.h"
#include "command/home.h"
#include "crypto/xwing.h"
#include "device/texts/content.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
