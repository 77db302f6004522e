/*
 * Who this device is: an account on a server, its tokens, and its signature
 * keys. One home holds one device of one account.
 *
 * The passphrase never leaves: the server is given a password derived from it
 * (docs/protocol.md, "The client's secrets"), and the state is sealed under a
 * key of its own.
 */
#ifndef HERMETIC_CLIENT_ACCOUNT_H
#define HERMETIC_CLIENT_ACCOUNT_H

#include "base/text.h"
#include "client/api.h"
#include "client/record.h"
#include "crypto/suite.h"
#include "mls/group.h"

#define ACCOUNT_NAME_SIZE 33 /* 32 characters and a NUL */
#define ACCOUNT_SUITES_MAX 8
#define ACCOUNT_ALGORITHMS "aes-256-gcm,chacha20-poly1305,twofish-256-gcm"

/* A user's algorithms, in order of preference. */
struct account_suites {
	uint16_t ids[ACCOUNT_SUITES_MAX];
	size_t count;
};

/* Everything that an operation of the client needs. One thread. */
struct client {
	const char *home; /* borrowed */
	struct state *state;
	struct api *api;
	struct why why;
	char username[ACCOUNT_NAME_SIZE];
	char user_id[TEXT_UUID_SIZE], device_id[TEXT_UUID_SIZE];
	char server[256];      /* base URL */
	const char *mqtt, *ca; /* as channel_target has them; borrowed */
	char ca_kept[1024];    /* what a login was told of it */
	char identity[ACCOUNT_NAME_SIZE + TEXT_UUID_SIZE]; /* name/device */
	struct account_suites suites;
	uint64_t renew_token_at; /* Unix milliseconds */
};

/* What a login is told. Borrowed. */
struct account_login {
	bool is_new; /* make the account first */
	const char *server, *username;
	const char *algorithms;	 /* NULL: the remembered or default ones */
	const char *device_name; /* NULL: "cli" */
	struct span passphrase;
	struct password_cost state_cost; /* of a new state */
};

/* "a,b,c" to suites; an unknown or repeated one is refused, and said. */
MUST_CHECK enum err account_parse_algorithms(const char *text,
					     struct account_suites *out,
					     struct why *why);

/* HERMETIC_SCRYPT_N, the cost of a new state: a power of two from 2^14 to
 * 2^22; NULL: PASSWORD_COST. */
MUST_CHECK enum err account_parse_cost(const char *text,
				       struct password_cost *cost,
				       struct why *why);

/* Suites as an array of names, for the state. ERR_PEER_MALFORMED. */
json_t *account_suites_to_json(const struct account_suites *suites);
MUST_CHECK enum err account_suites_from_json(const json_t *list,
					     struct account_suites *suites);

/* Is it one of the algorithms that this device offers now? */
bool account_offers(const struct client *c, const struct suite *suite);

/* Lower-case letters, digits and ._- as the server wants them. */
bool account_name_is_sane(const char *username);

/*
 * Opens or makes the state, logs in, remembers. Only `c->home` needs to be
 * set before.
 * On failure a state that was not there before is not there either.
 */
MUST_CHECK enum err account_login(struct client *c,
				  const struct account_login *login);

/* Opens the state of a device that is logged in. `server` (or NULL) is in
 * place of the remembered one for now; `username` (or NULL) must match. */
MUST_CHECK enum err account_open(struct client *c, struct span passphrase,
				 const char *server, const char *username);

/* Opens the state far enough to know `username` and `server`; nothing when
 * that was done. */
MUST_CHECK enum err account_peek(struct client *c, struct span passphrase);

/* POST /auth/logout, and forgets tokens and password. */
MUST_CHECK enum err account_logout(struct client *c);

void account_close(struct client *c);

/* One signature key pair of this device for a suite's scheme, made at first
 * use. Inside a transaction. */
struct account_key {
	struct sec private_key;
	struct buf public_key;
};
MUST_CHECK enum err account_key(struct client *c, const struct suite *suite,
				struct account_key *key);
void account_key_clear(struct account_key *key);

#endif
