/* Internal to src/store: what a connection sends, before any request and for
 * each. Each is false when libpq has failed; nothing waits for an answer. */
#ifndef HERMETIC_STORE_PREPARE_H
#define HERMETIC_STORE_PREPARE_H

#include <libpq-fe.h>

#include "store/connection_settings.h"
#include "store/hosts.h"
#include "store/params.h"
#include "store/statements.h"

/* What the channel of a backend's own probes is called before its number. */
#define PREPARE_PROBES "hermetic_probe_"

/* Starts to connect. A peer that has gone without a word is noticed within
 * some ten seconds, unless the connection string says otherwise. */
PGconn *prepare_connect(const struct connection_settings *settings,
			const struct hosts *hosts);

/* Asks who the server is: columns system_identifier, timeline and, if there are buckets, shards,
 * as text: over how many the sessions are spread, 0 for not at all. */
bool prepare_identity(PGconn *pg, const struct connection_settings *settings);

/* Settings and channels; and where `parses`, each statement is parsed without a
 * name, to see that the schema fits: that takes PostgreSQL longer than all the
 * rest of a connection's beginning. */
bool prepare_session(PGconn *pg, const struct connection_settings *settings,
		     const char *synchronous_commit, bool parses);

/* Whether the server of one connection has a statement under its name. */
enum prepared {
	PREPARED_NO,
	PREPARED_ASKED, /* the answer is under way */
	PREPARED_YES
};

/*
 * One statement and the end of its transaction. It is prepared where nobody has
 * asked for that yet, and *state says so: the first result is then that of the
 * preparation. Until its answer is there the statement is sent whole, so that
 * no request depends on another one's fate; in a pool it always is.
 */
bool prepare_send(PGconn *pg, const struct connection_settings *settings,
		  const char *synchronous_commit, enum statement statement,
		  const struct params *params, enum prepared *state);

#endif
