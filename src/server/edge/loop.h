/* Kore's event loop, as the rest of the server sees it. */
#ifndef HERMETIC_SERVER_EDGE_LOOP_H
#define HERMETIC_SERVER_EDGE_LOOP_H

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Level-triggered interest in a descriptor that is not a connection of Kore's;
 * a second call for the same one replaces the first. An error of the
 * descriptor counts as both events. */
void loop_watch(int fd, unsigned events,
		void (*ready)(void *arg, unsigned events), void *arg);

/* No more callbacks, also not within the current turn. Fine for a descriptor
 * that was closed already. */
void loop_forget(int fd);

/* Calls `tick` about every `ms`, for ever. */
void loop_every(unsigned ms, void (*tick)(void *arg), void *arg);

/* Calls `run` once, at the end of the turn of the loop in which `ms` are over; 0: of the
 * current one. */
void loop_later(unsigned ms, void (*run)(void *arg), void *arg);

/* Milliseconds of a clock that only goes forward. */
unsigned long loop_now_ms(void);

#endif
