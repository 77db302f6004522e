/*
 * Waiting for a server's answer. Whoever has something else to do is asked now and then, at
 * least each second and when a signal has come, with how long the answer has been awaited:
 * `true` ends the waiting as if the server could not be reached. NULL, as at the beginning:
 * nobody is asked. Each thread has its own.
 */
#ifndef HERMETIC_REACH_PAUSE_H
#define HERMETIC_REACH_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

void pause_ask(bool (*is_over)(void *context, uint64_t waited_ms),
	       void *context);

/* `since`: by the steady clock, milliseconds. */
bool pause_is_over(uint64_t since);
#define PAUSE_ASK_MS 250 /* where who waits can choose */

#endif
