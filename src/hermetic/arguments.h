/* Whether an argument that a program passes is what the public header says that it is. */
#ifndef HERMETIC_HERMETIC_ARGUMENTS_H
#define HERMETIC_HERMETIC_ARGUMENTS_H

#include "device/why.h"

struct hermetic_order;

enum argument {
	ARGUMENT_POINTER,
	ARGUMENT_TEXT, /* UTF-8 */
	ARGUMENT_SESSION,
	ARGUMENT_USER
};

/* `name` is the parameter's in the header. ERR_PEER_INVALID, with a reason that names it: the
 * argument is NULL, or not of that kind. ERR_STATE_GONE: it is no session's id. The second
 * function looks at `count` arguments. */
MUST_CHECK enum err arguments_take(struct why *why, enum argument is,
				   const char *name, const void *given);
MUST_CHECK enum err arguments_take_all(struct why *why, enum argument is,
				       const char *name,
				       const char *const *given, size_t count);

/* Looks at the session of an order, and at whom it is about. */
MUST_CHECK enum err arguments_take_order(struct why *why,
					 const struct hermetic_order *given);

#endif
