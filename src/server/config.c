#include "server/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum { VALUE_MAX = 4096 };

static struct config values;

enum kind {
	KIND_TEXT,
	KIND_NUMBER,
	KIND_SECRET_TEXT, /* also NAME_FILE; leaves the environment */
	KIND_KEY,	  /* base64 of 32 bytes; also NAME_FILE */
	KIND_ALGORITHMS
};

/* One row a setting. */
static const struct setting {
	const char *name;
	enum kind kind;
	void *value;
	const char *otherwise; /* NULL: it must be given */
	uint64_t min, max;
} SETTINGS[] = {
	{ "HERMETIC_HOST", KIND_TEXT, &values.host, "127.0.0.1", 0, 0 },
	{ "HERMETIC_PORT", KIND_TEXT, &values.port, "8000", 0, 0 },
	{ "HERMETIC_WORKERS", KIND_NUMBER, &values.workers, "2", 1, 64 },
	{ "HERMETIC_CONNECTIONS", KIND_NUMBER, &values.connections, "8192", 16,
	  1000000 },
	{ "HERMETIC_DATABASE_URL", KIND_SECRET_TEXT, &values.database_url, NULL,
	  0, 0 },
	{ "HERMETIC_KEK", KIND_KEY, &values.kek, NULL, 0, 0 },
	{ "HERMETIC_ISSUER", KIND_TEXT, &values.issuer, "hermetic", 0, 0 },
	{ "HERMETIC_AUDIENCE", KIND_TEXT, &values.audience, "hermetic-api", 0,
	  0 },
	{ "HERMETIC_ACCESS_TOKEN_SECONDS", KIND_NUMBER, &values.access_seconds,
	  "900", 5, 86400 },
	{ "HERMETIC_REFRESH_TOKEN_SECONDS", KIND_NUMBER,
	  &values.refresh_seconds, "2592000", 60, 31536000 },
	{ "HERMETIC_ALGORITHMS", KIND_ALGORITHMS, NULL,
	  "aes-256-gcm,chacha20-poly1305,twofish-256-gcm", 0, 0 },
	{ "HERMETIC_NONCE_WINDOW_SECONDS", KIND_NUMBER,
	  &values.nonce_window_seconds, "600", 5, 86400 },
	{ "HERMETIC_SESSION_IDLE_SECONDS", KIND_NUMBER,
	  &values.session_idle_seconds, "7776000", 60, 3153600000 },
	{ "HERMETIC_ROTATION_SECONDS", KIND_NUMBER, &values.rotation_seconds,
	  "604800", 1, 31536000 },
	{ "HERMETIC_ROTATION_MESSAGES", KIND_NUMBER, &values.rotation_messages,
	  "10000", 1, 100000000 },
	{ "HERMETIC_ENVELOPE_BYTES", KIND_NUMBER, &values.envelope_bytes,
	  "65536", 1024, 1048576 },
	{ "HERMETIC_BODY_BYTES", KIND_NUMBER, &values.body_bytes, "1048576",
	  4096, 67108864 },
	{ "HERMETIC_WEBSOCKET_BYTES", KIND_NUMBER, &values.websocket_bytes,
	  "1048576", 65536, 67108864 },
	{ "HERMETIC_QUEUE_MESSAGES", KIND_NUMBER, &values.queue_messages,
	  "8192", 16, 1000000 },
	{ "HERMETIC_QUEUE_BYTES", KIND_NUMBER, &values.queue_bytes, "33554432",
	  1048576, 1073741824 },
	{ "HERMETIC_QUEUE_STATEMENTS", KIND_NUMBER, &values.queue_statements,
	  "4096", 16, 1000000 },
	{ "HERMETIC_LOGIN_THREADS", KIND_NUMBER, &values.login_threads, "2", 1,
	  64 },
	{ "HERMETIC_LOGIN_QUEUE", KIND_NUMBER, &values.login_queue, "32", 1,
	  1024 },
	{ "HERMETIC_LOGINS_PER_MINUTE", KIND_NUMBER, &values.logins_per_minute,
	  "30", 1, 100000 },
	{ "HERMETIC_LOG_LEVEL", KIND_TEXT, &values.log_level, "info", 0, 0 },
};

enum { SETTING_COUNT = sizeof(SETTINGS) / sizeof(*SETTINGS) };

const struct config *config(void)
{
	return &values;
}

const char *config_name(size_t i)
{
	return i < SETTING_COUNT ? SETTINGS[i].name : NULL;
}

static bool complain(const char *name, const char *why)
{
	(void)fprintf(stderr, "hermetic: %s %s\n", name, why);
	return false;
}

/* ---- .env ---- */

static void strip_end(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		text[--n] = '\0';
}

/* NAME=VALUE lines; '#' starts a comment line; quotes around a value go. */
static void load_line(char *line)
{
	char *name = line + strspn(line, " \t"), *value = strchr(name, '=');
	size_t n;

	if (*name == '#' || value == NULL)
		return;
	*value++ = '\0';
	strip_end(name);
	value += strspn(value, " \t");
	strip_end(value);
	n = strlen(value);
	if (n >= 2 && (value[0] == '"' || value[0] == '\'') &&
	    value[n - 1] == value[0]) {
		value[n - 1] = '\0';
		value++;
	}
	(void)setenv(name, value, 0);
}

static bool load_file(void)
{
	const char *named = getenv("HERMETIC_ENV_FILE");
	FILE *file = fopen(named != NULL ? named : ".env", "re");
	char line[VALUE_MAX];

	if (file == NULL)
		return named == NULL ||
		       complain("HERMETIC_ENV_FILE", "cannot be read");
	while (fgets(line, sizeof(line), file) != NULL)
		load_line(line);
	(void)fclose(file);
	sec_wipe(line, sizeof(line));
	return true;
}

/* ---- values ---- */

/* The first line of the file that NAME_FILE names. */
static char *read_secret_file(const char *name)
{
	char variable[128], line[VALUE_MAX], *value = NULL;
	const char *path;
	FILE *file;

	(void)snprintf(variable, sizeof(variable), "%s_FILE", name);
	path = getenv(variable);
	if (path == NULL)
		return NULL;
	file = fopen(path, "re");
	if (file == NULL) {
		(void)complain(variable, strerror(errno));
		return NULL;
	}
	if (fgets(line, sizeof(line), file) != NULL) {
		strip_end(line);
		value = strdup(line);
	}
	(void)fclose(file);
	sec_wipe(line, sizeof(line));
	return value;
}

/* A copy; the environment's own bytes are wiped, /proc shows them. */
static char *take_secret(const char *name)
{
	char *inherited = getenv(name), *value;

	if (inherited == NULL)
		return read_secret_file(name);
	value = strdup(inherited);
	sec_wipe(inherited, strlen(inherited));
	(void)unsetenv(name);
	return value;
}

static bool set_number(const struct setting *s, const char *text)
{
	char why[128];
	uint64_t number;

	if (text_parse_u64(&number, span_str(text), s->max) == ERR_OK &&
	    number >= s->min) {
		*(uint64_t *)s->value = number;
		return true;
	}
	(void)snprintf(why, sizeof(why),
		       "must be a whole number from %llu to %llu",
		       (unsigned long long)s->min, (unsigned long long)s->max);
	return complain(s->name, why);
}

static bool set_key(const struct setting *s, char *text)
{
	struct buf key = BUF_INIT;
	bool ok = text_base64(&key, span_str(text)) == ERR_OK && key.n == 32 &&
		  sec_set(s->value, buf_span(&key)) == ERR_OK;

	buf_clear(&key);
	sec_wipe(text, strlen(text));
	return ok || complain(s->name, "must be 32 bytes in base64 "
				       "(openssl rand -base64 32)");
}

static bool set_algorithms(const struct setting *s, const char *text)
{
	values.algorithm_count = 0;
	while (*text != '\0') {
		size_t n = strcspn(text, ",");
		const struct suite *suite =
		    suite_by_algorithm(span_of(text, n));

		if (suite == NULL ||
		    values.algorithm_count == CONFIG_ALGORITHMS_MAX)
			return complain(s->name, "must be a list of "
						 "aes-256-gcm, "
						 "chacha20-poly1305 and "
						 "twofish-256-gcm");
		values.algorithms[values.algorithm_count++] = suite;
		text += n + (text[n] == ',');
	}
	return values.algorithm_count > 0 ||
	       complain(s->name, "names no algorithm");
}

static bool set(const struct setting *s)
{
	bool secret = s->kind == KIND_SECRET_TEXT || s->kind == KIND_KEY;
	char *own = secret ? take_secret(s->name) : NULL;
	const char *text = secret ? own : getenv(s->name);
	bool ok;

	if (text == NULL || *text == '\0') {
		if (s->otherwise == NULL)
			return complain(s->name, "is not set");
		text = s->otherwise;
	}
	switch (s->kind) {
	case KIND_NUMBER:
		return set_number(s, text);
	case KIND_ALGORITHMS:
		return set_algorithms(s, text);
	case KIND_KEY:
		ok = set_key(s, own);
		free(own);
		return ok;
	case KIND_SECRET_TEXT:
		*(const char **)s->value = own;
		return true;
	case KIND_TEXT:
		*(const char **)s->value = strdup(text);
		return *(const char **)s->value != NULL;
	}
	return false;
}

static bool set_log_level(void)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(values.log_level, names[i]) == 0) {
			log_set_level((enum log_level)i);
			return true;
		}
	return complain("HERMETIC_LOG_LEVEL",
			"must be debug, info, warn or error");
}

bool config_load(void)
{
	uint64_t port;

	if (!load_file())
		return false;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!set(&SETTINGS[i]))
			return false;
	if (text_parse_u64(&port, span_str(values.port), 65535) != ERR_OK ||
	    port == 0)
		return complain("HERMETIC_PORT", "must be a port, 1 to 65535");
	return set_log_level();
}

const struct suite *config_algorithm(struct span name)
{
	const struct suite *suite = suite_by_algorithm(name);

	return suite != NULL ? config_suite(suite->id) : NULL;
}

const struct suite *config_suite(uint16_t id)
{
	for (size_t i = 0; i < values.algorithm_count; i++)
		if (values.algorithms[i]->id == id)
			return values.algorithms[i];
	return NULL;
}
