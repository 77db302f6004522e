/* The step that follows the log from where the trail is, of rejoin.h. */
#include "device/group/rejoin.h"

#include "base/fault.h"
#include "crypto/hash.h"
#include "device/accounts/accounts.h"
#include "device/accounts/pins.h"
#include "device/budget.h"
#include "device/group/breaks.h"
#include "device/group/letters.h"
#include "device/group/welcome.h"
#include "device/log.h"
#include "device/steps.h"
#include "device/texts/entry.h"
#include "device/texts/outbox.h"
#include "device/texts/reading.h"
#include "device/texts/receipts.h"
#include "device/todo.h"

#include <string.h>

#define PAGE_LIMIT 5000

/* So often the log is read to its end without the commit that was posted. */
#define UNSEEN_MAX 3

bool rejoin_known_place(const struct device *d, uint64_t *seq,
			uint8_t head[CHAIN_HEAD])
{
	const json_t *known = json_object_get(d->open.notes, "known");

	return record_number(known, "seq", seq) == ERR_OK &&
	       record_digest(known, "head", head) == ERR_OK;
}

static bool walk_due(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	return rejoin != NULL && rejoin->trail != NULL && !rejoin->at_end &&
	       !rejoin->gathering;
}

/* The first page begins with the entry at which the trail begins, unless the
 * server named that place, and the person went on: so a log that is shorter than it was is noticed. */
static bool needs_overlap(const struct rejoin *rejoin)
{
	return !rejoin->overlapped && !rejoin->forced &&
	       trail_seq(rejoin->trail) > 0;
}

static enum err walk_ask(struct device *d, struct request *request)
{
	const struct rejoin *rejoin = d->work.rejoin;
	uint64_t seq = trail_seq(rejoin->trail);

	request->kind = REQUEST_HANDSHAKES;
	request->after = needs_overlap(rejoin) ? seq - 1 : seq;
	request->limit = PAGE_LIMIT;
	return ERR_OK;
}

/* The log still has the entry at which the trail begins. */
static bool overlaps(const struct rejoin *rejoin, const struct answer *answer)
{
	const struct answer_entry *first = answer->entries;

	return !needs_overlap(rejoin) ||
	       (answer->entry_count > 0 &&
		first->seq == trail_seq(rejoin->trail) &&
		memcmp(first->head, trail_head(rejoin->trail), CHAIN_HEAD) ==
		    0);
}

/* The trail comes by that place, or has not got there yet. */
static enum err check_place(const struct trail *trail, uint64_t seq,
			    const uint8_t head[CHAIN_HEAD])
{
	return trail_seq(trail) != seq ||
		       memcmp(trail_head(trail), head, CHAIN_HEAD) == 0
		   ? ERR_OK
		   : ERR_PEER_FORK;
}

/* This device was in this session before: the trail has to come by the last
 * places that it knows, unless the person goes on without a trail. */
static enum err check_known_place(const struct device *d,
				  const struct trail *trail)
{
	const struct session *session = d->open.session;
	uint8_t head[CHAIN_HEAD];
	uint64_t seq;
	enum err e = ERR_OK;

	if (d->work.rejoin->forced)
		return ERR_OK;
	TRY(letters_note_place(d, trail));
	if (session == NULL)
		goto out;
	if (session_seq(session) > 0)
		TRY(check_place(trail, session_seq(session),
				session_head(session)));
	if (rejoin_known_place(d, &seq, head))
		TRY(check_place(trail, seq, head));
out:
	return e;
}

bool rejoin_falls_short(const struct device *d)
{
	const struct trail *trail = d->work.rejoin->trail;
	uint8_t head[CHAIN_HEAD];
	uint64_t seq;

	if (d->work.rejoin->forced || d->open.session == NULL)
		return false;
	return trail_seq(trail) < session_seq(d->open.session) ||
	       (rejoin_known_place(d, &seq, head) && trail_seq(trail) < seq);
}

/* The device is in the group that the trail has come to. */
static enum err arrive(struct device *d, const struct trail *trail)
{
	enum err e = ERR_OK;

	if (d->work.rejoin->forced && membership_was_known(&d->open)) {
		membership_begin_line(&d->open, trail_seq(trail));
		reading_begin_line(&d->open, trail_seq(trail));
		TRY(receipts_begin_line(d));
	}
	TRY(stood_note(d, d->work.rejoin->places));
	(void)json_object_del(d->open.notes, "base");
	(void)json_object_del(d->open.notes, "known");
	breaks_end(d, !trail_is_weak(trail));
	budget_revoke(d);
	d->work.resolving = false;
	work_stale(d);
	work_changed(d);
	rejoin_free(d->work.rejoin);
	d->work.rejoin = NULL;
out:
	return e;
}

/* Our own commit stands in the log: we are in. */
static enum err accept(struct device *d, const struct trail *trail)
{
	enum err e;

	TRY(session_set_departures(d->open.session, trail_departures(trail)));
	TRY(session_accepted(d->open.session, core_now_ms(d) / 1000,
			     trail_seq(trail), trail_head(trail)));
	TRY(pins_note_members(d));
	membership_set_todo(&d->open, NULL);
	breaks_note_own_epoch(d);
	TRY(arrive(d, trail));
out:
	return e;
}

/* What was said to be sent stands there: the log comes by this place from now on,
 * also where this trail is given up. */
static enum err note_known(struct device *d, const struct trail *trail)
{
	json_t *known = json_pack("{s:I}", "seq", (json_int_t)trail_seq(trail));
	enum err e;

	ENSURE(known != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_hex(known, "head",
			   span_of(trail_head(trail), CHAIN_HEAD)));
	(void)json_object_set(d->open.notes, "known", known);
	work_changed(d);
out:
	json_decref(known);
	return e;
}

/* An item of ours may have been stored while this device was behind. */
static enum err find_own(struct device *d, const struct answer_entry *entry)
{
	const struct trail *trail = d->work.rejoin->trail;
	struct digest hash;
	uint64_t epoch;
	bool found = false;
	enum err e = ERR_OK;

	if (d->open.session == NULL || entry->kind != CHAIN_APPLICATION)
		return ERR_OK;
	hash = digest_of(entry->hash);
	if (!entry->bare && !entry->expired)
		TRY(hash_one(entry->bytes, hash.bytes));
	/* at a place of another epoch all members refuse it */
	if (!outbox_has_hash(&d->open, hash, &epoch) ||
	    epoch != trail_epoch(trail))
		goto out;
	if (d->work.rejoin->forced) {
		TRY(stood_later(d, entry->seq, hash));
		goto out;
	}
	TRY(outbox_sent_by_hash(d, entry->seq, hash, &found));
	if (found)
		TRY(note_known(d, trail));
out:
	return e;
}

/* Another's commit: if it overtakes ours, we try again at no cost of our own. */
static void follow_another(struct device *d, const struct trail *trail)
{
	struct check_signer signer;

	if (d->open.session == NULL || !trail_signer(trail, &signer))
		return;
	if (signer.was_in &&
	    !span_equal(signer.leaf.identity, span_str(core_self(d))))
		budget_grant(d, trail_seq(trail));
	breaks_forget_absent(d, trail);
}

static enum err follow(struct device *d, const struct answer_entry *entry,
		       bool *joined)
{
	struct trail *trail = d->work.rejoin->trail;
	bool ours = rejoin_is_staged(d) && entry->kind == CHAIN_COMMIT &&
		    span_equal(entry->bytes, session_staged(d->open.session));
	uint64_t epoch = trail_epoch(trail);
	bool stood = false;
	enum err e;

	if (entry->kind == CHAIN_COMMIT)
		TRY(rejoin_stands(d, &stood));
	TRY(trail_follow(trail, entry));
	TRY(accounts_keep(d));
	TRY(check_known_place(d, trail));
	TRY(find_own(d, entry));
	TRY(welcome_arrive(d, trail, joined));
	if (*joined) {
		breaks_note_given_epoch(d);
		TRY(arrive(d, trail));
	} else if (ours && trail_epoch(trail) == epoch && !REJOIN_UNWALKED) {
		/* it stands there, but all members refuse it */
		todo_drop(d);
		rejoin_refuse(d);
	} else if (ours) {
		ENSURE(!rejoin_falls_short(d), ERR_PEER_FORK);
		*joined = true;
		TRY(accept(d, trail));
	} else if (trail_epoch(trail) != epoch) {
		TRY(rejoin_note_adder(d, stood));
		follow_another(d, trail);
		if (rejoin_is_staged(d)) {
			/* it was first: take the GroupInfo of now */
			todo_drop(d);
			d->work.rejoin->posted = false;
		}
	}
out:
	return e == ERR_STATE_REPLAY ? ERR_OK : e;
}

/* At the end of the log without our commit: it is posted again. */
static void end_page(struct device *d, bool at_end)
{
	struct rejoin *rejoin = d->work.rejoin;

	if (at_end && rejoin_falls_short(d)) {
		rejoin_halt(d, ERR_PEER_FORK);
		return;
	}
	rejoin->at_end = at_end;
	if (!at_end || !rejoin->posted || !rejoin_is_staged(d))
		return;
	rejoin->posted = false;
	if (++rejoin->unseen >= UNSEEN_MAX)
		work_halt(d, ERR_PEER_INVALID, "not-in-log",
			  "The server took this device's commit to %s, or says "
			  "that another came first, but its log does not show "
			  "it. It is tried again later.",
			  d->open.id);
}

static enum err walk_take(struct device *d, const struct answer *answer)
{
	uint64_t before = trail_seq(d->work.rejoin->trail);
	bool joined = false, news = needs_overlap(d->work.rejoin);
	enum err e = ERR_OK;

	if (answer->result != ERR_OK) {
		rejoin_halt_refused(d, answer);
		return ERR_OK;
	}
	if (!overlaps(d->work.rejoin, answer)) {
		rejoin_halt(d, ERR_PEER_FORK);
		return ERR_OK;
	}
	d->work.rejoin->overlapped = true;
	for (size_t i = 0; i < answer->entry_count && !joined; i++) {
		e = follow(d, &answer->entries[i], &joined);
		if (e == ERR_STATE_ACCOUNTS)
			return log_want_accounts(d);
		if (err_class(e) == ERR_CLASS_PEER || e == ERR_STATE_CONFLICT) {
			rejoin_halt(d, e == ERR_STATE_CONFLICT ? ERR_PEER_FORK
							       : e);
			return ERR_OK;
		}
		TRY(e);
		if (d->work.halted)
			return ERR_OK;
		if (trail_wants_generation(d->work.rejoin != NULL
					       ? d->work.rejoin->trail
					       : NULL) > 0)
			return ERR_OK;
	}
	news |= joined || trail_seq(d->work.rejoin->trail) > before;
	if (!joined)
		end_page(d, !work_page(d, answer, news));
out:
	return e;
}

const struct step rejoin_step_walk = { "walk", NULL,	 walk_due,
				       NULL,   walk_ask, walk_take };
