#include "session/typing_seal.h"

#include "check/label.h"
#include "crypto/aead.h"
#include "mls/label.h"
#include "mls/signer.h"
#include "session/state.h"
#include "wire/typing.h"

#define LABEL "hermetic typing"

_Static_assert(SESSION_ID == TYPING_SESSION_ID, "one session id");
_Static_assert(SUITE_NONCE == TYPING_NONCE, "one nonce");

static enum err make_key(const struct session *session, struct sec *key)
{
	struct buf context = BUF_INIT;
	enum err e;

	buf_put(&context, session_id_span(session));
	buf_put_u64(&context, session_epoch(session));
	TRY(buf_end(&context));
	TRY(mls_group_export(session->group, LABEL, buf_span(&context),
			     mls_group_suite(session->group)->nk, key));
out:
	buf_clear(&context);
	return e;
}

/* What the leaf signs: all that is said, but the nonce. */
static enum err make_signed(struct span clear, struct span said,
			    struct buf *content)
{
	buf_put(content, clear);
	buf_put(content, said);
	return buf_end(content);
}

static enum err sign(const struct mls_identity *me, struct span clear,
		     struct buf *said)
{
	struct buf content = BUF_INIT;
	struct sign_key *key = NULL;
	enum err e;

	TRY(make_signed(clear, buf_span(said), &content));
	TRY(signer_of(me, &key));
	TRY(label_sign(key, LABEL, buf_span(&content), said));
out:
	sign_key_free(key);
	buf_clear(&content);
	return e;
}

enum err typing_seal_put(const struct session *session,
			 const struct mls_identity *me, uint64_t sent_ms,
			 bool types, struct buf *notice)
{
	struct typing_said typing = { .types = types, .sent_ms = sent_ms };
	struct buf clear = BUF_INIT, said = BUF_INIT;
	uint8_t nonce[TYPING_NONCE];
	struct sec key = { 0 };
	enum err e;

	ENSURE(session_member(session), ERR_STATE_GONE);
	ENSURE(!session->forked, ERR_PEER_FORK);
	typing.leaf_index = mls_group_own_leaf(session->group);
	typing_put_clear(&clear, session_id_span(session),
			 session_epoch(session));
	TRY(buf_end(&clear));
	typing_put_unsigned(&said, &typing);
	TRY(sign(me, buf_span(&clear), &said));
	TRY(rng_fill(me->rng, nonce, sizeof(nonce)));
	TRY(make_key(session, &key));
	buf_put(notice, buf_span(&clear));
	buf_put(notice, SPAN_ARRAY(nonce));
	TRY(aead_seal(mls_group_suite(session->group), sec_span(&key),
		      SPAN_ARRAY(nonce), buf_span(&clear), buf_span(&said),
		      notice));
	TRY(buf_end(notice));
	ENSURE(notice->n <= TYPING_MAX, ERR_LOCAL_BUG);
out:
	if (e != ERR_OK)
		buf_clear(notice);
	sec_clear(&key);
	buf_clear(&said);
	buf_clear(&clear);
	return e;
}

static bool find_member(const struct session *session, uint32_t index,
			struct mls_member *member)
{
	uint32_t leaf = index;

	return mls_group_next_member(session->group, &leaf, member) &&
	       member->leaf_index == index && !session_departed(session, index);
}

static enum err verify(const struct session *session, struct span clear,
		       const struct typing_said *said,
		       struct mls_member *member)
{
	struct buf content = BUF_INIT;
	enum err e;

	ENSURE(find_member(session, said->leaf_index, member),
	       ERR_PEER_INVALID);
	TRY(make_signed(clear, said->unsigned_part, &content));
	TRY(check_label(mls_group_suite(session->group), member->signature_key,
			LABEL, buf_span(&content), said->signature));
out:
	buf_clear(&content);
	return e;
}

enum err typing_seal_open(const struct session *session, struct span notice,
			  struct typing_opened *opened)
{
	struct typing_said said;
	struct buf plain = BUF_INIT;
	struct sec key = { 0 };
	struct typing typing;
	enum err e;

	*opened = (struct typing_opened){ .types = false };
	ENSURE(session_member(session), ERR_STATE_GONE);
	TRY(typing_decode(notice, &typing));
	ENSURE(span_equal(typing.session_id, session_id_span(session)),
	       ERR_PEER_INVALID);
	ENSURE(typing.epoch == session_epoch(session), ERR_STATE_EPOCH);
	TRY(make_key(session, &key));
	TRY(aead_open(mls_group_suite(session->group), sec_span(&key),
		      typing.nonce, typing.clear, typing.sealed, &plain));
	TRY(typing_said_decode(buf_span(&plain), &said));
	TRY(verify(session, typing.clear, &said, &opened->who));
	opened->types = said.types;
	opened->sent_ms = said.sent_ms;
out:
	if (e != ERR_OK)
		*opened = (struct typing_opened){ .types = false };
	sec_clear(&key);
	buf_clear(&plain);
	return e;
}
