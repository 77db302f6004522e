/*
 * What the store reads: values of rows as PostgreSQL sends them, hosts of a connection
 * string, and who asks for metrics. The first byte chooses, and of rows the type that
 * the column claims to have.
 */
#include "fuzz.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/hosts.h"
#include "store/params.h"
#include "store/rows_internal.h"
#include "store/store.h"

/* Who asks is a socket there; here the functions are enough. */
#include "store/scrape.c"

/* ---- rows ---- */

static const unsigned TYPES[] = { PARAMS_BOOL, 21,	     PARAMS_INT4,
				  PARAMS_INT8, PARAMS_BYTEA, PARAMS_TEXT,
				  PARAMS_UUID };
enum { TYPE_COUNT = sizeof(TYPES) / sizeof(*TYPES) };

/* One row; the column `v`, and all others of a message, have this value. */
static PGresult *make_result(unsigned type, int format, struct span value)
{
	static const char *const names[] = { "v",      "seq",	  "epoch",
					     "kind",   "sent_ms", "envelope",
					     "sender", "head",	  "hash" };
	enum { COLUMNS = sizeof(names) / sizeof(*names) };
	PGresAttDesc columns[COLUMNS] = { { .name = NULL } };
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

	for (size_t i = 0; i < COLUMNS; i++) {
		columns[i].name = (char *)(uintptr_t)names[i];
		columns[i].typid = type;
		columns[i].format = format;
	}
	if (result == NULL || PQsetResultAttrs(result, COLUMNS, columns) != 1)
		abort();
	for (int i = 0; i < COLUMNS; i++)
		if (PQsetvalue(result, 0, i,
			       (char *)(uintptr_t)(value.n > 0
						       ? (const char *)value.p
						       : ""),
			       (int)value.n) != 1)
			abort();
	return result;
}

static void check_type(struct rows *rows, unsigned type, bool should)
{
	rows->fail = ERR_OK;
	if (type == PARAMS_INT8)
		(void)rows_i64(rows, 0, "v");
	else if (type == PARAMS_BOOL)
		(void)rows_bool(rows, 0, "v");
	else if (type == PARAMS_TEXT)
		(void)rows_text_is(rows, 0, "v", "ok");
	else if (type == PARAMS_UUID)
		(void)rows_uuid(rows, 0, "v");
	else
		(void)rows_digest(rows, 0, "v");
	if (!should && rows_end(rows) == ERR_OK)
		abort();
}

static void use_rows(unsigned type, int format, struct span value)
{
	static const unsigned asked[] = { PARAMS_BOOL, PARAMS_INT8, PARAMS_TEXT,
					  PARAMS_UUID, PARAMS_BYTEA };
	struct rows rows = { .result = make_result(type, format, value) };
	static const struct uuid session;
	struct message message;

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		check_type(&rows, asked[i],
			   format == 1 &&
			       (asked[i] == type ||
				(asked[i] == PARAMS_INT8 &&
				 (type == 21 || type == PARAMS_INT4))));
	store_read_message(&rows, 0, session, &message);
	if (rows_end(&rows) == ERR_OK) /* no value is of all types */
		abort();
	(void)rows_is_null(&rows, 1, "v");
	(void)rows_bytes(&rows, 0, "none");
	PQclear(rows.result);
}

/* ---- hosts: no name server is asked ---- */

int __wrap_getaddrinfo_a(int mode, struct gaicb *list[], int count,
			 struct sigevent *event);
void __wrap_log_event(enum log_level level, const char *event,
		      const struct log_field *fields);

int __wrap_getaddrinfo_a(int mode, struct gaicb *list[], int count,
			 struct sigevent *event)
{
	(void)mode;
	(void)list;
	(void)count;
	(void)event;
	return EAI_AGAIN;
}

void __wrap_log_event(enum log_level level, const char *event,
		      const struct log_field *fields)
{
	(void)level;
	(void)event;
	(void)fields;
}

static size_t count_items(const struct buf *list)
{
	size_t count = 1;

	for (size_t i = 0; i < list->n; i++)
		count += list->p[i] == ',';
	return count;
}

static void use_hosts(struct span bytes)
{
	struct hosts hosts = { BUF_INIT, BUF_INIT, BUF_INIT, 0 };
	char *conninfo = fuzz_text(bytes.p, bytes.n);
	bool found;

	if (hosts_find(conninfo, bytes.p[0], &hosts, &found) == ERR_OK) {
		if (memchr(hosts.host.p, '\0', hosts.host.n) !=
		    hosts.host.p + hosts.host.n - 1)
			abort();
		if (hosts.count > 0 &&
		    (count_items(&hosts.host) != hosts.count ||
		     count_items(&hosts.hostaddr) != hosts.count ||
		     count_items(&hosts.port) != hosts.count))
			abort();
	}
	hosts_clear(&hosts);
	free(conninfo);
}

/* ---- metrics ---- */

static void no_watch(void *context, int fd, unsigned events,
		     void (*ready)(void *arg, unsigned events), void *arg)
{
	(void)context;
	(void)fd;
	(void)events;
	(void)ready;
	(void)arg;
}

static void no_forget(void *context, int fd)
{
	(void)context;
	(void)fd;
}

static void use_scrape(struct span bytes, size_t piece)
{
	static const struct store_loop none = { .watch = no_watch,
						.forget = no_forget };
	struct guest guest = { .fd = -1 };
	int ends[2];

	loop = &none;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
		abort();
	guest.fd = ends[0];
	while (bytes.n > 0 && guest.fd >= 0 && guest.answer.n == 0) {
		size_t n = piece < bytes.n ? piece : bytes.n;

		if (send(ends[1], bytes.p, n, MSG_NOSIGNAL) != (ssize_t)n)
			abort();
		bytes = span_of(bytes.p + n, bytes.n - n);
		on_guest(&guest, STORE_READ);
	}
	if (guest.answer.n > 0 && memcmp(guest.answer.p, "HTTP/1.0 ", 9) != 0)
		abort();
	if (guest.fd >= 0)
		leave(&guest);
	(void)close(ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes;

	if (size < 2)
		return 0;
	bytes = span_of(data + 1, size - 1);
	if (data[0] < 2 * TYPE_COUNT)
		use_rows(TYPES[data[0] / 2], data[0] % 2, bytes);
	else if (data[0] == 'h')
		use_hosts(bytes);
	else
		use_scrape(bytes, 1 + data[0] % 64);
	return 0;
}
