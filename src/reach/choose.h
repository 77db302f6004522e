/* Which row of a list a person means by a word: sessions and devices have ids, and names
 * that others may have given them. */
#ifndef HERMETIC_REACH_CHOOSE_H
#define HERMETIC_REACH_CHOOSE_H

#include "device/why.h"

#include <jansson.h>

#define CHOOSE_SHORT_ID 8 /* characters of an id that people type */

/* A new array of the rows that `word` means: the row whose full id that is, or
 * those whose id begins with it and, with `names`, whose name it is, as people compare
 * names (reach/fold.h). What reads as a full id is no name, and an empty word means no row.
 * `id`: the member that is a
 * row's id. NULL: out of memory. */
json_t *choose_match(const json_t *list, const char *id, const char *word,
		     bool names);

/* The only row of `found`, which choose_match() gave; *row borrows. ERR_STATE_GONE, of
 * which no reason is set: there is none. ERR_STATE_CONFLICT: there are several `things`,
 * which the reason names. */
MUST_CHECK enum err choose_one(const json_t *found, const char *id,
			       const char *things, const char *word,
			       struct why *why, const json_t **row);

#endif
