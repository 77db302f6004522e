/* What a client sends to a session: an envelope's bytes as they are, or JSON
 * {"envelope": base64, "id"?: number, "expires_at"?: number}; and a typing notice's, or
 * {"notice": base64, "id"?: number}. */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_PAYLOAD_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_PAYLOAD_H

#include "base/buf.h"

struct payload {
	struct buf bytes; /* to be cleared, on failure too */
	bool has_id;
	int64_t id;	     /* the answer repeats it */
	uint64_t expires_ms; /* 0: not given */
};

/* ERR_PEER_MALFORMED when it is neither. An id is told on failure, too. */
MUST_CHECK enum err payload_read(struct span bytes, struct payload *out);
MUST_CHECK enum err payload_read_typing(struct span bytes, struct payload *out);

#endif
