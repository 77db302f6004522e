#include "device/branches.h"

#include "device/record.h"

#include <stdio.h>

#define RECORD_SIZE 80

static enum err load(struct device *d, struct span fingerprint,
		     char name[RECORD_SIZE], json_t **record)
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(&hex, fingerprint);
	buf_put_u8(&hex, 0);
	TRY(buf_end(&hex));
	(void)snprintf(name, RECORD_SIZE, "branch/%s", (const char *)hex.p);
	e = record_get(core_store(d), name, record);
	if (e == ERR_STATE_GONE) {
		*record = json_pack("{s:[]}", "logs");
		e = *record != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
	}
out:
	buf_clear(&hex);
	return e;
}

enum err branches_give(struct device *d, struct span fingerprint,
		       struct buf *logs)
{
	char name[RECORD_SIZE];
	struct buf links = BUF_INIT;
	json_t *record = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(load(d, fingerprint, name, &record));
	json_array_foreach(json_object_get(record, "logs"), i, row)
	{
		buf_reset(&links);
		TRY(record_bytes(row, "links", &links));
		TRY(buf_end(&links));
		buf_put_vec(logs, buf_span(&links));
	}
	e = logs->fail;
out:
	buf_clear(&links);
	json_decref(record);
	return e;
}

/* Is the one log the beginning of the other one? */
static bool begins(struct span one, struct span other)
{
	return one.n <= other.n && span_equal(one, span_of(other.p, one.n));
}

/* The row that makes room; the size: none has to. *there: nothing is new. */
static enum err find(const json_t *logs, struct span links, size_t *at,
		     bool *there)
{
	struct buf known = BUF_INIT;
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	*there = false;
	*at = json_array_size(logs) < BRANCHES_KEPT ? json_array_size(logs) : 0;
	json_array_foreach(logs, i, row)
	{
		buf_reset(&known);
		TRY(record_bytes(row, "links", &known));
		TRY(buf_end(&known));
		*there |= begins(links, buf_span(&known));
		if (begins(buf_span(&known), links))
			*at = i;
	}
out:
	buf_clear(&known);
	return e;
}

enum err branches_has(struct device *d, struct span fingerprint,
		      struct span links, bool *has)
{
	char name[RECORD_SIZE];
	json_t *record = NULL;
	size_t at;
	enum err e;

	TRY(load(d, fingerprint, name, &record));
	TRY(find(json_object_get(record, "logs"), links, &at, has));
out:
	json_decref(record);
	return e;
}

enum err branches_keep(struct device *d, struct span fingerprint,
		       struct span links)
{
	char name[RECORD_SIZE];
	json_t *record = NULL, *row = json_object(), *logs;
	bool there;
	size_t at;
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(row, "links", links));
	TRY(load(d, fingerprint, name, &record));
	logs = json_object_get(record, "logs");
	TRY(find(logs, links, &at, &there));
	if (there)
		goto out;
	(void)json_array_remove(logs, at);
	ENSURE(json_array_append(logs, row) == 0, ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), name, record));
out:
	json_decref(record);
	json_decref(row);
	return e;
}
