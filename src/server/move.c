/* /session/{session_id}/move: to another algorithm. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "check/commit.h"
#include "check/form.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/commit.h"
#include "server/config.h"
#include "server/edge/job.h"
#include "server/entry_nonce.h"
#include "server/group_info.h"
#include "server/groups.h"
#include "server/hub/hub.h"
#include "server/routes_table.h"
#include "server/sessions.h"
#include "wire/generation.h"
#include "wire/message.h"

/* One posted move until it is answered. */
struct move {
	struct request *req;
	struct identity who;
	struct uuid session;
	const struct suite *suite;
	uint64_t new_epoch;
	size_t count; /* leaves of the new group */
	struct leaf_name names[COMMIT_CHANGES_MAX];
	uint32_t leaves[COMMIT_CHANGES_MAX];
	struct commit commit;
	struct body body; /* what these borrow from */
	struct span welcome, info;
	struct group group; /* as it is */
	struct check_commit check;
	struct known_logs known;
	struct check_verdict verdict;
	bool checked; /* and found right */
};

static void end(struct move *m)
{
	groups_clear(&m->group);
	known_logs_clear(&m->known);
	if (m->body.json != NULL)
		body_free(&m->body);
	free(m);
}

static bool add_leaf(void *arg, uint32_t leaf, struct span identity)
{
	struct move *m = arg;

	if (m->count == COMMIT_CHANGES_MAX ||
	    !leaf_name_read(&m->names[m->count], identity))
		return false;
	m->leaves[m->count++] = leaf;
	return true;
}

static void answer(struct move *m, struct rows *rows, bool fresh)
{
	uint64_t seq = (uint64_t)rows_i64(rows, 0, "seq");
	struct buf out = BUF_INIT;

	if (fresh) {
		store_tell(answer_store(), NOTICE_MESSAGE, m->session, seq);
		hub_grown(m->session, seq);
	}
	buf_putf(&out, "{\"seq\":%llu,\"head\":\"", (unsigned long long)seq);
	text_put_hex(&out, rows_bytes(rows, 0, "head"));
	buf_putf(&out, "\",\"epoch\":%lld}",
		 (long long)rows_i64(rows, 0, "epoch"));
	answer_rows(m->req, fresh ? 201 : 200, rows, &out);
}

static void on_moved(void *arg, enum err e, struct rows *rows)
{
	struct move *m = arg;
	bool fresh;

	if (!answer_has_one(m->req, e, rows)) {
		end(m);
		return;
	}
	fresh = rows_text_is(rows, 0, "outcome", "ok");
	if (fresh || rows_text_is(rows, 0, "outcome", "duplicate"))
		answer(m, rows, fresh);
	else
		sessions_problem(m->req, rows_text(rows, 0, "outcome"),
				 rows_is_null(rows, 0, "epoch")
				     ? 0
				     : (uint64_t)rows_i64(rows, 0, "epoch"));
	end(m);
}

static void encode(const struct move *m, uint8_t nonces[2][ENVELOPE_NONCE],
		   struct params *p)
{
	params_uuid(p, m->session);
	params_uuid(p, m->who.device);
	/* what was not checked is not stored, whatever the epoch is then */
	params_i64(p, m->checked ? (int64_t)m->commit.epoch : -1);
	params_i32(p, (int32_t)m->commit.sender_leaf);
	params_text(p, span_str(m->suite->algorithm));
	params_i64(p, (int64_t)m->new_epoch);
	leaf_names_put(m->names, m->count, p);
	params_open_array(p, PARAMS_INT4, m->count);
	for (size_t i = 0; i < m->count; i++)
		params_put_i32(p, (int32_t)m->leaves[i]);
	params_close_array(p);
	params_open_array(p, PARAMS_BYTEA, 2);
	params_put_bytes(p, SPAN_ARRAY(nonces[0]));
	params_put_bytes(p, SPAN_ARRAY(nonces[1]));
	params_close_array(p);
}

static void append(struct move *m)
{
	struct params params = PARAMS_INIT;
	uint8_t nonces[2][ENVELOPE_NONCE];
	enum err e;

	TRY(entry_nonce(m->check.commit, nonces[0]));
	TRY(entry_nonce(m->welcome, nonces[1]));
	encode(m, nonces, &params);
	params_bytea(&params, m->check.commit);
	params_bytea(&params, m->welcome);
	params_bytea(&params, m->info);
	TRY(store_query(answer_store(), STATEMENT_SESSION_MOVE, &params,
			on_moved, m));
	return;
out:
	params_clear(&params);
	answer_fail(m->req, e);
	end(m);
}

/* ---- checking ---- */

static void check(void *arg)
{
	struct move *m = arg;
	struct check_walk *walk = NULL;
	struct check_view view;

	m->check.successor = m->info;
	m->check.accounts = m->known.accounts;
	m->verdict = check_commit_step(&m->check, &walk);
	if (m->verdict.wrong == NULL) {
		/* the next group has the places to which its links lead */
		check_walk_view(walk, &view);
		m->verdict.wrong = commit_check_links(&m->commit, &m->known,
						      &view, &m->verdict.local);
	}
	check_walk_free(walk);
}

/* As in commits.c. */
static bool is_too_large(const struct move *m)
{
	struct wire_message message;

	return wire_message_decode(m->info, &message) == ERR_OK &&
	       check_form_longest(m->suite, m->count,
				  message.group_info.context.extensions.n) >
		   config()->body_bytes / 4 * 3;
}

/* The links that it has brought are stored first. */
static void on_kept(void *arg, enum err e)
{
	struct move *m = arg;

	if (e != ERR_OK) {
		answer_fail(m->req, e);
		end(m);
		return;
	}
	m->checked = true;
	append(m);
}

static void on_checked(void *arg);

static void on_logs(void *arg, enum err e)
{
	struct move *m = arg;

	if (e == ERR_OK)
		e = job_run(check, on_checked, m);
	if (e != ERR_OK) {
		answer_fail(m->req, e);
		end(m);
	}
}

static void on_checked(void *arg)
{
	struct move *m = arg;

	if (m->verdict.local) {
		answer_fail(m->req, ERR_LOCAL_MEMORY);
		end(m);
		return;
	}
	if (m->verdict.wrong == NULL && is_too_large(m)) {
		request_problem(m->req, OUTCOME_QUOTA_EXCEEDED,
				"in that algorithm its commits would be too "
				"large");
		end(m);
		return;
	}
	if (m->verdict.wrong == NULL) {
		known_logs_keep(&m->known, on_kept, m);
		return;
	}
	if (known_logs_wanted(&m->known)) {
		known_logs_read(&m->known, on_logs, m);
		return;
	}
	commit_refuse(m->req, &m->known, &m->verdict);
	end(m);
}

static void on_context(void *arg, enum err e, struct rows *rows)
{
	struct move *m = arg;

	if (e == ERR_OK &&
	    (rows_count(rows) == 0 || !rows_bool(rows, 0, "member") ||
	     (uint64_t)rows_i64(rows, 0, "epoch") != m->commit.epoch)) {
		append(m); /* which says so */
		return;
	}
	TRY(e);
	if (!rows_bool(rows, 0, "seen")) {
		request_problem(m->req, OUTCOME_VIEW_DIFFERS, NULL);
		end(m);
		return;
	}
	TRY(groups_read(&m->group, rows, "at"));
	TRY(known_logs_begin(&m->known));
	m->check.before = buf_span(&m->group.whole);
	m->check.since = buf_span(&m->group.since);
	m->check.now = clock_now_ms() / 1000;
	TRY(commit_need_logs(&m->commit, &m->known));
	if (known_logs_wanted(&m->known))
		known_logs_read(&m->known, on_logs, m);
	else
		TRY(job_run(check, on_checked, m));
	return;
out:
	answer_fail(m->req, e);
	end(m);
}

/* NULL, or what is wrong. */
static const char *read_move(struct move *m)
{
	const char *wrong =
	    commit_read(&m->commit, m->check.commit, m->session);

	if (wrong != NULL)
		return wrong;
	if (!m->commit.reinit || m->commit.reinit_suite != m->suite->id)
		return "it must be a ReInit to that algorithm";
	m->new_epoch =
	    generation_epoch((uint32_t)(m->commit.epoch >> 32) + 1, 1);
	if (!group_info_fits(m->info, m->session, m->new_epoch, m->suite) ||
	    !group_info_leaves(m->info, add_leaf, m))
		return "group_info must be of epoch 1 of the next group, in "
		       "that algorithm, with its tree";
	return m->welcome.n > 0 ? NULL : "the Welcome is missing";
}

static void ask_context(struct move *m)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, m->session);
	params_uuid(&params, m->who.user);
	params_uuid(&params, m->who.device);
	commit_put_view(&m->commit, &params);
	groups_put_at(&m->group, &params); /* it is not kept: it ends */
	e = store_query(answer_store(), STATEMENT_COMMIT_CONTEXT, &params,
			on_context, m);
	if (e != ERR_OK) {
		answer_fail(m->req, e);
		end(m);
	}
}

static void on_names(void *arg, enum err e)
{
	struct move *m = arg;

	if (e == ERR_OK && leaf_names_found(m->names, m->count)) {
		ask_context(m);
		return;
	}
	if (e != ERR_OK)
		answer_fail(m->req, e);
	else
		request_problem(m->req, OUTCOME_COMMIT_INVALID,
				"a leaf's device does not stand in its "
				"account's log");
	end(m);
}

/* Takes the body, from which the move borrows from now on. */
static void post_move(struct move *m, const struct body *read)
{
	size_t max = config()->body_bytes;
	const char *algorithm, *wrong;

	m->body = *read;
	algorithm = body_text(&m->body, "algorithm");
	m->check.commit = body_bytes(&m->body, "commit", max);
	m->welcome = body_bytes(&m->body, "welcome", max);
	m->info = body_bytes(&m->body, "group_info", max);
	m->suite = config_algorithm(span_str(algorithm));
	if (!body_end(&m->body, m->req)) {
		m->body = (struct body){ .json = NULL };
		end(m);
		return;
	}
	wrong =
	    m->suite != NULL ? read_move(m) : "algorithm is not allowed here";
	if (wrong != NULL) {
		request_problem(m->req,
				m->suite != NULL ? OUTCOME_COMMIT_INVALID
						 : OUTCOME_INVALID,
				wrong);
		end(m);
		return;
	}
	leaf_names_find(m->names, m->count, on_names, m);
}

void move_post(const struct call *call)
{
	struct request *req = call->req;
	struct body body;
	struct move *m;

	if (!body_read(&body, req))
		return;
	m = calloc(1, sizeof(*m));
	if (m == NULL) {
		body_free(&body);
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	m->req = req;
	m->who = call->who;
	m->session = call->session;
	post_move(m, &body);
}
