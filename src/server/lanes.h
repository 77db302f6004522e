/*
 * Who writes for a session. Two writers that put messages into one session wait
 * for each other's commits, so the workers of a node share a few writers, one
 * for four: an envelope goes to the one that its session's id names, and the
 * answer comes back.
 *
 * Nothing depends on it: an envelope may be stored by anybody, and its nonce
 * tells whether it has been. When the other worker does not answer (it hangs,
 * or was killed), and when this one is asked to end, it stores what it had
 * handed on by itself.
 */
#ifndef HERMETIC_SERVER_LANES_H
#define HERMETIC_SERVER_LANES_H

#include <stdbool.h>

#include "server/words.h"

/* Once in a worker. */
void lanes_start(struct store *store);

/* As store_append(). */
MUST_CHECK enum err lanes_append(const struct append *message,
				 append_done *done, void *arg);

/* From now on this worker writes by itself. */
void lanes_drain(void);

/* Nothing waits for another worker. */
bool lanes_are_idle(void);

/* ---- words of other workers ---- */

void lanes_take_append(const struct words_append *append);
void lanes_take_result(const struct words_result *result);
void lanes_worker_started(unsigned worker);

#endif
