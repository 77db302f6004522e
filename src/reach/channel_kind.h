/* What a kind of channel is made of: for ws.c and mqtt.c, and channel.c that
 * does for both what both need. */
#ifndef HERMETIC_REACH_CHANNEL_KIND_H
#define HERMETIC_REACH_CHANNEL_KIND_H

#include "reach/channel.h"

#define CHANNEL_CONNECT_MS 15000

struct channel_kind {
	void (*close)(struct channel *channel);
	enum err (*subscribe)(struct channel *channel, const char *id,
			      uint64_t after, struct why *why,
			      struct channel_subscription *out);
	/* Hands `text` on; what answers it has channel->waiting as its id. */
	enum err (*put)(struct channel *channel, const char *id,
			const char *text);
	/* The same of a typing notice, in JSON, which nothing answers: it is lost where
	 * something else is on its way. */
	void (*type)(struct channel *channel, const char *id, const char *text);
	bool names_requests; /* by a member "type" */
	/* Waits for the server, a second at most, and lets happen what happens. False: a
	 * signal came. */
	bool (*serve)(struct channel *channel, int timeout_ms);
	int (*fd)(const struct channel *channel);
	/* Reads, or lets it be. */
	void (*read)(struct channel *channel, bool on);
};

/* The beginning of each kind's own. */
struct channel {
	const struct channel_kind *kind;
	json_t *queue;	    /* pushes */
	json_t *answer;	    /* to the request with id `waiting` */
	json_int_t waiting; /* 0: none */
	json_int_t last_id;
	bool paused, ended, wants_token;
	char reason[128];
};

MUST_CHECK enum err channel_init(struct channel *channel,
				 const struct channel_kind *kind);
void channel_clear(struct channel *channel);

/* An object from the server: an answer or a push. False: none. */
bool channel_received(struct channel *channel, struct span json);

/* The first reason stays. */
void channel_end(struct channel *channel, struct span reason);

/* A request whose answer is awaited; `body` is taken over, an id is added. */
MUST_CHECK enum err channel_request(struct channel *channel, const char *id,
				    json_t *body, struct why *why,
				    char slug[48], json_t **answer);

MUST_CHECK enum err channel_lost(const struct channel *channel,
				 struct why *why);

MUST_CHECK enum err ws_open(const struct channel_target *target,
			    struct why *why, struct channel **out);
MUST_CHECK enum err mqtt_open(const struct channel_target *target,
			      struct why *why, struct channel **out);

#endif
