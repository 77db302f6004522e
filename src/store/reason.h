/* Internal to src/store: why libpq did not get, or lost, a connection. */
#ifndef HERMETIC_STORE_REASON_H
#define HERMETIC_STORE_REASON_H

#include <libpq-fe.h>
#include <stdbool.h>

enum { REASON_SIZE = 512 };

/* What a person has to change where PostgreSQL has no place for one more. */
#define REASON_NO_PLACE                                                        \
	"PostgreSQL has no place for this connection: its max_connections, "   \
	"or the CONNECTION LIMIT of the role or database, is too low"

/* From here on libpq begins what the server says with its SQLSTATE. */
void reason_prepare(PGconn *pg);

/* The first line of what libpq says, which names hosts, users and causes, after
 * REASON_NO_PLACE if that is what it means. Nothing if `pg` is NULL. True: it
 * is. */
bool reason_read(const PGconn *pg, char out[REASON_SIZE]);

/* Where in what reason_read() has read the SQLSTATE stands by which the server ended
 * the connection, or did not let it begin; NULL: it does not say. */
const char *reason_sqlstate(const char *reason);

#endif
