/* The steps that send what was said: seal it, post it, and wait until the log
 * shows it. */
#include "device/texts/content.h"

#include "base/fault.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/accounts/verified.h"
#include "device/budget.h"
#include "device/group/change.h"
#include "device/steps.h"
#include "device/texts/outbox.h"
#include "device/todo.h"

#include <inttypes.h>
#include <string.h>

/* So often the log is read without anything that explains what the server
 * answers. */
#define IDLE_MAX 3

/* So often one order seals its items again: others keep changing the keys. */
#define PASSES_MAX 30

/* A nonce whose time is nearer than this to the clock of this device, which the
 * server calls too old or too new, says that one of the clocks is wrong: half of
 * what servers allow. */
#define FRESH_MS (INT64_C(5) * 60 * 1000)

static bool may_send(struct device *d)
{
	return core_is_settled(d) && membership_todo(&d->open) == NULL;
}

/* The first item that was not posted since the log was read. */
static json_t *next_item(const struct device *d)
{
	size_t at = 0;
	json_t *item;

	while ((item = outbox_next(&d->open, &at)) != NULL &&
	       record_number_or_0(item, "item") <= d->work.posted)
		at++;
	return item;
}

/* ---- what waits too long ----
 *
 * The server says that the nonce of an envelope is too old, so the text has to be
 * sealed anew. That the log does not show the envelope proves nothing: a server
 * may have taken it all the same, and show it later. So the keys are changed
 * first. When the log shows that commit, and not the envelope before it, no
 * member accepts the envelope any more (docs/adr/0027). */

/* The item that the server called too old, as it was posted. */
static bool is_too_old(const struct device *d, const json_t *item)
{
	struct span envelope;
	uint64_t epoch;

	return record_number_or_0(item, "item") == d->work.expired &&
	       outbox_envelope(&d->open, item, &envelope, &epoch) == ERR_OK &&
	       epoch == d->work.expired_epoch &&
	       epoch == session_epoch(d->open.session);
}

static bool old_due(struct device *d)
{
	const json_t *item = may_send(d) ? next_item(d) : NULL;

	return item != NULL && is_too_old(d, item);
}

static void halt_clock(struct device *d)
{
	int64_t off = d->work.clock_ahead_ms / 1000;

	if (off > -FRESH_MS / 1000 && off < FRESH_MS / 1000)
		work_hold(
		    d, ERR_PEER_INVALID, "clock",
		    "What was said is kept: the server says that the clock of "
		    "this device is wrong. Set it, and send it then.");
	else
		work_hold(d, ERR_PEER_INVALID, "clock",
			  "What was said is kept: the clock of this device is "
			  "%" PRId64 " seconds %s that of the server. Set it, "
			  "and send it then.",
			  off < 0 ? -off : off,
			  off < 0 ? "ahead of" : "behind");
}

static bool is_near(int64_t ms)
{
	return ms > -FRESH_MS && ms < FRESH_MS;
}

/* The clock of this device is no better than when it sealed the item: sealing it
 * anew is of no use. */
static bool clock_is_wrong(struct device *d, const json_t *item)
{
	uint64_t sealed_ms = outbox_sealed_ms(&d->open, item);

	return !is_near(d->work.clock_ahead_ms) ||
	       is_near((int64_t)(core_now_ms(d) - sealed_ms));
}

static enum err change_keys(struct device *d)
{
	struct change_plan plan = { .due = true,
				    .epoch = session_epoch(d->open.session) };
	bool wrong = clock_is_wrong(d, next_item(d));
	json_t *change = NULL;
	enum err e = ERR_OK;

	d->work.expired = 0;
	if (FAULT(SEALED_BESIDE) && !wrong) {
		work_changed(d);
		return outbox_seal(d, next_item(d));
	}
	if (wrong) {
		halt_clock(d);
	} else if (!budget_take(d, BUDGET_ASKED)) {
		work_hold(
		    d, ERR_STATE_PENDING, "nonce-expired",
		    "What was said is kept: it waited too long to be sent as "
		    "it was sealed, and the keys of %s were changed too often "
		    "within this hour to seal it anew. It is sent later.",
		    d->open.id);
	} else {
		TRY(change_make(&plan, &change));
		membership_set_todo(&d->open, change);
		work_changed(d);
	}
out:
	return e;
}

const struct step post_step_old = { "old",	 NULL, old_due,
				    change_keys, NULL, NULL };

/* ---- sealing ---- */

static bool is_sealed(const struct device *d, const json_t *item)
{
	struct span envelope;
	uint64_t epoch;

	return outbox_envelope(&d->open, item, &envelope, &epoch) == ERR_OK &&
	       epoch == session_epoch(d->open.session);
}

static bool seal_due(struct device *d)
{
	const json_t *item = may_send(d) ? next_item(d) : NULL;

	return item != NULL && !is_sealed(d, item);
}

/* Nothing is sealed for members whom the person was not shown. */
static enum err halt_unseen(struct device *d, bool *halted)
{
	struct buf names = BUF_INIT;
	size_t count;
	enum err e;

	*halted = false;
	if (d->work.order.to_new_members || FAULT(SEALS_FOR_UNSEEN))
		return people_show_all(&d->open);
	TRY(people_unseen(d, &count, &names));
	buf_put_u8(&names, 0);
	TRY(buf_end(&names));
	if (count == 0)
		goto out;
	*halted = true;
	work_hold(
	    d, ERR_STATE_PENDING, "new-members",
	    "There are members in %s whom you have not seen: %.400s. What you "
	    "say is kept. Look at the members, and send it then.",
	    d->open.id, (const char *)names.p);
out:
	buf_clear(&names);
	return e;
}

/* What was said before the person was shown who came in: that they were shown is
 * no wish to write to them. */
static bool halt_held(struct device *d)
{
	if (!outbox_is_held(&d->open, next_item(d)))
		return false;
	work_hold(d, ERR_STATE_PENDING, "new-members",
		  "What you said in %s before members came in waits for you. "
		  "Say whether it goes to the members of now.",
		  d->open.id);
	return true;
}

/* Nor for a device that has another key than the known one, whatever the person
 * was shown: who has looked at a list of names has not compared keys. */
static enum err halt_changed(struct device *d, bool *halted)
{
	enum err e;

	TRY(pins_find_changed(d, halted));
	if (*halted)
		work_hold(d, ERR_STATE_PENDING, "key-changed",
			  "What was said is kept.");
out:
	return e;
}

/* The log was read to its end, and does not have the item: it is not sealed, or
 * for an epoch that is over. So it is nowhere, and goes. */
static enum err refuse_over(struct device *d)
{
	json_t *item = next_item(d);
	static const char words[] =
	    "its time was over before it could be sent.";

	work_changed(d);
	if (record_number_or_0(item, "item") == d->work.outcome.item)
		d->work.outcome.result =
		    why_set(&d->work.why, ERR_STATE_EXPIRED, "expired",
			    "This was not sent: %s", words);
	return outbox_refuse(d, item, "expired", words);
}

static enum err seal(struct device *d)
{
	size_t dropped = 0;
	bool halted;
	enum err e;

	if (outbox_is_over(d, next_item(d)))
		return refuse_over(d);
	if (outbox_is_quiet(next_item(d)) &&
	    json_object_get(next_item(d), "nonce") != NULL) {
		/* its epoch is over, and the log does not have it */
		work_changed(d);
		return outbox_drop(&d->open,
				   record_number_or_0(next_item(d), "item"),
				   &dropped);
	}
	TRY(halt_changed(d, &halted));
	if (halted)
		goto out;
	TRY(verified_halt(d, &halted));
	if (halted)
		goto out;
	if (halt_held(d)) /* first: it shows nobody to the person */
		goto out;
	TRY(halt_unseen(d, &halted));
	if (halted)
		goto out;
	if (json_object_get(next_item(d), "nonce") != NULL &&
	    d->work.passes++ > PASSES_MAX) {
		work_hold(d, ERR_STATE_EPOCH, "overtaken",
			  "The keys of %s keep changing: what was said is "
			  "kept, and sent later.",
			  d->open.id);
		goto out;
	}
	TRY(outbox_seal(d, next_item(d)));
	work_changed(d);
out:
	return e;
}

const struct step post_step_seal = { "seal", NULL, seal_due, seal, NULL, NULL };

/* ---- posting ---- */

static bool post_due(struct device *d)
{
	const json_t *item = may_send(d) ? next_item(d) : NULL;

	return item != NULL && is_sealed(d, item);
}

static enum err post_ask(struct device *d, struct request *request)
{
	const json_t *item = next_item(d);

	d->work.post_item = record_number_or_0(item, "item");
	request->kind = REQUEST_SEND;
	request->file = record_string(item, "file");
	request->expires_ms = record_number_or_0(item, "expires_at");
	if (FAULT(PLAINTEXT_POSTED) && d->work.order.text.n > 0) {
		request->bytes = d->work.order.text;
		return ERR_OK;
	}
	return outbox_envelope(&d->open, item, &request->bytes,
			       &d->work.post_epoch);
}

static json_t *posted_item(const struct device *d)
{
	size_t at = 0;
	json_t *item;

	while ((item = outbox_next(&d->open, &at)) != NULL &&
	       record_number_or_0(item, "item") != d->work.post_item)
		at++;
	return item;
}

/* The log is read; when it has nothing new, the server contradicts itself. */
static void read_again(struct device *d)
{
	struct work *work = &d->work;
	uint64_t seq = session_seq(d->open.session);

	work->idle = seq == work->idle_seq ? work->idle + 1 : 0;
	work->idle_seq = seq;
	work->posted = 0;
	work_stale(d);
	if (work->idle >= IDLE_MAX)
		work_hold(d, ERR_PEER_INVALID, "not-in-log",
			  "What was said is kept: the server answers that it "
			  "was sent, or came too late, but the log of %s shows "
			  "nothing of that.",
			  d->open.id);
}

/* Refusals that say something about the session, not about one item. */
static bool concerns_all(const struct answer *answer)
{
	static const char *const slugs[] = { "not-a-member", "session-ended",
					     "forbidden",    "not-found",
					     "unauthorized", "logged-out" };

	for (size_t i = 0; i < sizeof(slugs) / sizeof(*slugs); i++)
		if (strcmp(answer->slug, slugs[i]) == 0)
			return true;
	return work_is_passing(answer) || answer->slug[0] == '\0';
}

/* It stays on the list, as refused, and holds up nothing. */
static enum err refuse(struct device *d, json_t *item,
		       const struct answer *answer)
{
	struct work *work = &d->work;

	work_changed(d);
	if (work->post_item == work->outcome.item)
		work->outcome.result = why_set(
		    &work->why, ERR_PEER_INVALID, answer->slug,
		    "The server refuses this: %s It does not stand in the log.",
		    work_words(answer));
	return outbox_refuse(d, item, answer->slug, work_words(answer));
}

/* It is sealed anew if the log does not have it all the same. */
/* As it was posted: another process may have sealed it anew since. */
static void note_expired(struct device *d, const struct answer *answer)
{
	d->work.expired = d->work.post_item;
	d->work.expired_epoch = d->work.post_epoch;
	d->work.clock_ahead_ms = answer->clock_ahead_ms;
}

static enum err take_refusal(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;
	json_t *item = posted_item(d);

	if (answer->result == ERR_STATE_EPOCH ||
	    strcmp(answer->slug, "view-differs") == 0) {
		read_again(d);
	} else if (strcmp(answer->slug, "rotation-required") == 0) {
		work->renew = work->required = true;
		read_again(d);
	} else if (strcmp(answer->slug, "nonce-expired") == 0) {
		note_expired(d, answer);
		read_again(d);
	} else if (concerns_all(answer) || item == NULL) {
		work_hold_refused(d, answer);
	} else if (work_doubts(d, work->post_item)) {
		read_again(d);
	} else {
		return refuse(d, item, answer);
	}
	return ERR_OK;
}

/* An old fault: what the server answers counts. */
static enum err sent_by_answer(struct device *d, uint64_t seq)
{
	struct span envelope;
	uint64_t epoch;
	enum err e;

	TRY(outbox_envelope(&d->open, posted_item(d), &envelope, &epoch));
	/* version, session_id, epoch, nonce (wire/envelope.h) */
	e = outbox_sent(d, envelope.p + 1 + 16 + 8, seq);
out:
	return e;
}

static enum err post_take(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;

	if (answer->result != ERR_OK)
		return take_refusal(d, answer);
	if (answer->rotation_due)
		work->renew = true;
	if (work->post_item > work->posted_ever)
		work_news(d);
	work->posted = work->post_item;
	if (work->posted > work->posted_ever)
		work->posted_ever = work->posted;
	if (FAULT(SENT_BY_ANSWER) && posted_item(d) != NULL)
		return sent_by_answer(d, answer->seq);
	if (next_item(d) == NULL)
		read_again(d); /* that it was sent is what the log shows */
	return ERR_OK;
}

const struct step post_step_item = { "post", work_is_taken, post_due,
				     NULL,   post_ask,	    post_take };
