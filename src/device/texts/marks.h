/*
 * Messages by their ids, and what was said about each of them later. A record of
 * the store for each id,
 *
 *   "mid/SESSION/ID"   {seq, edits: [{seq, text}…], deleted?,
 *                       reactions: [{seq, from, text}…]}
 *
 * `deleted` is the number of the entry that took the message back. All of these
 * are for use inside a transaction.
 */
#ifndef HERMETIC_DEVICE_TEXTS_MARKS_H
#define HERMETIC_DEVICE_TEXTS_MARKS_H

#include "content/mimi.h"
#include "device/group/membership.h"

#define MARKS_MAX 1000 /* edits, and reactions, of one message */

/* The entry `seq` has that id. *again: another entry had it before, and keeps
 * it. */
MUST_CHECK enum err marks_put_id(const struct device_store *store,
				 const char *session, const uint8_t id[MIMI_ID],
				 uint64_t seq, bool *again);

/* A new reference; ERR_STATE_GONE: no message that is here has that id. */
MUST_CHECK enum err marks_get(const struct device_store *store,
			      const char *session, const uint8_t id[MIMI_ID],
			      json_t **marks);
MUST_CHECK enum err marks_save(const struct device_store *store,
			       const char *session, const uint8_t id[MIMI_ID],
			       const json_t *marks);

/* Keeps text, mentions and mentioned of the entry `edit`. False: it is one too many. */
bool marks_edit(json_t *marks, uint64_t seq, const json_t *edit);

/* Each says false when it was there already, or is one too many. */
bool marks_react(json_t *marks, uint64_t seq, const json_t *from,
		 const json_t *text);
bool marks_unreact(json_t *marks, uint64_t seq);

/* Adds to an entry what was said about it, for who reads it: edited (a number),
 * edited_text, deleted, reactions ({text: [user…]…}); mentions and mentioned are those of
 * the last edit. Also outside a transaction. */
MUST_CHECK enum err marks_show(const struct device_store *store,
			       const char *session, json_t *entry);

/* The entry and what is here of its id go. */
MUST_CHECK enum err marks_forget(const struct device_store *store,
				 const char *session, const json_t *entry);

#endif
