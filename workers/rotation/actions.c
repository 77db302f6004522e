#include "rotation/actions.h"

#include <stddef.h>

#include "base/log.h"
#include "base/metrics.h"
#include "crypto/signing_key.h"
#include "rotation/config.h"

enum {
	BATCH = 1000, /* rows that a statement touches at most */
	OBJECTS = 100 /* that sql/worker_going_objects.sql gives at most */
};

struct action;
typedef void action_done(struct action *action, struct rows *rows);

static action_done show_figures, count_rows, tell_rotation, tell_key_packages,
    make_key, drop_objects;

struct action {
	const char *name;
	enum statement statement;
	action_done *done;
	unsigned every;	     /* so many rounds of the schedule */
	bool algorithms;     /* its first parameter is the allowed ones */
	size_t parameter[2]; /* numbers of the configuration, 0: none */
	/* its run */
	bool busy; /* it is asked, or what came of that is not over */
	unsigned rounds;
};

#define NUMBER(member) offsetof(struct config, member)

static struct action actions[] = {
	{ "due_age",
	  STATEMENT_WORKER_DUE_AGE,
	  count_rows,
	  1,
	  false,
	  { NUMBER(rotation), NUMBER(rotation_grace) },
	  false,
	  0 },
	{ "due_algorithm",
	  STATEMENT_WORKER_DUE_ALGORITHM,
	  count_rows,
	  6,
	  true,
	  { NUMBER(rotation_grace), 0 },
	  false,
	  0 },
	{ "ask",
	  STATEMENT_WORKER_ASK,
	  tell_rotation,
	  1,
	  false,
	  { NUMBER(ask), 0 },
	  false,
	  0 },
	{ "key_packages_low",
	  STATEMENT_WORKER_KEY_PACKAGES_LOW,
	  tell_key_packages,
	  6,
	  false,
	  { NUMBER(key_packages_low), 0 },
	  false,
	  0 },
	{ "figures",
	  STATEMENT_WORKER_FIGURES,
	  show_figures,
	  6,
	  false,
	  { NUMBER(key_packages_low), 0 },
	  false,
	  0 },
	{ "end_idle",
	  STATEMENT_WORKER_END_IDLE,
	  count_rows,
	  1,
	  false,
	  { NUMBER(idle), 0 },
	  false,
	  0 },
	{ "drop_messages",
	  STATEMENT_WORKER_DROP_MESSAGES,
	  count_rows,
	  1,
	  false,
	  { NUMBER(keep), 0 },
	  false,
	  0 },
	{ "drop_sessions",
	  STATEMENT_WORKER_DROP_SESSIONS,
	  count_rows,
	  1,
	  false,
	  { NUMBER(keep), 0 },
	  false,
	  0 },
	{ "end_accounts",
	  STATEMENT_WORKER_END_ACCOUNTS,
	  count_rows,
	  1,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "end_devices",
	  STATEMENT_WORKER_END_DEVICES,
	  count_rows,
	  1,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "expire_history",
	  STATEMENT_WORKER_EXPIRE_HISTORY,
	  count_rows,
	  1,
	  false,
	  { NUMBER(history_or_window), 0 },
	  false,
	  0 },
	{ "expire_files",
	  STATEMENT_WORKER_EXPIRE_FILES,
	  count_rows,
	  1,
	  false,
	  { NUMBER(file_unnamed), 0 },
	  false,
	  0 },
	{ "drop_objects",
	  STATEMENT_WORKER_GOING_OBJECTS,
	  drop_objects,
	  1,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "expire_messages",
	  STATEMENT_WORKER_EXPIRE_MESSAGES,
	  count_rows,
	  1,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "expire_key_packages",
	  STATEMENT_WORKER_EXPIRE_KEY_PACKAGES,
	  count_rows,
	  1,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "expire_welcomes",
	  STATEMENT_WORKER_EXPIRE_WELCOMES,
	  count_rows,
	  1,
	  false,
	  { NUMBER(welcome), 0 },
	  false,
	  0 },
	{ "expire_names",
	  STATEMENT_WORKER_EXPIRE_NAMES,
	  count_rows,
	  6,
	  false,
	  { NUMBER(name_hold), 0 },
	  false,
	  0 },
	{ "expire_tokens",
	  STATEMENT_WORKER_EXPIRE_TOKENS,
	  count_rows,
	  1,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "expire_families",
	  STATEMENT_WORKER_EXPIRE_FAMILIES,
	  count_rows,
	  1,
	  false,
	  { NUMBER(revoked), 0 },
	  false,
	  0 },
	{ "expire_presence",
	  STATEMENT_WORKER_EXPIRE_PRESENCE,
	  count_rows,
	  6,
	  false,
	  { 0, 0 },
	  false,
	  0 },
	{ "signing_key",
	  STATEMENT_WORKER_SIGNING_KEY_DUE,
	  make_key,
	  1,
	  false,
	  { NUMBER(signing_key), 0 },
	  false,
	  0 },
	{ "retire_keys",
	  STATEMENT_WORKER_RETIRE_KEYS,
	  count_rows,
	  1,
	  false,
	  { NUMBER(access), 0 },
	  false,
	  0 },
	{ "drop_keys",
	  STATEMENT_WORKER_DROP_KEYS,
	  count_rows,
	  6,
	  false,
	  { 0, 0 },
	  false,
	  0 },
};

enum { ACTION_COUNT = sizeof(actions) / sizeof(*actions) };

static struct connection *connection;
static struct notifier *notifier;
static struct objects *objects; /* NULL: there is no store of them */
static unsigned in_flight;

static void ask(struct action *a);

/* ---- reports ---- */

static void on_counted(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	(void)e; /* a figure for people: not worth a second try */
	(void)rows;
	in_flight--;
}

/* One line, and the counters of all instances. */
static void report(struct action *a, uint64_t count)
{
	struct params params = PARAMS_INIT;

	if (count == 0)
		return;
	LOG(INFO, "rotation", LOG_STR("action", a->name),
	    LOG_NUM("count", count));
	params_text(&params, span_str(a->name));
	params_i64(&params, (int64_t)count);
	in_flight++;
	if (connection_send(connection, STATEMENT_WORKER_COUNT, &params,
			    on_counted, NULL) != ERR_OK)
		in_flight--;
}

/* ---- what comes back ---- */

static void count_rows(struct action *a, struct rows *rows)
{
	int64_t count = rows_count(rows) == 1 ? rows_i64(rows, 0, "count") : 0;

	report(a, (uint64_t)count);
	if (count >= BATCH)
		ask(a);
}

static void tell(struct action *a, struct rows *rows, enum notice_kind kind)
{
	for (size_t i = 0; i < rows_count(rows); i++)
		notifier_tell(notifier, kind, rows_uuid(rows, i, "device_id"),
			      0);
	report(a, rows_count(rows));
}

static void show_figures(struct action *a, struct rows *rows)
{
	(void)a;
	if (rows_count(rows) != 1)
		return;
	metrics_set(METRIC_ROTATIONS_DUE,
		    (uint64_t)rows_i64(rows, 0, "rotations_due"));
	metrics_set(METRIC_KEY_PACKAGES,
		    (uint64_t)rows_i64(rows, 0, "key_packages"));
	metrics_set(METRIC_DEVICES_LOW,
		    (uint64_t)rows_i64(rows, 0, "devices_low"));
	metrics_set(METRIC_OBJECTS_GOING,
		    (uint64_t)rows_i64(rows, 0, "objects_going"));
	metrics_set(METRIC_ARCHIVE_FAILING,
		    rows_bool(rows, 0, "archive_failing"));
}

static void tell_rotation(struct action *a, struct rows *rows)
{
	tell(a, rows, NOTICE_ROTATION);
}

static void tell_key_packages(struct action *a, struct rows *rows)
{
	tell(a, rows, NOTICE_KEY_PACKAGES);
}

static void on_key_made(void *arg, enum err e, struct rows *rows)
{
	struct action *a = arg;

	in_flight--;
	if (e == ERR_OK)
		report(a, rows_count(rows));
}

static enum err insert_key(struct action *a, int32_t ordinal)
{
	struct params params = PARAMS_INIT;
	struct signing_key key;
	enum err e;

	TRY(signing_key_make(sec_span(&config()->kek), &key));
	params_text(&params, span_str(key.kid));
	params_i32(&params, ordinal);
	params_text(&params, buf_span(&key.jwk));
	params_bytea(&params, buf_span(&key.wrapped));
	params_bytea(&params, SPAN_ARRAY(key.kek_id));
	params_i64(&params, (int64_t)config()->signing_key_overlap);
	signing_key_clear(&key);
	TRY(connection_send(connection, STATEMENT_SIGNING_KEY_INSERT, &params,
			    on_key_made, a));
	in_flight++;
out:
	return e;
}

static void make_key(struct action *a, struct rows *rows)
{
	enum err e = ERR_OK;

	if (rows_count(rows) == 1 && !rows_is_null(rows, 0, "ordinal"))
		e = insert_key(a, (int32_t)rows_i64(rows, 0, "ordinal"));
	if (e != ERR_OK)
		LOG(ERROR, "rotation failed", LOG_STR("action", a->name),
		    LOG_STR("why", err_text(e)));
}

/* ---- objects of files ----
 *
 * Whether an object is there any more its store says; until that is known its row stays,
 * and a later round tries again. */

struct object {
	struct uuid session, id;
};

static struct {
	struct action *action; /* busy until its rows are out */
	struct object all[OBJECTS], gone[OBJECTS];
	size_t count, left, gone_count; /* of all; without an answer; dropped */
} dropping;

static void on_gone(void *arg, enum err e, struct rows *rows)
{
	struct action *a = arg;

	in_flight--;
	a->busy = false;
	if (e == ERR_OK && rows_count(rows) == 1)
		report(a, (uint64_t)rows_i64(rows, 0, "count"));
	/* at least one was dropped, so this has an end */
	if (e == ERR_OK && dropping.count == OBJECTS)
		ask(a);
}

static void tell_gone(void)
{
	struct params params = PARAMS_INIT;

	params_open_array(&params, PARAMS_UUID, dropping.gone_count);
	for (size_t i = 0; i < dropping.gone_count; i++)
		params_put_uuid(&params, dropping.gone[i].session);
	params_close_array(&params);
	params_open_array(&params, PARAMS_UUID, dropping.gone_count);
	for (size_t i = 0; i < dropping.gone_count; i++)
		params_put_uuid(&params, dropping.gone[i].id);
	params_close_array(&params);
	dropping.action->busy =
	    connection_send(connection, STATEMENT_WORKER_OBJECTS_GONE, &params,
			    on_gone, dropping.action) == ERR_OK;
	if (dropping.action->busy)
		in_flight++;
}

static void end_dropping(void)
{
	if (dropping.gone_count > 0)
		tell_gone();
	else
		dropping.action->busy = false;
}

static void on_dropped(void *arg, enum err e, struct span none)
{
	const struct object *object = arg;

	(void)none;
	in_flight--;
	dropping.left--;
	if (e == ERR_OK && dropping.gone_count < OBJECTS)
		dropping.gone[dropping.gone_count++] = *object;
	if (dropping.left == 0)
		end_dropping();
}

static enum err drop_all(struct action *a, struct rows *rows)
{
	enum err e = ERR_OK;

	ENSURE(dropping.left == 0 && rows_count(rows) <= OBJECTS,
	       ERR_LOCAL_BUG);
	dropping.action = a;
	dropping.count = rows_count(rows);
	dropping.gone_count = 0;
	for (size_t i = 0; i < dropping.count; i++) {
		dropping.all[i] =
		    (struct object){ rows_uuid(rows, i, "session_id"),
				     rows_uuid(rows, i, "object_id") };
		if (objects_drop(objects, dropping.all[i].id, on_dropped,
				 &dropping.all[i]) != ERR_OK)
			continue;
		in_flight++;
		dropping.left++;
	}
	a->busy = dropping.left > 0;
out:
	return e;
}

static void drop_objects(struct action *a, struct rows *rows)
{
	enum err e = drop_all(a, rows);

	if (e != ERR_OK)
		LOG(ERROR, "rotation failed", LOG_STR("action", a->name),
		    LOG_STR("why", err_text(e)));
}

/* ---- asking ---- */

static void on_done(void *arg, enum err e, struct rows *rows)
{
	struct action *a = arg;

	in_flight--;
	a->busy = false;
	if (e == ERR_OK)
		a->done(a, rows);
	if (e != ERR_OK || rows_end(rows) != ERR_OK)
		LOG(WARN, "rotation failed", LOG_STR("action", a->name),
		    LOG_STR("why", err_text(e != ERR_OK ? e : ERR_LOCAL_BUG)));
}

static void put_algorithms(struct params *params)
{
	params_open_array(params, PARAMS_TEXT, config()->algorithm_count);
	for (size_t i = 0; i < config()->algorithm_count; i++)
		params_put_bytes(params, span_str(config()->algorithms[i]));
	params_close_array(params);
}

static void ask(struct action *a)
{
	struct params params = PARAMS_INIT;
	const char *base = (const char *)config();

	if (a->algorithms)
		put_algorithms(&params);
	for (size_t i = 0; i < 2 && a->parameter[i] != 0; i++)
		params_i64(
		    &params,
		    (int64_t) *
			(const uint64_t *)(const void *)(base +
							 a->parameter[i]));
	a->busy = connection_send(connection, a->statement, &params, on_done,
				  a) == ERR_OK;
	if (a->busy)
		in_flight++;
}

void actions_init(struct connection *c, struct notifier *n, struct objects *o)
{
	connection = c;
	notifier = n;
	objects = o;
}

static bool can_run(const struct action *a)
{
	if (a->done == drop_objects && objects == NULL)
		return false;
	return !a->busy;
}

void actions_run(void)
{
	metrics_count(METRIC_ROTATION_RUNS, 1);
	for (size_t i = 0; i < ACTION_COUNT; i++)
		if (can_run(&actions[i]) &&
		    actions[i].rounds++ % actions[i].every == 0)
			ask(&actions[i]);
}

bool actions_are_idle(void)
{
	return in_flight == 0 && notifier_is_idle(notifier);
}
