/* What the files of live.c share. */
#ifndef HERMETIC_REACH_LIVE_INSIDE_H
#define HERMETIC_REACH_LIVE_INSIDE_H

#include "reach/channel.h"
#include "reach/drive.h"
#include "reach/live.h"

struct topic {
	char id[TEXT_UUID_SIZE];
	uint64_t told;
	bool due;      /* its keys, as the server said when we subscribed */
	bool stopped;  /* as it was after the last push */
	bool typing;   /* the server takes notices of it */
	json_t *types; /* owned: who does, as it was told; NULL: nobody */
	/* Unix milliseconds: no receipt is due before; 0: not known */
	uint64_t receipt_at;
	struct topic *next;
};

struct live {
	struct account *a;
	const struct live_listener *listener;
	struct channel *channel; /* NULL while disconnected */
	struct drive_sender sender;
	struct topic *topics;
	uint64_t retry_at; /* by the steady clock */
	uint64_t since;	   /* of the connection, by the same */
	unsigned backoff_ms;
	bool renew_token;
	bool told_lost;	  /* whoever listens was told of it */
	char refused[48]; /* the slug of the last refusal, which was told */
	bool passing;	  /* the last failure may not be there another time */
};

/* Notes whether the failure, which it gives back, may not be there another time
 * (live->passing). `outcome`: of an order; or NULL. */
MUST_CHECK enum err live_judge(struct live *live, enum err e,
			       const struct outcome *outcome);

/* Reads the log. What waits to be sent, waits: that is no failure of reading, and the
 * device has an answer for whoever sends. */
MUST_CHECK enum err live_catch_up(struct live *live, const char *id);

/* NULL: it is not followed. */
struct topic *live_find_topic(const struct live *live, const char *id);

/* What the server asks for is worth a try; it asks again, or somebody else. */
void live_oblige(struct live *live, enum err e);

/* Takes in what was pushed. */
MUST_CHECK enum err live_take_pushes(struct live *live);

#endif
