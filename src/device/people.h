/*
 * Whom the person at this device has been shown. Nothing is sealed for a
 * member whom the person was not shown (docs/protocol.md, "What a sender has
 * seen"). A member is an identity with a signature key: the same name with
 * another key is somebody else.
 */
#ifndef HERMETIC_DEVICE_PEOPLE_H
#define HERMETIC_DEVICE_PEOPLE_H

#include "device/membership.h"

/* Everybody who is a member now was shown. Writes the notes. */
MUST_CHECK enum err people_show_all(struct membership *m);

/* These (identity, signature key) were shown: the person named them. */
MUST_CHECK enum err people_show(struct membership *m, struct span identity,
				struct span signature_key);

/* Was that member shown? */
MUST_CHECK enum err people_was_shown(const struct membership *m,
				     const struct mls_member *member,
				     bool *shown);

/* How many members were not shown; their identities are appended to `names`
 * as text, with commas between them. */
MUST_CHECK enum err people_unseen(const struct membership *m, size_t *count,
				  struct buf *names);

/* Who is a member, as tokens of `shown`: a new object. After a commit
 * people_forget_gone() forgets that those were shown who are members no more:
 * whoever comes back is new. */
MUST_CHECK enum err people_tokens(const struct membership *m, json_t **tokens);
MUST_CHECK enum err people_forget_gone(struct membership *m,
				       const json_t *before);

#endif
