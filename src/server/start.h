/* How a module that Kore loads begins, the node as well as the administration's API. */
#ifndef HERMETIC_SERVER_START_H
#define HERMETIC_SERVER_START_H

#include <stdbool.h>

/* The two settings that put TLS on a process's port. */
struct start_tls {
	const char *certificate_setting, *certificate;
	const char *key_setting, *key;
};

/* Starts the cryptographic library, and takes both files, whose names stay borrowed, or
 * neither where both are "". False: something is not good, which has been said, of a file
 * with its setting's name. */
bool start_crypto(const struct start_tls *tls);

#endif
