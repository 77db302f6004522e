/* A message goes to those who wait for just that one. */
#ifndef HERMETIC_SERVER_HUB_GIVING_H
#define HERMETIC_SERVER_HUB_GIVING_H

#include "server/hub/topics.h"
#include "store/message.h"
#include "store/notifier.h"

/* The frame that all who get the message share; NULL: no memory. */
struct shared *giving_encode(const struct message *message);

/* To one, whose next message it is. */
void giving_give(struct subscription *subscription,
		 const struct message *message, struct shared *frame);

/* The topic's next message, to all who wait for it. */
void giving_deliver(struct topic *topic, const struct message *message);

/* A typing notice. Who takes long to read gets none. */
void giving_typing(const struct topic *topic, const struct notice *notice);

/* Whose message is being given just now; NULL: nobody's. */
const struct subscription *giving_to(void);

#endif
