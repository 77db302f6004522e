/* /session/{session_id}/commit and /session/join: how the members of a session
 * change. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/commit_judgement.h"
#include "server/config.h"
#include "server/device_events.h"
#include "server/edge/job.h"
#include "server/entry_nonce.h"
#include "server/group_info.h"
#include "server/groups.h"
#include "server/hub/hub.h"
#include "server/routes_table.h"
#include "server/sessions.h"
#include "wire/invited.h"
#include "wire/places.h"

/* One posted commit, or a join, until it is answered. */
struct change {
	struct request *req;
	struct identity who;
	struct uuid session;
	bool joins;
	uint64_t seq;
	struct buf head_hex;
	struct body body; /* what commit and check borrow from */
	bool has_welcome;
	struct span welcome;
	struct commit commit;
	struct buf departed; /* of the session as it is */
	int64_t departures;  /* how many */
	struct known_logs known;
	struct commit_judgement judged;
	bool checked; /* and found right, and its links are kept */
};

static void end(struct change *c)
{
	buf_clear(&c->head_hex);
	buf_clear(&c->departed);
	commit_judgement_end(&c->judged);
	known_logs_clear(&c->known);
	if (c->body.json != NULL)
		body_free(&c->body);
	free(c);
}

static void end_failed(struct change *c, enum err e)
{
	answer_fail(c->req, e);
	end(c);
}

static struct change *new_change(struct request *req,
				 const struct identity *who, bool joins)
{
	struct change *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return NULL;
	}
	c->req = req;
	c->who = *who;
	c->joins = joins;
	return c;
}

/* ---- after a join: the session as it is now ---- */

static void on_joined(void *arg, enum err e, struct rows *rows)
{
	struct change *c = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK || rows_count(rows) != 1) {
		end_failed(c, e != ERR_OK ? e : ERR_LOCAL_BUG);
		return;
	}
	buf_put_str(&out, "{\"session\":");
	sessions_put(&out, rows, 0);
	buf_putf(&out, ",\"seq\":%llu,\"head\":\"", (unsigned long long)c->seq);
	buf_put(&out, buf_span(&c->head_hex));
	buf_put_str(&out, "\"}");
	answer_rows(c->req, 200, rows, &out);
	end(c);
}

static void answer_join(struct change *c)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, c->session);
	params_uuid(&params, c->who.user);
	params_uuid(&params, c->who.device);
	e = store_query(answer_store(), STATEMENT_SESSION_GET, &params,
			on_joined, c);
	if (e != ERR_OK)
		end_failed(c, e);
}

/* ---- commits ---- */

static void answer_commit(struct change *c, uint64_t epoch, int status)
{
	struct buf out = BUF_INIT;

	buf_putf(&out, "{\"seq\":%llu,\"head\":\"", (unsigned long long)c->seq);
	buf_put(&out, buf_span(&c->head_hex));
	buf_putf(&out, "\",\"epoch\":%llu}", (unsigned long long)epoch);
	request_answer(c->req, status, "application/json", buf_span(&out));
	buf_clear(&out);
	end(c);
}

static void tell_others(const struct change *c)
{
	store_tell(answer_store(), NOTICE_MESSAGE, c->session, c->seq);
	hub_grown(c->session, c->seq);
	if (!c->has_welcome)
		return;
	for (size_t i = 0; i < c->commit.added_count; i++) {
		store_tell(answer_store(), NOTICE_WELCOME,
			   c->commit.names[1 + i].device, 0);
		device_events_welcome(c->commit.names[1 + i].device);
	}
}

static void on_committed(void *arg, enum err e, struct rows *rows)
{
	struct change *c = arg;
	bool fresh;
	uint64_t epoch;

	if (e == ERR_STATE_CONFLICT) {
		/* somebody is added who is in already */
		request_problem(c->req, OUTCOME_COMMIT_INVALID, NULL);
		end(c);
		return;
	}
	if (e != ERR_OK || rows_count(rows) != 1) {
		end_failed(c, e != ERR_OK ? e : ERR_LOCAL_BUG);
		return;
	}
	fresh = rows_text_is(rows, 0, "outcome", "ok");
	epoch = rows_is_null(rows, 0, "epoch")
		    ? 0
		    : (uint64_t)rows_i64(rows, 0, "epoch");
	if (!fresh && !rows_text_is(rows, 0, "outcome", "duplicate")) {
		sessions_problem(c->req, rows_text(rows, 0, "outcome"), epoch);
		end(c);
		return;
	}
	c->seq = (uint64_t)rows_i64(rows, 0, "seq");
	text_put_hex(&c->head_hex, rows_bytes(rows, 0, "head"));
	if (fresh) {
		c->judged.group.at = rows_digest(rows, 0, "head");
		groups_keep(&c->judged.group);
		tell_others(c);
	}
	if (c->joins)
		answer_join(c);
	else
		answer_commit(c, epoch, fresh ? 201 : 200);
}

/* Whom the group invites behind the commit of a member, where it says so. */
static void put_invited(const struct change *c, struct params *p)
{
	struct invited invited = { .there = false };
	struct span rest, users[INVITED_MAX];
	struct invitation one;
	size_t count = 0;

	if (!c->checked || !c->judged.led || c->commit.external ||
	    invited_read(check_walk_context(c->judged.group.walk)->extensions,
			 &invited) != ERR_OK ||
	    !invited.there) {
		params_null(p);
		return;
	}
	rest = invited.rows;
	while (invited_next(&rest, &one))
		if (places_is_account(one.user))
			users[count++] = one.user;
	params_open_array(p, PARAMS_TEXT, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(p, users[i]);
	params_close_array(p);
}

static void encode(const struct change *c, struct span nonce, struct params *p)
{
	params_uuid(p, c->session);
	params_uuid(p, c->who.user);
	params_uuid(p, c->who.device);
	/* what was not checked is not stored, whatever the epoch is then */
	params_i64(p, c->checked ? (int64_t)c->commit.epoch : -1);
	if (c->commit.external)
		params_null(p);
	else
		params_i32(p, (int32_t)c->commit.sender_leaf);
	params_open_array(p, PARAMS_INT4, c->commit.removed_count);
	for (size_t i = 0; i < c->commit.removed_count; i++)
		params_put_i32(p, (int32_t)c->commit.removed[i]);
	params_close_array(p);
	leaf_names_put(&c->commit.names[1], c->commit.added_count, p);
	params_bytea(p, nonce);
	params_bytea(p, c->judged.check.commit);
	if (c->judged.part.n > 0)
		params_null(p);
	else
		params_bytea(p, c->judged.info);
	if (c->has_welcome)
		params_bytea(p, c->welcome);
	else
		params_null(p);
	params_bool(p, c->commit.has_path);
	params_i64(p, c->departures);
	params_i64(p, (int64_t)config()->session_members);
	if (c->judged.part.n > 0)
		params_bytea(p, c->judged.part);
	else
		params_null(p);
	put_invited(c, p);
}

static void append(struct change *c)
{
	struct params params = PARAMS_INIT;
	uint8_t nonce[ENVELOPE_NONCE];
	enum err e;

	TRY(entry_nonce(c->judged.check.commit, nonce));
	encode(c, SPAN_ARRAY(nonce), &params);
	TRY(store_query(answer_store(), STATEMENT_COMMIT_APPEND, &params,
			on_committed, c));
	return;
out:
	params_clear(&params);
	end_failed(c, e);
}

/* ---- checking ---- */

static void check(void *arg)
{
	struct change *c = arg;

	commit_judge(&c->judged, &c->commit, &c->known);
}

static void end_wrong_names(struct change *c, const char *wrong)
{
	request_problem(c->req, OUTCOME_COMMIT_INVALID, wrong);
	end(c);
}

/* Once more, since the commit has brought links. */
static void on_names_again(void *arg, enum err e)
{
	struct change *c = arg;
	const char *wrong;

	if (e != ERR_OK) {
		end_failed(c, e);
		return;
	}
	wrong = commit_check_names(&c->commit, &c->who);
	if (wrong != NULL) {
		end_wrong_names(c, wrong);
		return;
	}
	c->checked = true;
	append(c);
}

static void on_kept(void *arg, enum err e)
{
	struct change *c = arg;

	if (e != ERR_OK)
		end_failed(c, e);
	else if (commit_check_names(&c->commit, &c->who) != NULL)
		commit_find_names(&c->commit, on_names_again, c);
	else
		on_names_again(c, ERR_OK);
}

static void run_check(struct change *c);

static void on_logs(void *arg, enum err e)
{
	struct change *c = arg;

	if (e != ERR_OK)
		end_failed(c, e);
	else
		run_check(c);
}

static void on_checked(void *arg)
{
	struct change *c = arg;

	if (c->judged.verdict.local) {
		end_failed(c, ERR_LOCAL_MEMORY);
		return;
	}
	if (c->judged.verdict.wrong == NULL && c->judged.too_large) {
		request_problem(c->req, OUTCOME_QUOTA_EXCEEDED,
				"with more members, or more that it says of "
				"people, its commits would be too large");
		end(c);
		return;
	}
	if (c->judged.verdict.wrong == NULL) {
		known_logs_keep(&c->known, on_kept, c);
		return;
	}
	if (known_logs_wanted(&c->known)) {
		known_logs_read(&c->known, on_logs, c);
		return;
	}
	commit_refuse(c->req, &c->known, &c->judged.verdict);
	end(c);
}

/* A large group's tree takes some time: not on the event loop. */
static void run_check(struct change *c)
{
	enum err e;

	if (!groups_is_heavy(&c->judged.group)) {
		check(c);
		on_checked(c);
		return;
	}
	e = job_run(check, on_checked, c);
	if (e != ERR_OK)
		end_failed(c, e);
}

static void on_context(void *arg, enum err e, struct rows *rows)
{
	struct change *c = arg;

	if (e != ERR_OK) {
		end_failed(c, e);
		return;
	}
	/* no such session, another epoch, or not for him: storing says so */
	if (rows_count(rows) == 0 ||
	    !rows_bool(rows, 0, c->commit.external ? "may_join" : "member") ||
	    (uint64_t)rows_i64(rows, 0, "epoch") != c->commit.epoch) {
		append(c);
		return;
	}
	if (!rows_bool(rows, 0, "seen")) {
		request_problem(c->req, OUTCOME_VIEW_DIFFERS, NULL);
		end(c);
		return;
	}
	if (!rows_is_null(rows, 0, "departed"))
		buf_put(&c->departed, rows_bytes(rows, 0, "departed"));
	c->departures = rows_i64(rows, 0, "departures");
	c->judged.whole_bytes = rows_i64(rows, 0, "whole_bytes");
	c->judged.since_bytes = rows_i64(rows, 0, "since_bytes");
	c->judged.since_count = rows_i64(rows, 0, "since_count");
	TRY(groups_read(&c->judged.group, rows, "at"));
	TRY(buf_end(&c->departed));
	TRY(known_logs_begin(&c->known));
	c->judged.check.departed = buf_span(&c->departed);
	c->judged.check.now = clock_now_ms() / 1000;
	TRY(commit_need_logs(&c->commit, &c->known));
	if (known_logs_wanted(&c->known))
		known_logs_read(&c->known, on_logs, c);
	else
		run_check(c);
	return;
out:
	end_failed(c, e);
}

/* A device that does not stand in its log may do so by a link that the commit
 * carries. */
static void on_names(void *arg, enum err e)
{
	struct change *c = arg;
	struct params params = PARAMS_INIT;
	const char *wrong;

	TRY(e);
	wrong = commit_check_names(&c->commit, &c->who);
	if (wrong != NULL &&
	    (c->commit.view.links.n == 0 || commit_names_found(&c->commit))) {
		end_wrong_names(c, wrong);
		return;
	}
	params_uuid(&params, c->session);
	params_uuid(&params, c->who.user);
	params_uuid(&params, c->who.device);
	commit_put_view(&c->commit, &params);
	groups_take(c->session, &c->judged.group);
	groups_put_at(&c->judged.group, &params);
	TRY(store_query(answer_store(), STATEMENT_COMMIT_CONTEXT, &params,
			on_context, c));
	return;
out:
	end_failed(c, e);
}

/* The next GroupInfo comes whole or in part. */
static const char *check_infos(const struct change *c)
{
	if ((c->judged.check.after.n > 0) == (c->judged.check.part.n > 0))
		return "either group_info or partial_group_info goes with it";
	if (c->judged.check.part.n > COMMIT_PART_MAX)
		return "partial_group_info is too large";
	if (c->judged.check.after.n > 0 &&
	    !group_info_fits(c->judged.check.after, c->session,
			     c->commit.epoch + 1, NULL))
		return "group_info must be of the next epoch";
	return NULL;
}

/* Takes the body, from which the change borrows from now on. */
static void post_commit(struct change *c, const struct body *read)
{
	size_t max = config()->body_bytes;
	const char *wrong;

	c->body = *read;
	c->judged.check.commit = body_bytes(&c->body, "commit", max);
	c->judged.check.after =
	    body_optional_bytes(&c->body, "group_info", max);
	c->judged.check.part =
	    body_optional_bytes(&c->body, "partial_group_info", max);
	c->welcome = c->joins ? SPAN_EMPTY
			      : body_optional_bytes(&c->body, "welcome", max);
	c->has_welcome = c->welcome.n > 0;
	if (!body_end(&c->body, c->req)) {
		c->body = (struct body){ .json = NULL };
		end(c);
		return;
	}
	wrong = commit_read(&c->commit, c->judged.check.commit, c->session);
	if (wrong == NULL && c->commit.reinit)
		wrong = "a ReInit goes to /session/{session_id}/move";
	if (wrong == NULL && c->commit.external != c->joins)
		wrong = c->joins ? "to join it must be external"
				 : "external commits go to /session/join";
	if (wrong == NULL)
		wrong = check_infos(c);
	if (wrong != NULL) {
		request_problem(c->req, OUTCOME_COMMIT_INVALID, wrong);
		end(c);
		return;
	}
	commit_find_names(&c->commit, on_names, c);
}

void commits_post(const struct call *call)
{
	struct change *c;
	struct body body;

	if (!body_read(&body, call->req))
		return;
	c = new_change(call->req, &call->who, false);
	if (c == NULL) {
		body_free(&body);
		return;
	}
	c->session = call->session;
	post_commit(c, &body);
}

/* ---- joining ---- */

static void on_welcome_taken(void *arg, enum err e, struct rows *rows)
{
	struct change *c = arg;

	if (e != ERR_OK) {
		end_failed(c, e);
		return;
	}
	if (rows_count(rows) == 0) {
		request_problem(c->req, OUTCOME_NOT_FOUND,
				"no such Welcome for this device");
		end(c);
		return;
	}
	c->seq = (uint64_t)rows_i64(rows, 0, "seq");
	text_put_hex(&c->head_hex, rows_bytes(rows, 0, "head"));
	answer_join(c);
}

void commits_join(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct uuid welcome;
	struct change *c;
	struct body body;
	enum err e;

	if (!body_read(&body, call->req))
		return;
	c = new_change(call->req, &call->who, true);
	if (c == NULL) {
		body_free(&body);
		return;
	}
	c->session = body_uuid(&body, "session_id");
	if (!body_optional_uuid(&body, "welcome_id", &welcome)) {
		post_commit(c, &body);
		return;
	}
	if (!body_end(&body, call->req)) {
		end(c);
		return;
	}
	body_free(&body);
	params_uuid(&params, welcome);
	params_uuid(&params, call->who.device);
	params_uuid(&params, c->session);
	e = store_query(answer_store(), STATEMENT_WELCOME_TAKE, &params,
			on_welcome_taken, c);
	if (e != ERR_OK)
		end_failed(c, e);
}
