#include "server/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "base/text.h"
#include "server/edge/cors.h"
#include "server/edge/proxies.h"

static struct config values;

static const char *parse_algorithms(const char *text)
{
	values.algorithm_count = 0;
	while (*text != '\0') {
		size_t n = strcspn(text, ",");
		const struct suite *suite =
		    suite_by_algorithm(span_of(text, n));

		if (suite == NULL ||
		    values.algorithm_count == CONFIG_ALGORITHMS_MAX)
			return "must be a list of aes-256-gcm, "
			       "chacha20-poly1305 and twofish-256-gcm";
		values.algorithms[values.algorithm_count++] = suite;
		text += n + (text[n] == ',');
	}
	return values.algorithm_count > 0 ? NULL : "names no algorithm";
}

static const char *parse_port(const char *text)
{
	uint64_t port;

	if (text_parse_u64(&port, span_str(text), 65535) != ERR_OK || port == 0)
		return "must be a port, 1 to 65535";
	values.port = strdup(text);
	return values.port != NULL ? NULL : "finds no memory";
}

static const struct setting SETTINGS[] = {
	{ "HERMETIC_HOST", KIND_TEXT, &values.host, "127.0.0.1", 0, 0, NULL },
	{ "HERMETIC_PORT", KIND_PARSED, NULL, "8000", 0, 0, parse_port },
	{ "HERMETIC_TLS_CERTIFICATE", KIND_TEXT, &values.tls_certificate, "", 0,
	  0, NULL },
	{ "HERMETIC_TLS_KEY", KIND_TEXT, &values.tls_key, "", 0, 0, NULL },
	{ "HERMETIC_WORKERS", KIND_NUMBER, &values.workers, "2", 1, 64, NULL },
	{ "HERMETIC_CONNECTIONS", KIND_NUMBER, &values.connections, "8192", 16,
	  1000000, NULL },
	{ "HERMETIC_DATABASE_URL", KIND_SECRET_TEXT, &values.database_url, NULL,
	  0, 0, NULL },
	{ "HERMETIC_DATABASE_LISTEN_URL", KIND_SECRET_TEXT,
	  &values.database_listen_url, "", 0, 0, NULL },
	{ "HERMETIC_DATABASE_READ_URL", KIND_SECRET_TEXT,
	  &values.database_read_url, "", 0, 0, NULL },
	{ "HERMETIC_DATABASE_SEEN_FILE", KIND_TEXT, &values.database_seen_file,
	  "", 0, 0, NULL },
	{ "HERMETIC_KEK", KIND_KEY, &values.kek, NULL, 0, 0, NULL },
	{ "HERMETIC_KEK_PREVIOUS", KIND_KEY, &values.kek_previous, "", 0, 0,
	  NULL },
	{ "HERMETIC_ISSUER", KIND_TEXT, &values.issuer, "hermetic", 0, 0,
	  NULL },
	{ "HERMETIC_AUDIENCE", KIND_TEXT, &values.audience, "hermetic-api", 0,
	  0, NULL },
	{ "HERMETIC_ACCESS_TOKEN_SECONDS", KIND_NUMBER, &values.access_seconds,
	  "900", 5, 86400, NULL },
	{ "HERMETIC_REFRESH_TOKEN_SECONDS", KIND_NUMBER,
	  &values.refresh_seconds, "2592000", 60, 31536000, NULL },
	{ "HERMETIC_ALGORITHMS", KIND_PARSED, NULL,
	  "aes-256-gcm,chacha20-poly1305,twofish-256-gcm", 0, 0,
	  parse_algorithms },
	{ "HERMETIC_NONCE_WINDOW_SECONDS", KIND_NUMBER,
	  &values.nonce_window_seconds, "600", 5, 86400, NULL },
	{ "HERMETIC_ROTATION_SECONDS", KIND_NUMBER, &values.rotation_seconds,
	  "604800", 1, 31536000, NULL },
	{ "HERMETIC_ROTATION_MESSAGES", KIND_NUMBER, &values.rotation_messages,
	  "10000", 1, 100000000, NULL },
	{ "HERMETIC_ROTATION_GRACE_SECONDS", KIND_NUMBER,
	  &values.rotation_grace_seconds, "86400", 0, 31536000, NULL },
	{ "HERMETIC_ROTATION_GRACE_MESSAGES", KIND_NUMBER,
	  &values.rotation_grace_messages, "1000", 0, 100000000, NULL },
	{ "HERMETIC_ENVELOPE_BYTES", KIND_NUMBER, &values.envelope_bytes,
	  "65536", 1024, 1048576, NULL },
	{ "HERMETIC_BODY_BYTES", KIND_NUMBER, &values.body_bytes, "1048576",
	  4096, 67108864, NULL },
	{ "HERMETIC_WEBSOCKET_BYTES", KIND_NUMBER, &values.websocket_bytes,
	  "1048576", 65536, 67108864, NULL },
	{ "HERMETIC_QUEUE_MESSAGES", KIND_NUMBER, &values.queue_messages,
	  "8192", 16, 1000000, NULL },
	{ "HERMETIC_QUEUE_BYTES", KIND_NUMBER, &values.queue_bytes, "33554432",
	  1048576, 1073741824, NULL },
	{ "HERMETIC_QUEUE_STATEMENTS", KIND_NUMBER, &values.queue_statements,
	  "4096", 16, 1000000, NULL },
	{ "HERMETIC_LOGIN_THREADS", KIND_NUMBER, &values.login_threads, "2", 1,
	  64, NULL },
	{ "HERMETIC_LOGIN_QUEUE", KIND_NUMBER, &values.login_queue, "32", 1,
	  1024, NULL },
	{ "HERMETIC_LOGINS_PER_MINUTE", KIND_NUMBER, &values.logins_per_minute,
	  "30", 1, 100000, NULL },
	{ "HERMETIC_HEAD_SECONDS", KIND_NUMBER, &values.head_seconds, "10", 1,
	  3600, NULL },
	{ "HERMETIC_BODY_SECONDS", KIND_NUMBER, &values.body_seconds, "30", 1,
	  3600, NULL },
	{ "HERMETIC_IDLE_SECONDS", KIND_NUMBER, &values.idle_seconds, "60", 1,
	  3600, NULL },
	{ "HERMETIC_PING_SECONDS", KIND_NUMBER, &values.ping_seconds, "30", 1,
	  3600, NULL },
	{ "HERMETIC_DRAIN_SECONDS", KIND_NUMBER, &values.drain_seconds, "3", 0,
	  600, NULL },
	{ "HERMETIC_METRICS_HOST", KIND_TEXT, &values.metrics_host, "127.0.0.1",
	  0, 0, NULL },
	{ "HERMETIC_ACCESS_LOG", KIND_NUMBER, &values.access_log, "0", 0, 1,
	  NULL },
	{ "HERMETIC_METRICS_PORT", KIND_NUMBER, &values.metrics_port, "0", 0,
	  65535, NULL },
	{ "HERMETIC_CLAIMS_PER_MINUTE", KIND_NUMBER, &values.claims_per_minute,
	  "600", 1, 1000000, NULL },
	{ "HERMETIC_LINKS_PER_MINUTE", KIND_NUMBER, &values.links_per_minute,
	  "30", 1, 1000000, NULL },
	{ "HERMETIC_TRUSTED_PROXIES", KIND_PARSED, NULL, "", 0, 0,
	  proxies_set },
	{ "HERMETIC_CORS_ORIGINS", KIND_PARSED, NULL, "", 0, 0, cors_set },
	{ "HERMETIC_LOG_LEVEL", KIND_PARSED, NULL, "info", 0, 0,
	  settings_log_level },
};

enum { SETTING_COUNT = sizeof(SETTINGS) / sizeof(*SETTINGS) };

const struct config *config(void)
{
	return &values;
}

bool config_load(void)
{
	return settings_load(SETTINGS, SETTING_COUNT);
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
