#include "tests/sim/store.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/blob.h"

struct row {
	char *name;
	struct blob *value; /* NULL in a transaction: removed */
};

struct rows {
	struct row *rows; /* in the order of their names */
	size_t count;
};

struct sim_store {
	struct rows kept;
	uint64_t version;
	const struct sim_process *writer; /* who is in a transaction */
};

struct sim_process {
	struct sim_store *store;
	struct device_store port;
	struct rows pending;
	uint64_t seen, transactions;
	bool inside, doomed, dead;
	unsigned calls_left; /* of one that is doomed */
};

/* ---- rows ---- */

/* Where `name` stands, or would stand. */
static size_t place_of(const struct rows *rows, const char *name, bool *there)
{
	size_t low = 0, high = rows->count;

	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(rows->rows[middle].name, name);

		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes over the value. */
static void set(struct rows *rows, const char *name, struct blob *value)
{
	bool there;
	size_t at = place_of(rows, name, &there);

	if (there) {
		blob_free(rows->rows[at].value);
		rows->rows[at].value = value;
		return;
	}
	(void)SIM_ADD(rows->rows, rows->count);
	memmove(&rows->rows[at + 1], &rows->rows[at],
		(rows->count - 1 - at) * sizeof(*rows->rows));
	rows->rows[at].name = sim_alloc(strlen(name) + 1);
	memcpy(rows->rows[at].name, name, strlen(name) + 1);
	rows->rows[at].value = value;
}

static void drop(struct rows *rows, const char *name)
{
	bool there;
	size_t at = place_of(rows, name, &there);

	if (!there)
		return;
	free(rows->rows[at].name);
	blob_free(rows->rows[at].value);
	rows->count--;
	memmove(&rows->rows[at], &rows->rows[at + 1],
		(rows->count - at) * sizeof(*rows->rows));
}

static void clear(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->rows[i].name);
		blob_free(rows->rows[i].value);
	}
	free(rows->rows);
	*rows = (struct rows){ NULL, 0 };
}

static void copy(struct rows *to, const struct rows *from)
{
	clear(to);
	to->rows = sim_alloc(from->count * sizeof(*to->rows));
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		size_t n = strlen(from->rows[i].name) + 1;

		to->rows[i].name = sim_alloc(n);
		memcpy(to->rows[i].name, from->rows[i].name, n);
		to->rows[i].value = blob_share(from->rows[i].value);
	}
}

/* ---- stores ---- */

struct sim_store *sim_store_new(void)
{
	return sim_alloc(sizeof(struct sim_store));
}

void sim_store_free(struct sim_store *store)
{
	if (store == NULL)
		return;
	clear(&store->kept);
	free(store);
}

struct sim_store *sim_store_copy(const struct sim_store *store)
{
	struct sim_store *other = sim_store_new();

	copy(&other->kept, &store->kept);
	return other;
}

void sim_store_put_back(struct sim_store *store, const struct sim_store *from)
{
	if (store->writer != NULL)
		sim_stop("a store is put back inside a transaction");
	copy(&store->kept, &from->kept);
	store->version++;
}

uint64_t sim_store_version(const struct sim_store *store)
{
	return store->version;
}

size_t sim_store_records(const struct sim_store *store)
{
	return store->kept.count;
}

/* ---- the port ---- */

static void leave(struct sim_process *process)
{
	clear(&process->pending);
	if (process->inside)
		process->store->writer = NULL;
	process->inside = false;
}

/* Counts a call. False: the process is dead. */
static bool lives(struct sim_process *process)
{
	if (process->doomed && !process->dead && process->calls_left-- == 0) {
		process->dead = true;
		leave(process);
	}
	return !process->dead;
}

static enum err begin(void *context, bool *changed)
{
	struct sim_process *process = context;

	if (!lives(process))
		return ERR_LOCAL_IO;

	if (process->inside)
		return ERR_LOCAL_BUG;
	if (process->store->writer != NULL)
		return ERR_LOCAL_BUSY;
	process->store->writer = process;
	process->inside = true;
	process->transactions++;
	if (changed != NULL)
		*changed = process->seen != process->store->version;
	process->seen = process->store->version;
	return ERR_OK;
}

static enum err commit(void *context)
{
	struct sim_process *process = context;
	struct rows *kept = &process->store->kept;

	if (!lives(process))
		return ERR_LOCAL_IO;
	if (!process->inside)
		return ERR_LOCAL_BUG;
	for (size_t i = 0; i < process->pending.count; i++) {
		const struct row *row = &process->pending.rows[i];

		if (row->value != NULL)
			set(kept, row->name, blob_share(row->value));
		else
			drop(kept, row->name);
	}
	if (process->pending.count > 0)
		process->seen = ++process->store->version;
	leave(process);
	return ERR_OK;
}

static void rollback(void *context)
{
	leave(context);
}

static enum err get(void *context, const char *name, struct buf *value)
{
	struct sim_process *process = context;
	const struct rows *rows = &process->pending;
	bool there;
	size_t at = place_of(rows, name, &there);

	if (!lives(process))
		return ERR_LOCAL_IO;
	if (!there) {
		rows = &process->store->kept;
		at = place_of(rows, name, &there);
	}
	if (!there || rows->rows[at].value == NULL)
		return ERR_STATE_GONE;
	buf_put(value, blob_span(rows->rows[at].value));
	return buf_end(value);
}

static enum err put(void *context, const char *name, struct span value)
{
	struct sim_process *process = context;

	if (!lives(process))
		return ERR_LOCAL_IO;
	if (!process->inside)
		return ERR_LOCAL_BUG;
	set(&process->pending, name, blob_make(value));
	return ERR_OK;
}

static enum err remove_row(void *context, const char *name)
{
	struct sim_process *process = context;

	if (!lives(process))
		return ERR_LOCAL_IO;
	if (!process->inside)
		return ERR_LOCAL_BUG;
	set(&process->pending, name, NULL);
	return ERR_OK;
}

/* ---- processes ---- */

struct sim_process *sim_process_start(struct sim_store *store)
{
	struct sim_process *process = sim_alloc(sizeof(*process));

	process->store = store;
	process->seen = store->version;
	process->port = (struct device_store){
		.begin = begin,
		.commit = commit,
		.rollback = rollback,
		.get = get,
		.put = put,
		.remove = remove_row,
		.context = process,
	};
	return process;
}

void sim_process_end(struct sim_process *process)
{
	if (process == NULL)
		return;
	leave(process);
	free(process);
}

void sim_process_doom(struct sim_process *process, unsigned calls)
{
	process->doomed = true;
	process->calls_left = calls;
}

void sim_process_spare(struct sim_process *process)
{
	process->doomed = false;
}

bool sim_process_is_dead(const struct sim_process *process)
{
	return process->dead;
}

const struct device_store *sim_process_port(const struct sim_process *process)
{
	return &process->port;
}

bool sim_process_is_inside(const struct sim_process *process)
{
	return process->inside;
}

uint64_t sim_process_transactions(const struct sim_process *process)
{
	return process->transactions;
}
