#include "server/leaf_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/answer.h"

static bool read_before(struct leaf_name *name, struct span identity)
{
	const uint8_t *slash =
	    identity.n > 0 ? memchr(identity.p, '/', identity.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - identity.p) : 0;

	if (n == 0 || n >= LEAF_USERNAME || memchr(identity.p, '\0', n) != NULL)
		return false;
	memcpy(name->username, identity.p, n);
	name->username[n] = '\0';
	return uuid_parse(&name->device,
			  span_of(slash + 1, identity.n - n - 1)) == ERR_OK;
}

bool leaf_name_read(struct leaf_name *name, struct span identity)
{
	*name = (struct leaf_name){ .of_account = true };
	if (places_read_leaf(identity, name->fingerprint.bytes, &name->number))
		return true;
	name->of_account = false;
	return read_before(name, identity);
}

bool leaf_name_is(const struct leaf_name *name, const struct identity *who)
{
	return strcmp(name->username, who->username) == 0 &&
	       uuid_equal(name->device, who->device);
}

/* ---- finding ---- */

struct search {
	struct leaf_name *names;
	size_t count;
	void (*done)(void *arg, enum err e);
	void *arg;
};

static void take(struct search *s, struct rows *rows, size_t i)
{
	int64_t place = rows_i64(rows, i, "place");
	struct span username = rows_text(rows, i, "username");
	struct leaf_name *name;

	if (place < 1 || (uint64_t)place > s->count ||
	    username.n >= LEAF_USERNAME)
		return;
	name = &s->names[place - 1];
	name->device = rows_uuid(rows, i, "device_id");
	memcpy(name->username, username.p, username.n);
	name->username[username.n] = '\0';
}

static void on_found(void *arg, enum err e, struct rows *rows)
{
	struct search *s = arg;

	if (e == ERR_OK) {
		for (size_t i = 0; i < rows_count(rows); i++)
			take(s, rows, i);
		e = rows_end(rows);
	}
	s->done(s->arg, e);
	free(s);
}

/* One of before has an empty fingerprint, which no log has. */
static void put(struct params *params, const struct leaf_name *names,
		size_t count)
{
	params_open_array(params, PARAMS_BYTEA, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(params,
				 names[i].of_account
				     ? SPAN_ARRAY(names[i].fingerprint.bytes)
				     : SPAN_EMPTY);
	params_close_array(params);
	params_open_array(params, PARAMS_INT8, count);
	for (size_t i = 0; i < count; i++)
		params_put_i64(params, names[i].number <= INT64_MAX
					   ? (int64_t)names[i].number
					   : 0);
	params_close_array(params);
}

static bool some_of_accounts(const struct leaf_name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].of_account)
			return true;
	return false;
}

void leaf_names_find(struct leaf_name *names, size_t count,
		     void (*done)(void *arg, enum err e), void *arg)
{
	struct params params = PARAMS_INIT;
	struct search *search;
	enum err e;

	if (!some_of_accounts(names, count)) {
		done(arg, ERR_OK);
		return;
	}
	search = malloc(sizeof(*search));
	if (search == NULL) {
		done(arg, ERR_LOCAL_MEMORY);
		return;
	}
	*search = (struct search){ names, count, done, arg };
	put(&params, names, count);
	e = store_query(answer_store(), STATEMENT_DEVICES_OF_LOGS, &params,
			on_found, search);
	if (e != ERR_OK) {
		free(search);
		done(arg, e);
	}
}

bool leaf_names_found(const struct leaf_name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].username[0] == '\0')
			return false;
	return true;
}

void leaf_names_put(const struct leaf_name *names, size_t count,
		    struct params *params)
{
	params_open_array(params, PARAMS_UUID, count);
	for (size_t i = 0; i < count; i++)
		params_put_uuid(params, names[i].device);
	params_close_array(params);
	params_open_array(params, PARAMS_TEXT, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(params, span_str(names[i].username));
	params_close_array(params);
}
