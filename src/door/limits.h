/*
 * How much somebody may do: rates, each of so much in a window of time, for an
 * account, a device, a session or an address. All doors count here.
 *
 * A name's count is a debt of time: each try costs the window divided by the
 * quota, and time pays it back. A try whose cost would lift the debt above the
 * window is refused and costs nothing. So a burst of a whole quota is allowed,
 * and from then on the quota's pace.
 *
 * Each process keeps debts in a bounded table, under a keyed hash of the name.
 * When the table of a limit is full a new name takes the place of the one with the
 * smallest debt, and takes over that debt up to half a window: nobody's count begins
 * anew because others were counted, and others' counts refuse nobody who is new. Once a second the process tells PostgreSQL what is new, and hears what
 * everybody has counted, so that a limit holds for all nodes together. What is
 * far from its limit is not told (see `part` below). While the database is away,
 * each process counts alone; what a process counted before it had the key of the
 * shared names is counted again under that key.
 */
#ifndef HERMETIC_DOOR_LIMITS_H
#define HERMETIC_DOOR_LIMITS_H

#include "base/siphash.h"
#include "store/connection.h"
#include "store/loop.h"

/* A new one comes last: names are counted, by nodes of several versions, under a hash
 * that has the number of their limit.
 * X(NAME, the policy's name, window in seconds, part, private)
 * part: a process tells what it has counted when that is a quota divided by
 * this; 0: at once. private: the name leads to a person or an address, so the
 * key of its hash is not in the database. */
#define LIMITS(X)                                                                      \
	/* logins of one account from one address */                                   \
	X(LOGINS, "logins", 60, 0, true)                                               \
	/* logins from one address */                                                  \
	X(ADDRESS_LOGINS, "address-logins", 60, 0, true)                               \
	/* wrong passwords for one account, from wherever */                           \
	X(GUESSES, "guesses", 3600, 0, true)                                           \
	/* new accounts from one address */                                            \
	X(REGISTRATIONS, "registrations", 3600, 0, true)                               \
	/* claims of KeyPackages by one account */                                     \
	X(CLAIMS, "claims", 60, 0, false)                                              \
	/* links by one account, or into one log; requests for approval */             \
	X(LINKS, "links", 60, 0, true)                                                 \
	/* files that one account begins to store */                                   \
	X(FILES, "files", 60, 0, false)                                                \
	/* whatever else one account writes */                                         \
	X(WRITES, "writes", 60, 0, false)                                              \
	/* messages of one device, and their bytes */                                  \
	X(MESSAGES, "messages", 60, 16, false)                                         \
	X(BYTES, "bytes", 60, 16, false)                                               \
	/* messages of one session */                                                  \
	X(SESSION_MESSAGES, "session-messages", 60, 16, false)                         \
	/* typing notices of one device */                                             \
	X(TYPING, "typing", 60, 16, false)                                             \
	/* sessions that the broker keeps for one device */                            \
	X(MQTT_SESSIONS, "mqtt-sessions", 86400, 0, false)                             \
	/* wrong tokens of the administration's API from one address */                \
	X(ADMIN_TOKENS, "admin-tokens", 60, 0, true)                                   \
	/* Those that a statement counts (charge_quota() of SQL, or rows): claims of \
	 * one account by another, invitations and sessions of one account */ \
	X(CLAIMS_OF_ONE, "claims-of-one", 3600, 0, false)                              \
	X(INVITATIONS, "invitations", 86400, 0, false)                                 \
	X(SESSIONS, "sessions", 86400, 0, false)                                       \
	/* new tokens of one login, which a statement counts, too */                   \
	X(REFRESHES_OF_ONE, "refreshes-of-one", 60, 0, false)                          \
	/* refreshes from one address */                                               \
	X(REFRESHES, "refreshes", 60, 16, true)                                        \
	/* the same as without the word, from one network of 48 bits, of IPv6 */       \
	X(WIDE_LOGINS, "wide-logins", 60, 0, true)                                     \
	X(WIDE_REFRESHES, "wide-refreshes", 60, 16, true)                              \
	X(WIDE_REGISTRATIONS, "wide-registrations", 3600, 0, true)

enum limit {
#define LIMIT_ENUM(name, policy, window, part, private) LIMIT_##name,
	LIMITS(LIMIT_ENUM)
#undef LIMIT_ENUM
	    LIMIT_COUNT
};

/* What a limit said of the last try. */
struct limit_state {
	enum limit limit;
	bool refused;
	uint64_t quota, window_s;
	uint64_t left;	  /* of the quota */
	uint64_t reset_s; /* until all of it is there again */
	uint64_t retry_s; /* refused: until the same try will do, at least 1 */
};

struct limits_settings {
	const struct store_loop *loop;
	/* As store_query(). */
	enum err (*query)(enum statement statement, struct params *params,
			  connection_done *done, void *arg);
	/* Of the names of private limits; the same in each process that shares
	 * them. NULL: this process shares none of them, and takes its own. */
	const uint8_t *private_key;
	uint64_t quotas[LIMIT_COUNT]; /* 0: no such limit here */
};

/* Once in a process. */
void limits_start(const struct limits_settings *settings);

/* Counts `n` for the name that consists of both parts. False: refused, and
 * nothing was counted. */
bool limits_take(enum limit limit, struct span who, struct span where,
		 uint64_t n);

/* What limits_take() would return; counts nothing. */
bool limits_allow(enum limit limit, struct span who, struct span where,
		  uint64_t n);

/* Takes back what limits_take() has counted. */
void limits_give_back(enum limit limit, struct span who, struct span where,
		      uint64_t n);

/* Of the last try, until the next one. Its quota is 0 where there is no such
 * limit. */
const struct limit_state *limits_last(void);

/* The state of a limit that a statement has refused for so many seconds. */
struct limit_state limits_refused(enum limit limit, uint64_t retry_s);

/* The values of the fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-
 * ratelimit-headers), with a NUL. */
enum { LIMITS_FIELD = 96 };
void limits_policy(const struct limit_state *state, char out[LIMITS_FIELD]);
void limits_field(const struct limit_state *state, char out[LIMITS_FIELD]);

#endif
