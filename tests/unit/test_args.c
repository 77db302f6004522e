/* The command line: options before and after the verb, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "command/args.h"
#include "device/device.h"

#define PARSE(args, problem, ...)                                              \
	parse(args, problem,                                                   \
	      (const char *const[]){ "hermetic", __VA_ARGS__, NULL })

static enum err parse(struct args *args, char problem[256],
		      const char *const *argv)
{
	char *copy[32];
	int argc = 0;

	for (; argv[argc] != NULL; argc++)
		copy[argc] = (char *)(uintptr_t)argv[argc];
	copy[argc] = NULL;
	return args_parse(args, argc, copy, problem);
}

static void test_options_before_and_after(void **state)
{
	struct args a;
	char problem[256];
	(void)state;

	assert_int_equal(PARSE(&a, problem, "--json", "--home", "/h", "create",
			       "--name=lunch", "--invite", "bob", "--invite",
			       "carol", "--algorithm",
			       "twofish-256-gcm,aes-256-gcm", "--server",
			       "localhost:8000"),
			 ERR_OK);
	assert_int_equal(a.verb, VERB_CREATE);
	assert_true(a.json);
	assert_string_equal(a.home, "/h");
	assert_string_equal(a.name, "lunch");
	assert_int_equal(a.invite_count, 2);
	assert_string_equal(a.invites[0], "bob");
	assert_string_equal(a.invites[1], "carol");
	assert_string_equal(a.algorithms, "twofish-256-gcm,aes-256-gcm");
	assert_string_equal(a.server, "localhost:8000");
}

static void test_chat_is_the_default(void **state)
{
	struct args a;
	char problem[256];
	(void)state;

	assert_int_equal(PARSE(&a, problem, "--username", "alice", "--server",
			       "localhost:8000"),
			 ERR_OK);
	assert_int_equal(a.verb, VERB_CHAT);
	assert_string_equal(a.username, "alice");
}

static void test_operands(void **state)
{
	struct args a;
	char problem[256];
	(void)state;

	assert_int_equal(PARSE(&a, problem, "send", "3f2a", "-"), ERR_OK);
	assert_string_equal(a.operands[1], "-");
	assert_int_equal(PARSE(&a, problem, "send", "3f2a", "--", "--help"),
			 ERR_OK);
	assert_string_equal(a.operands[1], "--help");
	assert_false(a.help);
	assert_int_equal(PARSE(&a, problem, "read", "3f2a", "--after", "12",
			       "--follow", "--transport", "rest"),
			 ERR_OK);
	assert_int_equal(a.after, 12);
	assert_true(a.follow);
	assert_int_equal(a.transport, TRANSPORT_REST);
}

static void test_outbox(void **state)
{
	struct args a;
	char problem[256];
	(void)state;

	assert_int_equal(PARSE(&a, problem, "outbox"), ERR_OK);
	assert_null(a.drop);
	assert_int_equal(PARSE(&a, problem, "outbox", "--flush"), ERR_OK);
	assert_true(a.flush);
	assert_int_equal(PARSE(&a, problem, "outbox", "3f2a", "--drop", "7"),
			 ERR_OK);
	assert_int_equal(a.drop_item, 7);
	assert_int_equal(PARSE(&a, problem, "outbox", "3f2a", "--drop", "all"),
			 ERR_OK);
	assert_true(a.drop_item == DEVICE_OUTBOX_ALL);
	assert_int_equal(PARSE(&a, problem, "send", "3f2a", "hi", "--id", "k7",
			       "--to-new-members"),
			 ERR_OK);
	assert_string_equal(a.key, "k7");
	assert_true(a.to_new_members);
	assert_int_equal(PARSE(&a, problem, "resolve", "3f2a", "--yes"),
			 ERR_OK);
	assert_true(a.yes);
	assert_int_equal(a.passphrase_fd, -1);
	assert_int_equal(PARSE(&a, problem, "--passphrase-fd=3", "outbox"),
			 ERR_OK);
	assert_int_equal(a.passphrase_fd, 3);
	assert_int_equal(PARSE(&a, problem, "agent", "--for", "30d"), ERR_OK);
	assert_int_equal(a.seconds, 30 * 86400);
}

static void test_refused(void **state)
{
	static const char *const lines[][6] = {
		{ "hermetic", "dance" },
		{ "hermetic", "--dance" },
		{ "hermetic", "send", "3f2a" },
		{ "hermetic", "join", "1", "2" },
		{ "hermetic", "join", "1", "--follow" },
		{ "hermetic", "--name", "x" },
		{ "hermetic", "read", "1", "--after", "x" },
		{ "hermetic", "read", "1", "--after", "-1" },
		{ "hermetic", "read", "1", "--after" },
		{ "hermetic", "read", "1", "--transport", "pigeon" },
		{ "hermetic", "create", "--name=" },
		{ "hermetic", "login", "--json=yes" },
		{ "hermetic", "outbox", "--drop", "1" },
		{ "hermetic", "outbox", "3f2a", "--drop", "some" },
		{ "hermetic", "outbox", "3f2a", "--drop", "0" },
		{ "hermetic", "outbox", "3f2a", "--drop=1", "--flush" },
		{ "hermetic", "read", "1", "--id", "x" },
		{ "hermetic", "outbox", "--passphrase-fd", "-1" },
		{ "hermetic", "outbox", "--passphrase-fd", "x" },
		{ "hermetic", "agent", "--for", "8" },
		{ "hermetic", "agent", "--for", "h" },
		{ "hermetic", "agent", "--for", "0h" },
		{ "hermetic", "agent", "--for", "31d" },
		{ "hermetic", "outbox", "--for", "8h" },
		{ "hermetic", "read", "1", "--last", "0" },
		{ "hermetic", "read", "1", "--since", "yesterday" },
		{ "hermetic", "read", "1", "--search=x", "--follow" },
		{ "hermetic", "search" },
		{ "hermetic", "send", "1", "x", "--plain" },
	};
	struct args a;
	char problem[256];
	(void)state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(parse(&a, problem, lines[i]),
				 ERR_PEER_INVALID);
		assert_true(strlen(problem) > 5);
	}
}

static void test_too_many_invites(void **state)
{
	char *argv[2 + 2 * (ARGS_INVITES_MAX + 1)];
	struct args a;
	char problem[256];
	char program[] = "hermetic", verb[] = "create", option[] = "--invite",
	     user[] = "bob";
	int argc = 0;
	(void)state;

	argv[argc++] = program;
	argv[argc++] = verb;
	for (int i = 0; i <= ARGS_INVITES_MAX; i++) {
		argv[argc++] = option;
		argv[argc++] = user;
	}
	assert_int_equal(args_parse(&a, argc, argv, problem), ERR_PEER_INVALID);
}

static void test_help_excuses(void **state)
{
	struct args a;
	char problem[256];
	(void)state;

	assert_int_equal(PARSE(&a, problem, "send", "--help"), ERR_OK);
	assert_true(a.help);
	assert_int_equal(a.verb, VERB_SEND);
	assert_int_equal(PARSE(&a, problem, "help", "send"), ERR_OK);
	assert_true(a.help);
	assert_int_equal(a.verb, VERB_SEND);
}

static void test_every_verb_has_a_page(void **state)
{
	(void)state;
	for (unsigned v = VERB_CHAT; v < VERB_COUNT; v++) {
		char *page = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&page, &size);

		assert_non_null(out);
		args_help((enum verb)v, out);
		(void)fclose(out);
		assert_non_null(strstr(page, "Example"));
		assert_non_null(strstr(page, args_verb_name((enum verb)v)));
		free(page);
	}
}

static void test_environment_gives_way(void **state)
{
	struct args a;
	char problem[256];
	(void)state;

	(void)setenv("HERMETIC_SERVER", "env:1", 1);
	(void)setenv("HERMETIC_USERNAME", "env", 1);
	assert_int_equal(PARSE(&a, problem, "sessions", "--server", "arg:2"),
			 ERR_OK);
	args_environment(&a);
	assert_string_equal(a.server, "arg:2");
	assert_string_equal(a.username, "env");
	(void)unsetenv("HERMETIC_SERVER");
	(void)unsetenv("HERMETIC_USERNAME");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_before_and_after),
		cmocka_unit_test(test_chat_is_the_default),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_outbox),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many_invites),
		cmocka_unit_test(test_help_excuses),
		cmocka_unit_test(test_every_verb_has_a_page),
		cmocka_unit_test(test_environment_gives_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
