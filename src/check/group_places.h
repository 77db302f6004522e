/* The places of a group as its GroupContext has them: the list, or the root of a map
 * that whoever follows the group has (check/place_map.h). Who judges commits asks here
 * and does not see which. */
#ifndef HERMETIC_CHECK_GROUP_PLACES_H
#define HERMETIC_CHECK_GROUP_PLACES_H

#include "check/place_map.h"
#include "check/view.h"
#include "wire/framing.h"
#include "wire/group_info.h"

/* Borrows. */
struct group_places {
	bool there;
	struct span rows;	     /* the list */
	const struct place_map *map; /* NULL: it is a list */
};

/* Whether a GroupContext's extensions have places, in either way. */
bool group_places_are_there(struct span extensions);
/* The type of the extension that they stand in. */
bool group_places_is_type(uint16_t type);

/* `map` (may be NULL) is that of a group with a root; whether it is that root's, who
 * followed the group has seen. ERR_PEER_MALFORMED, or ERR_PEER_INVALID where a map is
 * lacking. */
MUST_CHECK enum err group_places_read(struct span extensions,
				      const struct place_map *map,
				      struct group_places *places);
MUST_CHECK enum err group_places_of(const struct check_view *view,
				    struct group_places *places);

bool group_places_find(const struct group_places *places,
		       struct span fingerprint, struct place *place);
size_t group_places_count(const struct group_places *places);
/* Appends the rows. */
void group_places_put(const struct group_places *places, struct buf *rows);

/* Appends the changes (wire/places.h) from one list to the next. */
void group_places_compare(struct span before, struct span after,
			  struct buf *changes);

/* The map behind a commit that the rules took; not there where the group has none.
 * ERR_PEER_INVALID and ERR_PEER_MALFORMED as place_map_change(). */
MUST_CHECK enum err group_places_next(const struct place_map *map,
				      struct span authenticated_data,
				      struct place_map *after);

/* The map of the group that a GroupInfo is of which is kept with its places; not there
 * where the group has none. ERR_PEER_INVALID: these are not the root's, or are
 * lacking. */
MUST_CHECK enum err group_places_of_info(const struct wire_group_info *info,
					 struct place_map *map);
/* The same where somebody gives the rows. */
MUST_CHECK enum err group_places_of_rows(struct span extensions,
					 struct span rows,
					 struct place_map *map);

#endif
