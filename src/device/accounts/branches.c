#include "device/accounts/branches.h"

#include "check/account.h"
#include "device/record.h"

#include <stdio.h>
#include <string.h>

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

/* The row that the log goes on from; the size: none is. *there: nothing is new. */
static enum err find(const json_t *logs, struct span links, size_t *at,
		     bool *there)
{
	struct buf known = BUF_INIT;
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	*there = false;
	*at = json_array_size(logs);
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

/* ---- what a session stands at ---- */

/* The session's place of the account; number 0: it has none, or cannot be read. */
static enum err place_at(struct device *d, const char *id,
			 struct span fingerprint, struct account_place *place)
{
	struct membership m = { .session = NULL };
	const struct session *session = NULL;
	enum err e = ERR_OK;

	*place = (struct account_place){ .number = 0 };
	if (strcmp(d->open.id, id) == 0) {
		session = d->open.session;
	} else {
		e = membership_load(core_store(d), id, &m);
		if (err_class(e) != ERR_CLASS_LOCAL)
			e = ERR_OK; /* one that cannot be read hides no other */
		session = m.session;
	}
	if (e == ERR_OK && session != NULL)
		(void)session_place(session, fingerprint, place);
	membership_clear(&m);
	return e;
}

static enum err note_row(const json_t *logs, const struct account_place *place,
			 bool stands[BRANCHES_KEPT])
{
	struct buf links = BUF_INIT;
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(logs, i, row)
	{
		buf_reset(&links);
		TRY(record_bytes(row, "links", &links));
		TRY(buf_end(&links));
		stands[i] |= account_links_have(buf_span(&links), place);
	}
out:
	buf_clear(&links);
	return e;
}

static enum err note_place(json_t *places, const struct account_place *place)
{
	json_t *row = json_pack("{s:I}", "number", (json_int_t)place->number);
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_hex(row, "hash", SPAN_ARRAY(place->hash)));
	ENSURE(json_array_append(places, row) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(row);
	return e;
}

/* At which places of the account the sessions stand: each session is read once in an
 * order, however many branches come. `record` is the account's. */
static enum err find_places(struct device *d, struct span fingerprint,
			    const char *record, const json_t **places)
{
	json_t *all = d->work.places, *made = NULL, *ids = NULL;
	struct account_place place;
	const json_t *id;
	size_t i;
	enum err e = ERR_OK;

	*places = json_object_get(all, record);
	if (*places != NULL)
		return ERR_OK;
	if (all == NULL)
		all = d->work.places = json_object();
	made = json_array();
	ENSURE(all != NULL && made != NULL, ERR_LOCAL_MEMORY);
	TRY(membership_list(core_store(d), &ids));
	json_array_foreach(ids, i, id)
	{
		TRY(place_at(d, json_string_value(id), fingerprint, &place));
		if (place.number > 0)
			TRY(note_place(made, &place));
	}
	ENSURE(json_object_set(all, record, made) == 0, ERR_LOCAL_MEMORY);
	*places = json_object_get(all, record);
out:
	json_decref(made);
	json_decref(ids);
	return e;
}

/* Of as many as are kept: which one falls out. */
static enum err find_spare(struct device *d, struct span fingerprint,
			   const char *record, const json_t *logs, size_t *at)
{
	bool stands[BRANCHES_KEPT] = { false };
	struct account_place place;
	const json_t *places, *row;
	size_t i;
	enum err e;

	TRY(find_places(d, fingerprint, record, &places));
	json_array_foreach(places, i, row)
	{
		TRY(record_number(row, "number", &place.number));
		TRY(record_digest(row, "hash", place.hash));
		TRY(note_row(logs, &place, stands));
	}
	/* the order may have brought it on since */
	if (d->open.session != NULL &&
	    session_place(d->open.session, fingerprint, &place))
		TRY(note_row(logs, &place, stands));
	*at = 0;
	while (*at < BRANCHES_KEPT && stands[*at])
		++*at;
	if (*at == BRANCHES_KEPT)
		*at = 0;
out:
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
	if (at == BRANCHES_KEPT)
		TRY(find_spare(d, fingerprint, name, logs, &at));
	(void)json_array_remove(logs, at);
	ENSURE(json_array_append(logs, row) == 0, ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), name, record));
	TRY(grown_note(d, fingerprint));
out:
	json_decref(record);
	json_decref(row);
	return e;
}

/* ---- handing over ---- */

enum err branches_pack(struct device *d, struct span fingerprint, size_t most,
		       json_t **record)
{
	char name[RECORD_SIZE];
	json_t *kept = NULL, *packed = json_array();
	struct buf text = BUF_INIT;
	const json_t *logs;
	enum err e;

	*record = NULL;
	ENSURE(packed != NULL, ERR_LOCAL_MEMORY);
	TRY(load(d, fingerprint, name, &kept));
	logs = json_object_get(kept, "logs");
	for (size_t i = json_array_size(logs); i-- > 0;) {
		json_t *row = json_array_get(logs, i);

		buf_reset(&text);
		TRY(record_print(row, &text));
		if (text.n + 1 > most)
			break;
		most -= text.n + 1;
		ENSURE(json_array_insert(packed, 0, row) == 0,
		       ERR_LOCAL_MEMORY);
	}
	if (json_array_size(packed) > 0) {
		*record = json_pack("{s:O}", "logs", packed);
		ENSURE(*record != NULL, ERR_LOCAL_MEMORY);
	}
out:
	buf_clear(&text);
	json_decref(packed);
	json_decref(kept);
	return e;
}

static enum err is_good(struct span fingerprint, struct span links, bool *good)
{
	struct account_log *log = NULL;
	struct check_verdict verdict;
	enum err e;

	TRY(account_log_new(&log));
	verdict = account_log_add_all(log, links);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	*good = verdict.wrong == NULL &&
		span_equal(account_log_fingerprint(log), fingerprint);
out:
	account_log_free(log);
	return e;
}

enum err branches_unpack(struct device *d, struct span fingerprint,
			 const json_t *record)
{
	struct buf links = BUF_INIT;
	const json_t *row;
	bool good;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(json_object_get(record, "logs"), i, row)
	{
		if (i == BRANCHES_KEPT)
			break;
		buf_reset(&links);
		if (record_bytes(row, "links", &links) != ERR_OK)
			continue;
		TRY(buf_end(&links));
		TRY(is_good(fingerprint, buf_span(&links), &good));
		if (good)
			TRY(branches_keep(d, fingerprint, buf_span(&links)));
	}
out:
	buf_clear(&links);
	return e;
}
