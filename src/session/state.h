/* The inside of a session, for its own files. */
#ifndef HERMETIC_SESSION_STATE_H
#define HERMETIC_SESSION_STATE_H

#include "check/place_map.h"
#include "check/view.h"
#include "session/outbox.h"
#include "session/session.h"
#include "session/unsettled.h"

struct session {
	uint8_t id[SESSION_ID];
	struct mls_group *group;
	struct chain chain;
	struct outbox outbox;
	struct place_map places;	 /* of a group that has their root */
	struct unsettled unsettled;	 /* in such a group */
	struct check_accounts *accounts; /* borrowed; may be NULL */
	session_look *look;		 /* NULL: nobody */
	void *look_context;		 /* borrowed */
	struct buf staged;     /* our staged commit, as posted; empty: none */
	struct buf departures; /* those that stand in the log, opaque
				  departure<V> each */
	/* The group that our staged ReInit ends this one for, and the Welcome
	 * to it, as posted. */
	struct mls_group *successor;
	struct buf successor_welcome;
	/* A staged commit of ours is gone, and no event has told of it. Not saved:
	 * what is saved has the commit still, or has told. */
	bool dropped;
	bool exact;  /* check/view.h */
	bool joined; /* false: our external commit is not accepted yet */
	bool removed;
	bool forked;
};

/* The authenticated data of a commit: the view of the log, links, and the places that
 * change where the group has their root. */
MUST_CHECK enum err session_put_said(const struct chain *seen,
				     struct span links, struct span changes,
				     struct buf *said);

/* What a GroupInfo whose tree goes beside it has among its extensions: a list. */
struct span session_info_marker(void);

/* A GroupInfo (MLSMessage) becomes one that is kept with the session's places, where the
 * group has their root (wire/group_info.h). */
MUST_CHECK enum err session_info_put_places(const struct session *session,
					    struct buf *group_info);

/* mls_group_join_external() where the tree is within the GroupInfo, or beside it and
 * kept with it; the next GroupInfo is made likewise, as who joins lists what all others
 * list. */
MUST_CHECK enum err session_join_group(struct session *session,
				       const struct mls_identity *me,
				       struct span group_info,
				       struct mls_external *how,
				       struct mls_commit *made);

/* The group is this session's, and its algorithm is the one that the founders'
 * signed offers give. */
MUST_CHECK enum err session_check_joined(const struct session *session,
					 const struct mls_identity *me);

/* Whether an entry can be the next one: `seq` and `kind`. Its head is checked
 * with the chain. */
MUST_CHECK enum err session_check_place(const struct session *session,
					uint64_t seq, enum chain_kind kind);

/* The last judgement took links of an account that are not here. */
bool session_lacks(const struct session *session);

/* The session as the rules see it; borrows from the session. */
void session_view(const struct session *session, struct check_view *view);

/* After a change of the group: forgets the departures of leaves that are not
 * there any more. */
void session_prune_departures(struct session *session);

/* An entry of the kind CHAIN_DEPARTURE. */
MUST_CHECK enum err session_receive_departure(struct session *session,
					      struct span bytes,
					      struct session_event *event);

/* The sender of an event, from the tree. */
MUST_CHECK enum err session_name_sender(const struct session *session,
					uint32_t sender,
					struct session_event *event);

void session_drop_successor(struct session *session);
MUST_CHECK enum err session_save_successor(const struct session *session,
					   struct buf *state);
MUST_CHECK enum err session_load_successor(struct session *session,
					   struct rd *r);

/* Of what is stored. */
uint8_t session_save_flags(const struct session *session);
void session_load_flags(struct session *session, uint8_t flags);
/* What was loaded is one session. ERR_PEER_MALFORMED. */
MUST_CHECK enum err session_check_loaded(const struct session *session);

static inline struct span session_id_span(const struct session *session)
{
	return SPAN_ARRAY(session->id);
}

#endif
