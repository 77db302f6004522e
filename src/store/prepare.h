/* Internal to src/store: what a connection sends before any request. Each is
 * false when libpq has failed; nothing waits for an answer. */
#ifndef HERMETIC_STORE_PREPARE_H
#define HERMETIC_STORE_PREPARE_H

#include <libpq-fe.h>

#include "store/connection_settings.h"
#include "store/hosts.h"

/* What the channel of a backend's own probes is called before its number. */
#define PREPARE_PROBES "hermetic_probe_"

/* Starts to connect. A peer that has gone without a word is noticed within
 * some ten seconds, unless the connection string says otherwise. */
PGconn *prepare_connect(const struct connection_settings *settings,
			const struct hosts *hosts);

/* Asks who the server is: columns system_identifier and timeline, as text. */
bool prepare_identity(PGconn *pg);

/* Settings, statements and channels. In a pool statements are parsed without
 * a name: to see that the schema fits. */
bool prepare_statements(PGconn *pg, const struct connection_settings *settings,
			const char *synchronous_commit);

/* Settings of one transaction, which the pool's next one does not get. */
bool prepare_transaction(PGconn *pg, const char *synchronous_commit);

#endif
