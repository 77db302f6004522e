/*
 * Whom the person at this device has been shown. Nothing is sealed for a
 * member whom the person was not shown (docs/protocol.md, "What a sender has
 * seen"). A member is an identity with a signature key: the same name with
 * another key is somebody else.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_PEOPLE_H
#define HERMETIC_DEVICE_ACCOUNTS_PEOPLE_H

#include "device/core.h"

/* Appends a member's mark: a hash of identity and signature key, in hexadecimal
 * with a NUL. */
MUST_CHECK enum err people_put_mark(struct span identity, struct span key,
				    struct buf *hex);

/* Everybody who is a member now was shown. Writes the notes. */
MUST_CHECK enum err people_show_all(struct membership *m);

/* The members with these marks were shown. Marks of others are passed over.
 * *changed: the notes are another now. */
MUST_CHECK enum err people_show_marks(struct membership *m,
				      const char *const *marks, size_t count,
				      bool *changed);

/* A session of an earlier version does not say who was shown: all who are there
 * when it is loaded were. */
MUST_CHECK enum err people_adopt(struct membership *m);

/* These (identity, signature key) were shown: the person named them. */
MUST_CHECK enum err people_show(struct membership *m, struct span identity,
				struct span signature_key);

/* Was that member shown? */
MUST_CHECK enum err people_was_shown(const struct membership *m,
				     const struct mls_member *member,
				     bool *shown);

/* How many members of the session that is loaded were not shown; what a person
 * calls them (device/accounts/names.h) is appended to `names`, with commas between them,
 * unless that is NULL. */
MUST_CHECK enum err people_unseen(struct device *d, size_t *count,
				  struct buf *names);

/* Who is a member, as marks in `shown`: a new object. After a commit
 * people_forget_gone() forgets that those were shown who are members no more:
 * whoever comes back is new. */
MUST_CHECK enum err people_marks(const struct membership *m, json_t **marks);
MUST_CHECK enum err people_forget_gone(struct membership *m,
				       const json_t *before);

#endif
