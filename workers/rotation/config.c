#include "rotation/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "door/bearer.h"

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

static const struct setting WANTED[] = {
	{ SETTING_ROTATION_DATABASE_URL, &values.database_url, NULL },
	{ SETTING_KEK, &values.kek, NULL },
	{ SETTING_KEK_PREVIOUS, &values.kek_previous, NULL },
	{ SETTING_ALGORITHMS, NULL, parse_algorithms },
	{ SETTING_ROTATION_INTERVAL_SECONDS, &values.interval, NULL },
	{ SETTING_ROTATION_SECONDS, &values.rotation, NULL },
	{ SETTING_ROTATION_GRACE_SECONDS, &values.rotation_grace, NULL },
	{ SETTING_ROTATION_ASK_SECONDS, &values.ask, NULL },
	{ SETTING_SESSION_IDLE_SECONDS, &values.idle, NULL },
	{ SETTING_SESSION_KEEP_SECONDS, &values.keep, NULL },
	{ SETTING_HISTORY_SECONDS, &values.history, NULL },
	{ SETTING_NONCE_WINDOW_SECONDS, &values.nonce_window, NULL },
	{ SETTING_FILE_UNNAMED_SECONDS, &values.file_unnamed, NULL },
	{ SETTING_OBJECTS_URL, &values.objects.url, NULL },
	{ SETTING_OBJECTS_REGION, &values.objects.region, NULL },
	{ SETTING_OBJECTS_ACCESS_KEY, &values.objects.access_key, NULL },
	{ SETTING_OBJECTS_SECRET_KEY, &values.objects.secret_key, NULL },
	{ SETTING_OBJECTS_CA, &values.objects.ca, NULL },
	{ SETTING_WELCOME_SECONDS, &values.welcome, NULL },
	{ SETTING_NAME_HOLD_SECONDS, &values.name_hold, NULL },
	{ SETTING_ACCESS_TOKEN_SECONDS, &values.access, NULL },
	{ SETTING_KEY_PACKAGES_LOW, &values.key_packages_low, NULL },
	{ SETTING_SIGNING_KEY_SECONDS, &values.signing_key, NULL },
	{ SETTING_SIGNING_KEY_OVERLAP_SECONDS, &values.signing_key_overlap,
	  NULL },
	{ SETTING_METRICS_HOST, &values.metrics_host, NULL },
	{ SETTING_ROTATION_METRICS_PORT, &values.metrics_port, NULL },
	{ SETTING_LOG_LEVEL, NULL, settings_log_level },
};

bool config_load(void)
{
	if (!settings_load(WANTED, sizeof(WANTED) / sizeof(*WANTED)) ||
	    !objects_check(&values.objects, &values.has_objects))
		return false;
	values.history_or_window = values.history;
	if (values.history > 0 && values.history < 2 * values.nonce_window)
		values.history_or_window = 2 * values.nonce_window;
	values.revoked = bearer_revoked_s(values.access);
	return true;
}

const struct config *config(void)
{
	return &values;
}
