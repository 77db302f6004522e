/* The time of day, and the time that goes by. */
#ifndef HERMETIC_BASE_CLOCK_H
#define HERMETIC_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, UTC. It may jump: never a measure of durations. */
uint64_t clock_now_ms(void);

/* Milliseconds from some moment on, which never jump: for durations. */
uint64_t clock_steady_ms(void);

#endif
