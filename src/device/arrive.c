/*
 * The steps by which a device comes into the group that a trail leads to: take
 * its GroupInfo, stage an external commit, post it. rejoin.c follows the log.
 */
#include "base/fault.h"
#include "device/accounts/accounts.h"
#include "device/group/bans.h"
#include "device/group/gather.h"
#include "device/group/invited.h"
#include "device/group/join.h"
#include "device/group/letters.h"
#include "device/group/over.h"
#include "device/group/rejoin.h"
#include "device/group/signer.h"
#include "device/group/staged_info.h"
#include "device/log.h"
#include "device/steps.h"
#include "device/texts/outbox.h"
#include "device/todo.h"

#include <string.h>

/* For join_explain(). */
#define WHAT "The GroupInfo"

/* Others commit between our reading and our posting this often. */
#define TRIES_MAX 10

/* In a session with places a device of an account comes in; in one of the rules
 * before, who it was there, or a user. */
static enum err join_identity(struct device *d, struct span group_info,
			      const char **identity)
{
	enum err e = ERR_OK;

	*identity = core_self(d);
	if (session_info_has_places(group_info))
		TRY(accounts_own(d, identity));
out:
	return e;
}

/* ---- departures, where no trail leads ---- */

static bool gather_due(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	return rejoin != NULL && rejoin->gathering;
}

static enum err ask_departures(struct device *d, struct request *request)
{
	gather_ask(request, d->work.rejoin->gathered);
	return ERR_OK;
}

static enum err add_departure(struct device *d, struct span departure)
{
	return trail_add_departure(d->work.rejoin->trail, departure);
}

static void spend_departures(struct device *d, struct span commit)
{
	trail_spend_departures(d->work.rejoin->trail, commit);
}

static enum err take_departures(struct device *d, const struct answer *answer)
{
	struct rejoin *rejoin = d->work.rejoin;
	struct gather gather = { 0, add_departure, spend_departures };
	bool done = false;
	enum err e = ERR_OK;

	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	gather.end = trail_seq(rejoin->trail);
	TRY(gather_take(&gather, d, answer, &rejoin->gathered, &done));
	TRY(stood_take(d, rejoin->stood, answer, trail_seq(rejoin->trail)));
	rejoin->gathering = !done;
	if (done)
		TRY(stood_end(rejoin->stood, trail_seq(rejoin->trail),
			      trail_head(rejoin->trail), &rejoin->places));
out:
	return e;
}

const struct step arrive_step_gather = { "gather",	 NULL,
					 gather_due,	 NULL,
					 ask_departures, take_departures };

/* ---- the GroupInfo of today ---- */

static bool info_due(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	if (rejoin == NULL || rejoin->gathering || rejoin_is_staged(d))
		return false;
	return rejoin->trail != NULL ? rejoin->at_end : rejoin->forced;
}

static enum err info_ask(struct device *d, struct request *request)
{
	(void)d;
	request->kind = REQUEST_GROUP_INFO;
	return ERR_OK;
}

/* What was offered when this device came into the session is what its
 * founders' entries say of it; of another generation it is what it offers now. */
static enum err find_offer(const struct device *d, const struct suite *suite,
			   struct suites *offer)
{
	enum err e;

	*offer = d->offer;
	if (d->open.session == NULL)
		return ERR_OK;
	TRY(membership_offer(&d->open, offer));
	if (!suites_have(offer, suite))
		*offer = d->offer;
out:
	return e;
}

static enum err note_base(struct membership *m, const struct rejoin *rejoin,
			  struct span group_info)
{
	const struct trail *trail = rejoin->trail;
	json_t *made = json_pack(
	    "{s:I, s:b, s:b}", "seq", (json_int_t)trail_seq(trail), "weak",
	    (int)trail_is_weak(trail), "forced", (int)rejoin->forced);
	enum err e = ERR_OK;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(made, "group_info", group_info));
	TRY(record_set_hex(made, "head",
			   span_of(trail_head(trail), CHAIN_HEAD)));
	TRY(record_set_bytes(made, "departures", trail_departures(trail)));
	if (rejoin->places != NULL)
		(void)json_object_set(made, "stood", rejoin->places);
	(void)json_object_set(m->notes, "base", made);
out:
	json_decref(made);
	return e;
}

/* The last place of the log that was verified: the trail has to come by it. */
static enum err note_known(const struct membership *m, struct membership *next)
{
	json_t *known = json_object_get(m->notes, "known");
	enum err e = ERR_OK;

	if (session_seq(m->session) <= record_number_or_0(known, "seq")) {
		if (known != NULL)
			(void)json_object_set(next->notes, "known", known);
		return ERR_OK;
	}
	known = json_pack("{s:I}", "seq", (json_int_t)session_seq(m->session));
	ENSURE(known != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_hex(known, "head",
			   span_of(session_head(m->session), CHAIN_HEAD)));
	(void)json_object_set(next->notes, "known", known);
out:
	json_decref(known);
	return e;
}

/* The new session takes the place of what was known of it. */
static enum err replace(struct device *d, struct membership *next,
			const struct mls_commit *commit)
{
	json_t *todo = json_pack("{s:s}", "kind", "join"), *shown = NULL;
	enum err e;

	ENSURE(todo != NULL, ERR_LOCAL_MEMORY);
	TRY(staged_info_note(todo, commit, false));
	membership_set_todo(next, json_incref(todo));
	if (d->open.session != NULL) {
		TRY(over_shown(d, &shown));
		TRY(note_known(&d->open, next));
		membership_continue(next, &d->open);
	}
	membership_clear(&d->open);
	d->open = *next;
	memset(next, 0, sizeof(*next));
	TRY(over_take(d, shown));
	work_changed(d);
out:
	json_decref(shown);
	json_decref(todo);
	return e;
}

static enum err stage_with(struct device *d, const struct suite *suite,
			   const struct suites *offer, enum session_offers held,
			   struct span group_info)
{
	struct membership next = { 0 };
	struct mls_commit commit = { 0 };
	struct signer signer = { 0 };
	const char *identity;
	enum err e;

	TRY(membership_new(&next, d->work.outcome.session, offer));
	TRY(signer_init(&signer, d, suite, offer));
	TRY(join_identity(d, group_info, &identity));
	signer_name(&signer, identity);
	TRY(membership_set_self(&next, span_str(identity)));
	TRY(session_join_all_the_same(&signer.me, next.raw_id.bytes, group_info,
				      true, held,
				      trail_chain(d->work.rejoin->trail),
				      d->accounts, &next.session, &commit));
	TRY(note_base(&next, d->work.rejoin, group_info));
	if (d->open.session == NULL && d->work.rejoin->forced)
		membership_set_first(&next, trail_seq(d->work.rejoin->trail));
	TRY(replace(d, &next, &commit));
	d->work.doubting = NULL;
out:
	membership_clear(&next);
	mls_commit_clear(&commit);
	signer_clear(&signer);
	return e;
}

/*
 * Who was there has agreed to what founders offered, and the walk shows that it is so
 * still. And the person may go on whatever it is. Yet a founder's leaf says what its
 * entry does as far as it can: what was noted, what this device offers now, or, where
 * it moved the session, that one algorithm.
 */
static enum err stage_agreed(struct device *d, const struct suite *suite,
			     const struct suites *noted, struct span group_info)
{
	const struct suites only = { { suite->id }, 1 };
	const struct suites *const offers[] = { noted, &d->offer, &only };
	enum err e = ERR_PEER_DOWNGRADE;

	for (size_t i = 0; i < 3 && e == ERR_PEER_DOWNGRADE; i++)
		e = stage_with(d, suite, offers[i], SESSION_OWN_OFFER,
			       group_info);
	if (e == ERR_PEER_DOWNGRADE)
		e = stage_with(d, suite, &d->offer, SESSION_NO_OFFERS,
			       group_info);
	return e;
}

static enum err stage_join(struct device *d, struct span group_info)
{
	const struct suite *suite = session_group_info_suite(group_info);
	struct suites offer;
	enum err e;

	ENSURE(suite != NULL && suites_have(&d->offer, suite),
	       ERR_PEER_UNSUPPORTED);
	TRY(find_offer(d, suite, &offer));
	if (d->work.resolving || d->work.rejoin->forced || rejoin_was_there(d))
		e = stage_agreed(d, suite, &offer, group_info);
	else
		e = stage_with(d, suite, &offer, SESSION_OWN_OFFER, group_info);
out:
	return join_explain(d, e, WHAT);
}

/* Without a trail the place is the one that the server names. */
static enum err begin_forced(struct device *d, const struct answer *answer)
{
	struct rejoin *rejoin = d->work.rejoin;
	struct uuid id;
	enum err e;

	TRY(uuid_parse(&id, span_str(d->work.outcome.session)));
	TRY(trail_from_info(id.bytes, answer->group_info, answer->seq,
			    answer->head, d->accounts, &rejoin->trail));
	trail_set_weak(rejoin->trail);
	TRY(stood_begin(id.bytes, &rejoin->stood));
	rejoin->at_end = true;
	rejoin->gathering = true;
out:
	return e;
}

/* The log went on since the last GroupInfo, or the two do not go together. */
static void give_up(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	if (rejoin->trail != NULL &&
	    trail_seq(rejoin->trail) > rejoin->info_seq)
		rejoin_halt_overtaken(d);
	else
		rejoin_halt(d, ERR_PEER_FORK);
}

/* Old faults: any group, one of before, or one with all leaves of now. */
static bool joins_unwalked(const struct trail *trail, struct span group_info)
{
	return FAULT(JOINS_WITHOUT_WALK) ||
	       (FAULT(JOINS_OLD_GROUP) && trail_has_left(trail, group_info)) ||
	       (FAULT(JOINS_COPIED_LEAVES) &&
		trail_is_copied_by(trail, group_info));
}

/* A letter is not asked for where the person goes on all the same. */
static enum err bar_uninvited(struct device *d, struct span group_info,
			      const char *identity, bool *barred)
{
	enum err e;

	TRY(invited_bar(d, group_info, identity, barred));
	if (!*barred && d->open.session == NULL && !d->work.resolving &&
	    !d->work.rejoin->forced)
		TRY(letters_bar(d, group_info, identity, barred));
out:
	return e;
}

/* A member, and another device of one that its account's log lets in, needs no
 * invitation. */
static enum err is_barred(struct device *d, struct span group_info,
			  const char *identity, bool *barred)
{
	struct span own = span_str(identity);
	enum err e;

	TRY(bans_bar(d, group_info, identity, barred));
	if (!*barred && !REJOIN_UNWALKED &&
	    !trail_has(d->work.rejoin->trail, own) &&
	    !session_info_is_parted(group_info, own, d->accounts))
		TRY(bar_uninvited(d, group_info, identity, barred));
out:
	return e;
}

static enum err info_take(struct device *d, const struct answer *answer)
{
	struct rejoin *rejoin = d->work.rejoin;
	const char *identity;
	bool barred;
	enum err e = ERR_OK;

	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	if (rejoin->tries++ >= TRIES_MAX) {
		give_up(d);
		return ERR_OK;
	}
	if (rejoin->trail != NULL)
		rejoin->info_seq = trail_seq(rejoin->trail);
	if (rejoin->trail == NULL) { /* the departures are looked for first */
		TRY(begin_forced(d, answer));
		return ERR_OK;
	}
	if (!trail_leads_to(rejoin->trail, answer->group_info) &&
	    !joins_unwalked(rejoin->trail, answer->group_info)) {
		rejoin->at_end = false; /* a commit may have come between */
		return ERR_OK;
	}
	if (rejoin_falls_short(d)) {
		rejoin_halt(d, ERR_PEER_FORK);
		return ERR_OK;
	}
	TRY(join_identity(d, answer->group_info, &identity));
	if (trail_keeps_out(rejoin->trail, span_str(identity)) &&
	    !session_info_is_parted(answer->group_info, span_str(identity),
				    d->accounts) &&
	    !REJOIN_UNWALKED) {
		rejoin_refuse(d);
		return ERR_OK;
	}
	TRY(is_barred(d, answer->group_info, identity, &barred));
	if (barred)
		return ERR_OK;
	TRY(rejoin_check_adder(d));
	e = stage_join(d, answer->group_info);
out:
	if (e == ERR_STATE_ACCOUNTS)
		return log_want_accounts(d);
	if (err_class(e) == ERR_CLASS_PEER) {
		d->work.halted = true;
		d->work.outcome.result = join_explain(d, e, WHAT);
		e = ERR_OK;
	}
	return e;
}

const struct step arrive_step_info = { "info", NULL,	 info_due,
				       NULL,   info_ask, info_take };

/* ---- posting ---- */

static bool join_due(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	return rejoin_is_staged(d) && rejoin != NULL && rejoin->trail != NULL &&
	       rejoin->at_end && !rejoin->posted;
}

static enum err join_ask(struct device *d, struct request *request)
{
	enum err e;

	TRY(staged_info_ask(d, request));
	request->kind = REQUEST_JOIN;
	request->bytes = session_staged(d->open.session);
out:
	return e;
}

static bool is_late(const struct answer *answer)
{
	return answer->result == ERR_STATE_EPOCH ||
	       answer->result == ERR_STATE_CONFLICT;
}

static enum err join_take(struct device *d, const struct answer *answer)
{
	struct rejoin *rejoin = d->work.rejoin;
	bool forgotten;
	enum err e = ERR_OK;

	if (staged_info_refused(d, answer))
		return ERR_OK;
	if (answer->result == ERR_OK || is_late(answer)) {
		/* only the log tells what became of it */
		rejoin->posted = true;
		rejoin->at_end = false;
		if (rejoin->tries++ >= TRIES_MAX)
			rejoin_halt_overtaken(d);
		return ERR_OK;
	}
	if (!work_is_passing(answer) && work_doubts(d, 0)) {
		rejoin->posted = true;
		rejoin->at_end = false;
		return ERR_OK;
	}
	if (strcmp(answer->slug, "account-log-differs") == 0)
		work_halt(d, answer->result, "own-log-differs",
			  "The server's log of your account is not the one "
			  "that this device knows, so it was not let into %s. "
			  "Read that log and settle it, and join again then.",
			  d->work.outcome.session);
	else
		work_halt_refused(d, answer);
	if (work_is_passing(answer))
		return ERR_OK;
	TRY(work_forget_new(d, &forgotten));
	if (!forgotten) {
		membership_set_todo(&d->open, NULL);
		work_changed(d);
	}
out:
	return e;
}

const struct step arrive_step_post = { "join", NULL,	 join_due,
				       NULL,   join_ask, join_take };
