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
#include "command/environment.h"
#include "reach/cluster.h"
#include "reach/log_pages.h"
#include "reach/problem.h"

/* Their reading of bytes is their own. */
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

/* ---- keys of a terminal, lines of a pipe ---- */

/* All keys that come of it, each after its kind and length. */
static void press(struct span bytes, size_t piece, struct buf *pressed)
{
	struct keys keys = { .pasting = false };
	struct buf key = BUF_INIT;
	enum key_kind kind;

	while (bytes.n > 0) {
		size_t n = piece < bytes.n ? piece : bytes.n;

		buf_put(&keys.input, span_of(bytes.p, n));
		bytes = span_of(bytes.p + n, bytes.n - n);
		while ((kind = keys_next(&keys, &key)) != KEY_NONE) {
			if (key.n > KEYS_PASTE_MAX ||
			    (kind == KEY_SEQUENCE && key.n > KEYS_SEQUENCE_MAX))
				abort();
			if (kind != KEY_SEQUENCE &&
			    !text_is_utf8(buf_span(&key)))
				abort();
			buf_put_u8(pressed, (uint8_t)kind);
			buf_put_vec(pressed, buf_span(&key));
		}
	}
	keys_clear(&keys);
	buf_clear(&key);
}

static void use_keys(struct span bytes)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;

	press(bytes, bytes.n, &whole);
	press(bytes, 1, &cut);
	if (!span_equal(buf_span(&whole), buf_span(&cut)))
		abort();
	buf_clear(&whole);
	buf_clear(&cut);
}

/* As they are drawn: whatever is typed, the place where it is typed is kept once, and
 * no control character reaches the terminal. */
static void use_screen(struct span text, size_t cursor)
{
	struct screen_size size = { 40, 24 };
	struct screen screen = { 0 };
	struct buf out = BUF_INIT;

	if (!text_is_utf8(text))
		return;
	screen_show(&screen, size, SPAN_LIT("> "), text,
		    cluster_before(text, cursor % (text.n + 1)), &out);
	if (out.n == 0 || screen.above >= SCREEN_ROWS_MAX)
		abort();
	buf_clear(&out);
}

/* All lines of a pipe. */
static void read_lines(struct span bytes, size_t piece, struct buf *lines)
{
	struct line *line =
	    line_open(-1, true, &(const struct line_ports){ .list = NULL });
	enum line_result result;
	struct buf text = BUF_INIT;

	if (line == NULL)
		abort();
	while (bytes.n > 0) {
		size_t n = piece < bytes.n ? piece : bytes.n;

		buf_put(&line->keys.input, span_of(bytes.p, n));
		bytes = span_of(bytes.p + n, bytes.n - n);
		while ((result = line_next(line, &text)) == LINE_READY ||
		       result == LINE_TOO_LONG)
			buf_put_vec(lines, buf_span(&text));
	}
	line_close(line);
	buf_clear(&text);
}

static void use_lines(struct span bytes)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;

	read_lines(bytes, bytes.n, &whole);
	read_lines(bytes, 1, &cut);
	if (!span_equal(buf_span(&whole), buf_span(&cut)))
		abort();
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
	const struct args args = { .scrypt_n = text, .stock = text };
	struct hermetic_config config = { 0 };
	struct reason why = { 0 };

	if (environment_take(&args, &why, &config) == ERR_OK &&
	    (config.scrypt_n == 0 || config.stock != config.scrypt_n))
		abort();
}

static void use_problem(const char *text)
{
	json_t *problem = json_loads(text, 0, NULL);
	struct why why = { .text = "" };
	char slug[48];

	if (problem_read(
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
	FILE *file = fmemopen((void *)(uintptr_t)bytes.p, bytes.n, "r");
	json_t *found = NULL;

	if (file == NULL)
		abort();
	if ((log_pages_check(file, &why, &found) == ERR_OK) != (found != NULL))
		abort();
	if (found == NULL && why.text[0] == '\0')
		abort();
	(void)fclose(file);
	json_decref(found);
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
		use_keys(bytes);
		use_screen(bytes, data[0]);
		break;
	case 2:
		use_lines(bytes);
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
