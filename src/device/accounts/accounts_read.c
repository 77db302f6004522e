/* The accounts whose logs are to be read from the server, and the step that asks for
 * them, of accounts.h. */
#include "device/accounts/accounts.h"

#include "device/accounts/met.h"
#include "device/steps.h"
#include "session/invited.h"
#include "wire/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT_SIZE (2 * ACCOUNT_HASH + 1) /* a name, or a fingerprint */
#define AT_ONCE 128			    /* accounts in a request */

/* ---- what is asked for ---- */

struct wanted {
	char account[ACCOUNT_SIZE];
	bool by_name, done;
	uint64_t count; /* links in `links` */
	struct buf links, salt;
	char username[DEVICE_NAME_SIZE];
};

struct account_reading {
	struct wanted *list; /* owned */
	size_t count;
	/* the request: which of the list, and what it borrows */
	size_t asked[AT_ONCE], asked_count;
	const char *names[AT_ONCE];
	uint64_t afters[AT_ONCE];
};

static void wanted_clear(struct wanted *w)
{
	buf_clear(&w->links);
	buf_clear(&w->salt);
}

void account_reading_free(struct account_reading *reading)
{
	if (reading == NULL)
		return;
	for (size_t i = 0; i < reading->count; i++)
		wanted_clear(&reading->list[i]);
	free(reading->list);
	free(reading);
}

enum err accounts_want(struct device *d, const char *account, bool *news)
{
	struct account_reading *reading = d->work.reading;
	struct wanted *grown;
	enum err e = ERR_OK;

	*news = false;
	ENSURE(strlen(account) < ACCOUNT_SIZE, ERR_PEER_INVALID);
	if (reading == NULL) {
		reading = calloc(1, sizeof(*reading));
		ENSURE(reading != NULL, ERR_LOCAL_MEMORY);
		d->work.reading = reading;
	}
	for (size_t i = 0; i < reading->count; i++)
		if (strcmp(reading->list[i].account, account) == 0)
			return ERR_OK;
	grown = realloc(reading->list, (reading->count + 1) * sizeof(*grown));
	ENSURE(grown != NULL, ERR_LOCAL_MEMORY);
	reading->list = grown;
	memset(&grown[reading->count], 0, sizeof(*grown));
	(void)snprintf(grown[reading->count].account, ACCOUNT_SIZE, "%s",
		       account);
	grown[reading->count].by_name = !places_is_account(span_str(account));
	reading->count++;
	*news = true;
out:
	return e;
}

enum err accounts_want_account(struct device *d, struct span fingerprint,
			       bool *news)
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(&hex, fingerprint);
	buf_put_u8(&hex, 0);
	TRY(buf_end(&hex));
	TRY(accounts_want(d, (const char *)hex.p, news));
out:
	buf_clear(&hex);
	return e;
}

enum err accounts_want_lacking(struct device *d, bool *news)
{
	struct span fingerprint;
	size_t position = 0;
	bool one;
	enum err e = ERR_OK;

	*news = false;
	while (check_accounts_lacks(d->accounts, &position, &fingerprint)) {
		TRY(accounts_want_account(d, fingerprint, &one));
		*news |= one;
	}
out:
	return e;
}

/* Its log is here, and its name is this user's. */
static bool is_own(const struct device *d, struct span identity)
{
	return span_equal(roles_user(identity),
			  roles_user(span_str(core_self(d))));
}

/* `user`: as leaves name it. */
static enum err want_name(struct device *d, struct span user)
{
	struct buf fingerprint = BUF_INIT;
	char name[DEVICE_NAME_SIZE];
	bool news;
	enum err e;

	if (!places_is_account(user) || is_own(d, user))
		return ERR_OK;
	TRY(text_hex(&fingerprint, user));
	TRY(buf_end(&fingerprint));
	e = met_name(d, buf_span(&fingerprint), name);
	if (e == ERR_STATE_GONE)
		e = accounts_want_account(d, buf_span(&fingerprint), &news);
out:
	buf_clear(&fingerprint);
	return e;
}

enum err accounts_want_name(struct device *d, struct span identity)
{
	return want_name(d, roles_user(identity));
}

static enum err want_invited(struct device *d)
{
	struct invitation one;
	struct invited list;
	struct span rest;
	enum err e = ERR_OK;

	if (session_invited(d->open.session, &list) != ERR_OK)
		return ERR_OK;
	rest = list.rows;
	while (invited_next(&rest, &one))
		TRY(want_name(d, one.user));
out:
	return e;
}

enum err accounts_want_again(struct device *d, struct span identity)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct account_log *log;
	struct span links;
	uint64_t number;
	bool news;
	enum err e;

	if (!places_read_leaf(identity, fingerprint, &number) ||
	    is_own(d, identity))
		return ERR_OK;
	TRY(check_accounts_find(d->accounts, SPAN_ARRAY(fingerprint), &log,
				&links));
	if (log == NULL || account_log_closed(log) == 0)
		TRY(accounts_want_account(d, SPAN_ARRAY(fingerprint), &news));
out:
	return e;
}

enum err accounts_want_names(struct device *d)
{
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member))
		if (member.leaf_index !=
		    mls_group_own_leaf(session_group(d->open.session)))
			TRY(accounts_want_name(d, member.identity));
	TRY(want_invited(d));
out:
	return e;
}

/* ---- the step ---- */

bool accounts_are_wanted(const struct device *d)
{
	const struct account_reading *reading = d->work.reading;

	for (size_t i = 0; reading != NULL && i < reading->count; i++)
		if (!reading->list[i].done)
			return true;
	return false;
}

static bool read_due(struct device *d)
{
	return accounts_are_wanted(d);
}

static enum err read_ask(struct device *d, struct request *request)
{
	struct account_reading *r = d->work.reading;

	r->asked_count = 0;
	for (size_t i = 0; i < r->count && r->asked_count < AT_ONCE; i++) {
		if (r->list[i].done)
			continue;
		r->names[r->asked_count] = r->list[i].account;
		r->afters[r->asked_count] = r->list[i].count;
		r->asked[r->asked_count++] = i;
	}
	request->kind = REQUEST_ACCOUNT_LOGS;
	request->users = r->names;
	request->afters = r->afters;
	request->user_count = r->asked_count;
	return ERR_OK;
}

static bool is_answer_to(const struct wanted *w, const struct answer_log *log)
{
	struct buf bytes = BUF_INIT;
	bool same;

	if (w->by_name)
		return strcmp(w->account, log->username) == 0;
	same = log->has_fingerprint &&
	       text_hex(&bytes, span_str(w->account)) == ERR_OK &&
	       span_equal(buf_span(&bytes), SPAN_ARRAY(log->fingerprint));
	buf_clear(&bytes);
	return same;
}

static void tell(struct device *d, const struct wanted *w,
		 enum met_outcome outcome)
{
	if (outcome == MET_OTHER && w->by_name)
		work_halt_about(
		    d, span_str(w->account), ERR_PEER_FORK, "identity-changed",
		    "%s is another account now than the one that this device "
		    "knows by that name. Nothing was changed. Ask %s in "
		    "another way, and accept the account then.",
		    w->account, w->account);
}

/* All links are there. What is wrong is as if the server had shown none. */
static enum err finish(struct device *d, struct wanted *w)
{
	enum met_outcome outcome = MET_KEPT;
	struct span links = buf_span(&w->links), salt = buf_span(&w->salt);
	struct check_verdict verdict;
	enum err e;

	w->done = true;
	if (w->count == 0)
		return ERR_OK;
	if (w->by_name) {
		e = strcmp(w->account, d->username) == 0
			? ERR_OK
			: met_take(d, w->account, salt, links, &outcome);
	} else {
		verdict = check_accounts_add(d->accounts, links);
		ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
		e = verdict.wrong != NULL ? ERR_PEER_INVALID : accounts_keep(d);
		if (e == ERR_OK)
			e = met_keep(d, span_str(w->username), salt, links);
	}
	if (e == ERR_PEER_INVALID)
		return ERR_OK;
	TRY(e);
	accounts_forget(d);
	tell(d, w, outcome);
out:
	return e;
}

static enum err take_log(struct device *d, struct wanted *w,
			 const struct answer_log *log)
{
	enum err e;

	if (w->count == 0) {
		(void)snprintf(w->username, sizeof(w->username), "%s",
			       log->username);
		buf_put(&w->salt, log->salt);
	}
	for (size_t i = 0; i < log->link_count; i++, w->count++)
		buf_put_vec(&w->links, log->links[i]);
	TRY(buf_end(&w->salt));
	TRY(buf_end(&w->links));
	if (!log->more || log->link_count == 0 || w->count >= ACCOUNT_LINKS_MAX)
		TRY(finish(d, w));
out:
	return e;
}

/* Whoever leaves waits for no answer but that about the departure. */
static bool goes_without(const struct device *d, const struct answer *answer)
{
	return work_is(&d->work, ORDER_LEAVE) && answer->result != ERR_LOCAL_IO;
}

static enum err read_take(struct device *d, const struct answer *answer)
{
	struct account_reading *r = d->work.reading;
	size_t at = 0;
	enum err e = ERR_OK;

	if (answer->result != ERR_OK && answer->result != ERR_STATE_GONE &&
	    !goes_without(d, answer)) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	work_news(d);
	for (size_t i = 0; i < r->asked_count; i++) {
		struct wanted *w = &r->list[r->asked[i]];

		if (at < answer->log_count &&
		    is_answer_to(w, &answer->logs[at]))
			TRY(take_log(d, w, &answer->logs[at++]));
		else
			w->done = true;
	}
out:
	return e;
}

const struct step accounts_step_read = { "accounts", NULL,     read_due,
					 NULL,	     read_ask, read_take };
