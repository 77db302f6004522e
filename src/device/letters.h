/*
 * Letters (wire/letter.h): who invites gives one to the server with the invitation; who
 * is invited asks for it, reads the log of the account that signs it, and comes in only
 * where the walk comes by the place that it names.
 */
#ifndef HERMETIC_DEVICE_LETTERS_H
#define HERMETIC_DEVICE_LETTERS_H

#include "device/core.h"
#include "device/trail.h"

struct letter_read;
void letters_free(struct letter_read *letter);

/* The trail comes by the letter's place, or has not got there yet, or there is no
 * letter. ERR_PEER_FORK: it comes by another one. */
MUST_CHECK enum err letters_check_place(const struct device *d,
					const struct trail *trail);
bool letters_fall_short(const struct device *d, const struct trail *trail);

/* This device's account is invited into the group of that verified GroupInfo, and no
 * letter says so of whoever did it: the order ends, and *out. */
MUST_CHECK enum err letters_bar(struct device *d, struct span group_info,
				const char *identity, bool *out);

#endif
