/* The configuration: environment variables, and a file `.env` for those that
 * the environment does not have. `.env.example` explains each. */
#ifndef HERMETIC_SERVER_CONFIG_H
#define HERMETIC_SERVER_CONFIG_H

#include "base/sec.h"
#include "crypto/suite.h"
#include "store/objects_settings.h"

enum { CONFIG_ALGORITHMS_MAX = 8 };

/* Who may make an account. */
enum registration {
	REGISTRATION_OPEN,
	REGISTRATION_CLOSED,
	REGISTRATION_TOKEN
};

/* Where the bytes of new files go. */
enum files_store { FILES_IN_POSTGRES, FILES_IN_OBJECTS };

struct config {
	enum registration registration;
	const char *host, *port;
	const char *tls_certificate, *tls_key; /* files, or both empty */
	uint64_t workers, connections;
	const char *database_url, *database_listen_url, *database_read_url;
	const char *database_seen_file; /* "": none */
	struct sec kek;			/* key-encryption key, 32 bytes */
	const char
	    *mqtt_keys_secret;	 /* for vouchers (door/vouch.h); or empty */
	struct sec kek_previous; /* while a change of it lasts; or empty */
	const char *issuer, *audience;
	uint64_t access_seconds, refresh_seconds, refresh_grace_seconds;
	const struct suite *algorithms[CONFIG_ALGORITHMS_MAX]; /* in order */
	size_t algorithm_count;
	uint64_t nonce_window_seconds;
	/* keys due after so much; and so much later nothing is taken any more */
	uint64_t rotation_seconds, rotation_messages;
	uint64_t rotation_grace_seconds, rotation_grace_messages;
	uint64_t envelope_bytes, body_bytes, websocket_bytes;
	uint64_t database_buckets; /* store/bucket.h */
	uint64_t queue_messages, queue_bytes, queue_statements;
	uint64_t head_seconds, body_seconds, idle_seconds, ping_seconds;
	uint64_t drain_seconds;
	const char *metrics_host;
	uint64_t metrics_port; /* 0: none */
	uint64_t access_log;   /* 1: a line for each request */
	uint64_t login_threads, login_queue;
	uint64_t name_hold_seconds; /* of erased accounts */
	/* limits (server/limited.c); 0: none */
	uint64_t logins_per_minute, guesses_per_hour, registrations_per_hour;
	uint64_t claims_per_minute, claims_of_one_per_hour, claimed_per_hour;
	uint64_t links_per_minute, sessions_per_day;
	uint64_t invitations_per_day, invitations_pending;
	uint64_t messages_per_minute, bytes_per_minute,
	    session_messages_per_minute, typing_per_minute;
	/* how much there may be */
	uint64_t devices, key_packages, session_members;
	uint64_t websockets, address_websockets, subscriptions;
	uint64_t file_bytes, file_account_bytes, file_account_count;
	uint64_t file_session_bytes, file_session_count, file_transfers;
	uint64_t files_per_minute;
	uint64_t writes_per_minute; /* of an account, beside what has a limit */
	enum files_store files_store;
	struct objects_settings objects;
	bool has_objects;
	uint64_t web; /* 1: the page for browsers is served */
	const char *web_directory;
};

/* Reads it all once. On failure one sentence that names the setting is on
 * standard error. Secrets are taken out of the environment. */
bool config_load(void);

const struct config *config(void);

/* The suite of an allowed algorithm, NULL otherwise. */
const struct suite *config_algorithm(struct span name);
const struct suite *config_suite(uint16_t id);

#endif
