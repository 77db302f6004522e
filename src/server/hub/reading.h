/* Rows that the followers of a session lack are read: once for all who are
 * level, page by page for one who is behind. */
#ifndef HERMETIC_SERVER_HUB_READING_H
#define HERMETIC_SERVER_HUB_READING_H

#include "server/hub/topics.h"
#include "store/store.h"

/* Once in a worker. */
void reading_start(struct store *store);

/* What the topic's log has grown by, at the end of the turn. */
void reading_for_all(struct topic *topic);

/* Its log reaches `seq` at least: what it lacks is read. */
void reading_grown(struct topic *topic, uint64_t seq);

/* The next page of somebody who is behind and can take it. */
void reading_for_one(struct subscription *subscription);

#endif
