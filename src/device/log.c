#include "device/log.h"

#include "base/fault.h"
#include "device/accounts/accounts.h"
#include "device/accounts/names.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/budget.h"
#include "device/group/apart.h"
#include "device/group/breaks.h"
#include "device/group/change.h"
#include "device/group/move.h"
#include "device/group/trail.h"
#include "device/group/welcome.h"
#include "device/steps.h"
#include "device/texts/entry.h"
#include "device/texts/naming.h"
#include "device/texts/outbox.h"
#include "device/todo.h"

#include <string.h>

#define PAGE_LIMIT 500

/* ---- what an entry means for what this device wants ---- */

/* An entry of our own leaf that this state did not make: a copy of the state
 * lives somewhere, or the state was put back (docs/protocol.md). */
static enum err note_copy(struct device *d, uint64_t seq,
			  const uint8_t head[CHAIN_HEAD])
{
	json_t *copies = json_object_get(d->open.notes, "copies");

	if (FAULT(COPY_UNNOTICED))
		return ERR_OK;
	if (copies == NULL) {
		copies = json_array();
		(void)json_object_set_new(d->open.notes, "copies", copies);
	}
	(void)json_array_append_new(copies,
				    json_integer((json_int_t)core_now_ms(d)));
	return membership_set_behind(&d->open, BEHIND_COPY, seq, head);
}

static bool is_of_own_leaf(const struct device *d,
			   const struct session_event *event)
{
	return event->kind == SESSION_MESSAGE &&
	       event->sender ==
		   mls_group_own_leaf(session_group(d->open.session));
}

/*
 * A commit that we refuse: do all refuse it, or do only we not follow? Whoever
 * follows the log without keys tells (session.h). So one that only looks like
 * ours, without our signature, is nothing. A member may make us join again once
 * for each commit that it signs; somebody who came in by this one may be of the
 * server's making, and uses up what a server may.
 */
static enum err take_refused_commit(struct device *d,
				    const struct session_event *event,
				    const uint8_t head[CHAIN_HEAD])
{
	struct span own = span_str(core_self(d));
	enum err e;

	if (!event->broken)
		return ERR_OK;
	if (span_equal(buf_span(&event->identity), own))
		return note_copy(d, event->seq - 1, head);
	TRY(breaks_note(d, event));
	if (!event->newcomer)
		budget_grant(d, event->seq);
	TRY(membership_set_behind(&d->open, BEHIND_BROKEN, event->seq - 1,
				  head));
out:
	return e;
}

/* The same of a successor, which nobody has signed. */
static enum err take_refused_successor(struct device *d,
				       const struct answer_entry *entry,
				       const uint8_t head[CHAIN_HEAD])
{
	struct trail *trail = NULL;
	enum err e;

	TRY(trail_from_session(d->open.session, entry->seq - 1, head,
			       d->accounts, &trail));
	e = trail_follow(trail, entry);
	if (err_class(e) == ERR_CLASS_LOCAL)
		goto out;
	if (e == ERR_OK && trail_wants_generation(trail) > 0)
		TRY(membership_set_behind(&d->open, BEHIND_BROKEN,
					  entry->seq - 1, head));
	e = ERR_OK;
out:
	trail_free(trail);
	return e;
}

enum err log_end(struct device *d, uint64_t at, uint64_t seq,
		 const uint8_t head[CHAIN_HEAD])
{
	core_tell(d, EVENT_ENDED, at, 0);
	return membership_set_ended(&d->open, seq, head);
}

/* Who comes in by an external commit takes the place of its own leaf. Where that is
 * this device, another copy of its state did so, and this one is out for that only:
 * it finds its way in again. */
static enum err take_removal(struct device *d,
			     const struct session_event *event,
			     const uint8_t head[CHAIN_HEAD])
{
	bool copy =
	    event->external_join &&
	    span_equal(buf_span(&event->identity), span_str(core_self(d)));
	enum err e;

	if (!copy || FAULT(COPY_UNNOTICED)) {
		TRY(log_end(d, event->seq, event->seq - 1, head));
		membership_set_removed(&d->open);
		goto out;
	}
	TRY(membership_set_ended(&d->open, event->seq - 1, head));
	TRY(note_copy(d, event->seq - 1, head));
out:
	return e;
}

/* Another device of ours, or this one, departs: what was to be told was. A
 * commit that adds or moves has to remove the leaf first: it is staged again. */
static enum err take_departure(struct device *d,
			       const struct answer_entry *entry,
			       struct span who)
{
	enum err e;

	if (todo_commit_moves(d) ||
	    (membership_todo_is(&d->open, "commit") &&
	     change_adds(json_object_get(membership_todo(&d->open), "redo")))) {
		session_discard(d->open.session);
		todo_commit_lost(d);
	}
	todo_settle_departure(d);
	if (!session_member(d->open.session))
		return log_end(d, entry->seq, entry->seq,
			       session_head(d->open.session));
	TRY(accounts_want_again(d, who));
out:
	return e;
}

static enum err note_newcomer(struct device *d, struct span identity)
{
	struct mls_member member;
	enum err e = accounts_want_name(d, identity);

	if (e != ERR_OK || !session_find(d->open.session, identity, &member))
		return e;
	return pins_note(d, session_suite(d->open.session), identity,
			 member.signature_key);
}

static enum err note_newcomers(struct device *d,
			       const struct session_event *event,
			       const struct entry_people *people)
{
	const json_t *identity;
	size_t i;
	enum err e = ERR_OK;

	if (event->external_join)
		TRY(note_newcomer(d, buf_span(&event->identity)));
	json_array_foreach(people->added, i, identity)
	    TRY(note_newcomer(d, span_str(json_string_value(identity))));
	/* whose invitation is taken back is in no list any more */
	json_array_foreach(people->uninvited, i, identity)
	    TRY(accounts_want_name(d, span_str(json_string_value(identity))));
out:
	return e;
}

/* A view of a place whose head the session does not keep any more is compared with
 * what is kept of the entry there: otherwise a server hides behind many entries of its
 * own that members have seen others. */
static enum err compare_old_view(struct device *d, struct session_event *event)
{
	json_t *entry = NULL;
	uint8_t head[CHAIN_HEAD];
	enum err e;

	if (!event->view_is_old || event->view_seq == 0)
		return ERR_OK;
	e = membership_entry(core_store(d), d->open.id, event->view_seq,
			     &entry);
	if (e == ERR_OK && record_digest(entry, "head", head) == ERR_OK &&
	    memcmp(head, event->view_head, CHAIN_HEAD) != 0) {
		session_set_forked(d->open.session);
		if (event->kind == SESSION_MESSAGE) {
			event->kind = SESSION_REFUSED;
			event->refused = ERR_PEER_FORK;
		}
	}
	json_decref(entry);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

/* `head` is that before the entry. */
static enum err take_event(struct device *d, const struct answer_entry *entry,
			   const struct session_event *event,
			   const struct entry_people *people,
			   const uint8_t head[CHAIN_HEAD])
{
	enum err e;

	TRY(entry_keep(d, event, people));
	if (event->kind == SESSION_COMMIT) {
		if (event->external_join)
			naming_note_joiner(d, event);
		TRY(note_newcomers(d, event, people));
		todo_settle_departure(d);
		breaks_forget_gone(d);
	}
	if (event->own_commit) {
		breaks_note_own_epoch(d);
		membership_set_shared_leaf(&d->open, false);
	} else if (event->kind == SESSION_MOVED)
		breaks_note_given_epoch(d);
	if (event->own_commit)
		todo_commit_done(d);
	else if (event->dropped_staged)
		todo_commit_lost(d);
	if (event->kind == SESSION_OWN)
		TRY(outbox_sent(d, event->nonce, event->seq));
	if (event->kind == SESSION_REMOVED)
		TRY(take_removal(d, event, head));
	if (is_of_own_leaf(d, event))
		TRY(note_copy(d, event->seq - 1, head));
	if (event->kind == SESSION_DEPARTED)
		TRY(take_departure(d, entry, buf_span(&event->identity)));
	if (event->kind == SESSION_REFUSED && event->entry == CHAIN_COMMIT)
		TRY(take_refused_commit(d, event, head));
	if (event->kind == SESSION_REFUSED && event->entry == CHAIN_SUCCESSOR)
		TRY(take_refused_successor(d, entry, head));
out:
	return e;
}

static enum err receive(struct device *d, const struct answer_entry *entry,
			struct session_event *event)
{
	struct session *session = d->open.session;

	if (entry->kind < CHAIN_APPLICATION || entry->kind > CHAIN_DEPARTURE)
		return ERR_PEER_UNSUPPORTED;
	if (entry->expired && entry->kind == CHAIN_APPLICATION)
		return session_receive_expired(session, entry->seq, entry->hash,
					       entry->head, event);
	if (entry->kind == CHAIN_SUCCESSOR)
		return move_receive(d, entry->seq, entry->bytes, entry->head,
				    event);
	return session_receive(session, core_now_ms(d) / 1000, entry->seq,
			       (enum chain_kind)entry->kind, entry->bytes,
			       entry->head, event);
}

static enum err take_entry(struct device *d, const struct answer_entry *entry)
{
	struct session *session = d->open.session;
	struct session_event event = { 0 };
	struct entry_people people = { 0 };
	uint8_t before[CHAIN_HEAD];
	json_t *members = NULL;
	enum err e;

	memcpy(before, session_head(session), CHAIN_HEAD);
	if (entry->kind == CHAIN_COMMIT)
		TRY(people_marks(&d->open, &members));
	session_set_look(session, entry_people_look, &people);
	e = receive(d, entry, &event);
	session_set_look(session, NULL, NULL);
	if (e == ERR_STATE_REPLAY) {
		e = ERR_OK;
		goto out;
	}
	TRY(e);
	work_changed(d);
	TRY(compare_old_view(d, &event));
	if (event.kind == SESSION_REFUSED)
		check_accounts_undo(d->accounts);
	else
		TRY(accounts_keep(d));
	TRY(take_event(d, entry, &event, &people, before));
	if (event.kind == SESSION_COMMIT)
		TRY(people_forget_gone(&d->open, members));
out:
	json_decref(members);
	session_event_clear(&event);
	entry_people_clear(&people);
	return e;
}

static enum err explain(struct device *d, enum err e)
{
	if (e == ERR_STATE_CONFLICT || e == ERR_STATE_ACCOUNTS)
		return e;
	if (e == ERR_PEER_FORK)
		return why_set(&d->work.why, e, "history-differs",
			       "The server's history of %s does not continue "
			       "the one seen before: it dropped, changed or "
			       "reordered messages. Nothing of it was taken, "
			       "and nothing is sent.",
			       d->open.id);
	if (err_class(e) == ERR_CLASS_PEER)
		return why_set(&d->work.why, e, "bad-log",
			       "The server's log of %s cannot be read: %s.",
			       d->open.id, err_text(e));
	return e;
}

enum err log_take(struct device *d, const struct answer_entry *entries,
		  size_t count)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		if (!session_member(d->open.session) ||
		    membership_behind(&d->open) != BEHIND_NO)
			break;
		TRY(take_entry(d, &entries[i]));
	}
out:
	return explain(d, e);
}

/* ---- the step ---- */

static bool log_due(struct device *d)
{
	return d->open.session != NULL && session_member(d->open.session) &&
	       !d->work.fresh && !apart_is_begun(d) &&
	       membership_behind(&d->open) == BEHIND_NO;
}

static enum err log_ask(struct device *d, struct request *request)
{
	uint64_t seq = session_seq(d->open.session);

	d->work.read_from = seq;
	request->kind = REQUEST_LOG;
	request->after = seq > 0 ? seq - 1 : 0;
	request->limit = PAGE_LIMIT;
	return ERR_OK;
}

/*
 * A page begins with the last entry that is known, so that a log that is
 * shorter than it was, or another one, is noticed before anything is done.
 * Where another process has read on meanwhile, that entry stands further on in
 * the page, or after it.
 */
static bool overlaps(const struct device *d, const struct answer *answer)
{
	const struct session *session = d->open.session;
	uint64_t seq = session_seq(session);

	if (seq == 0)
		return true;
	for (size_t i = 0; i < answer->entry_count; i++)
		if (answer->entries[i].seq == seq)
			return memcmp(answer->entries[i].head,
				      session_head(session), CHAIN_HEAD) == 0;
	return d->work.read_from != seq;
}

bool log_place_is_open(const struct device *d)
{
	return json_is_true(json_object_get(d->open.notes, "welcomed"));
}

/* The first page after a Welcome begins with the commit that made the group. */
static bool place_holds(struct device *d, const struct answer *answer)
{
	const struct session *session = d->open.session;

	if (!log_place_is_open(d))
		return true;
	for (size_t i = 0; i < answer->entry_count; i++)
		if (answer->entries[i].seq == session_seq(session) &&
		    !welcome_stands_there(session, &answer->entries[i]))
			return false;
	(void)json_object_del(d->open.notes, "welcomed");
	work_changed(d);
	return true;
}

/* What the server says instead of a page is a hint. Nothing changes here. */
static void halt_unread(struct device *d, const struct answer *answer)
{
	const char *id = d->open.id;

	if (FAULT(ENDED_BY_STATUS) &&
	    strcmp(answer->slug, "not-a-member") == 0) {
		session_end(d->open.session);
		work_changed(d);
	}
	if (strcmp(answer->slug, "not-a-member") == 0)
		work_halt(d, ERR_PEER_DENIED, "not-served",
			  "The server says that this device is not a member of "
			  "%s, but nothing in the session's log says so. "
			  "Nothing was changed here. Try again later.",
			  id);
	else if (strcmp(answer->slug, "history-expired") == 0)
		work_halt(d, ERR_STATE_GONE, "history-expired",
			  "The server says that it does not have what followed "
			  "#%llu of %s any more, so it cannot be verified that "
			  "the session goes on as it was. Look at who is in it "
			  "now before you go on all the same.",
			  (unsigned long long)session_seq(d->open.session), id);
	else
		work_halt_refused(d, answer);
}

/* Whose log it is, as a person calls that account. */
static enum err name_lacking(struct device *d, struct buf *name)
{
	struct buf hex = BUF_INIT;
	struct span fingerprint;
	size_t position = 0;
	enum err e = ERR_OK;

	if (!check_accounts_lacks(d->accounts, &position, &fingerprint))
		goto out;
	text_put_hex(&hex, fingerprint);
	TRY(buf_end(&hex));
	TRY(names_put_user(d, buf_span(&hex), name));
out:
	buf_put_u8(name, 0);
	buf_clear(&hex);
	return e != ERR_OK ? e : buf_end(name);
}

enum err log_want_accounts(struct device *d)
{
	struct buf name = BUF_INIT;
	bool news;
	enum err e;

	TRY(accounts_want_lacking(d, &news));
	if (news || apart_begin(d))
		goto out;
	TRY(name_lacking(d, &name));
	work_halt_about(
	    d, buf_span(&name), ERR_STATE_ACCOUNTS, "accounts-unknown",
	    "What follows in %s goes by links of the account %s that neither "
	    "this device nor the server has. Nothing of it was taken, and "
	    "nothing is sent there. It goes on by itself as soon as the server "
	    "has them: ask whoever that is to look at their devices with each "
	    "of these, which gives the server what it lacks.",
	    d->work.outcome.session, (const char *)name.p);
out:
	buf_clear(&name);
	return e;
}

static enum err log_read(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;
	enum err e;

	if (answer->result != ERR_OK) {
		halt_unread(d, answer);
		return ERR_OK;
	}
	if (!overlaps(d, answer)) {
		work_halt(d, ERR_PEER_FORK, "history-differs",
			  "The server's history of %s is not the one seen "
			  "before: what stood at #%llu was left out or "
			  "changed. Nothing more is taken, and nothing is "
			  "sent. Look at it before you go on.",
			  d->open.id,
			  (unsigned long long)session_seq(d->open.session));
		return ERR_OK;
	}
	if (!place_holds(d, answer)) {
		work_halt(d, ERR_PEER_FORK, "history-differs",
			  "The Welcome by which this device came into %s does "
			  "not stand where the server says. Nothing is taken, "
			  "and nothing is sent. Look at it before you go on.",
			  d->open.id);
		return ERR_OK;
	}
	e = log_take(d, answer->entries, answer->entry_count);
	if (e == ERR_STATE_CONFLICT) {
		work_halt(d, ERR_PEER_FORK, "history-differs",
			  "The server left something out of the history of %s. "
			  "Nothing more is taken, and nothing is sent.",
			  d->open.id);
		return ERR_OK;
	}
	if (e == ERR_STATE_ACCOUNTS)
		return log_want_accounts(d);
	if (err_class(e) == ERR_CLASS_PEER) {
		/* what was taken before the bad entry stays */
		work->halted = true;
		work->outcome.result = e;
		return ERR_OK;
	}
	TRY(e);
	TRY(accounts_want_names(d));
	work->fresh = !work_page(
	    d, answer, session_seq(d->open.session) > work->read_from);
	if (session_forked(d->open.session))
		work_halt(d, ERR_PEER_FORK, "history-differs",
			  "Members of %s have seen different histories: the "
			  "server is not to be trusted with it. Nothing more "
			  "is sent. Look at it before you go on.",
			  d->open.id);
out:
	return e;
}

const struct step log_step_read = { "log", NULL,    log_due,
				    NULL,  log_ask, log_read };
