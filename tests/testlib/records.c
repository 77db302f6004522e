#include "tests/testlib/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static size_t find(const struct records *records, const char *name)
{
	size_t i = 0;

	while (i < RECORDS_MAX && strcmp(records->all[i].name, name) != 0)
		i++;
	return i;
}

static enum err begin(void *context, bool *changed)
{
	struct records *records = context;

	*changed = records->changed;
	records->changed = false;
	return ERR_OK;
}

static enum err commit(void *context)
{
	struct records *records = context;

	records->commits++;
	return ERR_OK;
}

static void rollback(void *context)
{
	(void)context;
}

static enum err get(void *context, const char *name, struct buf *value)
{
	struct records *records = context;
	size_t i = find(records, name);

	records->sessions += strncmp(name, "session/", 8) == 0;
	if (i == RECORDS_MAX)
		return ERR_STATE_GONE;
	if (records->sealed != NULL && strcmp(records->sealed, name) == 0)
		return ERR_PEER_CRYPTO;
	buf_put(value, buf_span(&records->all[i].value));
	return buf_end(value);
}

static enum err put(void *context, const char *name, struct span value)
{
	struct records *records = context;
	size_t i = find(records, name);

	if (i == RECORDS_MAX)
		i = find(records, "");
	assert_true(i < RECORDS_MAX);
	assert_true(strlen(name) < sizeof(records->all[i].name));
	memcpy(records->all[i].name, name, strlen(name) + 1);
	records->puts++;
	records->bytes += value.n;
	buf_reset(&records->all[i].value);
	buf_put(&records->all[i].value, value);
	return buf_end(&records->all[i].value);
}

static enum err take_away(void *context, const char *name)
{
	struct records *records = context;
	size_t i = find(records, name);

	if (i < RECORDS_MAX) {
		records->puts++;
		buf_clear(&records->all[i].value);
		records->all[i].name[0] = '\0';
	}
	return ERR_OK;
}

void records_init(struct records *records)
{
	memset(records, 0, sizeof(*records));
	records->store = (struct device_store){ begin, commit,	  rollback, get,
						put,   take_away, records };
}

void records_free(struct records *records)
{
	for (size_t i = 0; i < RECORDS_MAX; i++)
		buf_clear(&records->all[i].value);
}

struct span records_find(struct records *records, const char *name)
{
	size_t i = find(records, name);

	return i == RECORDS_MAX ? SPAN_EMPTY : buf_span(&records->all[i].value);
}
