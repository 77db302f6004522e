/* The inside of a session, for session.c, send.c and receive.c only. */
#ifndef HERMETIC_SESSION_STATE_H
#define HERMETIC_SESSION_STATE_H

#include "session/outbox.h"
#include "session/session.h"

struct session {
	uint8_t id[SESSION_ID];
	struct mls_group *group;
	struct chain chain;
	struct outbox outbox;
	struct buf staged;  /* our staged commit, as posted; empty: none */
	struct buf excused; /* identities<V> that anybody may remove, while in
			       memory; `asked`: they are known */
	bool asked;
	/* The group that our staged ReInit ends this one for, and the Welcome
	 * to it, as posted. */
	struct mls_group *successor;
	struct buf successor_welcome;
	bool joined; /* false: our external commit is not accepted yet */
	bool removed;
	bool forked;
};

/* The group is this session's, and its algorithm is the one that the founders'
 * signed offers give. */
MUST_CHECK enum err session_check_joined(const struct session *session,
					 const struct mls_identity *me);

/* Checks that an entry follows from what we have; `head` is the chain's after
 * it. */
MUST_CHECK enum err session_check_place(const struct session *session,
					uint64_t seq, enum chain_kind kind,
					struct span bytes,
					const uint8_t claimed[CHAIN_HEAD],
					uint8_t head[CHAIN_HEAD]);

/* The sender of an event, from the tree. */
MUST_CHECK enum err session_name_sender(const struct session *session,
					uint32_t sender,
					struct session_event *event);

void session_drop_successor(struct session *session);
MUST_CHECK enum err session_save_successor(const struct session *session,
					   struct buf *state);
MUST_CHECK enum err session_load_successor(struct session *session,
					   struct rd *r);

static inline struct span session_id_span(const struct session *session)
{
	return SPAN_ARRAY(session->id);
}

#endif
