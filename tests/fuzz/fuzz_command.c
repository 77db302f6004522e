/*
 * What people give to the command: words of a command line, keys that are typed, where
 * the server is, numbers of the environment, and an account's log in a file. It does
 * not matter how the keys arrive, and of whole characters come whole characters. The
 * first byte chooses.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/args.h"
#include "reach/api.h"

/* Their reading of bytes is their own. */
#include "command/cmd_account_log.c"
#include "command/line.c"

enum { WORDS_MAX = 64 };

/* ---- words, each a line of the input ---- */

static bool is_word(const char *text, char *const *argv, int argc)
{
	for (int i = 0; i < argc; i++)
		if (text >= argv[i] && text <= argv[i] + strlen(argv[i]))
			return true;
	return text == NULL;
}

static void check_args(const struct args *a, char *const *argv, int argc)
{
	if (a->verb >= VERB_COUNT || a->operand_count > 3 ||
	    a->invite_count > ARGS_INVITES_MAX || a->after > INT64_MAX ||
	    !is_word(a->server, argv, argc) || !is_word(a->name, argv, argc) ||
	    !is_word(a->drop, argv, argc))
		abort();
	for (size_t i = 0; i < a->operand_count; i++)
		if (!is_word(a->operands[i], argv, argc))
			abort();
	for (size_t i = 0; i < a->invite_count; i++)
		if (!is_word(a->invites[i], argv, argc))
			abort();
}

static void use_words(struct span bytes)
{
	char *text = fuzz_text(bytes.p, bytes.n), *rest = text, *word;
	char *argv[WORDS_MAX + 1] = { text };
	char problem[256];
	struct args args;
	int argc = 1;

	while ((word = strsep(&rest, "\n")) != NULL && argc < WORDS_MAX)
		argv[argc++] = word;
	if (args_parse(&args, argc, argv, problem) == ERR_OK)
		check_args(&args, argv, argc);
	else if (problem[0] == '\0')
		abort();
	free(text);
}

/* ---- keys ---- */

/* All lines that come of them, each after its length. */
static void type(struct span keys, size_t piece, bool terminal,
		 struct buf *lines)
{
	struct line *line = line_open(-1);
	struct buf text = BUF_INIT;

	if (line == NULL)
		abort();
	line->terminal = terminal;
	while (keys.n > 0 && !line->ended) {
		size_t n = piece < keys.n ? piece : keys.n;

		buf_put(&line->input, span_of(keys.p, n));
		keys = span_of(keys.p + n, keys.n - n);
		while (line_next(line, &text) == LINE_READY) {
			if (terminal && memchr(text.p, ESCAPE, text.n) != NULL)
				abort();
			buf_put_u64(lines, text.n);
			buf_put(lines, buf_span(&text));
		}
	}
	line->terminal = false;
	line_close(line);
	buf_clear(&text);
}

static void check_characters(struct span lines)
{
	struct rd r = rd_init(lines);

	while (rd_left(&r) > 0)
		if (!text_is_utf8(rd_take(&r, rd_u64(&r))))
			abort();
}

static void use_keys(struct span keys, bool terminal)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;

	type(keys, keys.n, terminal, &whole);
	type(keys, 1, terminal, &cut);
	if (!span_equal(buf_span(&whole), buf_span(&cut)))
		abort();
	if (text_is_utf8(keys))
		check_characters(buf_span(&whole));
	buf_clear(&whole);
	buf_clear(&cut);
}

/* ---- where the server is, numbers, a problem that it tells ---- */

static void use_address(const char *text)
{
	struct buf url = BUF_INIT;

	if (api_base_url(text, &url) == ERR_OK &&
	    (url.n < 8 || memcmp(url.p, "http", 4) != 0 ||
	     memchr(url.p, '?', url.n) != NULL ||
	     memchr(url.p, '@', url.n) != NULL))
		abort();
	buf_clear(&url);
}

static void use_number(const char *text)
{
	struct password_cost cost = { 0 };
	struct why why = { .text = "" };
	unsigned stock = 0;

	if (account_parse_cost(text, &cost, &why) == ERR_OK &&
	    (cost.n & (cost.n - 1)) != 0)
		abort();
	if (account_parse_stock(text, &stock, &why) == ERR_OK && stock > 100)
		abort();
}

static void use_problem(const char *text)
{
	json_t *problem = json_loads(text, 0, NULL);
	struct why why = { .text = "" };
	char slug[48];

	if (api_problem(
		(long)json_integer_value(json_object_get(problem, "status")),
		problem, &why, slug) == ERR_OK ||
	    slug[0] == '\0' || why.text[0] == '\0')
		abort();
	json_decref(problem);
}

/* ---- an account's log ---- */

static void use_file(struct span bytes)
{
	struct why why = { .text = "" };
	struct reading r = { .why = &why };
	FILE *file = fmemopen((void *)(uintptr_t)bytes.p, bytes.n, "r");

	if (file == NULL || account_log_new(&r.log) != ERR_OK)
		abort();
	if (read_pages(&r, file) != ERR_OK && why.text[0] == '\0')
		abort();
	if (strlen(r.username) >= sizeof(r.username))
		abort();
	(void)fclose(file);
	account_log_free(r.log);
	buf_clear(&r.salt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes;
	char *text;

	if (size < 2)
		return 0;
	bytes = span_of(data + 1, size - 1);
	switch (data[0] % 5) {
	case 0:
		use_words(bytes);
		break;
	case 1:
		use_keys(bytes, true);
		break;
	case 2:
		use_keys(bytes, false);
		break;
	case 3:
		use_file(bytes);
		break;
	default:
		text = fuzz_text(bytes.p, bytes.n);
		use_address(text);
		use_number(text);
		use_problem(text);
		free(text);
		break;
	}
	return 0;
}
