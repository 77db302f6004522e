/* Who types, between what a server pushes and the device (device.h, "who types"), without
 * input and output. All of it is worth no failure: what does not go is left out. */
#ifndef HERMETIC_REACH_TYPING_H
#define HERMETIC_REACH_TYPING_H

#include "device/device.h"

#include <jansson.h>

/* A push that says so. */
void typing_hear(struct device *device, const json_t *push);

/* Appends the message, with a NUL, that hands on what device_tell_typing() gave: of the
 * session `id` and with its type, or with NULL without both. */
void typing_put(struct buf *out, const char *id, struct span notice);

/* Who types there, a new array of names, where these are others than those of *told, which
 * it takes the place of; *told may be NULL: nobody. Borrowed from it; NULL: the same. */
const json_t *typing_changed(struct device *device, const char *id,
			     json_t **told);

#endif
