/* The steps that change a group: stage a commit, post it, and wait until the
 * log shows it. */
#include "device/group/change.h"

#include "base/fault.h"
#include "device/accounts/accounts.h"
#include "device/accounts/pins.h"
#include "device/group/apart.h"
#include "device/group/move.h"
#include "device/group/staged_info.h"
#include "device/steps.h"
#include "device/todo.h"
#include "wire/log_view.h"
#include "wire/message.h"
#include "wire/places.h"

#include <string.h>

/* A commit that others overtake this often is given up. */
#define TRIES_MAX 30

static const char differs[] = "account-log-differs";

/* The server says that it took a commit, and its log does not show it. */
#define POSTS_MAX 3

/* ---- the KeyPackages that a move needs ---- */

static bool move_claim_due(struct device *d)
{
	const json_t *users = d->work.users;

	return core_is_settled(d) && move_is_wanted(d) && move_is_ready(d) &&
	       (users == NULL || d->work.claimed < json_array_size(users));
}

static enum err move_claim_ask(struct device *d, struct request *request)
{
	enum err e = ERR_OK;

	request->kind = REQUEST_CLAIM;
	if (d->work.users == NULL)
		TRY(move_users(d, &d->work.users));
	request->user =
	    json_string_value(json_array_get(d->work.users, d->work.claimed));
	if (request->user == NULL) /* alone: no one's are needed */
		request->user = d->username;
out:
	return e;
}

/* A member of whom the server says that there is no such user: the account does not exist
 * any more, or never did, or has blocked this one. */
static void halt_nobody(struct device *d, const char *user)
{
	work_halt_about(
	    d, span_str(user), ERR_STATE_GONE, "no-such-user",
	    "The server says that there is no user %s, who is a member of this "
	    "session: the account does not exist (any more), or has blocked "
	    "you. The session moves when that member has left, or is removed.",
	    user);
}

static enum err move_claim_take(struct device *d, const struct answer *answer)
{
	const char *user =
	    json_string_value(json_array_get(d->work.users, d->work.claimed));
	enum err e = ERR_OK;

	if (answer->result != ERR_OK) {
		/* of KeyPackages that cannot be read another try brings none */
		if (!work_is_passing(answer) ||
		    answer->result == ERR_PEER_MALFORMED)
			todo_drop(d);
		if (answer->result == ERR_STATE_GONE && user != NULL)
			halt_nobody(d, user);
		else
			work_halt_refused(d, answer);
		return ERR_OK;
	}
	d->work.claimed++;
	work_news(d);
	if (user != NULL)
		e = guests_add(d, user, answer, &d->work.guests);
	if (e == ERR_PEER_INVALID) {
		todo_drop(d);
		d->work.halted = true;
		d->work.outcome.result = e;
		e = ERR_OK;
	}
	return e;
}

const struct step commit_step_claim = { "move_claim",	NULL,
					move_claim_due, NULL,
					move_claim_ask, move_claim_take };

/* ---- staging ---- */

static bool stage_due(struct device *d)
{
	return core_is_settled(d) && membership_todo_is(&d->open, "change");
}

/* `first`: the commit only makes the group ready for the change. */
static enum err stage_change(struct device *d, const json_t *change,
			     struct mls_commit *commit, bool *needless,
			     bool *first)
{
	const struct suite *suite;

	if (!move_is_wanted(d))
		return change_stage(d, change, commit, needless);
	suite = move_suite(d, change);
	if (suite == NULL)
		return ERR_PEER_UNSUPPORTED;
	*needless = suite == session_suite(d->open.session) &&
		    session_has_places(d->open.session) &&
		    !move_says_who(d, change);
	if (*needless)
		return ERR_OK;
	if (move_is_ready(d))
		return move_stage(d, suite, change, commit);
	*first = true;
	return change_stage(d, change, commit, needless);
}

static enum err stage(struct device *d)
{
	json_t *change = json_incref(membership_todo(&d->open));
	struct mls_commit commit = { 0 };
	bool needless = false, first = false;
	enum err e;

	if (record_number_or_0(change, "tries") >= TRIES_MAX)
		e = why_set(&d->work.why, ERR_STATE_CONFLICT, "overtaken",
			    "Others keep changing this session: try again "
			    "later.");
	else
		e = stage_change(d, change, &commit, &needless, &first);
	if (err_class(e) == ERR_CLASS_LOCAL)
		goto out;
	work_changed(d);
	if (e == ERR_OK && !needless) {
		d->work.posts = 0;
		d->work.doubting = NULL;
		d->work.pins_hold = false;
		TRY(todo_set_commit(d, change, &commit, first));
		goto out;
	}
	if (e == ERR_OK) {
		membership_set_todo(&d->open, NULL);
		goto out;
	}
	todo_drop(d);
	work_halt(d, e, "commit", "This change cannot be made: %s.",
		  err_text(e));
	e = ERR_OK;
out:
	json_decref(change);
	mls_commit_clear(&commit);
	return e;
}

const struct step commit_step_stage = { "stage", NULL, stage_due,
					stage,	 NULL, NULL };

/* ---- posting ---- */

static const json_t *redo_of(const struct device *d)
{
	return json_object_get(membership_todo(&d->open), "redo");
}

/* Whom a commit adds may have become known since it was planned: from another
 * session, or from the log that was read before this try. */
static bool pins_due(struct device *d)
{
	return core_is_settled(d) && membership_todo_is(&d->open, "commit") &&
	       change_adds(redo_of(d)) && !d->work.pins_hold;
}

static enum err check_pins(struct device *d)
{
	enum err e = change_check_pins(d, redo_of(d));

	d->work.pins_hold = e == ERR_OK;
	if (e == ERR_PEER_INVALID)
		todo_drop(d);
	return pins_end(d, e);
}

const struct step commit_step_pins = { "commit_pins", NULL, pins_due,
				       check_pins,    NULL, NULL };

static bool commit_due(struct device *d)
{
	return core_is_settled(d) && membership_todo_is(&d->open, "commit");
}

static enum err commit_ask(struct device *d, struct request *request)
{
	struct work *work = &d->work;
	const json_t *todo = membership_todo(&d->open);
	const json_t *redo = redo_of(d);
	enum err e;

	buf_reset(&work->welcome);
	if (json_object_get(todo, "welcome") != NULL)
		TRY(record_bytes(todo, "welcome", &work->welcome));
	TRY(buf_end(&work->welcome));
	TRY(staged_info_ask(d, request));
	request->kind = REQUEST_COMMIT;
	if (todo_commit_moves(d)) {
		request->kind = REQUEST_MOVE;
		request->algorithm = record_string(redo, "algorithm");
	}
	request->bytes = session_staged(d->open.session);
	request->welcome = buf_span(&work->welcome);
out:
	return e;
}

static void halt_by_logs(struct device *d, const struct answer *answer)
{
	work_halt(d, answer->result, "member-log-differs",
		  "The server says that its log of an account in %s counts "
		  "before what this device knows of it, or contradicts it, and "
		  "shows no more of it. The change was not made. The devices "
		  "of that account settle it. An admin can remove that "
		  "account, and go on without it.",
		  d->open.id);
}

/* It is posted once more when the log has been read. */
static void take_refusal(struct device *d, const struct answer *answer)
{
	bool passing = work_is_passing(answer);

	if (!passing && work_doubts(d, 0))
		return;
	if (!passing)
		todo_drop(d);
	if (strcmp(answer->slug, differs) == 0)
		halt_by_logs(d, answer);
	else
		work_halt_refused(d, answer);
}

/* The accounts of which the commit carries links. */
static enum err want_carried(struct device *d, bool *news)
{
	struct wire_message message;
	struct carried carried;
	struct log_view said;
	struct span rest;
	bool one;
	enum err e;

	TRY(wire_message_decode(session_staged(d->open.session), &message));
	TRY(log_view_read_commit(
	    message.public_message.content.authenticated_data, &said));
	rest = said.links;
	while (places_next_carried(&rest, &carried)) {
		TRY(accounts_want_account(d, carried.fingerprint, &one));
		*news |= one;
	}
out:
	return e;
}

/* The server has another log of an account whose links the commit carries. That one is
 * read, and then the change is staged anew: once an order. */
static enum err stage_by_logs(struct device *d, const struct answer *answer,
			      bool *again)
{
	enum err e = ERR_OK;

	*again = false;
	if (strcmp(answer->slug, differs) == 0)
		TRY(want_carried(d, again));
	if (*again) {
		session_discard(d->open.session);
		todo_commit_lost(d);
		work_changed(d);
	}
out:
	return e;
}

/* A device that has lost waits a little, longer and longer, each for another
 * time: otherwise all commit at once again, and no message gets through
 * between the epochs. */
static void give_way(struct device *d)
{
	uint64_t tries = record_number_or_0(redo_of(d), "tries");
	uint32_t most_ms = UINT32_C(20) << (tries < 6 ? tries : 6), random = 0;

	if (rng_fill(d->ports.rng, (uint8_t *)&random, sizeof(random)) ==
	    ERR_OK)
		d->work.wait_ms = random % most_ms;
}

static enum err commit_take(struct device *d, const struct answer *answer)
{
	bool late = answer->result == ERR_STATE_EPOCH ||
		    strcmp(answer->slug, "view-differs") == 0;
	bool again;
	enum err e;

	/* whatever is read before it is posted again may tell of other keys */
	d->work.pins_hold = false;
	if (staged_info_refused(d, answer))
		return ERR_OK;
	TRY(stage_by_logs(d, answer, &again));
	if (again)
		return ERR_OK;
	if (answer->result != ERR_OK && !late) {
		take_refusal(d, answer);
		return ERR_OK;
	}
	if (FAULT(DONE_BY_ANSWER) && !late) {
		membership_set_todo(&d->open, NULL);
		work_changed(d);
		return ERR_OK;
	}
	/* Whatever the answer says: only the log tells what became of it. */
	if (late)
		give_way(d);
	work_stale(d);
	if (++d->work.posts > POSTS_MAX)
		work_halt(d, ERR_PEER_INVALID, "not-in-log",
			  "The server took the change of %s, or says that "
			  "another came first, but its log does not show it. "
			  "It is kept, and tried again later.",
			  d->open.id);
out:
	return e;
}

const struct step commit_step_post = { "commit", work_is_taken, commit_due,
				       NULL,	 commit_ask,	commit_take };

/* ---- departing ---- */

static bool leave_due(struct device *d)
{
	return apart_departs(d);
}

static enum err leave_ask(struct device *d, struct request *request)
{
	struct work *work = &d->work;
	enum err e;

	buf_reset(&work->bytes);
	TRY(record_bytes(membership_todo(&d->open), "departure", &work->bytes));
	TRY(buf_end(&work->bytes));
	request->kind = REQUEST_LEAVE;
	request->bytes = buf_span(&work->bytes);
out:
	return e;
}

static enum err leave_take(struct device *d, const struct answer *answer)
{
	if (answer->result != ERR_OK) {
		take_refusal(d, answer);
		return ERR_OK;
	}
	if (apart_is_begun(d)) {
		apart_posted(d);
		return ERR_OK;
	}
	work_stale(d);
	if (++d->work.posts > POSTS_MAX)
		work_halt(
		    d, ERR_PEER_INVALID, "not-in-log",
		    "The server took the departure from %s, but its log does "
		    "not show it. It is kept, and tried again later.",
		    d->open.id);
	return ERR_OK;
}

const struct step commit_step_leave = { "leave", work_is_taken, leave_due,
					NULL,	 leave_ask,	leave_take };
