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

/* All devices of "user", or one: "user/device". */
MUST_CHECK enum err conversation_remove(struct client *c, const char *id,
					const char *whom);

MUST_CHECK enum err conversation_role(struct client *c, const char *id,
				      const char *username, enum role role);

/* To another algorithm, with all members. */
MUST_CHECK enum err conversation_move(struct client *c, const char *id,
				      const char *algorithm);

/* With this device. What was read stays. */
MUST_CHECK enum err conversation_leave(struct client *c, const char *id);

/* Another device of ours, by its departure; nothing when it is not in it. */
MUST_CHECK enum err conversation_depart(struct client *c, const char *id,
					const char *device);

/* By external commit, whatever this device thinks of the session. */
MUST_CHECK enum err conversation_rejoin(struct client *c, const char *id);

/* Renews the keys if members have departed. */
MUST_CHECK enum err conversation_purge(struct client *c, const char *id);

MUST_CHECK enum err conversation_rotate(struct client *c, const char *id);

/* Settles, and reads what is new. */
MUST_CHECK enum err conversation_refresh(struct client *c, const char *id);

#endif
