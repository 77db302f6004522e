/*
 * What the broker must know of the database, in memory: the keys that verify
 * tokens, what was revoked, and who is in which session. A thread of its own
 * keeps it up to date by LISTEN; every function here answers at once and may
 * be called from the broker's thread.
 */
#ifndef HERMETIC_MQTT_CACHE_H
#define HERMETIC_MQTT_CACHE_H

#include "base/uuid.h"
#include "mqtt/token.h"

struct cache_settings {
	/* Borrowed for good; `secret` is that of vouchers (door/vouch.h). */
	const char *conninfo, *issuer, *audience, *secret;
	uint64_t access_seconds; /* how long a token is good for */
};

MUST_CHECK enum err cache_start(const struct cache_settings *settings);
void cache_stop(void);

/* ERR_PEER_DENIED: the token is not good; ERR_LOCAL_BUSY: just started, nobody
 * can tell yet. */
MUST_CHECK enum err cache_verify(const char *token, struct identity *out);

bool cache_is_revoked(const struct identity *token);

/* False also means that it is looked up, so that a member who came this very
 * moment is known when it tries again. */
bool cache_is_member(struct uuid session, struct uuid device);

#endif
