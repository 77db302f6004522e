/* /session/{session_id}/leave: a departure becomes an entry of the log. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/departure.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/edge/job.h"
#include "server/entry_nonce.h"
#include "server/groups.h"
#include "server/hub/hub.h"
#include "server/routes_table.h"
#include "server/sessions.h"
#include "wire/departure.h"

enum {
	DEPARTURE_MAX = 1024, /* bytes */
	TRIES = 3	      /* while commits come in between */
};

/* One posted departure until it is answered. */
struct leaving {
	struct request *req;
	struct identity who;
	struct uuid session;
	struct body body; /* what these borrow from */
	struct span bytes;
	struct departure departure;
	struct group group;  /* as it is */
	struct buf departed; /* of the session as it is */
	int64_t epoch;	     /* in which it was checked; -1: not */
	unsigned tries;
	struct check_verdict verdict;
};

static void end(struct leaving *l)
{
	groups_keep(&l->group);
	buf_clear(&l->departed);
	if (l->body.json != NULL)
		body_free(&l->body);
	free(l);
}

static void end_failed(struct leaving *l, enum err e)
{
	answer_fail(l->req, e);
	end(l);
}

static void end_invalid(struct leaving *l, const char *wrong)
{
	request_problem(l->req, OUTCOME_DEPARTURE_INVALID, wrong);
	end(l);
}

/* ---- storing ---- */

static void tell_others(const struct leaving *l, uint64_t seq)
{
	store_tell(answer_store(), NOTICE_MESSAGE, l->session, seq);
	hub_grown(l->session, seq);
	store_tell(answer_store(), NOTICE_MEMBERS, l->session, 0);
	hub_members(l->session);
}

static void answer(struct leaving *l, struct rows *rows, bool fresh)
{
	uint64_t seq = (uint64_t)rows_i64(rows, 0, "seq");
	struct buf out = BUF_INIT;

	if (fresh)
		tell_others(l, seq);
	buf_putf(&out, "{\"seq\":%llu,\"head\":\"", (unsigned long long)seq);
	text_put_hex(&out, rows_bytes(rows, 0, "head"));
	buf_put_str(&out, "\"}");
	answer_rows(l->req, fresh ? 201 : 200, rows, &out);
	end(l);
}

static void begin(struct leaving *l);

static void on_appended(void *arg, enum err e, struct rows *rows)
{
	struct leaving *l = arg;
	struct span outcome;

	if (e != ERR_OK || rows_count(rows) != 1) {
		end_failed(l, e != ERR_OK ? e : ERR_LOCAL_BUG);
		return;
	}
	outcome = rows_text(rows, 0, "outcome");
	if (span_equal(outcome, SPAN_LIT("ok")) ||
	    span_equal(outcome, SPAN_LIT("duplicate"))) {
		answer(l, rows, span_equal(outcome, SPAN_LIT("ok")));
	} else if (l->verdict.wrong != NULL &&
		   span_equal(outcome, SPAN_LIT("epoch-changed"))) {
		end_invalid(l, l->verdict.wrong);
	} else if (span_equal(outcome, SPAN_LIT("departure-invalid"))) {
		end_invalid(l, "it is not this device's, or not of a member");
	} else if (span_equal(outcome, SPAN_LIT("epoch-changed")) &&
		   ++l->tries < TRIES) {
		begin(l); /* a commit has come in between */
	} else {
		sessions_problem(l->req, outcome, (uint64_t)l->epoch);
		end(l);
	}
}

static void append(struct leaving *l)
{
	struct params params = PARAMS_INIT;
	uint8_t nonce[ENVELOPE_NONCE];
	enum err e;

	TRY(entry_nonce(l->bytes, nonce));
	params_uuid(&params, l->session);
	params_uuid(&params, l->who.device);
	params_i64(&params, l->epoch);
	params_i64(&params, l->departure.leaf_index);
	params_i64(&params, l->departure.signer);
	params_bytea(&params, SPAN_ARRAY(nonce));
	params_bytea(&params, l->bytes);
	TRY(store_query(answer_store(), STATEMENT_DEPARTURE_APPEND, &params,
			on_appended, l));
	return;
out:
	params_clear(&params);
	end_failed(l, e);
}

/* ---- checking ---- */

static enum err walk_to(struct leaving *l)
{
	struct group *group = &l->group;
	enum err e;

	l->verdict = groups_follow(group);
	ENSURE(l->verdict.wrong == NULL, ERR_LOCAL_BUG);
	TRY(check_walk_set_departures(group->walk, buf_span(&l->departed)));
	l->verdict = check_walk_departure(group->walk, l->bytes);
out:
	return e;
}

static void check(void *arg)
{
	struct leaving *l = arg;

	if (walk_to(l) != ERR_OK)
		l->verdict.local = true;
}

static void on_checked(void *arg)
{
	struct leaving *l = arg;

	if (l->verdict.local) {
		end_failed(l, ERR_LOCAL_MEMORY);
		return;
	}
	/* what stands in the log already is wrong the second time: it is looked
	 * for, and not stored */
	if (l->verdict.wrong != NULL)
		l->epoch = -1;
	append(l);
}

static enum err take_context(struct leaving *l, struct rows *rows)
{
	enum err e;

	buf_reset(&l->departed);
	if (!rows_is_null(rows, 0, "departed"))
		buf_put(&l->departed, rows_bytes(rows, 0, "departed"));
	l->epoch = rows_i64(rows, 0, "epoch");
	TRY(groups_read(&l->group, rows, "at"));
	TRY(buf_end(&l->departed));
out:
	return e;
}

static void on_context(void *arg, enum err e, struct rows *rows)
{
	struct leaving *l = arg;

	TRY(e);
	/* no such session, or not (any more) a member: storing says so, or gives
	 * the first answer */
	l->epoch = -1;
	if (rows_count(rows) == 0 || !rows_bool(rows, 0, "member")) {
		append(l);
		return;
	}
	TRY(take_context(l, rows));
	if (!groups_is_heavy(&l->group)) {
		check(l);
		on_checked(l);
		return;
	}
	TRY(job_run(check, on_checked, l));
	return;
out:
	end_failed(l, e);
}

static void begin(struct leaving *l)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, l->session);
	params_uuid(&params, l->who.user);
	params_uuid(&params, l->who.device);
	params_null(&params);
	params_null(&params);
	groups_keep(&l->group); /* of the try before */
	groups_take(l->session, &l->group);
	groups_put_at(&l->group, &params);
	e = store_query(answer_store(), STATEMENT_COMMIT_CONTEXT, &params,
			on_context, l);
	if (e != ERR_OK)
		end_failed(l, e);
}

void departures_post(const struct call *call)
{
	struct request *req = call->req;
	struct leaving *l;
	struct body body;

	if (!body_read(&body, req))
		return;
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		body_free(&body);
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	l->req = req;
	l->who = call->who;
	l->session = call->session;
	l->body = body;
	l->bytes = body_bytes(&l->body, "departure", DEPARTURE_MAX);
	if (!body_end(&l->body, req)) {
		l->body = (struct body){ .json = NULL };
		end(l);
		return;
	}
	if (departure_decode(l->bytes, &l->departure) != ERR_OK) {
		end_invalid(l, "it is no departure");
		return;
	}
	begin(l);
}
