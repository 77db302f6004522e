/*
 * The sessions of this device in its state. Records:
 *
 *   "book"             the ids of all sessions, ["…"]
 *   "session/ID"       session_save()'s bytes
 *   "meta/ID"          {name?, offer: [algorithm…], todo?, behind?, again?}
 *   "message/ID/SEQ"   what stands at that place of the log, opened: MLS has
 *                      thrown the key away, so this copy is the only one
 *
 * All but page_* are inside a transaction.
 */
#ifndef HERMETIC_CLIENT_BOOK_H
#define HERMETIC_CLIENT_BOOK_H

#include "client/account.h"
#include "session/session.h"

struct page {
	char id[TEXT_UUID_SIZE];
	uint8_t raw_id[SESSION_ID];
	struct session *session; /* owned */
	json_t *meta;		 /* owned */
};

/* A page for a new session; page->session comes later. */
MUST_CHECK enum err page_new(struct page *page, const char *id,
			     const struct account_suites *offer);
void page_clear(struct page *page);

/* NULL when the name is not known. Borrowed. */
const char *page_name(const struct page *page);
MUST_CHECK enum err page_offer(const struct page *page,
			       struct account_suites *offer);

void page_set_offer(struct page *page, const struct account_suites *offer);

/* What must still be told to the server, as `settle` left it; NULL: nothing.
 * page_set_todo takes `todo` over; NULL: done. */
json_t *page_todo(const struct page *page);
void page_set_todo(struct page *page, json_t *todo);

/* Why this device is not where the others are; a graver reason stays. It ends
 * with joining again. */
enum page_behind {
	PAGE_BEHIND_NO,
	PAGE_BEHIND_SUSPECT,  /* a message did not open */
	PAGE_BEHIND_BROKEN,   /* a commit could not be processed, or is gone */
	PAGE_BEHIND_VIOLATED, /* somebody did what his role does not allow */
};
enum page_behind page_behind(const struct page *page);
void page_set_behind(struct page *page, enum page_behind behind);
/* After all it is where the others are. */
void page_clear_behind(struct page *page);

/* `page`, with a new session in it, takes the place of `old`: name and waiting
 * messages go on. page_was_known(): that happened to it. */
void page_continue(struct page *page, struct page *old);
bool page_was_known(const struct page *page);

/* ERR_STATE_GONE when this device has no such session. The caller clears the
 * page, also after a failure. */
MUST_CHECK enum err book_load(struct client *c, const char *id,
			      struct page *page);
MUST_CHECK enum err book_save(struct client *c, const struct page *page);

/* This device has left: the session is over for it. In a transaction of its
 * own. */
MUST_CHECK enum err book_leave(struct client *c, const char *id);

/* Messages stay readable only through their ids, so they go too. */
MUST_CHECK enum err book_forget(struct client *c, const struct page *page);

/* A new array of ids. */
MUST_CHECK enum err book_list(struct client *c, json_t **ids);

/* message: {kind, from, text?, sent_at, epoch, …}; borrowed. */
MUST_CHECK enum err book_put_message(struct client *c, const char *id,
				     uint64_t seq, const json_t *message);
/* ERR_STATE_GONE for a place before we joined. */
MUST_CHECK enum err book_message(struct client *c, const char *id, uint64_t seq,
				 json_t **message);

#endif
