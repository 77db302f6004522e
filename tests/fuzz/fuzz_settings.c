/*
 * A file .env, read as the API reads it: what is set is in the bounds of the table,
 * and a name gets into the environment only by a line that begins with it. Files that
 * hold a secret (NAME_FILE) are the same bytes.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"

/* The server is no archive. */
#include "server/config.c"
#include "server/edge/cors.c"
#include "server/edge/proxies.c"

static struct span file; /* all that there is to be opened, in a run */

/* Linked in the place of the others: nothing is opened, and nothing said. */
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
void __wrap_log_event(enum log_level level, const char *event,
		      const struct log_field *fields);

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (file.n == 0) /* who replays a corpus opens its files */
		return __real_fopen(path, mode);
	return fmemopen((void *)(uintptr_t)file.p, file.n, "r");
}

void __wrap_log_event(enum log_level level, const char *event,
		      const struct log_field *fields)
{
	(void)level;
	(void)event;
	(void)fields;
}

/* What a setting is complained of is for people; sanitizers write past it. */
static void hush(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	stderr = fdopen(fd, "w");
	if (stderr == NULL)
		abort();
}

/* Is there a line that begins with `name`, not counting blanks? */
static bool has_line(struct span name)
{
	struct span rest = file;

	while (rest.n > 0) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n, i = 0;

		while (i < n && (rest.p[i] == ' ' || rest.p[i] == '\t'))
			i++;
		if (n - i >= name.n && memcmp(rest.p + i, name.p, name.n) == 0)
			return true;
		n += end != NULL;
		rest = span_of(rest.p + n, rest.n - n);
	}
	return false;
}

static void check_environment(void)
{
	for (char **at = environ; at != NULL && *at != NULL; at++) {
		size_t n = strcspn(*at, "=");

		if (n == 0 || **at == '#' ||
		    (strncmp(*at, "HERMETIC_ENV_FILE=", 18) != 0 &&
		     !has_line(span_of(*at, n))))
			abort();
	}
}

static void check_setting(const struct setting *s, bool loaded)
{
	const struct setting_row *row = settings_row(s->id);
	const uint64_t *number = s->value;
	const struct sec *key = s->value;

	if (loaded && row->kind == KIND_NUMBER &&
	    (*number < row->min || *number > row->max))
		abort();
	if (row->kind == KIND_KEY && key->n != 0 && key->n != 32)
		abort();
	if (loaded &&
	    (row->kind == KIND_KEY || row->kind == KIND_SECRET_TEXT) &&
	    getenv(row->name) != NULL && *getenv(row->name) != '\0')
		abort();
}

/* What a process keeps to its end. */
static void forget(const struct setting *s)
{
	enum setting_kind kind = settings_row(s->id)->kind;
	char **text = s->value;

	if (kind == KIND_TEXT || kind == KIND_SECRET_TEXT) {
		free(*text);
		*text = NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool hushed;
	bool loaded;

	if (size == 0)
		return 0;
	if (!hushed)
		hush();
	hushed = true;
	file = span_of(data, size);
	if (clearenv() != 0 || setenv("HERMETIC_ENV_FILE", ".env", 0) != 0)
		abort();
	loaded = config_load();
	check_environment();
	if (loaded && (values.algorithm_count == 0 || values.port == NULL))
		abort();
	for (size_t i = 0; i < sizeof(WANTED) / sizeof(*WANTED); i++) {
		check_setting(&WANTED[i], loaded);
		forget(&WANTED[i]);
	}
	free((void *)(uintptr_t)values.port);
	free(origins);
	origins = NULL;
	values = (struct config){ .port = NULL };
	file = SPAN_EMPTY;
	return 0;
}
