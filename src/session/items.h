/*
 * A session item by item, as mls/items.h has it of a group: what a call changed is what
 * is written. The keys, whose first byte is a letter:
 *
 *   g KEY         of the group, as mls/items.h names it
 *   s             what is small: flags, the place in the log, how many places
 *   c NUMBER      of the log's heads, CHAIN_ITEM of them
 *   o  t  d  u    the outbox, our staged commit, the departures, who is unsettled
 *   x             the group that our staged ReInit leads to, and its Welcome
 *   p BITS NUMBER places of the accounts whose fingerprints begin with that number, of
 *                 so many bits
 *
 * NUMBER and BITS are one byte each.
 */
#ifndef HERMETIC_SESSION_ITEMS_H
#define HERMETIC_SESSION_ITEMS_H

#include "mls/items.h"
#include "session/session.h"

#define SESSION_ITEM_KEY_MAX (1 + MLS_ITEM_KEY_MAX)

/* Puts all of the session's own items, and of its groups' what has changed. What is put
 * as it was is the store's to leave out. Otherwise as mls_group_store(). */
MUST_CHECK enum err session_store(struct session *session,
				  const struct mls_items *items);

/* What was stored is not there after all: the next session_store() gives everything. */
void session_store_again(struct session *session);

/* session_load() of items. */
MUST_CHECK enum err session_restore(const struct mls_items *items,
				    struct session **session);

/* Which items change together, or hold so little that a record for each would cost more
 * than it saves: they have one page. Of a key's beginning it is the beginning of the
 * pages of all items that begin so. */
struct session_page {
	uint8_t bytes[SESSION_ITEM_KEY_MAX];
	size_t n;
};
void session_item_page(struct span key, struct session_page *page);

/* Nodes of ratchet trees are on it: they hold no secrets. */
bool session_page_is_public(const struct session_page *page);

#endif
