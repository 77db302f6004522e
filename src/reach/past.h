/* What is kept of sessions, read back: the last entries, those since a time, or those
 * that have some words. Nothing is asked of a server. */
#ifndef HERMETIC_REACH_PAST_H
#define HERMETIC_REACH_PAST_H

#include "device/device.h"

#include <jansson.h>

struct past {
	uint64_t after;	 /* entries with a greater number */
	uint64_t before; /* entries with a smaller one; 0: all */
	/* From the first one on that was sent then or later; 0: all. */
	uint64_t since_ms;
	uint64_t last; /* at most so many, the latest; 0: all */
	/* All of these words, as people compare them, stand in the text, in its last
	 * edit or in the name of its file. NULL: any entry will do. */
	const char *words;
	const char *topic; /* and that is their topic; NULL: any, or none */
};

/* A new array of entries as look_entry() has them, in the log's order, and without
 * receipts. What was taken back or has ended has no words. */
MUST_CHECK enum err past_read(struct device *device, const char *id,
			      const struct past *past, struct why *why,
			      json_t **entries);

/* The same of `id`, or with NULL of all sessions: a new array of {session, entries}. */
MUST_CHECK enum err past_gather(struct device *device, const char *id,
				const struct past *past, struct why *why,
				json_t **rows);

#endif
