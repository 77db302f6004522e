/*
 * Waiting for descriptors, and for signals that are blocked meanwhile. Whoever looks at what
 * a signal's handler has noted, and then waits, blocks the signal before: it comes
 * while pause_poll() waits, and not between the two.
 */
#ifndef HERMETIC_REACH_PAUSE_H
#define HERMETIC_REACH_PAUSE_H

#include <poll.h>
#include <signal.h>

/* The mask of signals while pause_poll() waits, of all threads; borrowed until another
 * one is set. NULL, as at the beginning: that of the thread stays. */
void pause_set_mask(const sigset_t *mask);

/* As poll(). */
int pause_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
