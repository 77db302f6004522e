/*
 * A process's configuration: a table of settings, each read from the
 * environment, or from the file .env (HERMETIC_ENV_FILE), or defaulted. The
 * environment wins. What is wrong is said on standard error in one sentence
 * that names the setting.
 */
#ifndef HERMETIC_BASE_SETTINGS_H
#define HERMETIC_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings_table.h"

enum setting_kind {
	KIND_TEXT,	  /* const char **, owned by nobody: it stays */
	KIND_NUMBER,	  /* uint64_t *, from min to max */
	KIND_SECRET_TEXT, /* as KIND_TEXT; also NAME_FILE, a file whose first
			     line it is, if NAME is empty or not set; leaves
			     the environment */
	KIND_KEY,	  /* struct sec *, base64 of 32 bytes; as secret */
	KIND_PARSED	  /* by `parse` */
};

/* A setting that this process reads. Everything else of it is in the table. */
struct setting {
	enum setting_id id;
	void *value;
	/* NULL, or what is wrong with the text. */
	const char *(*parse)(const char *text);
};

/* A row of the table. */
struct setting_row {
	const char *name;
	enum setting_kind kind;
	const char *otherwise; /* NULL: it must be given. Of a secret: "" leaves
				  it empty */
	uint64_t min, max;
};

const struct setting_row *settings_row(enum setting_id id);

/* Is it a name of the table (with _FILE, if it is a secret), of the command's,
 * or of what stands around the server? */
bool settings_know(const char *name);

/* Loads them. Names in the environment and in .env that begin with HERMETIC_
 * and that nobody knows are told in the log. */
/* False: something was wrong, and has been said. */
bool settings_load(const struct setting *table, size_t count);

/* Says it, and is false. */
bool settings_complain(const char *name, const char *why);

/* Sets the level of the log from its name (KIND_PARSED). */
const char *settings_log_level(const char *text);

#endif
