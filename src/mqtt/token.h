/* Access tokens as the API issues them (docs/protocol.md), verified with the keys
 * that the API has vouched for. */
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

/* Adds the key that the API's voucher is for (door/vouch.h). ERR_PEER_DENIED when it
 * is nobody's voucher for `kid`; `keys` stay as they are on every error. */
MUST_CHECK enum err token_add_key(struct token_keys *keys, struct span secret,
				  struct span kid, struct span voucher);

/* ERR_PEER_DENIED for whatever is wrong with it, its age too, and for one of a
 * device that waits to be approved. */
MUST_CHECK enum err token_verify(struct token_keys *keys, const char *issuer,
				 const char *audience, uint64_t life_s,
				 const char *text, uint64_t now_s,
				 struct identity *out);

#endif
