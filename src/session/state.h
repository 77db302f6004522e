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
	bool joined; /* false: our external commit is not accepted yet */
	bool removed;
	bool forked;
};

static inline struct span session_id_span(const struct session *session)
{
	return SPAN_ARRAY(session->id);
}

#endif
