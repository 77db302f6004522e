/*
 * What a person does with sessions. Each call first settles what an earlier
 * one left behind, so a call that was killed is finished by the next. A
 * refused call leaves the state as usable as before.
 */
#ifndef HERMETIC_CLIENT_CONVERSATION_H
#define HERMETIC_CLIENT_CONVERSATION_H

#include "client/settle.h"

struct conversation_plan {
	const char *name;	     /* or NULL */
	struct account_suites offer; /* in order of preference */
	const char *const *invites;  /* user names */
	size_t invite_count;
	bool open;
};

MUST_CHECK enum err conversation_create(struct client *c,
					const struct conversation_plan *plan,
					char id[TEXT_UUID_SIZE]);

/* By the Welcome that waits for us, otherwise by external commit. Nothing
 * happens when we are a member who has kept up. */
MUST_CHECK enum err conversation_join(struct client *c, const char *id);

/* *devices: how many were added by Welcome; with 0 the user may join by
 * itself. */
MUST_CHECK enum err conversation_invite(struct client *c, const char *id,
					const char *username, size_t *devices);

/* UTF-8. `courier` NULL: by REST. */
MUST_CHECK enum err conversation_send(struct client *c, const char *id,
				      struct span text,
				      const struct postbox_courier *courier);

MUST_CHECK enum err conversation_rotate(struct client *c, const char *id);

/* Settles, and reads what is new. */
MUST_CHECK enum err conversation_refresh(struct client *c, const char *id);

/* {session_id, name?, algorithm, suite, epoch, last_seq, member, forked,
 * safety_number, members: [{leaf_index, username, device_id, own}]}: from this
 * device's own state, nothing of it from the server. */
MUST_CHECK enum err conversation_describe(struct client *c, const char *id,
					  json_t **description);

#endif
