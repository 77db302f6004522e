/*
 * Whom a text mentions. A person types "@name" of a member; the device that says the
 * text looks up which account this device calls so, and says beside the text, as
 * Markdown with links, which accounts those are (draft-ietf-mimi-content-08, 5.4).
 * Names are each device's own, so a link names the account by its fingerprint, and a
 * receiver calls the account as it does elsewhere.
 */
#ifndef HERMETIC_DEVICE_TEXTS_MENTIONS_H
#define HERMETIC_DEVICE_TEXTS_MENTIONS_H

#include "device/core.h"

/* What stands before the user in a URI (docs/protocol.md, "What is inside"). */
#define MENTIONS_URI "hermetic:user/"
#define MENTIONS_USER ((size_t)2 * ACCOUNT_HASH) /* characters */
#define MENTIONS_MAX 32 /* accounts that one text mentions */

/* Appends `text` as Markdown in which "@name" of members of the session that is
 * loaded are links. Nothing is appended when it mentions nobody: an address
 * ("a@name") does not, and in a session without places nobody can be. */
MUST_CHECK enum err mentions_put(struct device *d, struct span text,
				 struct buf *markdown);

/* The account that the next link in *markdown names, MENTIONS_USER characters; false:
 * there is no other one. Borrowed. */
bool mentions_next(struct span *markdown, struct span *user);

/* Appends to `users`, MENTIONS_USER characters each, those whom `markdown` names and
 * who are not there yet, up to MENTIONS_MAX. */
void mentions_collect(struct span markdown, struct buf *users);

/*
 * Notes in an entry whom its text mentions: `mentions`, of `users` those who are members,
 * and `mentioned` where the person of this device is one of them and another one has
 * said it. Inside a transaction.
 */
MUST_CHECK enum err mentions_keep(struct device *d, struct span users,
				  json_t *entry);

#endif
