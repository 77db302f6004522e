#include "rotation/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/settings.h"

static struct config values;

static const char *parse_algorithms(const char *text)
{
	char *copy = strdup(text), *rest = NULL;

	if (copy == NULL)
		return "finds no memory";
	for (char *name = strtok_r(copy, ",", &rest); name != NULL;
	     name = strtok_r(NULL, ",", &rest)) {
		if (values.algorithm_count == CONFIG_ALGORITHMS_MAX)
			return "names too many";
		values.algorithms[values.algorithm_count++] = name;
	}
	return values.algorithm_count > 0 ? NULL : "names no algorithm";
}

static const struct setting SETTINGS[] = {
	{ "HERMETIC_ROTATION_DATABASE_URL", KIND_SECRET_TEXT,
	  &values.database_url, NULL, 0, 0, NULL },
	{ "HERMETIC_KEK", KIND_KEY, &values.kek, NULL, 0, 0, NULL },
	{ "HERMETIC_KEK_PREVIOUS", KIND_KEY, &values.kek_previous, "", 0, 0,
	  NULL },
	{ "HERMETIC_ALGORITHMS", KIND_PARSED, NULL,
	  "aes-256-gcm,chacha20-poly1305,twofish-256-gcm", 0, 0,
	  parse_algorithms },
	{ "HERMETIC_ROTATION_INTERVAL_SECONDS", KIND_NUMBER, &values.interval,
	  "10", 1, 3600, NULL },
	{ "HERMETIC_ROTATION_SECONDS", KIND_NUMBER, &values.rotation, "604800",
	  1, 31536000, NULL },
	{ "HERMETIC_ROTATION_GRACE_SECONDS", KIND_NUMBER,
	  &values.rotation_grace, "86400", 0, 31536000, NULL },
	{ "HERMETIC_ROTATION_ASK_SECONDS", KIND_NUMBER, &values.ask, "15", 1,
	  3600, NULL },
	{ "HERMETIC_SESSION_IDLE_SECONDS", KIND_NUMBER, &values.idle, "7776000",
	  1, 3153600000, NULL },
	{ "HERMETIC_SESSION_KEEP_SECONDS", KIND_NUMBER, &values.keep, "2592000",
	  0, 3153600000, NULL },
	{ "HERMETIC_HISTORY_SECONDS", KIND_NUMBER, &values.history, "0", 0,
	  3153600000, NULL },
	{ "HERMETIC_NONCE_WINDOW_SECONDS", KIND_NUMBER, &values.nonce_window,
	  "600", 5, 86400, NULL },
	{ "HERMETIC_WELCOME_SECONDS", KIND_NUMBER, &values.welcome, "2592000",
	  1, 3153600000, NULL },
	{ "HERMETIC_ACCESS_TOKEN_SECONDS", KIND_NUMBER, &values.access, "900",
	  5, 86400, NULL },
	{ "HERMETIC_KEY_PACKAGES_LOW", KIND_NUMBER, &values.key_packages_low,
	  "3", 0, 100, NULL },
	{ "HERMETIC_SIGNING_KEY_SECONDS", KIND_NUMBER, &values.signing_key,
	  "2592000", 1, 315360000, NULL },
	{ "HERMETIC_SIGNING_KEY_OVERLAP_SECONDS", KIND_NUMBER,
	  &values.signing_key_overlap, "60", 5, 86400, NULL },
	{ "HERMETIC_METRICS_HOST", KIND_TEXT, &values.metrics_host, "127.0.0.1",
	  0, 0, NULL },
	{ "HERMETIC_ROTATION_METRICS_PORT", KIND_NUMBER, &values.metrics_port,
	  "0", 0, 65535, NULL },
	{ "HERMETIC_LOG_LEVEL", KIND_PARSED, NULL, "info", 0, 0,
	  settings_log_level },
};

bool config_load(void)
{
	if (!settings_load(SETTINGS, sizeof(SETTINGS) / sizeof(*SETTINGS)))
		return false;
	values.history_or_window = values.history;
	if (values.history > 0 && values.history < 2 * values.nonce_window)
		values.history_or_window = 2 * values.nonce_window;
	return true;
}

const struct config *config(void)
{
	return &values;
}
