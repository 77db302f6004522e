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
			       "chacha20-poly1305 and twofish-256-gcm, each "
			       "also "
			       "with xwing- before it";
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

static const char *parse_registration(const char *text)
{
	static const char *const names[] = { [REGISTRATION_OPEN] = "open",
					     [REGISTRATION_CLOSED] = "closed",
					     [REGISTRATION_TOKEN] = "token" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0) {
			values.registration = (enum registration)i;
			return NULL;
		}
	return "must be open, closed or token";
}

static const char *parse_files_store(const char *text)
{
	if (strcmp(text, "postgres") == 0)
		values.files_store = FILES_IN_POSTGRES;
	else if (strcmp(text, "s3") == 0)
		values.files_store = FILES_IN_OBJECTS;
	else
		return "must be postgres or s3";
	return NULL;
}

static const struct setting WANTED[] = {
	{ SETTING_REGISTRATION, NULL, parse_registration },
	{ SETTING_HOST, &values.host, NULL },
	{ SETTING_PORT, NULL, parse_port },
	{ SETTING_TLS_CERTIFICATE, &values.tls_certificate, NULL },
	{ SETTING_TLS_KEY, &values.tls_key, NULL },
	{ SETTING_WORKERS, &values.workers, NULL },
	{ SETTING_CONNECTIONS, &values.connections, NULL },
	{ SETTING_DATABASE_URL, &values.database_url, NULL },
	{ SETTING_DATABASE_LISTEN_URL, &values.database_listen_url, NULL },
	{ SETTING_DATABASE_READ_URL, &values.database_read_url, NULL },
	{ SETTING_DATABASE_SEEN_FILE, &values.database_seen_file, NULL },
	{ SETTING_DATABASE_BUCKETS, &values.database_buckets, NULL },
	{ SETTING_KEK, &values.kek, NULL },
	{ SETTING_MQTT_KEYS_SECRET, &values.mqtt_keys_secret, NULL },
	{ SETTING_KEK_PREVIOUS, &values.kek_previous, NULL },
	{ SETTING_ISSUER, &values.issuer, NULL },
	{ SETTING_AUDIENCE, &values.audience, NULL },
	{ SETTING_ACCESS_TOKEN_SECONDS, &values.access_seconds, NULL },
	{ SETTING_REFRESH_TOKEN_SECONDS, &values.refresh_seconds, NULL },
	{ SETTING_REFRESH_GRACE_SECONDS, &values.refresh_grace_seconds, NULL },
	{ SETTING_ALGORITHMS, NULL, parse_algorithms },
	{ SETTING_NAME_HOLD_SECONDS, &values.name_hold_seconds, NULL },
	{ SETTING_NONCE_WINDOW_SECONDS, &values.nonce_window_seconds, NULL },
	{ SETTING_ROTATION_SECONDS, &values.rotation_seconds, NULL },
	{ SETTING_ROTATION_MESSAGES, &values.rotation_messages, NULL },
	{ SETTING_ROTATION_GRACE_SECONDS, &values.rotation_grace_seconds,
	  NULL },
	{ SETTING_ROTATION_GRACE_MESSAGES, &values.rotation_grace_messages,
	  NULL },
	{ SETTING_ENVELOPE_BYTES, &values.envelope_bytes, NULL },
	{ SETTING_BODY_BYTES, &values.body_bytes, NULL },
	{ SETTING_WEBSOCKET_BYTES, &values.websocket_bytes, NULL },
	{ SETTING_QUEUE_MESSAGES, &values.queue_messages, NULL },
	{ SETTING_QUEUE_BYTES, &values.queue_bytes, NULL },
	{ SETTING_QUEUE_STATEMENTS, &values.queue_statements, NULL },
	{ SETTING_LOGIN_THREADS, &values.login_threads, NULL },
	{ SETTING_LOGIN_QUEUE, &values.login_queue, NULL },
	{ SETTING_LOGINS_PER_MINUTE, &values.logins_per_minute, NULL },
	{ SETTING_HEAD_SECONDS, &values.head_seconds, NULL },
	{ SETTING_BODY_SECONDS, &values.body_seconds, NULL },
	{ SETTING_IDLE_SECONDS, &values.idle_seconds, NULL },
	{ SETTING_PING_SECONDS, &values.ping_seconds, NULL },
	{ SETTING_DRAIN_SECONDS, &values.drain_seconds, NULL },
	{ SETTING_METRICS_HOST, &values.metrics_host, NULL },
	{ SETTING_ACCESS_LOG, &values.access_log, NULL },
	{ SETTING_METRICS_PORT, &values.metrics_port, NULL },
	{ SETTING_CLAIMS_PER_MINUTE, &values.claims_per_minute, NULL },
	{ SETTING_LINKS_PER_MINUTE, &values.links_per_minute, NULL },
	{ SETTING_WRITES_PER_MINUTE, &values.writes_per_minute, NULL },
	{ SETTING_GUESSES_PER_HOUR, &values.guesses_per_hour, NULL },
	{ SETTING_REGISTRATIONS_PER_HOUR, &values.registrations_per_hour,
	  NULL },
	{ SETTING_CLAIMS_OF_ONE_PER_HOUR, &values.claims_of_one_per_hour,
	  NULL },
	{ SETTING_CLAIMED_PER_HOUR, &values.claimed_per_hour, NULL },
	{ SETTING_SESSIONS_PER_DAY, &values.sessions_per_day, NULL },
	{ SETTING_INVITATIONS_PER_DAY, &values.invitations_per_day, NULL },
	{ SETTING_INVITATIONS_PENDING, &values.invitations_pending, NULL },
	{ SETTING_MESSAGES_PER_MINUTE, &values.messages_per_minute, NULL },
	{ SETTING_BYTES_PER_MINUTE, &values.bytes_per_minute, NULL },
	{ SETTING_SESSION_MESSAGES_PER_MINUTE,
	  &values.session_messages_per_minute, NULL },
	{ SETTING_TYPING_PER_MINUTE, &values.typing_per_minute, NULL },
	{ SETTING_DEVICES, &values.devices, NULL },
	{ SETTING_KEY_PACKAGES, &values.key_packages, NULL },
	{ SETTING_SESSION_MEMBERS, &values.session_members, NULL },
	{ SETTING_WEBSOCKETS, &values.websockets, NULL },
	{ SETTING_ADDRESS_WEBSOCKETS, &values.address_websockets, NULL },
	{ SETTING_SUBSCRIPTIONS, &values.subscriptions, NULL },
	{ SETTING_FILE_BYTES, &values.file_bytes, NULL },
	{ SETTING_FILE_ACCOUNT_BYTES, &values.file_account_bytes, NULL },
	{ SETTING_FILE_ACCOUNT_COUNT, &values.file_account_count, NULL },
	{ SETTING_FILE_SESSION_BYTES, &values.file_session_bytes, NULL },
	{ SETTING_FILE_SESSION_COUNT, &values.file_session_count, NULL },
	{ SETTING_FILE_TRANSFERS, &values.file_transfers, NULL },
	{ SETTING_FILES_PER_MINUTE, &values.files_per_minute, NULL },
	{ SETTING_FILES_STORE, NULL, parse_files_store },
	{ SETTING_OBJECTS_URL, &values.objects.url, NULL },
	{ SETTING_OBJECTS_REGION, &values.objects.region, NULL },
	{ SETTING_OBJECTS_ACCESS_KEY, &values.objects.access_key, NULL },
	{ SETTING_OBJECTS_SECRET_KEY, &values.objects.secret_key, NULL },
	{ SETTING_OBJECTS_CA, &values.objects.ca, NULL },
	{ SETTING_TRUSTED_PROXIES, NULL, proxies_set },
	{ SETTING_CORS_ORIGINS, NULL, cors_set },
	{ SETTING_WEB, &values.web, NULL },
	{ SETTING_WEB_DIRECTORY, &values.web_directory, NULL },
	{ SETTING_LOG_LEVEL, NULL, settings_log_level },
};

const struct config *config(void)
{
	return &values;
}

bool config_load(void)
{
	if (!settings_load(WANTED, sizeof(WANTED) / sizeof(*WANTED)) ||
	    !objects_check(&values.objects, &values.has_objects))
		return false;
	if (values.files_store == FILES_IN_OBJECTS && !values.has_objects)
		return settings_complain("HERMETIC_OBJECTS_URL",
					 "must be given where "
					 "HERMETIC_FILES_STORE is s3");
	return true;
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
