/*
 * A session that this device has or had: its MLS session, and the notes that
 * the device makes beside it. Records of the store:
 *
 *   "book"             the ids of all sessions, ["…"]
 *   "session/ID"       its shelf (shelf.h), where its items are; an earlier version
 *                      wrote one value, which session_load() takes
 *   "meta/ID"          the notes (notes.h), a JSON object (docs/state.md)
 *   "picture/ID"       the session's picture, its bytes
 *   "message/ID/SEQ"   what stands at that place of the log, opened: MLS has
 *                      thrown the key away, so this copy is the only one
 */
#ifndef HERMETIC_DEVICE_GROUP_MEMBERSHIP_H
#define HERMETIC_DEVICE_GROUP_MEMBERSHIP_H

#include "base/text.h"
#include "base/uuid.h"
#include "device/group/notes.h"
#include "device/group/shelf.h"
#include "device/group/suites.h"
#include "device/record.h"
#include "session/session.h"

struct membership {
	char id[TEXT_UUID_SIZE]; /* "": nothing is loaded */
	struct uuid raw_id;
	struct session *session; /* owned */
	json_t *notes;		 /* owned */
	/* What the store has of both. NULL: nothing, or what is another's. */
	struct shelf *shelf;
	struct notes_stored stored;
};

/* For a new session; membership->session comes later. ERR_PEER_MALFORMED: `id`
 * is no id. */
MUST_CHECK enum err membership_new(struct membership *m, const char *id,
				   const struct suites *offer);
void membership_clear(struct membership *m);

/* ERR_STATE_GONE when the store has no such session; ERR_PEER_MALFORMED also where its
 * records were not written together. The caller clears `m`, also after a failure. */
MUST_CHECK enum err membership_load(const struct device_store *store,
				    const char *id, struct membership *m);
/* The id and the notes alone, `whole` or without what notes.h spreads; the same errors.
 * The caller clears `m`. */
MUST_CHECK enum err membership_peek(const struct device_store *store,
				    const char *id, bool whole,
				    struct membership *m);
/* Inside a transaction: after a failure, or where it is not committed, the membership is
 * to be cleared. */
MUST_CHECK enum err membership_save(const struct device_store *store,
				    const struct rng *rng,
				    struct membership *m);

/* Deletes the session and everything that was kept of it. */
MUST_CHECK enum err membership_forget(const struct device_store *store,
				      struct membership *m);

/* A new array of the ids of all sessions. */
MUST_CHECK enum err membership_list(const struct device_store *store,
				    json_t **ids);

/* ---- entries that are kept ---- */

/*
 * Writes what is kept of an entry. What is there already stays as it is:
 * nothing that was shown changes. Where the person has taken another history
 * than the one that was known, a new line of entries begins, and the entries of
 * the older lines stay beneath.
 */
MUST_CHECK enum err membership_keep(const struct device_store *store,
				    const struct membership *m, uint64_t seq,
				    const json_t *entry);
/* The one exception: the entry of the newest line that has one is another one now,
 * because its author took the message back. ERR_STATE_GONE: none has. */
MUST_CHECK enum err membership_rewrite(const struct device_store *store,
				       const struct membership *m, uint64_t seq,
				       const json_t *entry);
/* `seq`: the entry after which the device is in the other history. */
void membership_begin_line(struct membership *m, uint64_t seq);
uint64_t membership_line(const struct membership *m);

/* What was the entry `seq` in that line may be another one by now. */
bool membership_left(const struct device_store *store,
		     const struct membership *m, uint64_t line, uint64_t seq);

/* The entry of the newest line that has one; ERR_STATE_GONE when none has. Of
 * the session `id`, which need not be loaded. */
MUST_CHECK enum err membership_entry(const struct device_store *store,
				     const char *id, uint64_t seq,
				     json_t **entry);

/* The session's picture; empty: none any more. membership_picture() appends it, of the
 * session `id`, which need not be loaded; ERR_STATE_GONE: there is none. */
MUST_CHECK enum err membership_set_picture(const struct device_store *store,
					   const struct membership *m,
					   struct span picture);
MUST_CHECK enum err membership_picture(const struct device_store *store,
				       const char *id, struct buf *picture);

/* ---- notes (membership_notes.c) ---- */

/* NULL when the name is not known. Borrowed. */
const char *membership_name(const struct membership *m);

MUST_CHECK enum err membership_offer(const struct membership *m,
				     struct suites *offer);
void membership_set_offer(struct membership *m, const struct suites *offer);

/* This device's identity there (core_self()). */
MUST_CHECK enum err membership_set_self(struct membership *m,
					struct span identity);

/* What must still be told to the server (todo.h). membership_set_todo() takes
 * `todo` over; NULL: done, and what was put off for a way in again comes next.
 * membership_pending(): what a person or a duty wants of the group, in whatever
 * state it is; NULL: nothing. Borrowed. membership_todos(): how often `todo` has
 * changed, also in memberships that this one continues. */
json_t *membership_todo(const struct membership *m);
void membership_set_todo(struct membership *m, json_t *todo);
json_t *membership_pending(const struct membership *m);
uint64_t membership_todos(const struct membership *m);

/* Is `todo` of that kind? */
bool membership_todo_is(const struct membership *m, const char *kind);

/*
 * Why the group of this device is not where the log is. The place is the last
 * entry at which they were the same: a walk begins there (rejoin.h).
 */
enum behind {
	BEHIND_NO,
	BEHIND_BROKEN, /* a commit that the others took did not process here */
	BEHIND_COPY    /* another copy of this device's state made entries */
};
enum behind membership_behind(const struct membership *m);
/* The first reason stays. `head` is that of entry `seq`. */
MUST_CHECK enum err membership_set_behind(struct membership *m,
					  enum behind behind, uint64_t seq,
					  const uint8_t head[CHAIN_HEAD]);
MUST_CHECK enum err membership_behind_place(const struct membership *m,
					    uint64_t *seq,
					    uint8_t head[CHAIN_HEAD]);

/* This device is out since an entry that stands right after that place, or, where
 * it departed, at it: the group that it has is the one of there. */
MUST_CHECK enum err membership_set_ended(struct membership *m, uint64_t seq,
					 const uint8_t head[CHAIN_HEAD]);
/* And it did not depart: a commit has removed it. */
void membership_set_removed(struct membership *m);
bool membership_was_removed(const struct membership *m);
/* ERR_PEER_MALFORMED: it is not known. */
MUST_CHECK enum err membership_ended_place(const struct membership *m,
					   uint64_t *seq,
					   uint8_t head[CHAIN_HEAD]);

/* It came by a Welcome: the departures that stand before its place are still
 * to be looked for, and nothing of the log is read before. */
bool membership_is_gathering(const struct membership *m);
void membership_set_gathering(struct membership *m, bool gathering);

/* It came by a last-resort KeyPackage, whose leaf node and init key serve in other
 * sessions, too: until this device's next commit. */
bool membership_leaf_is_shared(const struct membership *m);
void membership_set_shared_leaf(struct membership *m, bool shared);

/* This device came in at that entry, as the server said, and was never there before:
 * nothing before it is kept. 0: not noted. */
uint64_t membership_first(const struct membership *m);
void membership_set_first(struct membership *m, uint64_t seq);

/* `next`, a membership with a new session in it, takes the place of `m`: the
 * notes and what waits in the outbox go on. */
void membership_continue(struct membership *next, struct membership *m);

/* That happened to it: it was a session of this device before. */
bool membership_was_known(const struct membership *m);

#endif
