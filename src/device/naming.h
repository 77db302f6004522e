/*
 * The session's name, for those who have come in. Whoever adds somebody says the name
 * again behind that commit. Nobody has added who came in by an external commit, so
 * the members do, one after the other: the one with the lowest leaf at once, each
 * further one ten seconds later, until one of them has. Notes of a membership:
 *
 *   name?       what the log says last
 *   name_at?    the entry that says it, and
 *   name_by?    the identity of its sender
 *   rename_at?  Unix milliseconds: from then on this device says it again
 */
#ifndef HERMETIC_DEVICE_NAMING_H
#define HERMETIC_DEVICE_NAMING_H

#include "device/core.h"

/* May a session be called so? NULL: it has no name. ERR_PEER_INVALID with the
 * reason. */
MUST_CHECK enum err naming_check(struct device *d, const char *name);

/* An entry was taken by which `event->identity` came in by itself. */
void naming_note_joiner(struct device *d, const struct session_event *event);

/* The log says that name now. *late: its sender had not seen the present name, which
 * another device said, so the present one stays: a repeat that was under way does not
 * undo a name, and all members judge so by the view that the sender signed. */
MUST_CHECK enum err naming_heard(struct device *d,
				 const struct session_event *event,
				 struct span name, bool *late);

/* A repeat that waits although the log has said the name since; 0: none does. */
uint64_t naming_unsent(const struct device *d);

#endif
