/* The inside of the binding, for its own sources. */
#ifndef HERMETIC_WASM_BINDING_INSIDE_H
#define HERMETIC_WASM_BINDING_INSIDE_H

#include "hermetic/hermetic.h"
#include "wasm/binding.h"

#include <jansson.h>

extern struct hermetic_core *binding_core; /* the device; NULL: there is none */

/* The result, with its reason: {"result", "why"?, "slug"?, "about"?}. The second one is of a call
 * that never came to the device. */
json_t *binding_say(enum hermetic_result result);
json_t *binding_say_usage(const char *why);
extern const char BINDING_UNREADABLE[], BINDING_NOT_WHOLE[];

/* Answers with that, and takes it over. */
const char *binding_hand_out(json_t *object);
/* The same with {"value": json}, or why there is none. */
const char *binding_tell(enum hermetic_result result, const char *json);

/* A number of JavaScript; false: it is not whole, or none of ours. */
bool binding_whole(double given, uint64_t *number);
/* The same of a member; one that is missing is 0. */
bool binding_number(const json_t *given, const char *name, uint64_t *number);

#endif
