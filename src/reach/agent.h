/*
 * A process that holds the keys of a state for a time, so that other commands of the
 * same user open it without the passphrase and its cost.
 *
 * It listens at a socket in the state's folder, which only its user can open, and looks
 * at who connects: another user than its own is answered nothing. Whoever asks looks at
 * the other end, too. One byte is asked:
 *
 *   'K'  the agent answers AGENT_VERSION and the two keys, 65 bytes
 *   'L'  the agent wipes the keys and ends, which closes the connection
 *
 * A lock of a file in the folder, which it holds as long as it has the keys, keeps a
 * second agent away, and says whether one is there when the socket does not answer.
 */
#ifndef HERMETIC_REACH_AGENT_H
#define HERMETIC_REACH_AGENT_H

#include "device/why.h"
#include "reach/state_keys.h"

#include <signal.h>

#define AGENT_VERSION 1

struct agent;

/* Begins to listen; `keys` are copied.
 * ERR_STATE_CONFLICT: another agent holds keys there. */
MUST_CHECK enum err agent_open(const char *home, const struct state_keys *keys,
			       struct why *why, struct agent **out);

/* Answers, with the keys in memory that is not swapped out, for so long, time of sleep
 * included, or until it is locked or *stop. Then it calls `over`, if that is not NULL, before
 * who has asked for the lock is told. */
void agent_serve(struct agent *agent, uint64_t seconds,
		 const volatile sig_atomic_t *stop, void (*over)(void *context),
		 void *context);

/* Wipes, and removes the socket. Takes NULL. */
void agent_close(struct agent *agent);

/* Wipes the copy of this process, after fork(): its child goes on. */
void agent_leave(struct agent *agent);

/* The keys, which the caller wipes. ERR_STATE_GONE: nobody holds them. ERR_LOCAL_IO:
 * whoever does cannot be asked. */
MUST_CHECK enum err agent_keys(const char *home, struct state_keys *keys);

/* Returns when the agent has wiped them. ERR_STATE_GONE: none was there. ERR_LOCAL_IO:
 * it may hold them still, *why says what failed. */
MUST_CHECK enum err agent_lock(const char *home, struct why *why);

#endif
