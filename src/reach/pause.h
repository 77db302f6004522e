/*
 * Waiting for descriptors, and for signals that are blocked meanwhile. Whoever looks at what
 * a signal's handler has noted, and then waits, blocks the signal before: it comes
 * while pause_poll() waits, and not between the two.
 */
#ifndef HERMETIC_REACH_PAUSE_H
#define HERMETIC_REACH_PAUSE_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* The mask of signals while pause_poll() waits, of all threads; borrowed until another
 * one is set. NULL, as at the beginning: that of the thread stays. */
void pause_set_mask(const sigset_t *mask);

/* As poll(). */
int pause_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

/*
 * Waiting for a server's answer. Whoever has something else to do is asked now and then, at
 * least each second and when a signal has come, with how long the answer has been awaited:
 * `true` ends the waiting as if the server could not be reached. NULL, as at the beginning:
 * nobody is asked.
 */
void pause_ask(bool (*is_over)(void *context, uint64_t waited_ms),
	       void *context);

/* `since`: by the steady clock, milliseconds. */
bool pause_is_over(uint64_t since);
#define PAUSE_ASK_MS 250 /* where who waits can choose */

#endif
