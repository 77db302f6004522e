/* The two settings that put TLS on a process's port. */
#ifndef HERMETIC_SERVER_TLS_FILES_H
#define HERMETIC_SERVER_TLS_FILES_H

#include <stdbool.h>

/* Takes both files, which stay borrowed, or neither where both are "". False: one is not
 * good, which has been said with its setting's name. */
bool tls_files_take(const char *certificate_setting, const char *certificate,
		    const char *key_setting, const char *key);

#endif
