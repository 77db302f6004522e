/* Access tokens as the API issues them (docs/protocol.md), verified with the
 * published keys alone. */
#ifndef HERMETIC_MQTT_TOKEN_H
#define HERMETIC_MQTT_TOKEN_H

#include "base/buf.h"
#include "door/bearer.h"

enum { TOKEN_KEYS_MAX = 16 };

struct token_key {
	char kid[48];
	char pem[256]; /* of the public key */
};

struct token_keys {
	struct token_key of[TOKEN_KEYS_MAX];
	size_t count;
};

/* Adds a key from its JWK (RFC 7517). */
MUST_CHECK enum err token_add_key(struct token_keys *keys, struct span kid,
				  struct span jwk);

/* ERR_PEER_DENIED for whatever is wrong with it, its age too, and for one of a
 * device that waits to be approved. */
MUST_CHECK enum err token_verify(struct token_keys *keys, const char *issuer,
				 const char *audience, const char *text,
				 uint64_t now_s, struct identity *out);

#endif
