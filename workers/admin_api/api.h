/* The operations of src/admin as methods of paths. */
#ifndef HERMETIC_WORKERS_ADMIN_API_API_H
#define HERMETIC_WORKERS_ADMIN_API_API_H

#include <stdbool.h>

#include "store/connection.h"

/* In the parent: adds the routes. */
void api_open(void);

/* In the worker: the connection that is asked, for ever. */
void api_start(struct connection *connection);

/* Nothing waits for the database. */
bool api_is_idle(void);

#endif
