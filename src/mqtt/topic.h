/*
 * The names of MQTT's side (docs/mqtt.md): topics and client ids.
 *
 *   hermetic/v1/session/{session}/messages   to the members
 *   hermetic/v1/session/{session}/send       from a member
 *   hermetic/v1/session/{session}/typing     from a member, and to the members
 *   hermetic/v1/device/{device}/events       to one device, as is …/answers
 *   hermetic/received/{session}/{client id}  inside: what a client sent, from
 *                                            the plugin to the bridge
 *   hermetic/typed/{session}/{client id}     the same of typing notices
 *
 * A client id is the device's id, then up to 64 of [A-Za-z0-9._-]. So who may
 * use a client id, and whose a connection is, is read from the id itself.
 */
#ifndef HERMETIC_MQTT_TOPIC_H
#define HERMETIC_MQTT_TOPIC_H

#include "base/uuid.h"

#define TOPIC_RECEIVED_ALL "hermetic/received/#"
#define TOPIC_TYPED_ALL "hermetic/typed/#"
#define TOPIC_BRIDGE_PREFIX "hermetic-bridge-" /* of a bridge's client id */

enum {
	TOPIC_CLIENT_MAX = UUID_TEXT + 64,
	TOPIC_MAX = 256 /* bytes of a response topic */
};

enum topic_kind {
	TOPIC_OTHER,
	TOPIC_MESSAGES,
	TOPIC_SEND,
	TOPIC_TYPING,
	TOPIC_DEVICE,
	TOPIC_RECEIVED,
	TOPIC_TYPED
};

struct topic {
	enum topic_kind kind;
	struct uuid id; /* the session or the device; not of OTHER */
	struct span
	    rest; /* DEVICE: after its slash; RECEIVED, TYPED: the client */
};

/* Never fails: what is none of ours is TOPIC_OTHER. Borrows from `name`. */
struct topic topic_parse(struct span name);

/* The device of a client id. False: it is no client's. */
bool topic_client(struct span client_id, struct uuid *device);

/* These append, without a NUL. */
void topic_put_messages(struct buf *out, struct uuid session);
void topic_put_events(struct buf *out, struct uuid device);
void topic_put_received(struct buf *out, struct uuid session,
			struct span client_id);
void topic_put_typing(struct buf *out, struct uuid session);
void topic_put_typed(struct buf *out, struct uuid session,
		     struct span client_id);

#endif
