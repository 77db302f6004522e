/* /session/create */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/commit.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/group_info.h"
#include "server/known_logs.h"
#include "server/leaf_names.h"
#include "server/routes_table.h"
#include "server/sessions.h"

struct creation {
	struct request *req;
	struct identity who;
	struct uuid session;
	const struct suite *suite;
	char policy[8];
	struct body body;
	struct span info;     /* borrowed from it, as are these */
	struct span identity; /* of the first leaf */
	const char *invite[BODY_ITEMS_MAX];
	size_t invite_count;
	struct leaf_name name; /* of the first leaf */
	struct known_logs known;
};

static void end(struct creation *c)
{
	known_logs_clear(&c->known);
	if (c->body.json != NULL)
		body_free(&c->body);
	free(c);
}

static void end_failed(struct creation *c, enum err e)
{
	answer_fail(c->req, e);
	end(c);
}

static void end_invalid(struct creation *c, const char *wrong)
{
	request_problem(c->req, OUTCOME_INVALID, wrong);
	end(c);
}

/* ---- storing ---- */

static void put_created(struct buf *out, const struct creation *c,
			struct rows *rows)
{
	buf_putf(out,
		 "{\"session_id\":\"%s\",\"algorithm\":\"%s\",\"epoch\":0,"
		 "\"join_policy\":\"%s\",\"creator\":\"%s\","
		 "\"created_at\":%lld,\"last_seq\":0,\"head\":\"",
		 uuid_text(c->session).text, c->suite->algorithm, c->policy,
		 c->who.username, (long long)rows_i64(rows, 0, "created_ms"));
	text_put_hex(out, rows_bytes(rows, 0, "head"));
	buf_put_str(out, "\",\"member\":true}");
}

static void on_created(void *arg, enum err e, struct rows *rows)
{
	struct creation *c = arg;
	struct buf out = BUF_INIT;

	if (!answer_has_one(c->req, e, rows)) {
		end(c);
		return;
	}
	if (!rows_text_is(rows, 0, "outcome", "ok")) {
		sessions_refuse(c->req, LIMIT_SESSIONS, rows);
	} else {
		put_created(&out, c, rows);
		request_answer(c->req, 201, "application/json", buf_span(&out));
	}
	buf_clear(&out);
	end(c);
}

static void create(struct creation *c)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, c->session);
	params_uuid(&params, c->who.user);
	params_uuid(&params, c->who.device);
	params_text(&params, span_str(c->suite->algorithm));
	params_text(&params, span_str(c->policy));
	params_bytea(&params, c->info);
	params_open_array(&params, PARAMS_TEXT, c->invite_count);
	for (size_t i = 0; i < c->invite_count; i++)
		params_put_bytes(&params, span_str(c->invite[i]));
	params_close_array(&params);
	params_i64(&params, (int64_t)config()->sessions_per_day);
	sessions_put_limits(&params);
	e = store_query(answer_store(), STATEMENT_SESSION_CREATE, &params,
			on_created, c);
	if (e != ERR_OK)
		end_failed(c, e);
}

/* ---- checking ---- */

static void check(struct creation *c);

static void on_logs(void *arg, enum err e)
{
	struct creation *c = arg;

	if (e != ERR_OK)
		end_failed(c, e);
	else
		check(c);
}

static void check(struct creation *c)
{
	const char *wrong =
	    check_first(c->info, c->identity, c->known.accounts);

	if (wrong == NULL)
		create(c);
	else if (known_logs_wanted(&c->known))
		known_logs_read(&c->known, on_logs, c);
	else
		end_invalid(c, wrong);
}

static void on_name(void *arg, enum err e)
{
	struct creation *c = arg;

	if (e != ERR_OK) {
		end_failed(c, e);
	} else if (!leaf_name_is(&c->name, &c->who)) {
		end_invalid(c, "group_info must have one leaf, this device's");
	} else {
		e = known_logs_begin(&c->known);
		if (e == ERR_OK)
			check(c);
		else
			end_failed(c, e);
	}
}

/* ---- the request ---- */

static bool take_leaf(void *arg, uint32_t leaf, struct span identity)
{
	struct creation *c = arg;

	if (leaf == 0)
		c->identity = identity;
	return true;
}

static bool takes_policy(struct creation *c, const char *policy)
{
	if (policy == NULL)
		policy = "invited";
	if (strcmp(policy, "invited") != 0 && strcmp(policy, "open") != 0)
		return false;
	(void)snprintf(c->policy, sizeof(c->policy), "%s", policy);
	return true;
}

static void take(struct creation *c)
{
	const char *policy, *algorithm;

	c->session = body_uuid(&c->body, "session_id");
	algorithm = body_text(&c->body, "algorithm");
	c->info = body_bytes(&c->body, "group_info", config()->body_bytes);
	policy = body_optional_text(&c->body, "join_policy");
	c->invite_count = body_texts(&c->body, "invite", c->invite);
	c->suite = config_algorithm(span_str(algorithm));
	if (!body_end(&c->body, c->req)) {
		c->body = (struct body){ .json = NULL };
		end(c);
	} else if (c->suite == NULL) {
		end_invalid(c, "algorithm is not allowed here");
	} else if (!takes_policy(c, policy)) {
		end_invalid(c, "join_policy is invited or open");
	} else if (!group_info_fits(c->info, c->session, 0, c->suite)) {
		end_invalid(c, "group_info must be of epoch 0 of this session, "
			       "in the suite of the algorithm");
	} else if (!group_info_leaves(c->info, take_leaf, c) ||
		   !leaf_name_read(&c->name, c->identity)) {
		end_invalid(c, "group_info must have one leaf, this device's");
	} else {
		leaf_names_find(&c->name, 1, on_name, c);
	}
}

void session_create(const struct call *call)
{
	struct request *req = call->req;
	struct creation *c;
	struct body body;

	if (!body_read(&body, req))
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		body_free(&body);
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	c->req = req;
	c->who = call->who;
	c->body = body;
	take(c);
}
