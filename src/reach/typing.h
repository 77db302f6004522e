/* Who types, between a connection and the device (device.h, "who types"). All of it is
 * worth no failure: what does not go is left out. */
#ifndef HERMETIC_REACH_TYPING_H
#define HERMETIC_REACH_TYPING_H

#include "reach/account.h"
#include "reach/channel.h"

/* A push that says so. */
void typing_hear(struct account *a, const json_t *push);

/* The person types in that session, or does not any more. */
void typing_say(struct account *a, struct channel *channel, const char *id,
		bool types);

/* Who types there, a new array of names, where these are others than those of *told, which
 * it takes the place of; *told may be NULL: nobody. Borrowed from it; NULL: the same. */
const json_t *typing_changed(struct account *a, const char *id, json_t **told);

#endif
