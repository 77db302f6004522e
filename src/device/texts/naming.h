/*
 * What a session is called, what it is about, and its picture. The last one of each
 * counts, whoever of the members said it. For those who come in, whoever adds somebody says all
 * of it again behind that commit. Nobody has added who came in by an external commit, so the
 * members do, one after the other: the one with the lowest leaf at once, each
 * further one ten seconds later, until one of them has. A device says again only what it
 * heard in its present membership, also that there is none any more: what it remembers of
 * an earlier one is shown until the members say otherwise. Notes of a membership:
 *
 *   name?, subject?          what the log says last, or said in the membership before
 *   picture?                 {type, size}; a record of its own has its bytes
 *   name_at?, subject_at?, picture_at?   the entry that says it, and
 *   name_by?, subject_by?, picture_by?   the identity of its sender: both only of what was
 *                            heard in this membership
 *   rename_at?               Unix milliseconds: from then on this device says it
 *                            again
 *   rename_for?              the last entry by which somebody came in who is to hear it
 *
 * The name alone is said as content of type 2, which every client reads; the rest
 * as MIMI content (room.h).
 */
#ifndef HERMETIC_DEVICE_TEXTS_NAMING_H
#define HERMETIC_DEVICE_TEXTS_NAMING_H

#include "device/core.h"
#include "device/texts/room.h"

/* May a session be called so, be about that, and have that picture? NULL, or an empty one:
 * it has none. ERR_PEER_INVALID and ERR_PEER_TOO_LARGE with the reason. */
MUST_CHECK enum err naming_check(struct device *d, const char *name);
MUST_CHECK enum err naming_check_subject(struct device *d, const char *subject);
MUST_CHECK enum err naming_check_picture(struct device *d, struct span picture);

/* Is there anything of it to be said to those who come in? */
bool naming_has_any(const struct device *d);

/* An entry was taken by which `event->identity` came in by itself. */
void naming_note_joiner(struct device *d, const struct session_event *event);

/* The log says that now. What its sender said without having seen the present one,
 * which another device said, is not taken: a repeat that was under way does not undo
 * anything, and all members judge so by the view that the sender signed. What is taken
 * is added to `entry` (name, subject, picture); *late: nothing was. */
MUST_CHECK enum err naming_heard(struct device *d,
				 const struct session_event *event,
				 const struct room *room, json_t *entry,
				 bool *late);

/* A repeat that waits although the log has said it since; 0: none does. */
uint64_t naming_unsent(const struct device *d);

/* Adds subject and picture to a description. */
void naming_describe(const struct membership *m, json_t *description);

#endif
