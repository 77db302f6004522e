/*
 * A trail: a session's log followed without its keys, from a place that this
 * device has verified over each commit to the group of today (docs/protocol.md,
 * "The walk"). A device comes into a group, again or for the first time, only
 * where a trail leads.
 */
#ifndef HERMETIC_DEVICE_GROUP_TRAIL_H
#define HERMETIC_DEVICE_GROUP_TRAIL_H

#include "device/ports.h"
#include "session/session.h"

struct trail;

/* Begins at the group of a session, whose place in the log is `seq` with
 * `head`. `accounts`, of which the trail borrows: by what places are judged. */
MUST_CHECK enum err trail_from_session(const struct session *session,
				       uint64_t seq,
				       const uint8_t head[CHAIN_HEAD],
				       struct check_accounts *accounts,
				       struct trail **trail);

/* Begins at a GroupInfo (MLSMessage) that stands at that place. Seq 0 has a
 * head of its own, which is checked: ERR_PEER_FORK. ERR_PEER_INVALID: no whole
 * GroupInfo. ERR_STATE_ACCOUNTS: logs are lacking. */
MUST_CHECK enum err trail_from_info(const uint8_t session_id[SESSION_ID],
				    struct span group_info, uint64_t seq,
				    const uint8_t head[CHAIN_HEAD],
				    struct check_accounts *accounts,
				    struct trail **trail);

/* The departures that stand at its beginning, which were verified before. */
MUST_CHECK enum err trail_set_departures(struct trail *trail,
					 struct span departures);

/* Is its group the first one of a session: epoch 0, with one leaf? Whoever creates
 * a session begins alone (docs/protocol.md, "The walk"). */
bool trail_is_at_creation(const struct trail *trail);

/* One more, if it is a good one of the group where the trail is. */
MUST_CHECK enum err trail_add_departure(struct trail *trail,
					struct span departure);

/* A commit that stands before the trail's place: departures of the leaves that it
 * removes are over. */
void trail_spend_departures(struct trail *trail, struct span commit);

void trail_free(struct trail *trail);

/* The last entry that was followed. */
uint64_t trail_seq(const struct trail *trail);
const uint8_t *trail_head(const struct trail *trail);

/* The chain where it has got to, for session_join_external(). */
const struct chain *trail_chain(const struct trail *trail);

/* Follows the next entry. ERR_STATE_CONFLICT: entries are missing before it;
 * ERR_STATE_REPLAY: it was followed; ERR_STATE_ACCOUNTS: logs are lacking, and
 * nothing has changed; ERR_PEER_FORK: its head does not follow;
 * another PEER error: it cannot be read. A commit that breaks a rule changes
 * nothing: all members refuse it. */
MUST_CHECK enum err trail_follow(struct trail *trail,
				 const struct answer_entry *entry);

/* A move was followed, and the GroupInfo of the next generation is needed
 * before the trail goes on: of which one, 0: none. */
uint32_t trail_wants_generation(const struct trail *trail);
MUST_CHECK enum err trail_next_generation(struct trail *trail,
					  struct span group_info);

/* Is this GroupInfo the one that the trail leads to? */
bool trail_leads_to(struct trail *trail, struct span group_info);

/* Is the group of this session the one that the trail has come to? */
bool trail_is_at(const struct trail *trail, const struct session *session);

/* May a device of that identity not come in by itself? It may when its leaf is
 * there, or none of its user's is. */
bool trail_keeps_out(const struct trail *trail, struct span identity);

/* Who signed the last commit that was followed; false: none was since it began,
 * or since a move. Borrowed until it goes on. */
bool trail_signer(const struct trail *trail, struct check_signer *signer);

/* Of the group where it has got to; the encoded GroupContext is borrowed until it goes
 * on. */
struct span trail_context(const struct trail *trail);
bool trail_has(const struct trail *trail, struct span identity);
uint64_t trail_epoch(const struct trail *trail);
struct span trail_departures(const struct trail *trail);

/* Appends the ratchet tree (RFC 9420, 12.4.3.3) of that group. */
MUST_CHECK enum err trail_put_tree(const struct trail *trail, struct buf *tree);
/* The same of its places, where it has their root (wire/places.h). */
MUST_CHECK enum err trail_put_places(const struct trail *trail,
				     struct buf *rows);

/* For old faults (base/fault.h): a GroupInfo of an epoch that the trail has left
 * behind; one in which all leaves of the trail's group stand as they are there. */
bool trail_has_left(const struct trail *trail, struct span group_info);
bool trail_is_copied_by(const struct trail *trail, struct span group_info);

/* Members had to be taken at their word: their keys are new since a move, or
 * the trail began at a place that the server named, and the person went on. */
bool trail_is_weak(const struct trail *trail);
void trail_set_weak(struct trail *trail);

#endif
