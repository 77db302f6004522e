/* Why something failed, in a few sentences for a person and one slug for a script. The command
 * keeps it itself: what the library says of a failure is that of the last one. Behind the
 * library's sentence stands what to run next (advice.h). */
#ifndef HERMETIC_COMMAND_REASON_H
#define HERMETIC_COMMAND_REASON_H

#include "base/err.h"
#include "hermetic/hermetic.h"

struct reason {
	enum hermetic_result result; /* HERMETIC_OK: there is none */
	char slug[48], text[1024];
};

/* Keeps it in the place of the one before, and returns the error that TRY() hands on:
 * ERR_LOCAL_IO of HERMETIC_LOCAL, which nothing on this machine goes on after, and of all
 * others ERR_PEER_INVALID. */
MUST_CHECK enum err reason_set(struct reason *why, enum hermetic_result result,
			       const char *slug, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same of what a call of the library came to. Of HERMETIC_OK nothing is kept. */
MUST_CHECK enum err reason_take(struct reason *why, struct hermetic *h,
				enum hermetic_result result);

/* The same also of HERMETIC_KEPT, which is no failure. */
void reason_of(struct reason *why, struct hermetic *h,
	       enum hermetic_result result);

/* Of HERMETIC_EVENT_WAITS and HERMETIC_EVENT_DISCONNECTED. */
void reason_of_event(struct reason *why, const struct hermetic_event *event);

/* What a person is to look at of that account: HERMETIC_LOOK. */
MUST_CHECK enum err reason_of_person(struct reason *why,
				     const struct hermetic_person *person);

/* The end of what failed with `e`: that has a reason from now on, also where nobody has
 * said one, as of memory that is out. */
void reason_end(struct reason *why, enum err e);

void reason_clear(struct reason *why);

#endif
