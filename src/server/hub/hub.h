/*
 * The hub of a worker: who follows which session, and how far each has got.
 *
 * Every subscription gets each message after its start once and in order. A
 * message that this worker stored goes out at once; for others a notice says
 * how far a log has grown, and the new rows are read once for all. Who is
 * behind is brought up page by page, as fast as he reads.
 */
#ifndef HERMETIC_SERVER_HUB_HUB_H
#define HERMETIC_SERVER_HUB_HUB_H

#include "server/hub/subscriber.h"
#include "store/store.h"

struct subscription;

/* Once in a worker. */
void hub_start(struct store *store);

/* Follows a session from after `after` on. NULL: it could not be asked. What
 * `subscriber` points to must live until hub_unsubscribe(). */
struct subscription *hub_subscribe(const struct subscriber *subscriber,
				   struct uuid session, uint64_t after,
				   uint64_t id);
void hub_unsubscribe(struct subscription *subscription);

struct uuid hub_session(const struct subscription *subscription);
/* The first message that was not given to the socket. */
uint64_t hub_next(const struct subscription *subscription);
/* Whose message is being given just now; NULL: nobody's. */
const struct subscription *hub_giving(void);

/* A message of a session that is perhaps followed here. */
void hub_follow(const struct message *message);

/* Members of a session departed: its followers are looked at again. */
void hub_members(struct uuid session);

/* A NOTICE_TYPING: to who is a member and has the log up to its seq. */
void hub_typing(const struct notice *notice);

/* A log has grown. */
void hub_grown(struct uuid session, uint64_t seq);

/* Something may have been missed: all logs are compared with the database. */
void hub_resync(void);

#endif
