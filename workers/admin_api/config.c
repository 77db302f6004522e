#include "admin_api/config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/settings.h"

static struct config values;
static uint64_t port;

static const struct setting WANTED[] = {
	{ SETTING_ADMIN_HOST, &values.host, NULL },
	{ SETTING_ADMIN_PORT, &port, NULL },
	{ SETTING_ADMIN_DATABASE_URL, &values.database_url, NULL },
	{ SETTING_ADMIN_TLS_CERTIFICATE, &values.tls_certificate, NULL },
	{ SETTING_ADMIN_TLS_KEY, &values.tls_key, NULL },
	{ SETTING_ADMIN_WRONG_TOKENS_PER_MINUTE,
	  &values.wrong_tokens_per_minute, NULL },
	{ SETTING_ROTATION_SECONDS, &values.rotation, NULL },
	{ SETTING_SESSION_IDLE_SECONDS, &values.idle, NULL },
	{ SETTING_SIGNING_KEY_SECONDS, &values.signing_key, NULL },
	{ SETTING_ACCESS_LOG, &values.access_log, NULL },
	{ SETTING_LOG_LEVEL, NULL, settings_log_level },
};

bool config_load(void)
{
	if (!settings_load(WANTED, sizeof(WANTED) / sizeof(*WANTED)))
		return false;
	(void)snprintf(values.port, sizeof(values.port), "%" PRIu64,
		       port & 0xffff);
	return true;
}

const struct config *config(void)
{
	return &values;
}
