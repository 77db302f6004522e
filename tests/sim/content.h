/*
 * What people say beside texts: replies, edits, deletions, reactions, what has a time,
 * and receipts (sim --content); and what must hold of it.
 */
#ifndef HERMETIC_TESTS_SIM_CONTENT_H
#define HERMETIC_TESTS_SIM_CONTENT_H

#include "tests/sim/world.h"

#include <jansson.h>

struct step;

/* The order says something of another kind than a text, where the step is so and the
 * device shows something that this could be about. */
void content_plan(struct client *client, const struct step *step,
		  struct order *order, struct said *said);

/* What a device shows of an entry is what was said there: `said` of world->said, or
 * what has no text any more (SIZE_MAX). */
bool content_is_said(const struct world *world, const json_t *entry,
		     size_t said);

/* Of an entry that a device shows: who changed and deleted it was its author, who reacted
 * to it did so, and its text is there until it is deleted or its time has come. */
void content_judge(struct client *client, size_t session, uint64_t seq,
		   const json_t *entry);

/* The person has read up to the last entry. */
void content_has_read(struct client *client, size_t session);

/* Two devices that show the same entries show the same made of them. */
void content_agree(struct world *world);

#endif
