/*
 * The steps by which a device follows a log to the group of today, from a place
 * that it has verified: arrive.c then takes the GroupInfo that the trail leads
 * to, stages an external commit and posts it, and the trail goes on until the
 * log shows that commit.
 */
#include "device/group/rejoin.h"

#include "base/fault.h"
#include "device/budget.h"
#include "device/log.h"
#include "device/steps.h"
#include "device/todo.h"

#include <stdlib.h>
#include <string.h>

void rejoin_free(struct rejoin *rejoin)
{
	if (rejoin == NULL)
		return;
	trail_free(rejoin->trail);
	stood_free(rejoin->stood);
	json_decref(rejoin->places);
	buf_clear(&rejoin->adder);
	free(rejoin);
}

static bool is_member(const struct device *d)
{
	return d->open.session != NULL && session_member(d->open.session);
}

bool rejoin_is_staged(const struct device *d)
{
	return d->open.session != NULL && membership_todo_is(&d->open, "join");
}

bool rejoin_is_begun(const struct membership *m)
{
	return !session_member(m->session) &&
	       (membership_todo_is(m, "join") ||
		json_object_get(m->notes, "base") != NULL ||
		membership_behind(m) == BEHIND_COPY);
}

bool rejoin_is_barred(const struct device *d)
{
	return !d->work.resolving && d->open.session != NULL &&
	       session_forked(d->open.session) &&
	       !json_is_true(json_object_get(d->open.notes, "lifted")) &&
	       !FAULT(FORK_FORGOTTEN);
}

/* Is there a way in to be found? */
static bool is_wanted(const struct device *d)
{
	const struct work *work = &d->work;

	if (work->resolving)
		return true;
	if (d->open.session != NULL && rejoin_is_begun(&d->open))
		return true;
	if (is_member(d))
		return membership_behind(&d->open) != BEHIND_NO;
	return work_is(work, ORDER_JOIN) &&
	       (work->welcomes_read || rejoin_is_barred(d));
}

/* ---- where the trail begins ---- */

/* A place that was verified when a join was staged. */
static enum err begin_at_base(struct device *d, struct rejoin *rejoin)
{
	const json_t *base = json_object_get(d->open.notes, "base");
	struct buf group_info = BUF_INIT, departures = BUF_INIT;
	uint8_t head[CHAIN_HEAD];
	uint64_t seq;
	enum err e;

	TRY(record_bytes(base, "departures", &departures));
	TRY(record_bytes(base, "group_info", &group_info));
	TRY(buf_end(&group_info));
	TRY(record_number(base, "seq", &seq));
	TRY(record_digest(base, "head", head));
	TRY(trail_from_info(d->open.raw_id.bytes, buf_span(&group_info), seq,
			    head, d->accounts, &rejoin->trail));
	TRY(trail_set_departures(rejoin->trail, buf_span(&departures)));
	if (json_is_true(json_object_get(base, "weak")))
		trail_set_weak(rejoin->trail);
	rejoin->forced = json_is_true(json_object_get(base, "forced"));
	rejoin->places = json_deep_copy(json_object_get(base, "stood"));
out:
	buf_clear(&departures);
	buf_clear(&group_info);
	return e;
}

static enum err begin_trail(struct device *d, struct rejoin *rejoin)
{
	const struct session *session = d->open.session;
	uint8_t head[CHAIN_HEAD];
	uint64_t seq;

	if (session == NULL)
		return ERR_OK;
	/* the person goes on without that one: another takes its place when a
	 * join is staged */
	if (json_object_get(d->open.notes, "base") != NULL &&
	    !d->work.resolving)
		return begin_at_base(d, rejoin);
	/* it was there: its own group is where it begins, and none that a
	 * server shows */
	if (!is_member(d))
		return membership_ended_place(&d->open, &seq, head) == ERR_OK
			   ? trail_from_session(session, seq, head, d->accounts,
						&rejoin->trail)
			   : ERR_OK;
	if (membership_behind(&d->open) == BEHIND_NO)
		return trail_from_session(session, session_seq(session),
					  session_head(session), d->accounts,
					  &rejoin->trail);
	if (membership_behind_place(&d->open, &seq, head) == ERR_OK)
		return trail_from_session(session, seq, head, d->accounts,
					  &rejoin->trail);
	return ERR_OK;
}

/* The second copy within a week: the person says which one is to live. */
static bool is_copied_again(const struct device *d)
{
	const json_t *copies = json_object_get(d->open.notes, "copies");
	size_t n = json_array_size(copies);
	json_int_t last, before;

	if (membership_behind(&d->open) != BEHIND_COPY || n < 2)
		return false;
	last = json_integer_value(json_array_get(copies, n - 1));
	before = json_integer_value(json_array_get(copies, n - 2));
	return last - before < INT64_C(7) * 24 * 3600 * 1000;
}

static bool base_due(struct device *d)
{
	return is_wanted(d) && d->work.rejoin == NULL;
}

static enum err base(struct device *d)
{
	struct rejoin *rejoin = calloc(1, sizeof(*rejoin));
	bool by_itself = !d->work.resolving && !work_is(&d->work, ORDER_JOIN);

	if (rejoin == NULL)
		return ERR_LOCAL_MEMORY;
	d->work.rejoin = rejoin;
	if (rejoin_is_barred(d))
		rejoin_halt_forked(d);
	else if (by_itself && is_copied_again(d))
		work_halt_about(
		    d, span_str(d->username), ERR_STATE_CONFLICT,
		    "copied-state",
		    "Another copy of this device's state is in use, and was "
		    "before this week. One of the two can go on, when you say "
		    "so; the other one becomes a device of its own.");
	else if (by_itself && !budget_take_rejoin(d))
		rejoin_halt_often(d);
	if (d->work.halted)
		return ERR_OK;
	return begin_trail(d, rejoin);
}

const struct step rejoin_step_base = {
	"base", NULL, base_due, base, NULL, NULL
};

/* Another process has brought the device in meanwhile. */
static bool drop_due(struct device *d)
{
	return d->work.rejoin != NULL && !is_wanted(d);
}

static enum err drop(struct device *d)
{
	rejoin_free(d->work.rejoin);
	d->work.rejoin = NULL;
	work_stale(d);
	return ERR_OK;
}

const struct step rejoin_step_drop = {
	"drop", NULL, drop_due, drop, NULL, NULL
};

static bool first_info_due(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	if (rejoin == NULL)
		return false;
	return rejoin->trail == NULL
		   ? !rejoin->forced
		   : trail_wants_generation(rejoin->trail) > 0;
}

static enum err first_info_ask(struct device *d, struct request *request)
{
	const struct trail *trail = d->work.rejoin->trail;

	request->kind = REQUEST_FIRST_INFO;
	request->generation = trail != NULL ? trail_wants_generation(trail) : 0;
	return ERR_OK;
}

bool rejoin_was_there(const struct device *d)
{
	uint8_t head[CHAIN_HEAD];
	uint64_t seq;

	return d->open.session != NULL && (session_seq(d->open.session) > 0 ||
					   rejoin_known_place(d, &seq, head));
}

/* A walk begins where the session does: whoever creates one is alone in it, at
 * epoch 0. A group at a place that the server names may be any group, and what
 * members signed for another one may stand in it. */
static enum err begin_with(struct device *d, const struct answer *answer)
{
	struct rejoin *rejoin = d->work.rejoin;
	struct uuid id;
	enum err e;

	ENSURE(answer->seq == 0 || FAULT(BEGINS_ANYWHERE), ERR_PEER_FORK);
	TRY(uuid_parse(&id, span_str(d->work.outcome.session)));
	TRY(trail_from_info(id.bytes, answer->group_info, answer->seq,
			    answer->head, d->accounts, &rejoin->trail));
	ENSURE(trail_is_at_creation(rejoin->trail) || FAULT(BEGINS_ANYWHERE),
	       ERR_PEER_FORK);
out:
	return e;
}

static enum err first_info_take(struct device *d, const struct answer *answer)
{
	struct trail *trail = d->work.rejoin->trail;
	enum err e;

	if (answer->result != ERR_OK) {
		rejoin_halt_refused(d, answer);
		return ERR_OK;
	}
	e = trail != NULL ? trail_next_generation(trail, answer->group_info)
			  : begin_with(d, answer);
	if (e == ERR_STATE_ACCOUNTS) /* then it is asked for again */
		return log_want_accounts(d);
	if (err_class(e) == ERR_CLASS_PEER) {
		rejoin_halt(d, e);
		e = ERR_OK;
	}
	return e;
}

const struct step rejoin_step_first = { "first_info",	NULL,
					first_info_due, NULL,
					first_info_ask, first_info_take };

/* ---- resolving ---- */

enum err rejoin_begin_resolve(struct device *d)
{
	json_t *copies;

	d->work.resolving = true;
	if (d->open.session == NULL)
		return ERR_OK;
	copies = json_object_get(d->open.notes, "copies");
	if (copies != NULL)
		(void)json_array_clear(copies);
	(void)json_object_del(d->open.notes, "rejoins");
	(void)json_object_del(d->open.notes, "granted");
	if (rejoin_is_staged(d))
		membership_set_todo(&d->open, NULL);
	if (!session_member(d->open.session))
		(void)json_object_set_new(d->open.notes, "lifted", json_true());
	work_changed(d);
	return ERR_OK;
}
