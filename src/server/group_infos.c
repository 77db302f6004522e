/* /session/{session_id}/group-info, by which somebody joins from outside, and /tree,
 * which goes beside a Welcome. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/answer.h"
#include "server/edge/job.h"
#include "server/groups.h"
#include "server/routes_table.h"
#include "wire/group_info.h"
#include "wire/message.h"

/* One that is asked for, until it is answered. */
struct asked {
	struct request *req;
	struct group group;
	uint64_t epoch, seq;
	struct digest head; /* of the log at `seq` */
	bool tree;	    /* it alone, of the group at `seq` */
	bool past;	    /* the group may have gone on since */
	struct buf part, whole;
	struct buf places; /* with a tree, of a group that has their root */
	struct check_verdict verdict;
};

static void end(struct asked *a)
{
	if (a->past)
		groups_clear(&a->group);
	else
		groups_keep(&a->group);
	buf_clear(&a->part);
	buf_clear(&a->whole);
	buf_clear(&a->places);
	free(a);
}

static void end_failed(struct asked *a, enum err e)
{
	answer_fail(a->req, e);
	end(a);
}

static void end_refused(struct asked *a, enum outcome outcome, const char *why)
{
	request_problem(a->req, outcome, why);
	end(a);
}

static void answer_json(struct asked *a, struct buf *out)
{
	request_answer(a->req, 200, "application/json", buf_span(out));
	buf_clear(out);
	end(a);
}

static void put_base64(struct buf *out, const char *name, struct span bytes)
{
	buf_putf(out, ",\"%s\":\"", name);
	text_put_base64(out, bytes);
	buf_put_str(out, "\"");
}

/* As its signer signed it, and beside it its tree where that is not within, and the places
 * of a group that has their root. */
static enum err put_whole(struct span whole, struct buf *out)
{
	struct wire_message message;
	struct wire_group_info info;
	struct buf alone = BUF_INIT;
	struct wire_beside beside;
	enum err e;

	TRY(wire_message_decode(whole, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_INVALID);
	TRY(wire_group_info_apart(&message.group_info, &info, &beside));
	if (beside.tree.n > 0 || beside.has_places) {
		wire_message_put_header(&alone, WIRE_GROUP_INFO);
		wire_group_info_put(&alone, &info);
		TRY(buf_end(&alone));
		whole = buf_span(&alone);
	}
	put_base64(out, "group_info", whole);
	if (beside.tree.n > 0)
		put_base64(out, "ratchet_tree", beside.tree);
	if (beside.has_places)
		put_base64(out, "places", beside.places);
out:
	buf_clear(&alone);
	return e;
}

static void answer_whole(struct asked *a)
{
	struct buf out = BUF_INIT;
	enum err e;

	buf_putf(&out, "{\"epoch\":%llu,\"seq\":%llu,\"head\":\"",
		 (unsigned long long)a->epoch, (unsigned long long)a->seq);
	digest_put(&out, a->head);
	buf_put_str(&out, "\"");
	e = put_whole(buf_span(&a->whole), &out);
	if (e != ERR_OK) { /* it is what the database has */
		buf_clear(&out);
		end_failed(a,
			   err_class(e) == ERR_CLASS_LOCAL ? e : ERR_LOCAL_BUG);
		return;
	}
	buf_put_str(&out, "}");
	answer_json(a, &out);
}

/* ---- made of its parts ---- */

static void make(void *arg)
{
	struct asked *a = arg;
	struct group *group = &a->group;

	a->verdict = groups_follow(group);
	if (a->verdict.wrong != NULL)
		return;
	if (a->tree)
		a->verdict.local =
		    check_walk_put_tree(group->walk, &a->whole) != ERR_OK ||
		    check_walk_put_places(group->walk, &a->places) != ERR_OK;
	else
		a->verdict = check_walk_put_info(group->walk,
						 buf_span(&a->part), &a->whole);
}

static void answer_tree(struct asked *a)
{
	struct buf out = BUF_INIT;

	buf_putf(&out, "{\"seq\":%llu,\"ratchet_tree\":\"",
		 (unsigned long long)a->seq);
	text_put_base64(&out, buf_span(&a->whole));
	buf_put_str(&out, "\"");
	if (a->places.n > 0)
		put_base64(&out, "places", buf_span(&a->places));
	buf_put_str(&out, "}");
	answer_json(a, &out);
}

static void on_made(void *arg)
{
	struct asked *a = arg;

	if (a->verdict.local)
		end_failed(a, ERR_LOCAL_MEMORY);
	else if (a->verdict.wrong != NULL)
		end_failed(a, ERR_LOCAL_BUG);
	else if (a->tree)
		answer_tree(a);
	else
		answer_whole(a);
}

/* ---- asking ---- */

/* What is stored whole is given as it is; the group that is kept here stays. */
static enum err take_row(struct asked *a, struct rows *rows)
{
	enum err e;

	a->epoch = (uint64_t)rows_i64(rows, 0, "epoch");
	a->seq = (uint64_t)rows_i64(rows, 0, "seq");
	a->head = rows_digest(rows, 0, "head");
	if (rows_is_null(rows, 0, "part")) {
		buf_put(&a->whole, rows_bytes(rows, 0, "group_info"));
		TRY(rows_end(rows));
	} else {
		buf_put(&a->part, rows_bytes(rows, 0, "part"));
		TRY(groups_read(&a->group, rows, "head"));
	}
	TRY(buf_end(&a->whole));
	TRY(buf_end(&a->part));
out:
	return e;
}

static void on_row(void *arg, enum err e, struct rows *rows)
{
	struct asked *a = arg;

	TRY(e);
	if (rows_count(rows) == 0) {
		end_refused(a, OUTCOME_NO_SESSION, NULL);
		return;
	}
	if (!rows_bool(rows, 0, "may_join")) {
		end_refused(a, OUTCOME_NOT_INVITED, NULL);
		return;
	}
	if (rows_is_null(rows, 0, "epoch")) {
		end_refused(a, OUTCOME_NOT_FOUND, "no such generation");
		return;
	}
	TRY(take_row(a, rows));
	if (a->part.n == 0) {
		answer_whole(a);
		return;
	}
	TRY(job_run(make, on_made, a));
	return;
out:
	end_failed(a, e);
}

static void ask(struct asked *a, const struct call *call, bool first,
		uint64_t generation)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, call->session);
	params_uuid(&params, call->who.user);
	if (first) {
		params_i64(&params, (int64_t)generation);
	} else {
		groups_take(call->session, &a->group);
		groups_put_at(&a->group, &params);
	}
	e = store_query(answer_store(),
			first ? STATEMENT_GROUP_INFO_FIRST
			      : STATEMENT_GROUP_INFO_GET,
			&params, on_row, a);
	if (e != ERR_OK)
		end_failed(a, e);
}

void group_infos_get(const struct call *call)
{
	struct request *req = call->req;
	uint64_t generation = 0;
	struct asked *a;
	struct span text;
	bool first = request_query(req, "generation", &text);

	if (first && text_parse_u64(&generation, text, UINT32_MAX) != ERR_OK) {
		request_problem(req, OUTCOME_MALFORMED,
				"generation is a number from 0 on");
		return;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	a->req = req;
	ask(a, call, first, generation);
}

/* ---- trees ---- */

static void on_tree_row(void *arg, enum err e, struct rows *rows)
{
	struct asked *a = arg;

	TRY(e);
	if (rows_count(rows) == 0) {
		end_refused(a, OUTCOME_NOT_FOUND,
			    "no such Welcome for this device");
		return;
	}
	a->past = !rows_bool(rows, 0, "known");
	if (a->past)
		groups_keep(&a->group); /* that of now */
	TRY(groups_read(&a->group, rows, "at"));
	if (groups_is_heavy(&a->group)) {
		TRY(job_run(make, on_made, a));
		return;
	}
	make(a);
	on_made(a);
	return;
out:
	end_failed(a, e);
}

void group_infos_tree(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	struct asked *a;
	struct span text;
	uint64_t seq;
	enum err e;

	if (!request_query(req, "seq", &text) ||
	    text_parse_u64(&seq, text, INT64_MAX) != ERR_OK) {
		request_problem(req, OUTCOME_MALFORMED,
				"seq is that of a Welcome");
		return;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	a->req = req;
	a->seq = seq;
	a->tree = true;
	groups_take(call->session, &a->group);
	params_uuid(&params, call->session);
	params_uuid(&params, call->who.device);
	params_i64(&params, (int64_t)seq);
	groups_put_at(&a->group, &params);
	e = store_query(answer_store(), STATEMENT_GROUP_TREE, &params,
			on_tree_row, a);
	if (e != ERR_OK)
		end_failed(a, e);
}
