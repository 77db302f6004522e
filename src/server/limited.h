/* Limits (door/limits.h) as REST answers them: 429 with Retry-After and the
 * RateLimit fields; these also with an answer that leaves little of a quota. */
#ifndef HERMETIC_SERVER_LIMITED_H
#define HERMETIC_SERVER_LIMITED_H

#include "door/limits.h"
#include "server/edge/request.h"
#include "store/rows.h"

/* Once in a worker. */
void limited_start(void);

/* The network that a request comes from, as limits count it. Borrows from
 * `room`. */
struct span limited_address(struct request *req, uint8_t room[16]);

/* Counts one try. False: it was too often, and the request is answered. */
bool limited_allows(struct request *req, enum limit limit, struct span who,
		    struct span where);

/* Counts one try of the network that the request comes from, and for IPv6 of the network
 * of 48 bits around that, which has `wide` for it. False: as above. */
bool limited_by_address(struct request *req, enum limit limit, enum limit wide);

/* Counts a try at an account's passphrase by the address: a login, or another use of it.
 * False: as above. */
bool limited_login(struct request *req, const char *username);

/* Counts a guess at an account's passphrase, before the guess is hashed: its own row says
 * how often an administrator has had the guesses forgotten. False: as above. */
bool limited_guess(struct request *req, const char *username, uint32_t reset);
/* It was right, and none; or no hash was compared. */
void limited_guess_back(const char *username, uint32_t reset);

/* Answers with what the last try has come to. */
void limited_refuse(struct request *req);

/* Answers for a statement whose row says how many seconds to wait. */
void limited_by_statement(struct request *req, enum limit limit,
			  uint64_t wait_s);

#endif
