#include "base/metrics.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/usage.h"

enum kind { COUNTER, GAUGE, SIZES, SECONDS, CLASSES };

enum { BOUNDS = 14, STATUS_FIRST = 100, STATUS_COUNT = 500 };

/* Upper bounds of a histogram's buckets; the last bucket has none. */
static const uint64_t SIZE_BOUNDS[BOUNDS] = { 1,    2,	  4,	8,   16,
					      32,   64,	  128,	256, 512,
					      1024, 2048, 4096, 8192 };
static const uint64_t US_BOUNDS[BOUNDS] = { 500,     1000,    2500,    5000,
					    10000,   25000,   50000,   100000,
					    250000,  500000,  1000000, 2500000,
					    5000000, 10000000 };

/* A histogram's cells: the buckets, and the sum. */
enum { HISTOGRAM = BOUNDS + 2, METRIC_CELLS = METRIC_COUNT * HISTOGRAM };
/* Whose slot it is, and since when: seconds of the Epoch. */
enum { PID_CELL = METRIC_CELLS, BEGIN_CELL, OWN_CELLS };
/* A route's: requests by status, then its histogram. */
enum { ROUTE_CELLS = STATUS_COUNT + HISTOGRAM };

/* Of SQLSTATEs; what is of none of these is counted behind them. */
static const char *const SQLSTATES[] = { "08", "22", "23", "25", "28",
					 "40", "42", "53", "54", "55",
					 "57", "58", "XX" };
enum { SQLSTATE_CLASSES = sizeof(SQLSTATES) / sizeof(*SQLSTATES) };
static_assert((int)SQLSTATE_CLASSES < (int)HISTOGRAM,
	      "a cell for each, and for the rest");

struct row {
	enum kind kind;
	unsigned processes;
	const char *name, *help;
};

#define WRITES (METRICS_API | METRICS_BRIDGE)
#define ALL (WRITES | METRICS_ROTATION)

static const struct row ROWS[METRIC_COUNT] = {
	{ GAUGE, METRICS_API, "hermetic_connections", "Open connections." },
	{ GAUGE, METRICS_API, "hermetic_websockets", "Of these, WebSockets." },
	{ COUNTER, METRICS_API, "hermetic_websockets_slow_total",
	  "WebSockets that were closed (1013) because their clients did not "
	  "read what came for them." },
	{ GAUGE, METRICS_API, "hermetic_draining",
	  "Workers that have been asked to end." },
	{ COUNTER, WRITES, "hermetic_messages_stored_total",
	  "Messages that were committed." },
	{ COUNTER, WRITES, "hermetic_messages_expected_total",
	  "Of these, the ones whose place the writer knew beforehand." },
	{ SIZES, WRITES, "hermetic_batch_messages",
	  "Messages in one commit of the writer." },
	{ SECONDS, WRITES, "hermetic_commit_seconds",
	  "From sending a batch to its being durable." },
	{ GAUGE, WRITES, "hermetic_writer_queue",
	  "Messages that wait for a batch." },
	{ GAUGE, METRICS_API, "hermetic_statement_queue",
	  "Statements without an answer yet." },
	{ GAUGE, ALL, "hermetic_database_connections",
	  "Connections to PostgreSQL that are up." },
	{ COUNTER, ALL, "hermetic_database_breaks_total",
	  "Connections to PostgreSQL that broke or could not be made." },
	{ COUNTER, ALL, "hermetic_database_refused_total",
	  "Of these, the ones to a server of another cluster, or of an older "
	  "timeline than one that was seen." },
	{ COUNTER, WRITES, "hermetic_database_misfits_total",
	  "Connections that were given up because HERMETIC_DATABASE_BUCKETS "
	  "does not fit the number of shards that the sessions are on." },
	{ COUNTER, ALL, "hermetic_database_errors_total",
	  "Statements that PostgreSQL refused as faulty." },
	{ CLASSES, ALL, "hermetic_database_refusals_total",
	  "Statements and connections that PostgreSQL refused, by the class of "
	  "the SQLSTATE." },
	{ GAUGE, WRITES, "hermetic_listeners",
	  "Connections that listen, and have heard their probe." },
	{ COUNTER, WRITES, "hermetic_listener_deaf_total",
	  "Listeners that did not hear their probe, and were cut." },
	{ COUNTER, METRICS_API, "hermetic_notices_total",
	  "Notices heard from other nodes." },
	{ COUNTER, METRICS_API, "hermetic_delivered_total",
	  "Messages given to WebSockets." },
	{ SECONDS, METRICS_API, "hermetic_delivery_seconds",
	  "From a message's commit, by the database's clock, to its delivery "
	  "by a worker: the listener's lag." },
	{ COUNTER, METRICS_API, "hermetic_groups_read_total",
	  "Groups that were read from PostgreSQL because the worker had none "
	  "of "
	  "the session that leads to where it is." },
	{ GAUGE, METRICS_API, "hermetic_login_tasks",
	  "Passwords being hashed or waiting for it." },
	{ COUNTER, METRICS_API, "hermetic_logins_refused_total",
	  "Passwords that no thread was left for, or of whose account others "
	  "wait already." },
	{ COUNTER, WRITES, "hermetic_rate_limited_total",
	  "Tries above a rate limit." },
	{ GAUGE, METRICS_BRIDGE, "hermetic_mqtt_logs",
	  "Logs in which something was said lately, or that the broker has not "
	  "got all of." },
	{ COUNTER, METRICS_ROTATION, "hermetic_rotation_runs_total",
	  "Rounds of the rotation worker." },
	{ GAUGE, METRICS_ROTATION, "hermetic_rotations_due",
	  "Sessions whose keys are due for rotation." },
	{ GAUGE, METRICS_ROTATION, "hermetic_key_packages",
	  "KeyPackages that are left, of all devices." },
	{ GAUGE, METRICS_ROTATION, "hermetic_devices_low_on_key_packages",
	  "Devices that are short of KeyPackages." },
	{ GAUGE, METRICS_ROTATION, "hermetic_objects_going",
	  "Objects that wait to be dropped by their store." },
	{ GAUGE, METRICS_ROTATION, "hermetic_archive_failing",
	  "1: the last piece of PostgreSQL's log did not get into the "
	  "archive." },
};

static struct metrics_settings settings;
static _Atomic uint64_t *cells, *mine;
static size_t slot_cells;

/* ---- counting ---- */

/* One writer a cell: a load and a store will do, and no lock is taken. */
static void add(size_t cell, uint64_t n)
{
	uint64_t now;

	if (mine == NULL)
		return;
	now = atomic_load_explicit(&mine[cell], memory_order_relaxed);
	atomic_store_explicit(&mine[cell], now + n, memory_order_relaxed);
}

static void observe(size_t first, const uint64_t bounds[BOUNDS], uint64_t value)
{
	size_t bucket = 0;

	while (bucket < BOUNDS && value > bounds[bucket])
		bucket++;
	add(first + bucket, 1);
	add(first + BOUNDS + 1, value);
}

void metrics_count(enum metric metric, uint64_t n)
{
	add((size_t)metric * HISTOGRAM, n);
}

void metrics_set(enum metric metric, uint64_t value)
{
	if (mine != NULL)
		atomic_store_explicit(&mine[(size_t)metric * HISTOGRAM], value,
				      memory_order_relaxed);
}

void metrics_observe(enum metric metric, uint64_t value)
{
	observe((size_t)metric * HISTOGRAM,
		ROWS[metric].kind == SECONDS ? US_BOUNDS : SIZE_BOUNDS, value);
}

void metrics_refusal(const char *sqlstate)
{
	size_t class = 0;

	while (
	    class < SQLSTATE_CLASSES &&
	    (sqlstate == NULL || strncmp(sqlstate, SQLSTATES[class], 2) != 0))
		class ++;
	add((size_t)METRIC_DATABASE_REFUSALS * HISTOGRAM + class, 1);
}

void metrics_request(size_t route, int status, uint64_t us)
{
	size_t first = OWN_CELLS + route * ROUTE_CELLS;

	if (route >= settings.route_count || status < STATUS_FIRST ||
	    status >= STATUS_FIRST + STATUS_COUNT)
		return;
	add(first + (size_t)(status - STATUS_FIRST), 1);
	observe(first + STATUS_COUNT, US_BOUNDS, us);
}

enum err metrics_open(const struct metrics_settings *s)
{
	void *shared;

	slot_cells = OWN_CELLS + s->route_count * ROUTE_CELLS;
	shared =
	    mmap(NULL, s->slots * slot_cells * sizeof(*cells),
		 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return ERR_LOCAL_MEMORY;
	settings = *s;
	cells = shared;
	return ERR_OK;
}

void metrics_take_slot(unsigned slot)
{
	if (cells == NULL || slot >= settings.slots)
		return;
	mine = cells + slot * slot_cells;
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (ROWS[i].kind == GAUGE)
			metrics_set((enum metric)i, 0);
	atomic_store_explicit(&mine[BEGIN_CELL], (uint64_t)time(NULL),
			      memory_order_relaxed);
	atomic_store_explicit(&mine[PID_CELL], (uint64_t)getpid(),
			      memory_order_relaxed);
}

/* ---- showing ---- */

static uint64_t sum(size_t cell)
{
	uint64_t all = 0;

	for (size_t i = 0; i < settings.slots; i++)
		all += atomic_load_explicit(&cells[i * slot_cells + cell],
					    memory_order_relaxed);
	return all;
}

static void put_head(struct buf *out, const char *name, const char *help,
		     const char *type)
{
	buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(struct buf *out, enum kind kind, uint64_t value)
{
	if (kind == SECONDS)
		buf_putf(out, "%" PRIu64 ".%06" PRIu64, value / 1000000,
			 value % 1000000);
	else
		buf_putf(out, "%" PRIu64, value);
}

/* `label` is "" or a label with a comma behind it. */
static void put_histogram(struct buf *out, const char *name, const char *label,
			  enum kind kind, size_t first)
{
	const uint64_t *bounds = kind == SECONDS ? US_BOUNDS : SIZE_BOUNDS;
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		count += sum(first + i);
		buf_putf(out, "%s_bucket{%sle=\"", name, label);
		if (i < BOUNDS)
			put_number(out, kind, bounds[i]);
		else
			buf_put_str(out, "+Inf");
		buf_putf(out, "\"} %" PRIu64 "\n", count);
	}
	buf_putf(out, "%s_sum{%s} ", name, label);
	put_number(out, kind, sum(first + BOUNDS + 1));
	buf_putf(out, "\n%s_count{%s} %" PRIu64 "\n", name, label, count);
}

static void put_classes(struct buf *out, const char *name, size_t first)
{
	for (size_t i = 0; i <= SQLSTATE_CLASSES; i++)
		buf_putf(out, "%s{class=\"%s\"} %" PRIu64 "\n", name,
			 i < SQLSTATE_CLASSES ? SQLSTATES[i] : "other",
			 sum(first + i));
}

static void put_row(struct buf *out, size_t metric)
{
	static const char *const types[] = { "counter", "gauge", "histogram",
					     "histogram", "counter" };
	const struct row *row = &ROWS[metric];
	size_t first = metric * HISTOGRAM;

	put_head(out, row->name, row->help, types[row->kind]);
	if (row->kind == SIZES || row->kind == SECONDS)
		put_histogram(out, row->name, "", row->kind, first);
	else if (row->kind == CLASSES)
		put_classes(out, row->name, first);
	else
		buf_putf(out, "%s %" PRIu64 "\n", row->name, sum(first));
}

static size_t route_cell(size_t route)
{
	return OWN_CELLS + route * ROUTE_CELLS;
}

static void put_requests(struct buf *out)
{
	uint64_t n;

	put_head(out, "hermetic_requests_total",
		 "Requests that were answered, by route and status.",
		 "counter");
	for (size_t r = 0; r < settings.route_count; r++)
		for (size_t s = 0; s < STATUS_COUNT; s++)
			if ((n = sum(route_cell(r) + s)) > 0)
				buf_putf(out,
					 "hermetic_requests_total{route=\"%s\","
					 "status=\"%zu\"} %" PRIu64 "\n",
					 settings.routes[r], s + STATUS_FIRST,
					 n);
	put_head(out, "hermetic_request_seconds",
		 "From a request's head to its answer.", "histogram");
	for (size_t r = 0; r < settings.route_count; r++) {
		struct buf label = BUF_INIT;

		buf_putf(&label, "route=\"%s\",", settings.routes[r]);
		buf_put_u8(&label, '\0');
		if (buf_end(&label) == ERR_OK)
			put_histogram(out, "hermetic_request_seconds",
				      (const char *)label.p, SECONDS,
				      route_cell(r) + STATUS_COUNT);
		buf_clear(&label);
	}
}

/* ---- what the processes are, and use ---- */

/* Of the environment; an image has it. */
static void put_label(struct buf *out, const char *variable,
		      const char *otherwise)
{
	const char *p = getenv(variable);

	for (p = p != NULL && *p != '\0' ? p : otherwise; *p != '\0'; p++)
		buf_putf(out, "%c",
			 isalnum((unsigned char)*p) ||
				 strchr("._+-", *p) != NULL
			     ? *p
			     : '_');
}

static void put_build(struct buf *out)
{
	put_head(out, "hermetic_build_info", "1; what this is a build of.",
		 "gauge");
	buf_put_str(out, "hermetic_build_info{version=\"");
	put_label(out, "HERMETIC_VERSION", "unreleased");
	buf_put_str(out, "\",revision=\"");
	put_label(out, "HERMETIC_REVISION", "unknown");
	buf_put_str(out, "\"} 1\n");
}

static uint64_t own_cell(size_t slot, size_t cell)
{
	return atomic_load_explicit(&cells[slot * slot_cells + cell],
				    memory_order_relaxed);
}

enum { USED_CPU, USED_MEMORY, USED_FILES, USED_SINCE, USED_COUNT };

static uint64_t used(size_t slot, size_t what)
{
	struct usage usage;

	if (what == USED_SINCE)
		return own_cell(slot, BEGIN_CELL);
	if (!usage_read(own_cell(slot, PID_CELL), &usage))
		return 0;
	return what == USED_CPU	     ? usage.cpu_us
	       : what == USED_MEMORY ? usage.resident
				     : usage.files;
}

static void put_processes(struct buf *out)
{
	static const struct row rows[USED_COUNT] = {
		[USED_CPU] = { SECONDS, ALL, "process_cpu_seconds_total",
			       "Processor time of user and system." },
		[USED_MEMORY] = { GAUGE, ALL, "process_resident_memory_bytes",
				  "Memory that is resident." },
		[USED_FILES] = { GAUGE, ALL, "process_open_fds",
				 "Open files; 0: not to be seen." },
		[USED_SINCE] = { GAUGE, ALL, "process_start_time_seconds",
				 "When it began, since the Epoch." },
	};

	for (size_t i = 0; i < USED_COUNT; i++) {
		put_head(out, rows[i].name, rows[i].help,
			 rows[i].kind == SECONDS ? "counter" : "gauge");
		for (size_t slot = 0; slot < settings.slots; slot++) {
			if (own_cell(slot, PID_CELL) == 0)
				continue;
			buf_putf(out, "%s{worker=\"%zu\"} ", rows[i].name,
				 slot);
			put_number(out, rows[i].kind, used(slot, i));
			buf_put_str(out, "\n");
		}
	}
}

void metrics_put(struct buf *out)
{
	if (cells == NULL)
		return;
	put_build(out);
	put_processes(out);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if ((ROWS[i].processes & (unsigned)settings.process) != 0)
			put_row(out, i);
	if (settings.route_count > 0)
		put_requests(out);
}

uint64_t metrics_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
