/* Access tokens as the API issues them (docs/protocol.md), verified with the
 * published keys alone. */
#ifndef HERMETIC_MQTT_TOKEN_H
#define HERMETIC_MQTT_TOKEN_H

#include "base/buf.h"

enum { TOKEN_KEYS_MAX = 16 };

struct token_key {
	char kid[48];
	char pem[256]; /* of the public key */
};

struct token_keys {
	struct token_key of[TOKEN_KEYS_MAX];
	size_t count;
};

struct token {
	uint8_t device[16], family[16];
	char username[33];
	uint64_t expires; /* seconds since 1970 */
};

/* Adds a key from its JWK (RFC 7517). */
MUST_CHECK enum err token_add_key(struct token_keys *keys, struct span kid,
				  struct span jwk);

/* ERR_PEER_DENIED for whatever is wrong with it, its age too. */
MUST_CHECK enum err token_verify(const struct token_keys *keys,
				 const char *issuer, const char *audience,
				 const char *text, uint64_t now_s,
				 struct token *out);

#endif
