/*
 * Access tokens (docs/protocol.md, "Accounts and devices") as every door reads
 * them: JWT, ES256 and nothing else, the claims that the API writes and no
 * others' issuer. Whether a token was revoked is for the caller to look up.
 */
#ifndef HERMETIC_DOOR_BEARER_H
#define HERMETIC_DOOR_BEARER_H

#include <stdbool.h>

#include "base/uuid.h"

enum { BEARER_MAX = 2048, BEARER_AUDIENCE_SIZE = 256 };

/* Whose a token is. */
struct identity {
	struct uuid user, device, family;
	char username[33];
	uint64_t expires; /* seconds since 1970 */
	bool pending;	  /* the device waits to be approved */
};

/* What a token must be like, and the keys. */
struct bearer_rules {
	const char *issuer, *audience;
	/* The public key called `kid`, as PEM with a NUL behind it that is not
	 * counted; empty: there is none. It must stay until the call returns. */
	struct span (*key)(void *arg, struct span kid);
	void *arg;
	uint64_t life_s; /* of a token as it is issued */
};

/* The clocks of two machines differ by no more (docs/threat-model.md, "What we rely on"). A
 * token whose end is further off than a life and this is none that was issued. */
enum { BEARER_CLOCKS_S = 600 };

/* For so long a revocation is remembered by those who ask whether a token was revoked, and
 * is kept for them: until the last machine, by its own clock, believes the token no more. */
static inline uint64_t bearer_revoked_s(uint64_t life_s)
{
	return life_s + BEARER_CLOCKS_S;
}

/* ERR_PEER_DENIED for whatever is wrong with the token, its age too; `out` is
 * cleared then. A token of a device that waits has another audience: `pending`
 * says so, and a door that such a device may not use refuses it. */
MUST_CHECK enum err bearer_verify(const struct bearer_rules *rules,
				  struct span token, uint64_t now_s,
				  struct identity *out);

/* The audience of tokens of devices that wait. */
void bearer_waiting_audience(const char *audience,
			     char out[BEARER_AUDIENCE_SIZE]);

#endif
