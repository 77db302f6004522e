/* Why an operation failed, in one sentence for a person and one slug for a
 * script. The first reason counts: callers further out do not hide it. */
#ifndef HERMETIC_DEVICE_WHY_H
#define HERMETIC_DEVICE_WHY_H

#include "base/err.h"

#include <stdbool.h>

struct why {
	bool unreachable; /* the server was not reached: exit 3 */
	char slug[48];	  /* a problem's slug, or one of ours */
	char text[640];	  /* empty: nothing was said yet */
};

void why_clear(struct why *why);

/* Will the same request fare better later? By its result, and by the slug of
 * the server's problem ("" without). */
bool why_is_passing(enum err e, const char *slug);

/* Writes the reason unless there is one, and returns `e`. */
enum err why_set(struct why *why, enum err e, const char *slug,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same, but in place of an earlier reason. */
enum err why_replace(struct why *why, enum err e, const char *slug,
		     const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
