/* What the rotation worker and hermetic-admin read from the environment or
 * .env (.env.example explains each). */
#ifndef HERMETIC_WORKERS_ROTATION_CONFIG_H
#define HERMETIC_WORKERS_ROTATION_CONFIG_H

#include "base/sec.h"
#include "store/objects_settings.h"

enum { CONFIG_ALGORITHMS_MAX = 8 };

struct config {
	const char *database_url;
	struct sec kek, kek_previous;
	const char *algorithms[CONFIG_ALGORITHMS_MAX]; /* allowed */
	size_t algorithm_count;
	const char *metrics_host;
	uint64_t metrics_port; /* 0: none */
	/* all in seconds but key_packages_low */
	uint64_t interval, rotation, rotation_grace, ask, idle, keep, history,
	    nonce_window, welcome, name_hold, access, key_packages_low,
	    signing_key, signing_key_overlap, file_unnamed;
	uint64_t history_or_window; /* history, but never within the window in
				       which a nonce must be known */
	uint64_t revoked;	    /* for so long nodes ask for a revocation */
	struct objects_settings objects;
	bool has_objects;
};

/* False: something was wrong, and has been said. */
bool config_load(void);
const struct config *config(void);

#endif
