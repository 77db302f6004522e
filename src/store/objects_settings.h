/* Which store of objects there is (objects.h), as a process is configured. */
#ifndef HERMETIC_STORE_OBJECTS_SETTINGS_H
#define HERMETIC_STORE_OBJECTS_SETTINGS_H

#include <stdbool.h>

/* Borrowed for the life of what is opened. `url` is the bucket's,
 * http(s)://HOST[:PORT]/BUCKET[/PREFIX], or "": there is no such store. `ca` is a file of
 * authorities (PEM), or "": those of the system. */
struct objects_settings {
	const char *url, *region, *access_key, *secret_key, *ca;
};

/* Is there such a store, and all that it takes? False: something was wrong, and has been
 * said. *given: there is one. */
bool objects_check(const struct objects_settings *settings, bool *given);

#endif
