/* The sending half of session.h. */
#include "session/envelope_tag.h"
#include "session/state.h"

#include <string.h>

_Static_assert(SESSION_NONCE == ENVELOPE_NONCE, "one nonce");
_Static_assert(SESSION_NONCE == OUTBOX_NONCE, "one nonce");
_Static_assert(SESSION_ID == ENVELOPE_SESSION_ID, "one session id");

static enum err make_nonce(const struct mls_identity *me, uint64_t now_ms,
			   uint8_t nonce[SESSION_NONCE])
{
	enum err e;

	TRY(envelope_set_time(nonce, now_ms));
	TRY(rng_fill(me->rng, nonce + ENVELOPE_NONCE_TIME,
		     SESSION_NONCE - ENVELOPE_NONCE_TIME));
out:
	return e;
}

/* data -> MLSMessage -> envelope, into `item`. A failure after
 * mls_group_protect() costs a generation, which receivers skip. */
static enum err seal(struct session *session, const struct mls_identity *me,
		     uint64_t now_ms, struct span data,
		     struct outbox_item *item)
{
	struct buf said = BUF_INIT;
	struct buf message = BUF_INIT;
	struct sec key = { 0 };
	struct envelope envelope;
	enum err e;

	item->epoch = session_epoch(session);
	TRY(make_nonce(me, now_ms, item->nonce));
	buf_put(&item->data, data);
	TRY(buf_end(&item->data));
	TRY(envelope_tag_key(session->group, session_id_span(session), &key));
	/* Signed with the message: our view of the log, and the nonce, whose
	 * time every other member could change under the group's tag. */
	chain_put_view(&session->chain, &said);
	buf_put(&said, SPAN_ARRAY(item->nonce));
	TRY(buf_end(&said));
	TRY(mls_group_protect(session->group, me, buf_span(&said), data,
			      &message));
	envelope = (struct envelope){
		.session_id = session_id_span(session),
		.epoch = item->epoch,
		.nonce = SPAN_ARRAY(item->nonce),
		.message = buf_span(&message),
	};
	envelope_put_tagged(&item->envelope, &envelope);
	TRY(envelope_tag_put(mls_group_suite(session->group), &key,
			     &item->envelope));
	TRY(buf_end(&item->envelope));
out:
	sec_clear(&key);
	buf_clear(&said);
	buf_clear(&message);
	return e;
}

static enum err may_send(const struct session *session, struct span data)
{
	if (!session_member(session))
		return ERR_STATE_GONE;
	if (session->forked)
		return ERR_PEER_FORK;
	return data.n <= SESSION_DATA_MAX ? ERR_OK : ERR_PEER_TOO_LARGE;
}

/* Hands out what was sealed into outbox item `index`. */
static void hand_out(const struct outbox_item *item, struct buf *envelope,
		     uint8_t nonce[SESSION_NONCE])
{
	buf_put(envelope, buf_span(&item->envelope));
	if (nonce != NULL)
		memcpy(nonce, item->nonce, SESSION_NONCE);
}

enum err session_send(struct session *session, const struct mls_identity *me,
		      uint64_t now_ms, struct span data, struct buf *envelope,
		      uint8_t nonce[SESSION_NONCE])
{
	struct outbox_item item = { 0 };
	enum err e;

	TRY(may_send(session, data));
	TRY(seal(session, me, now_ms, data, &item));
	hand_out(&item, envelope, nonce);
	TRY(buf_end(envelope));
	TRY(outbox_add(&session->outbox, &item));
out:
	outbox_item_clear(&item);
	return e;
}

bool session_outbox(const struct session *session, size_t index,
		    struct session_sent *sent)
{
	const struct outbox_item *item;

	if (index >= session->outbox.count)
		return false;
	item = &session->outbox.items[index];
	*sent = (struct session_sent){
		.epoch = item->epoch,
		.nonce = SPAN_ARRAY(item->nonce),
		.data = buf_span(&item->data),
		.envelope = buf_span(&item->envelope),
	};
	return true;
}

enum err session_reseal(struct session *session, const struct mls_identity *me,
			uint64_t now_ms, size_t index, struct buf *envelope,
			uint8_t nonce[SESSION_NONCE])
{
	struct outbox_item item = { 0 };
	enum err e;

	ENSURE(index < session->outbox.count, ERR_LOCAL_BUG);
	TRY(may_send(session, SPAN_EMPTY));
	TRY(seal(session, me, now_ms,
		 buf_span(&session->outbox.items[index].data), &item));
	hand_out(&item, envelope, nonce);
	TRY(buf_end(envelope));
	outbox_replace(&session->outbox, index, &item);
out:
	outbox_item_clear(&item);
	return e;
}

void session_unsend(struct session *session, size_t index)
{
	if (index < session->outbox.count)
		outbox_remove(&session->outbox, index);
}
