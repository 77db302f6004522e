#include "store/prepare.h"

#include <stdio.h>
#include <string.h>

#include "store/reason.h"

PGconn *prepare_connect(const struct connection_settings *settings,
			const struct hosts *hosts)
{
	/* the string, expanded where `dbname` stands, wins over those before
	 * it; those after it win over the string */
	const char *const keys[] = { "keepalives_idle",
				     "keepalives_interval",
				     "keepalives_count",
				     "tcp_user_timeout",
				     "dbname",
				     "application_name",
				     "host",
				     "hostaddr",
				     "port",
				     NULL };
	const char *const values[] = { "5",
				       "2",
				       "3",
				       "10000",
				       settings->conninfo,
				       settings->name,
				       (const char *)hosts->host.p,
				       (const char *)hosts->hostaddr.p,
				       (const char *)hosts->port.p,
				       NULL };

	PGconn *pg = PQconnectStartParams(keys, values, 1);

	if (pg != NULL)
		reason_prepare(pg);
	return pg;
}

static bool run(PGconn *pg, const char *statement)
{
	return PQsendQueryParams(pg, statement, 0, NULL, NULL, NULL, NULL, 0) ==
	       1;
}

/* Citus' table is there with Citus alone, so the statement that names it is made
 * when it runs. The setting is of this transaction, whose last statement reads it. */
static const char count_shards[] =
    "DO $$ DECLARE shards bigint := 0; BEGIN "
    "IF to_regclass('pg_catalog.pg_dist_shard') IS NOT NULL THEN "
    "EXECUTE 'SELECT count(*) FROM pg_catalog.pg_dist_shard "
    "WHERE logicalrelid = to_regclass(''hermetic.session'')' "
    "INTO shards; END IF; "
    "PERFORM set_config('hermetic.shards', shards::text, true); END $$";

bool prepare_identity(PGconn *pg, const struct connection_settings *settings)
{
	return PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg) == 1 &&
	       (settings->buckets == 0 || run(pg, count_shards)) &&
	       PQsendQueryParams(
		   pg, statement_texts[STATEMENT_CLUSTER_IDENTITY].sql, 0, NULL,
		   NULL, NULL, NULL, 0) == 1 &&
	       PQpipelineSync(pg) == 1;
}

/* Settings of one transaction, which the pool's next one does not get. */
static bool send_transaction(PGconn *pg, const char *synchronous_commit)
{
	return PQsendQueryParams(
		   pg,
		   "SELECT set_config('search_path', 'hermetic', true), "
		   "set_config('enable_seqscan', 'off', true), "
		   "set_config('statement_timeout', '10s', true), "
		   "set_config('synchronous_commit', $1, true)",
		   1, NULL, &synchronous_commit, NULL, NULL, 0) == 1;
}

/* Citus finds the shard of a statement by its parameters, each time anew. */
static const char set_plan_cache_mode[] =
    "SELECT set_config('plan_cache_mode', CASE WHEN EXISTS ("
    "SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') "
    "THEN 'force_custom_plan' ELSE 'force_generic_plan' END, false)";

/*
 * Every statement has an index for its work. The planner must not read a whole
 * table instead because it was empty when it was last looked at: such a plan
 * is kept while the table grows. A statement whose plans are not kept takes
 * longer to plan than to run.
 */
static bool send_settings(PGconn *pg, const struct connection_settings *to,
			  const char *synchronous_commit)
{
	return run(pg, "SET search_path = hermetic") &&
	       run(pg, "SET enable_seqscan = off") &&
	       run(pg, "SET jit = off") &&
	       run(pg, strcmp(synchronous_commit, "on") == 0
			   ? "SET synchronous_commit = on"
			   : "SET synchronous_commit = off") &&
	       run(pg, "SET statement_timeout = '10s'") &&
	       (!to->keeps_plans || (run(pg, set_plan_cache_mode) &&
				     run(pg, "SET enable_bitmapscan = off")));
}

/* The second channel is this backend's alone, so that probes wake nobody. */
static bool send_listen(PGconn *pg)
{
	char own[sizeof("LISTEN " PREPARE_PROBES) + 16];

	(void)snprintf(own, sizeof(own), "LISTEN " PREPARE_PROBES "%d",
		       PQbackendPID(pg));
	return run(pg, statement_texts[STATEMENT_LISTEN].sql) && run(pg, own);
}

bool prepare_session(PGconn *pg, const struct connection_settings *settings,
		     const char *synchronous_commit, bool parses)
{
	if (!(settings->pooled
		  ? send_transaction(pg, synchronous_commit)
		  : send_settings(pg, settings, synchronous_commit)))
		return false;
	for (size_t i = 0; parses && i < STATEMENT_COUNT; i++)
		if (i != STATEMENT_LISTEN &&
		    PQsendPrepare(pg, "", statement_texts[i].sql, 0, NULL) != 1)
			return false;
	if (settings->listens && !send_listen(pg))
		return false;
	return PQpipelineSync(pg) == 1;
}

bool prepare_send(PGconn *pg, const struct connection_settings *settings,
		  const char *synchronous_commit, enum statement statement,
		  const struct params *p, enum prepared *state)
{
	const struct statement_text *s = &statement_texts[statement];
	const char *values[PARAMS_MAX];
	int formats[PARAMS_MAX];
	bool whole = settings->pooled || *state == PREPARED_ASKED;

	for (int i = 0; i < p->count; i++) {
		values[i] = p->start[i] < 0
				? NULL
				: (const char *)p->bytes.p + p->start[i];
		formats[i] = 1;
	}
	if (settings->pooled && !send_transaction(pg, synchronous_commit))
		return false;
	if (!whole && *state == PREPARED_NO) {
		if (PQsendPrepare(pg, s->name, s->sql, 0, NULL) != 1)
			return false;
		*state = PREPARED_ASKED;
	}
	return (whole ? PQsendQueryParams(pg, s->sql, p->count, NULL, values,
					  p->length, formats, 1)
		      : PQsendQueryPrepared(pg, s->name, p->count, values,
					    p->length, formats, 1)) == 1 &&
	       PQpipelineSync(pg) == 1;
}
