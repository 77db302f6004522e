/*
 * One live connection to the server, by WebSocket (docs/protocol.md) or MQTT
 * (docs/mqtt.md). Nothing happens between calls: the caller gives it time with
 * channel_wait(), together with a file descriptor of its own. What the server
 * pushes waits in a queue; when that is full, nothing more is read.
 */
#ifndef HERMETIC_REACH_CHANNEL_H
#define HERMETIC_REACH_CHANNEL_H

#include "base/span.h"
#include "device/why.h"

#include <jansson.h>

struct channel;

/* Borrowed while it is opened. */
struct channel_target {
	const char *api;  /* its base URL */
	const char *mqtt; /* [mqtt://|mqtts://]HOST[:PORT]; "": the API's host;
			   * NULL: WebSocket */
	const char
	    *ca; /* a file of certificates to trust; NULL: the system's */
	const char *username, *device; /* whose the token is */
	const char *token;
};

/* Connects, 15 seconds at most. ERR_LOCAL_IO: not reached; ERR_PEER_DENIED:
 * refused, perhaps with another token not. */
MUST_CHECK enum err channel_open(const struct channel_target *target,
				 struct why *why, struct channel **out);

/* Says goodbye and frees. */
void channel_close(struct channel *channel);

struct channel_subscription {
	bool from_now; /* what came before is not pushed */
	bool due;      /* the session's keys should be renewed */
	bool typing;   /* typing notices are taken */
};

/* From now on, what comes after number `after` of this session's log is
 * pushed. ERR_LOCAL_IO when the connection ends; a problem is mapped as
 * api_call() does. */
MUST_CHECK enum err channel_subscribe(struct channel *channel, const char *id,
				      uint64_t after, struct why *why,
				      struct channel_subscription *out);

/* Sends `body`, which is as POST /session/ID/send has it and is taken over, and
 * waits up to 30 seconds for the answer, a new reference. Pushes that come first
 * are queued. Errors as above, a problem's slug in `slug`. */
MUST_CHECK enum err channel_send(struct channel *channel, const char *id,
				 json_t *body, struct why *why, char slug[48],
				 json_t **answer);

/* Hands a typing notice on, where they are taken, and waits for nothing: it may be lost. */
void channel_type(struct channel *channel, const char *id, struct span notice);

/* Waits until something is queued, a signal came, the connection ended, or the time is
 * over. */
void channel_wait(struct channel *channel, int timeout_ms);

/* What can be read when the server has said something; it is served once a second,
 * also when it has not. -1: the connection ended. */
int channel_fd(const struct channel *channel);

/* The next push, a new reference; NULL when none is queued. */
json_t *channel_take(struct channel *channel);

bool channel_has_ended(const struct channel *channel);
/* Once it has: why; and whether that was about the token. */
const char *channel_end_reason(const struct channel *channel);
bool channel_wants_token(const struct channel *channel);

#endif
