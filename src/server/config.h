/* The configuration: environment variables, and a file `.env` for those that
 * the environment does not have. `.env.example` explains each. */
#ifndef HERMETIC_SERVER_CONFIG_H
#define HERMETIC_SERVER_CONFIG_H

#include "base/sec.h"
#include "crypto/suite.h"

enum { CONFIG_ALGORITHMS_MAX = 8 };

struct config {
	const char *host, *port;
	uint64_t workers, connections;
	const char *database_url;
	struct sec kek; /* key-encryption key, 32 bytes */
	const char *issuer, *audience;
	uint64_t access_seconds, refresh_seconds;
	const struct suite *algorithms[CONFIG_ALGORITHMS_MAX]; /* in order */
	size_t algorithm_count;
	uint64_t nonce_window_seconds;
	uint64_t session_idle_seconds, rotation_seconds, rotation_messages;
	uint64_t envelope_bytes, body_bytes, websocket_bytes;
	uint64_t queue_messages, queue_bytes, queue_statements;
	uint64_t login_threads, login_queue, logins_per_minute;
	const char *log_level;
};

/* Reads it all once. On failure one sentence that names the setting is on
 * standard error. Secrets are taken out of the environment. */
bool config_load(void);

const struct config *config(void);

/* The suite of an allowed algorithm, NULL otherwise. */
const struct suite *config_algorithm(struct span name);
const struct suite *config_suite(uint16_t id);

/* For the test that holds .env.example against the table: name `i`, or NULL. */
const char *config_name(size_t i);

#endif
