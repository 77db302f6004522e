/* Why an operation failed, in one sentence for a person and one slug for a
 * script. The first reason counts: callers further out do not hide it. */
#ifndef HERMETIC_DEVICE_WHY_H
#define HERMETIC_DEVICE_WHY_H

#include "base/err.h"
#include "base/span.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

/* The sentence names no act of one client: a command, a button. Each client has that of its
 * own, by the slug and by what the sentence is about. */
struct why {
	bool unreachable; /* the server was not reached: exit 3 */
	char slug[48];	  /* a problem's slug, or one of ours */
	char text[640];	  /* empty: nothing was said yet */
	/* What it is about; empty, or 0: of that nothing. */
	char session[TEXT_UUID_SIZE];
	char name[128]; /* a user, or a device of one as members are called */
	uint64_t item;	/* of the outbox, where it stands as refused */
};

void why_clear(struct why *why);

/* Will the same request fare better later? By its result, and by the slug of
 * the server's problem ("" without). */
bool why_is_passing(enum err e, const char *slug);

/* Writes the reason unless there is one, and returns `e`. */
enum err why_set(struct why *why, enum err e, const char *slug,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same of a reason that is about a user or a device of that name. */
enum err why_set_about(struct why *why, struct span name, enum err e,
		       const char *slug, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same, but in place of an earlier reason. */
enum err why_replace(struct why *why, enum err e, const char *slug,
		     const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
