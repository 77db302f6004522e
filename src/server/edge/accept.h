/* When a worker takes connections, and when it lets them wait in the kernel:
 * a listening socket that nothing can be taken from would wake it for ever. */
#ifndef HERMETIC_SERVER_EDGE_ACCEPT_H
#define HERMETIC_SERVER_EDGE_ACCEPT_H

struct listener;

/* This worker's listener, of Kore's making and not yet in its loop: once. */
void accept_start(struct listener *listener);

/* Before the listener is closed: the kernel would reset who waits in it. */
void accept_waiting(void);

#endif
