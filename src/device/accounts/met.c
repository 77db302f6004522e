#include "device/accounts/met.h"

#include "base/fault.h"
#include "device/accounts/branches.h"
#include "device/accounts/handover.h"
#include "device/accounts/met_records.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a server shows ---- */

/* A log that is all verified, for this name. */
static enum err verify(const char *name, struct span salt, struct span links,
		       struct met **met)
{
	struct check_verdict verdict;
	enum err e;

	TRY(met_new(met));
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
		TRY(met_save(d, kept));
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
		TRY(met_save(d, shown));
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
		e = met_save(d, shown);
	else if (e == ERR_OK)
		e = compare(d, before, shown, &ignored);
	TRY(e);
	TRY(met_put_name(d, name, known, fingerprint));
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
		TRY(met_save(d, shown));
		e = met_put_name(d, name, fingerprint, SPAN_EMPTY);
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
		TRY(met_save(d, met));
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
	TRY(met_save(d, met));
	e = met_get_name(d, met->username, "fingerprint", known);
	if (e == ERR_STATE_GONE) {
		TRY(handover_note(d, met->username));
		e = met_put_name(d, met->username,
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
		TRY(met_save(d, shown));
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

/* ---- comparing ---- */

enum err met_compare(struct device *d, struct met *met)
{
	struct account_place place;

	account_log_place(met->known->log, &place);
	met->compared = place.number;
	met->forked = false;
	return met_save(d, met);
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
