/* The records of accounts that were met, the last of them as they were loaded, and what a
 * name means. */
#include "device/accounts/met_records.h"

#include "device/accounts/grown.h"
#include "device/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_SIZE (2 * ACCOUNT_HASH + 1)
#define RECORD_SIZE (16 + HEX_SIZE)

void met_free(struct met *met)
{
	if (met == NULL)
		return;
	loaded_free(met->known);
	buf_clear(&met->salt);
	free(met);
}

/* ---- records ---- */

static void name_record(char out[RECORD_SIZE], const char *name)
{
	(void)snprintf(out, RECORD_SIZE, "name/%s", name);
}

static enum err account_record(char out[RECORD_SIZE], struct span fingerprint)
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(&hex, fingerprint);
	buf_put_u8(&hex, 0);
	TRY(buf_end(&hex));
	(void)snprintf(out, RECORD_SIZE, "account/%s", (const char *)hex.p);
out:
	buf_clear(&hex);
	return e;
}

enum err met_new(struct met **met)
{
	*met = calloc(1, sizeof(**met));
	return *met == NULL ? ERR_LOCAL_MEMORY : loaded_new(&(*met)->known);
}

static enum err read_record(const json_t *record, struct met *met)
{
	struct loaded *known = NULL;
	struct buf links = BUF_INIT;
	enum err e;

	TRY(record_text(record, "username", met->username,
			sizeof(met->username)));
	TRY(record_bytes(record, "salt", &met->salt));
	TRY(record_bytes(record, "links", &links));
	TRY(buf_end(&met->salt));
	TRY(buf_end(&links));
	met->compared = record_number_or_0(record, "compared");
	met->forked = json_is_true(json_object_get(record, "forked"));
	TRY(loaded_links(buf_span(&links), &known));
	loaded_free(met->known);
	met->known = known;
out:
	buf_clear(&links);
	return e;
}

/* ---- those that are loaded ---- */

static enum err copy(const struct met *from, struct met **met)
{
	struct met *made = calloc(1, sizeof(*made));
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	made->known = loaded_share(from->known);
	memcpy(made->username, from->username, sizeof(made->username));
	made->compared = from->compared;
	made->forked = from->forked;
	buf_put(&made->salt, buf_span(&from->salt));
	TRY(buf_end(&made->salt));
	*met = made;
	made = NULL;
out:
	met_free(made);
	return e;
}

void met_forget(struct device *d)
{
	for (size_t i = 0; i < MET_LOADED; i++) {
		met_free(d->met[i]);
		d->met[i] = NULL;
	}
}

/* Where the account stands, or would: each has one place. */
static struct met **place_of(struct device *d, struct span fingerprint)
{
	return &d->met[fingerprint.p[0] % MET_LOADED];
}

static bool is_loaded(struct device *d, struct span fingerprint)
{
	const struct met *met = *place_of(d, fingerprint);

	return met != NULL &&
	       span_equal(account_log_fingerprint(met->known->log),
			  fingerprint);
}

/* As the record is now. */
static enum err keep_loaded(struct device *d, const struct met *met)
{
	struct span fingerprint = account_log_fingerprint(met->known->log);
	struct met **place;

	if (fingerprint.n == 0)
		return ERR_OK; /* without links: it is nobody's */
	place = place_of(d, fingerprint);
	met_free(*place);
	*place = NULL;
	return copy(met, place);
}

enum err met_load(struct device *d, struct span fingerprint, struct met **met)
{
	char name[RECORD_SIZE];
	json_t *record = NULL;
	enum err e;

	if (is_loaded(d, fingerprint))
		return copy(*place_of(d, fingerprint), met);
	TRY(met_new(met));
	TRY(account_record(name, fingerprint));
	TRY(record_get(core_store(d), name, &record));
	TRY(read_record(record, *met));
	TRY(keep_loaded(d, *met));
out:
	json_decref(record);
	return e;
}

enum err met_save(struct device *d, const struct met *met)
{
	char name[RECORD_SIZE];
	json_t *record =
	    json_pack("{s:s, s:I, s:b}", "username", met->username, "compared",
		      (json_int_t)met->compared, "forked", met->forked);
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(record, "salt", buf_span(&met->salt)));
	TRY(record_set_bytes(record, "links", buf_span(&met->known->links)));
	TRY(account_record(name, account_log_fingerprint(met->known->log)));
	TRY(record_put(core_store(d), name, record));
	TRY(keep_loaded(d, met));
	TRY(grown_note(d, account_log_fingerprint(met->known->log)));
	(void)json_object_clear(d->trusts);
out:
	json_decref(record);
	return e;
}

/* ---- what a name means ---- */

enum err met_put_name(struct device *d, const char *username,
		      struct span fingerprint, struct span other)
{
	char name[RECORD_SIZE];
	json_t *record = json_object();
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_hex(record, "fingerprint", fingerprint));
	if (other.n > 0)
		TRY(record_set_hex(record, "other", other));
	name_record(name, username);
	TRY(record_put(core_store(d), name, record));
out:
	json_decref(record);
	return e;
}

enum err met_get_name(struct device *d, const char *username,
		      const char *member, uint8_t fingerprint[ACCOUNT_HASH])
{
	char name[RECORD_SIZE];
	json_t *record = NULL;
	enum err e;

	name_record(name, username);
	TRY(record_get(core_store(d), name, &record));
	ENSURE(json_object_get(record, member) != NULL, ERR_STATE_GONE);
	TRY(record_digest(record, member, fingerprint));
out:
	json_decref(record);
	return e;
}

enum err met_find(struct device *d, const char *name, struct met **met)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	enum err e;

	*met = NULL;
	TRY(met_get_name(d, name, "fingerprint", fingerprint));
	TRY(met_load(d, SPAN_ARRAY(fingerprint), met));
out:
	return e;
}

enum err met_other(struct device *d, const char *name, bool *other,
		   uint8_t fingerprint[ACCOUNT_HASH])
{
	enum err e = met_get_name(d, name, "other", fingerprint);

	*other = e == ERR_OK;
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err met_accept(struct device *d, const char *name, struct span fingerprint)
{
	uint8_t other[ACCOUNT_HASH];
	enum err e;

	TRY(met_get_name(d, name, "other", other));
	ENSURE(span_equal(SPAN_ARRAY(other), fingerprint), ERR_STATE_CONFLICT);
	TRY(met_put_name(d, name, SPAN_ARRAY(other), SPAN_EMPTY));
out:
	return e;
}

enum err met_name(struct device *d, struct span fingerprint,
		  char name[DEVICE_NAME_SIZE])
{
	struct met *met = NULL;
	enum err e;

	TRY(met_load(d, fingerprint, &met));
	ENSURE(met->username[0] != '\0', ERR_STATE_GONE);
	memcpy(name, met->username, DEVICE_NAME_SIZE);
out:
	met_free(met);
	return e;
}
