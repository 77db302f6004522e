/* The steps that keep this device's own log: read it, begin it where there is
 * none, and give the server what it lacks. */
#include "base/rd.h"
#include "device/accounts/accounts.h"
#include "device/accounts/own_log.h"
#include "device/steps.h"

/* In a row: a server that shows nothing of what it takes is left alone. */
#define POSTS_MAX 3

#define BRANCH_MOST 128 /* links in a request */

static bool is_ordered(struct device *d)
{
	return work_is(&d->work, ORDER_ACCOUNT);
}

/* ---- reading ---- */

static bool read_due(struct device *d)
{
	return is_ordered(d) && d->work.own != NULL && !d->work.fresh;
}

static enum err read_ask(struct device *d, struct request *request)
{
	struct account_place place;

	account_log_place(d->work.own->known->log, &place);
	request->kind = REQUEST_ACCOUNT_LOG;
	request->user = d->username;
	/* with the last one, which has to be there */
	request->after = place.number > 0 ? place.number - 1 : 0;
	if (d->work.own->parted)
		request->after = d->work.own->shown_count;
	return ERR_OK;
}

static void halt_differs(struct device *d)
{
	work_halt(
	    d, ERR_PEER_FORK, "account-log-differs",
	    "The server's log of your account is not the one that this "
	    "device knows. Nothing was changed here. If you have just set "
	    "up another device, that one was first, or has begun anew; "
	    "otherwise somebody else speaks for your account at this "
	    "server.");
}

/* ---- another branch ---- */

/* The server's log parts from this one, so all of it is read. */
static void begin_parted(struct device *d)
{
	struct own_log *own = d->work.own;

	own->parted = true;
	buf_reset(&own->shown);
	own->shown_count = 0;
	work_stale(d);
}

static void halt_forked(struct device *d)
{
	work_halt(d, ERR_PEER_FORK, "own-account-forked",
		  "The server shows a log of your account that contradicts the "
		  "one that this device knows, and nothing decides between the "
		  "two: two devices of yours have each removed the other, or "
		  "one has signed both. Nothing was changed here. Your "
		  "recovery key decides, at a login as a new device.");
}

/* This one counts: the server is given what it has from the parting on. */
static enum err give_branch(struct own_log *own)
{
	struct span links = buf_span(&own->known->links), rest;
	struct rd r;

	rest = account_links_behind(
	    links, account_links_shared(links, buf_span(&own->shown)));
	r = rd_init(rest);
	for (size_t i = 0; rd_left(&r) > 0 && i < BRANCH_MOST; i++)
		(void)rd_vec(&r);
	buf_reset(&own->branch);
	buf_put(&own->branch, span_of(rest.p, rest.n - rd_left(&r)));
	return buf_end(&own->branch);
}

static enum err judge_parted(struct device *d)
{
	struct own_log *own = d->work.own;
	enum account_order order = ACCOUNT_OTHERS;
	enum err e = own_branch_take(d, own, buf_span(&own->shown), &order);

	own->parted = false;
	d->work.fresh = true;
	if (e == ERR_PEER_INVALID || (e == ERR_OK && order == ACCOUNT_OTHERS)) {
		halt_differs(d);
		return ERR_OK;
	}
	TRY(e);
	accounts_forget(d);
	own->server_last = own->shown_count;
	if (order == ACCOUNT_FORK)
		halt_forked(d);
	else if (order == ACCOUNT_FIRST)
		TRY(give_branch(own));
out:
	return e;
}

static enum err take_shown(struct device *d, const struct answer *answer)
{
	struct own_log *own = d->work.own;
	enum err e;

	for (size_t i = 0; i < answer->link_count; i++, own->shown_count++)
		buf_put_vec(&own->shown, answer->links[i]);
	TRY(buf_end(&own->shown));
	if (answer->link_count > 0)
		work_news(d);
	if (!answer->more || answer->link_count == 0 ||
	    own->shown_count >= ACCOUNT_LINKS_MAX)
		TRY(judge_parted(d));
out:
	return e;
}

static enum err take_links(struct device *d, const struct answer *answer)
{
	struct own_log *own = d->work.own;
	struct account_place before, after;
	enum err e;

	account_log_place(own->known->log, &before);
	if (own->anew && answer->link_count > 0 &&
	    !span_equal(answer->links[0], buf_span(&own->pending))) {
		/* the log of before: this one takes its name */
		own->server_last = 0;
		d->work.fresh = true;
		return ERR_OK;
	}
	if (before.number > 0 && answer->has_fingerprint &&
	    !span_equal(SPAN_ARRAY(answer->fingerprint),
			account_log_fingerprint(own->known->log))) {
		halt_differs(d);
		return ERR_OK;
	}
	e = own_log_take(own, answer->links, answer->link_count);

	if (e == ERR_PEER_FORK && before.number > 0) {
		begin_parted(d);
		return ERR_OK;
	}
	if (e == ERR_PEER_FORK) {
		halt_differs(d);
		return ERR_OK;
	}
	if (e == ERR_STATE_GONE) { /* another device has yet to approve us */
		d->work.halted = true;
		return ERR_OK;
	}
	TRY(e);
	account_log_place(own->known->log, &after);
	own->server_last = answer->last;
	if (after.number > before.number || answer->last > own->server_most) {
		d->work.posts = 0;
		work_news(d);
	}
	if (answer->last > own->server_most)
		own->server_most = answer->last;
	d->work.fresh = !answer->more || after.number == before.number;
	if (after.number > before.number)
		TRY(own_log_save(d, own));
out:
	return e;
}

static enum err read_take(struct device *d, const struct answer *answer)
{
	/* a server from before keeps no logs */
	if (answer->result == ERR_STATE_GONE && d->work.own->pending.n == 0) {
		d->work.halted = true;
		return ERR_OK;
	}
	if (answer->result == ERR_STATE_GONE) {
		work_halt(d, ERR_STATE_PENDING, "link-kept",
			  "The server says that it has no log of your account, "
			  "so this change does not count yet. It is kept, and "
			  "posted again.");
		return ERR_OK;
	}
	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	return d->work.own->parted ? take_shown(d, answer)
				   : take_links(d, answer);
}

const struct step own_step_read = { "own log", NULL,	 read_due,
				    NULL,      read_ask, read_take };

/* Before the first request: where the log that is known ends. */
static bool load_due(struct device *d)
{
	return is_ordered(d) && d->work.own == NULL;
}

static enum err load(struct device *d)
{
	return own_log_load(d, &d->work.own);
}

const struct step own_step_load = { "own", NULL, load_due, load, NULL, NULL };

/* ---- beginning ---- */

static bool begin_due(struct device *d)
{
	struct own_log *own = d->work.own;
	struct account_place place;

	if (!is_ordered(d) || !d->work.fresh || own == NULL ||
	    own->pending.n > 0)
		return false;
	account_log_place(own->known->log, &place);
	return place.number == 0;
}

static enum err begin(struct device *d)
{
	return own_log_begin(d, d->work.own);
}

const struct step own_step_begin = {
	"begin", NULL, begin_due, begin, NULL, NULL
};

/* ---- a link that lost its number ---- */

static bool renew_due(struct device *d)
{
	return is_ordered(d) && d->work.fresh && d->work.own != NULL &&
	       own_wish_is_lost(d->work.own);
}

static enum err renew(struct device *d)
{
	return own_wish_renew(d, d->work.own);
}

const struct step own_step_renew = { "renew link", NULL, renew_due,
				     renew,	   NULL, NULL };

/* ---- posting ---- */

static bool post_due(struct device *d)
{
	struct span salt;

	return is_ordered(d) && d->work.fresh && d->work.own != NULL &&
	       d->work.own->branch.n == 0 &&
	       own_log_to_post(d->work.own, &salt).n > 0;
}

static enum err post_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_LINK;
	request->user = d->username;
	request->bytes = own_log_to_post(d->work.own, &request->salt);
	request->anew = d->work.own->anew;
	return ERR_OK;
}

/* That the server took it is seen in the log, and so is that it did not: when it
 * has another link there, twice, it has another log. */
static enum err post_take(struct device *d, const struct answer *answer)
{
	bool conflict = answer->result == ERR_STATE_CONFLICT;
	bool other = conflict || answer->result == ERR_PEER_INVALID;

	/* it may have another branch, which is shorter than this one */
	if (other && d->work.own->shown_count == 0 &&
	    d->work.own->server_last > 1)
		begin_parted(d);
	else if (conflict && !work_doubts(d, d->work.own->server_last))
		halt_differs(d);
	else if (answer->result != ERR_OK && !conflict)
		work_halt_refused(d, answer);
	else if (!conflict && ++d->work.posts > POSTS_MAX)
		work_halt(d, ERR_STATE_PENDING, "link-kept",
			  "The server does not show the link of your account's "
			  "log that it took. It is kept, and posted again.");
	else
		work_stale(d);
	return ERR_OK;
}

const struct step own_step_post = { "link", NULL,     post_due,
				    NULL,   post_ask, post_take };

/* ---- a branch that counts ---- */

static bool branch_due(struct device *d)
{
	return is_ordered(d) && d->work.fresh && d->work.own != NULL &&
	       d->work.own->branch.n > 0;
}

static enum err branch_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_BRANCH;
	request->user = d->username;
	request->bytes = buf_span(&d->work.own->branch);
	return ERR_OK;
}

/* A server that does not take it has another log. That it has taken it is seen in the
 * log. */
static enum err branch_take(struct device *d, const struct answer *answer)
{
	buf_reset(&d->work.own->branch);
	if (answer->result == ERR_STATE_CONFLICT ||
	    answer->result == ERR_STATE_GONE ||
	    (answer->result == ERR_OK && ++d->work.posts > POSTS_MAX))
		halt_differs(d);
	else if (answer->result != ERR_OK)
		work_halt_refused(d, answer);
	else
		work_stale(d);
	return ERR_OK;
}

const struct step own_step_branch = { "branch", NULL,	    branch_due,
				      NULL,	branch_ask, branch_take };
