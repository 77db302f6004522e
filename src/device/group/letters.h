/*
 * Letters (wire/letter.h): who invites gives one to the server with the invitation; who
 * is invited asks for them, reads the logs of the accounts that sign them, and comes in
 * only where the walk comes by the place that the letter of who has made the entry names.
 */
#ifndef HERMETIC_DEVICE_GROUP_LETTERS_H
#define HERMETIC_DEVICE_GROUP_LETTERS_H

#include "device/core.h"
#include "device/group/trail.h"

struct letter_read;
void letters_free(struct letter_read *read);

/* Notes whether the trail comes by the place of each good letter, where it is there. Only
 * the entry in the group says whose letter counts, so letters_bar() judges it. */
MUST_CHECK enum err letters_note_place(const struct device *d,
				       const struct trail *trail);

/* This device's account is invited into the group of that verified GroupInfo, and who
 * has made the entry is blocked, or has given no letter that is good, or one that names a
 * place by which the trail did not come: the order ends, and *out is true. Letters by
 * anybody else do not count. */
MUST_CHECK enum err letters_bar(struct device *d, struct span group_info,
				const char *identity, bool *out);

#endif
