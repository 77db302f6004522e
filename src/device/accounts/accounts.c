#include "device/accounts/accounts.h"

#include "base/fault.h"
#include "device/accounts/branches.h"
#include "device/accounts/met.h"
#include "device/accounts/own_log.h"
#include "wire/places.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is stored ---- */

static enum err give_own(struct device *d, struct span fingerprint,
			 struct buf *links, bool *own)
{
	struct own_log *log = NULL;
	struct account_place place;
	enum err e;

	*own = false;
	TRY(own_log_load(d, &log));
	account_log_place(log->known->log, &place);
	*own =
	    place.number > 0 &&
	    span_equal(account_log_fingerprint(log->known->log), fingerprint);
	if (*own)
		buf_put(links, buf_span(&log->known->links));
out:
	own_log_free(log);
	return e;
}

static enum err give_links(struct device *d, struct span fingerprint,
			   struct buf *links)
{
	struct met *met = NULL;
	bool own;
	enum err e;

	TRY(give_own(d, fingerprint, links, &own));
	if (own)
		goto out;
	e = met_load(d, fingerprint, &met);
	if (e == ERR_OK)
		buf_put(links, buf_span(&met->known->links));
	else if (e == ERR_STATE_GONE)
		e = ERR_OK;
out:
	met_free(met);
	return e;
}

static enum err give_logs(void *context, struct span fingerprint,
			  struct buf *logs)
{
	struct device *d = context;
	struct buf links = BUF_INIT;
	enum err e;

	TRY(give_links(d, fingerprint, &links));
	TRY(buf_end(&links));
	buf_put_vec(logs, buf_span(&links));
	e = branches_give(d, fingerprint, logs);
out:
	buf_clear(&links);
	return e;
}

static enum err give_loaded(void *context, struct span fingerprint,
			    const struct account_log **log)
{
	struct device *d = context;
	struct met *met = NULL;
	struct own_log *own = NULL;
	enum err e;

	/* what is loaded stays so after these are freed */
	TRY(own_log_load(d, &own));
	*log = own->known->log;
	if (span_equal(account_log_fingerprint(*log), fingerprint))
		goto out;
	e = met_load(d, fingerprint, &met);
	*log = e == ERR_OK ? met->known->log : NULL;
	if (e == ERR_STATE_GONE)
		e = ERR_OK;
out:
	met_free(met);
	own_log_free(own);
	return e;
}

enum err accounts_open(struct device *d)
{
	const struct check_source source = { give_logs, give_loaded, d };

	return check_accounts_new(&source, &d->accounts);
}

void accounts_forget(struct device *d)
{
	check_accounts_reset(d->accounts);
	json_decref(d->names);
	d->names = NULL;
	json_decref(d->trusts);
	d->trusts = NULL;
	d->own_leaf[0] = '\0';
}

void accounts_reload(struct device *d)
{
	own_log_forget(d);
	met_forget(d);
	grown_forget(d);
}

/* Of one's own log what goes on from it is taken, and what counts before it. */
static enum err keep_own(struct device *d, struct own_log *own,
			 struct span links)
{
	struct account_place place;
	struct rd r = rd_init(links);
	enum account_order order;
	struct span *list;
	size_t count = 0;
	enum err e;

	account_log_place(own->known->log, &place);
	list = calloc(ACCOUNT_LINKS_MAX, sizeof(*list));
	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	for (uint64_t n = 1;
	     rd_left(&r) > 0 && count < (size_t)ACCOUNT_LINKS_MAX; n++) {
		struct span link = rd_vec(&r);

		if (n >= place.number)
			list[count++] = link;
	}
	e = own_log_take(own, list, count);
	if (e == ERR_OK)
		e = own_log_save(d, own);
	else if (err_class(e) == ERR_CLASS_PEER)
		e = own_branch_take(d, own, links, &order);
	if (e == ERR_PEER_INVALID)
		e = ERR_OK; /* ORDER_ACCOUNT says so */
out:
	free(list);
	return e;
}

/* What is no part of the log that counts is kept as a branch. */
static enum err keep_branch(struct device *d, struct span fingerprint,
			    struct span links)
{
	struct buf kept = BUF_INIT;
	enum err e;

	TRY(give_links(d, fingerprint, &kept));
	TRY(buf_end(&kept));
	if (links.n > kept.n || !span_equal(span_of(kept.p, links.n), links))
		TRY(branches_keep(d, fingerprint, links));
out:
	buf_clear(&kept);
	return e;
}

static enum err keep(struct device *d, struct span fingerprint,
		     struct span links)
{
	struct own_log *own = NULL;
	struct account_place place;
	enum err e;

	TRY(own_log_load(d, &own));
	account_log_place(own->known->log, &place);
	if (place.number > 0 &&
	    span_equal(account_log_fingerprint(own->known->log), fingerprint))
		e = keep_own(d, own, links);
	else
		e = met_keep(d, SPAN_EMPTY, SPAN_EMPTY, links);
	TRY(e);
	e = keep_branch(d, fingerprint, links);
out:
	own_log_free(own);
	return e;
}

enum err accounts_keep(struct device *d)
{
	struct span fingerprint, links;
	size_t position = 0;
	enum err e = ERR_OK;

	while (
	    check_accounts_grown(d->accounts, &position, &fingerprint, &links))
		TRY(keep(d, fingerprint, links));
	check_accounts_kept(d->accounts);
out:
	return e;
}

enum err accounts_own(struct device *d, const char **identity)
{
	struct account_keys keys = { .count = 0 };
	struct own_log *own = NULL;
	struct buf text = BUF_INIT;
	struct account_place place;
	uint64_t number = 0;
	enum err e = ERR_OK;

	*identity = d->own_leaf;
	if (d->own_leaf[0] != '\0')
		return ERR_OK;
	TRY(own_log_load(d, &own));
	account_log_place(own->known->log, &place);
	if (place.number == 0)
		goto out;
	TRY(own_log_me(d, own, &keys, &number));
	if (number == 0)
		goto out;
	places_put_leaf(&text, account_log_fingerprint(own->known->log),
			number);
	buf_put_u8(&text, 0);
	TRY(buf_end(&text));
	ENSURE(text.n <= sizeof(d->own_leaf), ERR_LOCAL_BUG);
	memcpy(d->own_leaf, text.p, text.n);
out:
	account_keys_clear(&keys);
	buf_clear(&text);
	own_log_free(own);
	return e;
}

/* ---- KeyPackages ---- */

static enum err find_log(struct device *d, const char *username,
			 struct met **met, struct own_log **own,
			 const struct account_log **log)
{
	enum err e;

	*log = NULL;
	if (strcmp(username, d->username) == 0) {
		TRY(own_log_load(d, own));
		*log = (*own)->known->log;
	} else {
		e = met_find(d, username, met);
		if (e == ERR_STATE_GONE)
			return ERR_OK;
		TRY(e);
		*log = (*met)->known->log;
	}
out:
	return e;
}

/* The number of the device that has the key now; 0: none has. */
static uint64_t device_of(const struct account_log *log,
			  const struct suite *suite, struct span key)
{
	struct account_place last;
	uint64_t device = 0;

	account_log_place(log, &last);
	return account_key_valid(log, suite_scheme(suite), key, &last,
				 &device) == ACCOUNT_VALID
		   ? device
		   : 0;
}

static bool has_links(const struct account_log *log)
{
	struct account_place last = { .number = 0 };

	if (log != NULL)
		account_log_place(log, &last);
	return last.number > 0;
}

enum err accounts_check_leaf(struct device *d, const char *username,
			     const struct suite *suite, struct span identity,
			     struct span signature_key, bool *places)
{
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct own_log *own = NULL;
	struct met *met = NULL;
	uint64_t number;
	bool good;
	enum err e = ERR_OK;

	*places = places_read_leaf(identity, fingerprint, &number);
	TRY(find_log(d, username, &met, &own, &log));
	if (!has_links(log))
		good = !*places;
	else if (!*places)
		good = strcmp(username, d->username) == 0 ||
		       device_of(log, suite, signature_key) > 0;
	else
		good = device_of(log, suite, signature_key) == number &&
		       span_equal(account_log_fingerprint(log),
				  SPAN_ARRAY(fingerprint));
	if (!good && has_links(log) && account_log_closed(log) != 0)
		e = why_set(&d->work.why, ERR_PEER_INVALID, "account-closed",
			    "%s has closed the account: no device of it comes "
			    "into a session any more.",
			    username);
	else if (!good && !FAULT(KEY_NOT_IN_LOG))
		e = FAULT(OVER_TAKES_REMOVED)
			? ERR_OK
			: why_set(&d->work.why, ERR_PEER_INVALID,
				  "key-not-in-log",
				  "The server delivered a KeyPackage for %s "
				  "whose key stands in no link of that "
				  "account's log: perhaps somebody stands "
				  "between. Nothing was done.",
				  username);
out:
	met_free(met);
	own_log_free(own);
	return e;
}
