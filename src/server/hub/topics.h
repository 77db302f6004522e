/* The sessions that are followed in this worker, and by whom. */
#ifndef HERMETIC_SERVER_HUB_TOPICS_H
#define HERMETIC_SERVER_HUB_TOPICS_H

#include "server/hub/subscriber.h"

enum { TOPIC_BUCKETS = 4096 };

/* In the parent, before the workers: from then on each of them sees what the others follow,
 * bucket by bucket. ERR_LOCAL_MEMORY. */
MUST_CHECK enum err topics_share(unsigned workers);

/* Once in a worker, of this number from 1: it follows nothing yet. */
void topics_start(unsigned worker);

/* False: that worker follows no such session. What it begins to follow shows here before it
 * asks the database how far the log has grown: a message that is stored later finds it. */
bool topics_are_followed(unsigned worker, struct uuid session);

struct topic;

struct subscription {
	struct subscriber subscriber;
	struct topic *topic;
	uint64_t id, next; /* seq of the next message to give */
	unsigned page;	   /* rows to ask for: the fewer, the slower he reads */
	unsigned pending;  /* statements that will come back here */
	bool member;	   /* confirmed by the store, for the log up to: */
	uint64_t confirmed;
	bool unsure; /* the question could not be asked, or was lost */
	bool reading, over;
	struct subscription *sibling;
};

struct topic {
	struct uuid session;
	bool placed;	    /* `delivered` is known */
	uint64_t delivered; /* up to here the followers have it */
	uint64_t known;	    /* the log reaches at least here, as it was told */
	uint64_t asked; /* `known` when the read that is under way was sent */
	bool waits, reading; /* to be read, and being read */
	struct subscription *subscriptions;
	struct topic *next, *next_to_read;
};

/* NULL: nobody follows it. */
struct topic *topics_find(struct uuid session);

/* Found or made; NULL: no memory. */
struct topic *topics_make(struct uuid session);

/* Forgets a topic that nobody follows and no read will come back to. */
void topics_drop_if_unused(struct topic *topic);

/* The first topic of a bucket; `next` leads on. */
struct topic *topics_bucket(size_t bucket);

#endif
