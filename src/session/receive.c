/* The receiving half of session.h. */
#include "check/form.h"
#include "check/group_places.h"
#include "check/rules.h"

#include "base/fault.h"
#include "crypto/hash.h"
#include "session/envelope_tag.h"
#include "session/state.h"

#include <string.h>

#include "wire/message.h"

void session_event_clear(struct session_event *event)
{
	buf_clear(&event->identity);
	buf_clear(&event->data);
	memset(event, 0, sizeof(*event));
}

enum err session_name_sender(const struct session *session, uint32_t sender,
			     struct session_event *event)
{
	struct mls_member member;
	uint32_t leaf = sender;
	enum err e;

	event->sender = sender;
	ENSURE(mls_group_next_member(session->group, &leaf, &member) &&
		   member.leaf_index == sender,
	       ERR_PEER_INVALID);
	buf_put(&event->identity, member.identity);
	TRY(buf_end(&event->identity));
out:
	return e;
}

/* ---- application messages ---- */

/* Ours, as it stands in the outbox: MLS has no key for it any more, nor is one
 * needed, since the bytes are those that we made. */
static enum err receive_own(struct session *session, size_t index,
			    struct session_event *event)
{
	const struct outbox_item *item = &session->outbox.items[index];
	enum err e;

	buf_put(&event->data, buf_span(&item->data));
	TRY(buf_end(&event->data));
	TRY(session_name_sender(session, mls_group_own_leaf(session->group),
				event));
	event->kind = SESSION_OWN;
	outbox_remove(&session->outbox, index);
out:
	return e;
}

static enum err open_envelope(struct session *session, uint64_t now,
			      const struct envelope *envelope,
			      struct mls_event *opened)
{
	struct sec key = { 0 };
	enum err e;

	TRY(envelope_tag_key(session->group, session_id_span(session), &key));
	TRY(envelope_tag_check(mls_group_suite(session->group), &key,
			       envelope));
	TRY(envelope_check(envelope));
	TRY(mls_group_process(session->group, now, envelope->message, opened));
	ENSURE(opened->kind == MLS_EVENT_APPLICATION, ERR_PEER_INVALID);
out:
	sec_clear(&key);
	return e;
}

/* The view is good, and was compared, or is older than the heads that are kept. */
static void note_view(struct span view, struct session_event *event)
{
	struct rd r = rd_init(view);

	(void)rd_u8(&r);
	event->view_seq = rd_u64(&r);
	rd_copy(&r, event->view_head, CHAIN_HEAD);
	event->view_is_old = rd_ok(&r) && !event->view_compared;
}

/* What the sender signed beside the data: its view of the log, and the nonce
 * of the envelope that the message is in. */
static enum err check_said(struct session *session, struct span said,
			   const struct envelope *envelope,
			   struct session_event *event)
{
	struct rd r = rd_init(said);
	struct span view = rd_take(&r, CHAIN_VIEW);
	struct span nonce = rd_take(&r, ENVELOPE_NONCE);
	enum err e;

	TRY(rd_end(&r));
	ENSURE(span_equal(nonce, envelope->nonce), ERR_PEER_INVALID);
	e = chain_check_view(&session->chain, view, &event->view_compared);
	if (e == ERR_PEER_FORK)
		session->forked = true;
	else if (e == ERR_OK)
		note_view(view, event);
out:
	return e;
}

static enum err receive_application(struct session *session, uint64_t now,
				    struct span bytes,
				    struct session_event *event)
{
	struct mls_event opened = { 0 };
	struct envelope envelope;
	size_t own;
	enum err e;

	TRY(envelope_decode(bytes, mls_group_suite(session->group)->nh,
			    &envelope));
	ENSURE(span_equal(envelope.session_id, session_id_span(session)),
	       ERR_PEER_INVALID);
	event->epoch = envelope.epoch;
	event->sent_ms = envelope_time(envelope.nonce);
	memcpy(event->nonce, envelope.nonce.p, SESSION_NONCE);
	/* The log is one order: a message of another epoch has no place here,
	 * and one from before a removal must not be read after it. */
	ENSURE(envelope.epoch == session_epoch(session), ERR_STATE_EPOCH);
	own = outbox_find(&session->outbox, bytes);
	if (own < session->outbox.count) {
		TRY(receive_own(session, own, event));
		goto out;
	}
	TRY(open_envelope(session, now, &envelope, &opened));
	TRY(session_name_sender(session, opened.sender, event));
	TRY(check_said(session, buf_span(&opened.authenticated_data), &envelope,
		       event));
	event->kind = SESSION_MESSAGE;
	event->data = opened.data;
	opened.data = BUF_INIT;
out:
	mls_event_clear(&opened);
	return e;
}

/* ---- commits ---- */

/* What is asked of a commit before MLS looks at it: its form (check/form.h) and
 * the rules (check/rules.h). */
static enum err check_commit(const struct session *session, struct span bytes,
			     const char **rule)
{
	struct wire_message message;
	const struct wire_content *content = &message.public_message.content;
	struct check_verdict verdict;
	struct check_view view;
	enum err e;

	TRY(wire_message_decode(bytes, &message));
	/* Public, so that the server knows the members (docs/protocol.md). */
	ENSURE(message.format == WIRE_PUBLIC_MESSAGE &&
		   content->type == WIRE_CONTENT_COMMIT &&
		   span_equal(content->group_id, mls_group_id(session->group)),
	       ERR_PEER_INVALID);
	ENSURE(content->epoch == mls_group_epoch(session->group),
	       ERR_STATE_EPOCH);
	if (session->accounts != NULL)
		check_accounts_forget_lacks(session->accounts);
	session_view(session, &view);
	verdict = check_form(view.suite, &message.public_message);
	if (verdict.wrong == NULL)
		verdict = check_rules(&view, content);
	if (FAULT(RULES_UNCHECKED))
		verdict = (struct check_verdict){ .wrong = NULL };
	*rule = verdict.wrong;
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL || !session_lacks(session),
	       ERR_STATE_ACCOUNTS);
	ENSURE(!verdict.denied, ERR_PEER_DENIED);
	ENSURE(verdict.wrong == NULL, ERR_PEER_INVALID);
out:
	return e;
}

/* Another's commit came before ours: ours can never take effect. */
static void drop_staged(struct session *session)
{
	session_discard(session);
	session->dropped = true;
}

struct looking {
	struct session *session;
	struct session_event *event;
};

/* Who committed. A joiner is no member yet: its leaf comes with the commit. */
static enum err look_at(void *context, const struct mls_group *group,
			const struct mls_staged *staged)
{
	const struct looking *looking = context;
	struct session *session = looking->session;
	struct session_event *event = looking->event;
	const struct mls_leaf_change *committer = &staged->committer;
	enum err e;

	(void)group;
	event->external_join = staged->kind == MLS_STAGED_EXTERNAL_COMMIT;
	event->own_commit = staged->own;
	event->sender = committer->after.leaf_index;
	buf_put(&event->identity, event->external_join
				      ? committer->after.identity
				      : committer->before.identity);
	TRY(buf_end(&event->identity));
	unsettled_put_staged(&session->unsettled, staged);
	if (session->look != NULL)
		TRY(session->look(session->look_context, session, staged));
out:
	return e;
}

/* The commit that is staged takes effect. */
static enum err apply_commit(struct session *session, struct span bytes,
			     const struct mls_event *opened,
			     struct session_event *event)
{
	struct looking looking = { session, event };
	struct place_map places = { .there = false };
	enum err e;

	/* Before the merge, so that nothing can fail after it. */
	e = mls_group_staged(session->group, look_at, &looking);
	if (e == ERR_OK)
		e = group_places_next(&session->places,
				      buf_span(&opened->authenticated_data),
				      &places);
	if (e != ERR_OK && opened->kind == MLS_EVENT_COMMIT)
		mls_group_discard(session->group);
	TRY(e);
	TRY(mls_group_merge(session->group));
	/* The log is one order: nothing of an old epoch comes any more. */
	mls_group_forget_past(session->group);
	buf_clear(&session->staged);
	session->exact = !event->external_join;
	session->removed = opened->self_removed;
	/* who is removed keeps the group of before, and what stood in it */
	if (!session->removed) {
		place_map_clear(&session->places);
		session->places = places;
		places = (struct place_map){ .there = false };
		session_spend_departures(session, bytes);
		session_prune_departures(session);
	}
	event->kind = session->removed ? SESSION_REMOVED : SESSION_COMMIT;
	event->epoch = session_epoch(session);
out:
	place_map_clear(&places);
	return e;
}

/* What a committer signed of the log. A view that differs is no reason to refuse
 * what the other members take: that the histories differ is remembered. */
static void check_commit_view(struct session *session, struct span said,
			      struct session_event *event)
{
	struct span view = span_of(said.p, CHAIN_VIEW);
	enum err e;

	if (said.n < CHAIN_VIEW)
		return;
	e = chain_check_view(&session->chain, view, &event->view_compared);
	if (e == ERR_PEER_FORK)
		session->forked = true;
	else if (e == ERR_OK)
		note_view(view, event);
}

static enum err receive_commit(struct session *session, uint64_t now,
			       struct span bytes, struct session_event *event)
{
	struct mls_event opened = { 0 };
	enum err e;

	event->epoch = session_epoch(session);
	TRY(check_commit(session, bytes, &event->rule));
	e = mls_group_process_untagged(session->group, now, bytes, &opened);
	if (e == ERR_STATE_PENDING) {
		drop_staged(session);
		e = mls_group_process_untagged(session->group, now, bytes,
					       &opened);
	}
	TRY(e);
	ENSURE(opened.kind == MLS_EVENT_COMMIT || opened.kind == MLS_EVENT_OWN,
	       ERR_PEER_INVALID);
	ENSURE(!FAULT(CLOCK_JUDGES) || !opened.expired, ERR_PEER_INVALID);
	check_commit_view(session, buf_span(&opened.authenticated_data), event);
	TRY(apply_commit(session, bytes, &opened, event));
out:
	mls_event_clear(&opened);
	return e;
}

/* Of a commit that was refused: who signed it, and does the log's group go on
 * behind it? Both by the walk, which is what everybody else can see. */
static enum err name_signer(const struct session *session, struct span bytes,
			    struct session_event *event)
{
	struct check_walk *walk = NULL;
	struct check_signer signer = { .was_in = true };
	struct check_verdict verdict;
	bool named;
	enum err e;

	buf_reset(&event->identity);
	e = session_walk(session, &walk);
	if (err_class(e) == ERR_CLASS_PEER) /* it is our group that is broken */
		return ERR_OK;
	TRY(e);
	named = check_walk_signed_by(walk, bytes, &signer.leaf);
	verdict = check_walk_commit(walk, bytes);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	event->broken = verdict.wrong == NULL;
	if (event->broken)
		named = check_walk_signer(walk, &signer);
	if (!named)
		goto out;
	event->external_join = signer.external;
	event->newcomer = !signer.was_in;
	event->sender = signer.leaf.leaf_index;
	buf_put(&event->identity, signer.leaf.identity);
	TRY(buf_end(&event->identity));
out:
	check_walk_free(walk);
	return e;
}

static enum err receive_or_name(struct session *session, uint64_t now,
				struct span bytes, struct session_event *event)
{
	enum err e = receive_commit(session, now, bytes, event), local;

	if (e == ERR_OK || e == ERR_STATE_ACCOUNTS ||
	    err_class(e) == ERR_CLASS_LOCAL)
		return e;
	local = name_signer(session, bytes, event);
	return local != ERR_OK ? local : e;
}

/* ---- the log ---- */

enum err session_check_place(const struct session *session, uint64_t seq,
			     enum chain_kind kind)
{
	enum err e = ERR_OK;

	ENSURE(kind >= CHAIN_APPLICATION && kind <= CHAIN_DEPARTURE,
	       ERR_PEER_MALFORMED);
	ENSURE(session->joined, ERR_STATE_PENDING);
	ENSURE(!session->removed, ERR_STATE_GONE);
	ENSURE(seq > session->chain.seq, ERR_STATE_REPLAY);
	ENSURE(seq == session->chain.seq + 1, ERR_STATE_CONFLICT);
out:
	return e;
}

/* What came of an entry, `e`: the log goes on, unless it was we who failed. */
static enum err conclude(struct session *session, enum err e,
			 const uint8_t head[CHAIN_HEAD],
			 struct session_event *made,
			 struct session_event *event)
{
	if (err_class(e) == ERR_CLASS_LOCAL || e == ERR_STATE_ACCOUNTS)
		return e;
	if (e != ERR_OK) {
		made->kind = SESSION_REFUSED;
		made->refused = e;
	}
	chain_advance(&session->chain, head);
	made->dropped_staged = session->dropped;
	session->dropped = false;
	*event = *made;
	*made = (struct session_event){ 0 };
	return ERR_OK;
}

enum err session_receive(struct session *session, uint64_t now, uint64_t seq,
			 enum chain_kind kind, struct span bytes,
			 const uint8_t claimed[CHAIN_HEAD],
			 struct session_event *event)
{
	struct session_event made = { .seq = seq, .entry = kind };
	enum err e;

	TRY(session_check_place(session, seq, kind));
	TRY(chain_check_next(&session->chain, kind, bytes, claimed));
	switch (kind) {
	case CHAIN_APPLICATION:
		e = receive_application(session, now, bytes, &made);
		break;
	case CHAIN_COMMIT:
		e = receive_or_name(session, now, bytes, &made);
		break;
	case CHAIN_DEPARTURE:
		e = session_receive_departure(session, bytes, &made);
		break;
	case CHAIN_SUCCESSOR:
		e = ERR_LOCAL_BUG; /* session_receive_successor() */
		break;
	}
	TRY(conclude(session, e, claimed, &made, event));
out:
	session_event_clear(&made);
	return e;
}

/* The item of the outbox whose envelope has that hash; outbox.count: none. */
static enum err find_own(const struct session *session,
			 const uint8_t hash[CHAIN_HEAD], size_t *index)
{
	enum err e = ERR_OK;

	for (*index = 0; *index < session->outbox.count; (*index)++) {
		const struct span envelope =
		    buf_span(&session->outbox.items[*index].envelope);
		uint8_t own[CHAIN_HEAD];

		TRY(hash_one(envelope, own));
		if (span_equal(SPAN_ARRAY(own), span_of(hash, CHAIN_HEAD)))
			break;
	}
out:
	return e;
}

enum err session_receive_expired(struct session *session, uint64_t seq,
				 const uint8_t hash[CHAIN_HEAD],
				 const uint8_t claimed[CHAIN_HEAD],
				 struct session_event *event)
{
	struct session_event made = { .seq = seq, .entry = CHAIN_APPLICATION };
	struct buf envelope = BUF_INIT;
	uint8_t head[CHAIN_HEAD];
	size_t own;
	enum err e;

	TRY(session_check_place(session, seq, CHAIN_APPLICATION));
	TRY(chain_next_hash(&session->chain, CHAIN_APPLICATION, hash, head));
	ENSURE(memcmp(head, claimed, CHAIN_HEAD) == 0, ERR_PEER_FORK);
	TRY(find_own(session, hash, &own));
	e = ERR_STATE_EXPIRED;
	if (own < session->outbox.count) { /* we have its bytes */
		buf_put(&envelope,
			buf_span(&session->outbox.items[own].envelope));
		TRY(buf_end(&envelope));
		e = receive_application(session, 0, buf_span(&envelope), &made);
	}
	TRY(conclude(session, e, claimed, &made, event));
out:
	buf_clear(&envelope);
	session_event_clear(&made);
	return e;
}
