/* What the API of the administration reads from the environment or .env (.env.example
 * explains each). */
#ifndef HERMETIC_WORKERS_ADMIN_API_CONFIG_H
#define HERMETIC_WORKERS_ADMIN_API_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct config {
	const char *host;
	char port[8];
	const char *database_url;
	const char *tls_certificate, *tls_key; /* files, or both empty */
	uint64_t wrong_tokens_per_minute;
	uint64_t rotation, idle, signing_key; /* seconds, for `status` */
	uint64_t access_log;
};

/* False: something was wrong, and has been said. */
bool config_load(void);
const struct config *config(void);

#endif
