#include "device/accounts/met.h"

#include "base/fault.h"
#include "device/accounts/branches.h"
#include "device/accounts/handover.h"
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

/* A new one without links. */
static enum err make(struct met **met)
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
	TRY(make(met));
	TRY(account_record(name, fingerprint));
	TRY(record_get(core_store(d), name, &record));
	TRY(read_record(record, *met));
	TRY(keep_loaded(d, *met));
out:
	json_decref(record);
	return e;
}

static enum err save(struct device *d, const struct met *met)
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

static enum err put_name(struct device *d, const char *username,
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

/* ERR_STATE_GONE: the name, or its member, is not there. */
static enum err get_name(struct device *d, const char *username,
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
	TRY(get_name(d, name, "fingerprint", fingerprint));
	TRY(met_load(d, SPAN_ARRAY(fingerprint), met));
out:
	return e;
}

enum err met_other(struct device *d, const char *name, bool *other,
		   uint8_t fingerprint[ACCOUNT_HASH])
{
	enum err e = get_name(d, name, "other", fingerprint);

	*other = e == ERR_OK;
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err met_accept(struct device *d, const char *name, struct span fingerprint)
{
	uint8_t other[ACCOUNT_HASH];
	enum err e;

	TRY(get_name(d, name, "other", other));
	ENSURE(span_equal(SPAN_ARRAY(other), fingerprint), ERR_STATE_CONFLICT);
	TRY(put_name(d, name, SPAN_ARRAY(other), SPAN_EMPTY));
out:
	return e;
}

/* ---- what a server shows ---- */

/* A log that is all verified, for this name. */
static enum err verify(const char *name, struct span salt, struct span links,
		       struct met **met)
{
	struct check_verdict verdict;
	enum err e;

	TRY(make(met));
	verdict = account_log_add_all((*met)->known->log, links);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(
	    verdict.wrong == NULL &&
		account_log_is_named((*met)->known->log, salt, span_str(name)),
	    ERR_PEER_INVALID);
	ENSURE(strlen(name) < sizeof((*met)->username), ERR_PEER_INVALID);
	memcpy((*met)->username, name, strlen(name) + 1);
	buf_put(&(*met)->salt, salt);
	buf_put(&(*met)->known->links, links);
	TRY(buf_end(&(*met)->salt));
	TRY(buf_end(&(*met)->known->links));
out:
	return e;
}

static bool goes_on(struct span longer, struct span shorter)
{
	return shorter.n <= longer.n &&
	       span_equal(shorter, span_of(longer.p, shorter.n));
}

/* Both are verified: only what parts is looked at again. */
static enum err order_of(const struct met *kept, const struct met *shown,
			 enum account_order *order)
{
	struct span first = buf_span(&kept->known->links);
	struct span second = buf_span(&shown->known->links);
	struct account_log *none = NULL;
	struct check_verdict verdict;
	enum err e;

	*order = goes_on(first, second) ? ACCOUNT_FIRST_LONGER
					: ACCOUNT_SECOND_LONGER;
	if (goes_on(first, second) || goes_on(second, first))
		return ERR_OK;
	TRY(account_log_new(&none));
	verdict = account_log_compare(none, first, second, order);
	ENSURE(verdict.wrong == NULL, ERR_LOCAL_MEMORY); /* both are good */
out:
	account_log_free(none);
	return e;
}

/* Nothing decides between the two. One that was seen before is no news: the person may
 * have lifted it. */
static enum err note_fork(struct device *d, struct met *kept,
			  const struct met *shown, enum met_outcome *outcome)
{
	struct span fingerprint = account_log_fingerprint(kept->known->log);
	bool seen;
	enum err e;

	TRY(branches_has(d, fingerprint, buf_span(&shown->known->links),
			 &seen));
	if (!seen) {
		kept->forked = true;
		TRY(branches_keep(d, fingerprint,
				  buf_span(&shown->known->links)));
		TRY(save(d, kept));
	}
	*outcome = kept->forked ? MET_FORKED : MET_KEPT;
out:
	return e;
}

/* Does nothing decide between this log and a branch that was seen? */
static enum err has_fork(struct device *d, const struct met *met, bool *has)
{
	struct account_log *none = NULL;
	struct buf logs = BUF_INIT;
	struct check_verdict verdict;
	enum account_order order;
	struct rd r;
	enum err e;

	*has = false;
	TRY(account_log_new(&none));
	TRY(branches_give(d, account_log_fingerprint(met->known->log), &logs));
	TRY(buf_end(&logs));
	r = rd_init(buf_span(&logs));
	while (rd_left(&r) > 0) {
		verdict = account_log_compare(
		    none, buf_span(&met->known->links), rd_vec(&r), &order);
		ENSURE(verdict.wrong == NULL, ERR_LOCAL_MEMORY);
		*has |= order == ACCOUNT_FORK;
	}
out:
	buf_clear(&logs);
	account_log_free(none);
	return e;
}

/* Two logs of one account: the one that counts is kept. */
static enum err compare(struct device *d, struct met *kept, struct met *shown,
			enum met_outcome *outcome)
{
	enum account_order order;
	uint64_t common = account_links_shared(buf_span(&kept->known->links),
					       buf_span(&shown->known->links));
	enum err e;

	TRY(order_of(kept, shown, &order));
	*outcome = MET_KEPT;
	if (order == ACCOUNT_FORK) {
		TRY(note_fork(d, kept, shown, outcome));
	} else if (order == ACCOUNT_SECOND || order == ACCOUNT_SECOND_LONGER) {
		*outcome = order == ACCOUNT_SECOND ? MET_PARTED : MET_GROWN;
		/* what was compared goes as far as both are one log */
		shown->compared =
		    kept->compared < common ? kept->compared : common;
		/* a branch that counts may decide what was open before it */
		shown->forked = kept->forked;
		if (kept->forked && *outcome == MET_PARTED)
			TRY(has_fork(d, shown, &shown->forked));
		/* a group may be at a place of the branch that does not */
		if (*outcome == MET_PARTED)
			TRY(branches_keep(
			    d, account_log_fingerprint(kept->known->log),
			    buf_span(&kept->known->links)));
		TRY(save(d, shown));
	}
out:
	return e;
}

/* Another account than the one that the name means is kept beside it. */
static enum err note_other(struct device *d, const char *name,
			   struct span known, struct met *shown)
{
	struct span fingerprint = account_log_fingerprint(shown->known->log);
	struct met *before = NULL;
	enum err e = met_load(d, fingerprint, &before);
	enum met_outcome ignored;

	if (e == ERR_STATE_GONE)
		e = save(d, shown);
	else if (e == ERR_OK)
		e = compare(d, before, shown, &ignored);
	TRY(e);
	TRY(put_name(d, name, known, fingerprint));
out:
	met_free(before);
	return e;
}

static enum err take(struct device *d, const char *name, struct met *shown,
		     enum met_outcome *outcome)
{
	struct span fingerprint = account_log_fingerprint(shown->known->log);
	struct met *kept = NULL;
	enum err e = met_find(d, name, &kept);

	if (e == ERR_STATE_GONE) {
		*outcome = MET_NEW;
		TRY(handover_note(d, name));
		TRY(save(d, shown));
		e = put_name(d, name, fingerprint, SPAN_EMPTY);
		goto out;
	}
	TRY(e);
	if (span_equal(account_log_fingerprint(kept->known->log),
		       fingerprint)) {
		TRY(compare(d, kept, shown, outcome));
	} else {
		*outcome = MET_OTHER;
		TRY(note_other(
		    d, name, account_log_fingerprint(kept->known->log), shown));
	}
out:
	met_free(kept);
	return e;
}

enum err met_take(struct device *d, const char *name, struct span salt,
		  struct span links, enum met_outcome *outcome)
{
	struct met *shown = NULL;
	enum err e;

	TRY(verify(name, salt, links, &shown));
	TRY(take(d, name, shown, outcome));
out:
	met_free(shown);
	return e;
}

enum err met_extend(struct device *d, struct met *met, const struct span *links,
		    size_t count, bool *good)
{
	enum err e = ERR_OK;

	*good = false;
	for (size_t i = 0; i < count; i++) {
		struct check_verdict verdict =
		    loaded_add(&met->known, links[i]);

		ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
		if (verdict.wrong != NULL)
			goto out;
	}
	if (count > 0)
		TRY(save(d, met));
	*good = true;
out:
	return e;
}

/* ---- by fingerprint ---- */

/* Links of the account that `kept` is, or of one that is not kept: those that are known
 * already are not read again. */
static enum err read_links(const struct met *kept, struct span links,
			   struct met **met)
{
	struct check_verdict verdict;
	enum err e = ERR_OK;

	*met = calloc(1, sizeof(**met));
	ENSURE(*met != NULL, ERR_LOCAL_MEMORY);
	if (kept == NULL || !goes_on(links, buf_span(&kept->known->links))) {
		e = loaded_links(links, &(*met)->known);
		goto out;
	}
	(*met)->known = loaded_share(kept->known);
	links = span_of(links.p + kept->known->links.n,
			links.n - kept->known->links.n);
	if (links.n == 0)
		goto out;
	verdict = loaded_add_known(&(*met)->known, links);
	ENSURE(verdict.wrong == NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

/* Of the first link, which is the account's. */
static enum err fingerprint_of(struct span links, uint8_t hash[ACCOUNT_HASH])
{
	struct rd r = rd_init(links);
	struct span first = rd_vec(&r);
	enum err e;

	ENSURE(rd_ok(&r), ERR_PEER_INVALID);
	TRY(account_link_hash(first, hash));
out:
	return e;
}

/* The first one to be met under its name is who is meant by it. */
static enum err name_it(struct device *d, struct met *met, struct span username,
			struct span salt)
{
	uint8_t known[ACCOUNT_HASH];
	enum err e = ERR_OK;

	if (username.n == 0 || username.n >= sizeof(met->username) ||
	    !account_log_is_named(met->known->log, salt, username))
		return ERR_OK;
	memcpy(met->username, username.p, username.n);
	met->username[username.n] = '\0';
	buf_reset(&met->salt);
	buf_put(&met->salt, salt);
	TRY(buf_end(&met->salt));
	TRY(save(d, met));
	e = get_name(d, met->username, "fingerprint", known);
	if (e == ERR_STATE_GONE) {
		TRY(handover_note(d, met->username));
		e = put_name(d, met->username,
			     account_log_fingerprint(met->known->log),
			     SPAN_EMPTY);
	}
out:
	return e;
}

enum err met_keep(struct device *d, struct span username, struct span salt,
		  struct span links)
{
	struct met *shown = NULL, *kept = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	enum met_outcome ignored;
	enum err e;

	TRY(fingerprint_of(links, fingerprint));
	e = met_load(d, SPAN_ARRAY(fingerprint), &kept);
	if (e == ERR_STATE_GONE) {
		TRY(read_links(NULL, links, &shown));
		TRY(save(d, shown));
		e = name_it(d, shown, username, salt);
		goto out;
	}
	TRY(e);
	TRY(read_links(kept, links, &shown));
	memcpy(shown->username, kept->username, sizeof(shown->username));
	buf_put(&shown->salt, buf_span(&kept->salt));
	TRY(buf_end(&shown->salt));
	TRY(compare(d, kept, shown, &ignored));
	if (kept->username[0] == '\0')
		TRY(name_it(d,
			    ignored == MET_GROWN || ignored == MET_PARTED
				? shown
				: kept,
			    username, salt));
out:
	met_free(shown);
	met_free(kept);
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

/* ---- comparing ---- */

enum err met_compare(struct device *d, struct met *met)
{
	struct account_place place;

	account_log_place(met->known->log, &place);
	met->compared = place.number;
	met->forked = false;
	return save(d, met);
}

const char *met_trust_text(enum met_trust trust)
{
	static const char *const texts[] = { [MET_UNCOMPARED] = "no",
					     [MET_COMPARED] = "yes",
					     [MET_CHANGED] = "changed" };

	return texts[trust];
}

enum met_trust met_trust(const struct met *met)
{
	if (met->compared == 0)
		return MET_UNCOMPARED;
	if (FAULT(VERIFIED_STAYS))
		return MET_COMPARED;
	return met->forked ||
		       account_log_changed(met->known->log) > met->compared
		   ? MET_CHANGED
		   : MET_COMPARED;
}
