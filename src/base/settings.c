#include "base/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/sec.h"
#include "base/text.h"

enum { VALUE_MAX = 4096 };

bool settings_complain(const char *name, const char *why)
{
	(void)fprintf(stderr, "hermetic: %s %s\n", name, why);
	return false;
}

/* ---- the table ---- */

static const struct setting_row ROWS[] = {
#define SETTING_ROW(name, kind, otherwise, min, max, processes, example)       \
	{ "HERMETIC_" #name, KIND_##kind, otherwise, min, max },
	SETTINGS(SETTING_NO_GROUP, SETTING_ROW)
#undef SETTING_ROW
};

const struct setting_row *settings_row(enum setting_id id)
{
	return &ROWS[id];
}

static bool is_secret(const struct setting_row *row)
{
	return row->kind == KIND_SECRET_TEXT || row->kind == KIND_KEY;
}

static bool is_secret_file(const char *name, const struct setting_row *row)
{
	size_t n = strlen(row->name);

	return is_secret(row) && strncmp(name, row->name, n) == 0 &&
	       strcmp(name + n, "_FILE") == 0;
}

bool settings_know(const char *name)
{
	/* of this file, the command, docker compose, ./dev and the tests */
	static const char *const others[] = { "HERMETIC_ENV_FILE",
					      "HERMETIC_ADMIN_BIND",
					      "HERMETIC_ADMIN_PASSWORD",
					      "HERMETIC_API_PASSWORD",
					      "HERMETIC_BIND",
					      "HERMETIC_BUILD",
					      "HERMETIC_CA",
					      "HERMETIC_COMPOSE",
					      "HERMETIC_HOME",
					      "HERMETIC_HOSTNAME",
					      "HERMETIC_MQTT",
					      "HERMETIC_MQTT_BRIDGE_PASSWORD",
					      "HERMETIC_MQTT_PASSWORD",
					      "HERMETIC_NEW_PASSPHRASE",
					      "HERMETIC_OWNER_PASSWORD",
					      "HERMETIC_PASSPHRASE",
					      "HERMETIC_PASSPHRASE_FILE",
					      "HERMETIC_POSTGRES_PASSWORD",
					      "HERMETIC_RECEIPTS",
					      "HERMETIC_RECOVERY_KEY",
					      "HERMETIC_REPLICATION_PASSWORD",
					      "HERMETIC_REVISION",
					      "HERMETIC_ROTATION_PASSWORD",
					      "HERMETIC_SCRYPT_N",
					      "HERMETIC_SERVER",
					      "HERMETIC_STOCK",
					      "HERMETIC_USERNAME",
					      "HERMETIC_VERSION" };

	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strcmp(name, ROWS[i].name) == 0 ||
		    is_secret_file(name, &ROWS[i]))
			return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(name, others[i]) == 0)
			return true;
	return strncmp(name, "HERMETIC_TEST_", 14) == 0;
}

/* What .env has is in the environment by now. */
static void tell_unknown(void)
{
	char name[128];

	for (char **at = environ; *at != NULL; at++) {
		size_t n = strcspn(*at, "=");

		if (strncmp(*at, "HERMETIC_", 9) != 0 || n >= sizeof(name))
			continue;
		memcpy(name, *at, n);
		name[n] = '\0';
		if (!settings_know(name))
			LOG(WARN, "there is no such setting",
			    LOG_STR("name", name));
	}
}

/* ---- .env ---- */

static void strip_end(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		text[--n] = '\0';
}

/* NAME=VALUE lines; '#' starts a comment line; quotes around a value go. False: it
 * is not `whole`, and that has been said. */
static bool load_line(char *line, bool whole)
{
	char *name = line + strspn(line, " \t"), *value = strchr(name, '=');
	size_t n;

	if (*name == '#' || value == NULL)
		return true;
	*value++ = '\0';
	strip_end(name);
	if (!whole)
		return settings_complain(name,
					 "is too long: a line of .env has "
					 "4095 bytes or fewer");
	value += strspn(value, " \t");
	strip_end(value);
	n = strlen(value);
	if (n >= 2 && (value[0] == '"' || value[0] == '\'') &&
	    value[n - 1] == value[0]) {
		value[n - 1] = '\0';
		value++;
	}
	(void)setenv(name, value, 0);
	return true;
}

/* Without its end; what of it is too long is left out, it is then not *whole. */
static bool next_line(FILE *file, char line[VALUE_MAX], bool *whole)
{
	size_t n = 0;
	int c;

	*whole = true;
	while ((c = fgetc(file)) != EOF && c != '\n')
		if (n < VALUE_MAX - 1)
			line[n++] = (char)c;
		else
			*whole = false;
	line[n] = '\0';
	return n > 0 || c != EOF;
}

static bool load_file(void)
{
	const char *named = getenv("HERMETIC_ENV_FILE");
	FILE *file = fopen(named != NULL ? named : ".env", "re");
	bool whole, good = true;
	char line[VALUE_MAX];

	if (file == NULL)
		return named == NULL ||
		       settings_complain("HERMETIC_ENV_FILE", "cannot be read");
	while (good && next_line(file, line, &whole))
		good = load_line(line, whole);
	(void)fclose(file);
	sec_wipe(line, sizeof(line));
	return good;
}

/* ---- values ---- */

/* The first line of the file that NAME_FILE names. False: it cannot be had, and why
 * has been said. */
static bool read_secret_file(const char *name, char **value)
{
	char variable[128], line[VALUE_MAX];
	const char *path, *why = NULL;
	bool whole, some;
	FILE *file;

	(void)snprintf(variable, sizeof(variable), "%s_FILE", name);
	path = getenv(variable);
	if (path == NULL || *path == '\0')
		return true;
	file = fopen(path, "re");
	if (file == NULL)
		return settings_complain(variable, strerror(errno));
	some = next_line(file, line, &whole);
	strip_end(line);
	if (ferror(file)) /* a directory, for one */
		why = "names a file that cannot be read";
	else if (!whole)
		why = "names a file whose first line has more than 4095 bytes";
	else if (!some || *line == '\0')
		why = "names a file whose first line is empty";
	else
		*value = strdup(line);
	(void)fclose(file);
	sec_wipe(line, sizeof(line));
	return why == NULL || settings_complain(variable, why);
}

/* A copy; the environment's own bytes are wiped, /proc shows them. False: the file
 * that has it cannot be read. */
static bool take_secret(const char *name, char **value)
{
	char *inherited = getenv(name);

	if (inherited == NULL || *inherited == '\0')
		return read_secret_file(name, value);
	*value = strdup(inherited);
	sec_wipe(inherited, strlen(inherited));
	(void)unsetenv(name);
	return true;
}

static bool set_number(const struct setting *s, const char *text)
{
	const struct setting_row *row = settings_row(s->id);
	char why[128];
	uint64_t number;

	if (text_parse_u64(&number, span_str(text), row->max) == ERR_OK &&
	    number >= row->min) {
		*(uint64_t *)s->value = number;
		return true;
	}
	(void)snprintf(
	    why, sizeof(why), "must be a whole number from %llu to %llu",
	    (unsigned long long)row->min, (unsigned long long)row->max);
	return settings_complain(settings_row(s->id)->name, why);
}

static bool set_key(const struct setting *s, char *text)
{
	struct buf key = BUF_INIT;
	bool ok = text_base64(&key, span_str(text)) == ERR_OK && key.n == 32 &&
		  sec_set(s->value, buf_span(&key)) == ERR_OK;

	buf_clear(&key);
	sec_wipe(text, strlen(text));
	return ok || settings_complain(settings_row(s->id)->name,
				       "must be 32 bytes in base64 "
				       "(openssl rand -base64 32)");
}

static bool set_parsed(const struct setting *s, const char *text)
{
	const char *why = s->parse(text);

	return why == NULL || settings_complain(settings_row(s->id)->name, why);
}

static bool set(const struct setting *s)
{
	const struct setting_row *row = settings_row(s->id);
	bool secret = is_secret(row), ok;
	char *own = NULL;
	const char *text;

	if (secret && !take_secret(row->name, &own))
		return false;
	text = secret ? own : getenv(row->name);
	if (text == NULL || *text == '\0') {
		free(own);
		if (row->otherwise == NULL)
			return settings_complain(settings_row(s->id)->name,
						 "is not set");
		if (secret)
			return true;
		text = row->otherwise;
	}
	switch (row->kind) {
	case KIND_NUMBER:
		return set_number(s, text);
	case KIND_PARSED:
		return set_parsed(s, text);
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

const char *settings_log_level(const char *text)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(text, names[i]) == 0) {
			log_set_level((enum log_level)i);
			return NULL;
		}
	return "must be debug, info, warn or error";
}

bool settings_load(const struct setting *table, size_t count)
{
	if (!load_file())
		return false;
	tell_unknown();
	for (size_t i = 0; i < count; i++)
		if (!set(&table[i]))
			return false;
	return true;
}
