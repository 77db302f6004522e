#include "check/group_places.h"

#include "wire/extension.h"
#include "wire/log_view.h"

bool group_places_is_type(uint16_t type)
{
	return type == PLACES_EXTENSION || type == PLACES_ROOT_EXTENSION;
}

bool group_places_are_there(struct span extensions)
{
	struct span data;

	return wire_extensions_find(extensions, PLACES_EXTENSION, &data) ||
	       wire_extensions_find(extensions, PLACES_ROOT_EXTENSION, &data);
}

enum err group_places_read(struct span extensions, const struct place_map *map,
			   struct group_places *places)
{
	struct places list;
	struct span root;
	bool rooted;
	enum err e;

	*places = (struct group_places){ .there = false };
	TRY(places_read_root(extensions, &rooted, &root));
	if (rooted) {
		ENSURE(map != NULL && map->there, ERR_PEER_INVALID);
		*places = (struct group_places){ .there = true, .map = map };
		goto out;
	}
	TRY(places_read(extensions, &list));
	*places =
	    (struct group_places){ .there = list.there, .rows = list.rows };
out:
	return e;
}

enum err group_places_of(const struct check_view *view,
			 struct group_places *places)
{
	return group_places_read(view->extensions, view->places, places);
}

bool group_places_find(const struct group_places *places,
		       struct span fingerprint, struct place *place)
{
	return places->map != NULL
		   ? place_map_find(places->map, fingerprint, place)
		   : places_find(places->rows, fingerprint, place);
}

size_t group_places_count(const struct group_places *places)
{
	return places->map != NULL ? places->map->count
				   : places->rows.n / PLACES_ROW;
}

void group_places_put(const struct group_places *places, struct buf *rows)
{
	if (places->map != NULL)
		place_map_put(places->map, rows);
	else
		buf_put(rows, places->rows);
}

void group_places_compare(struct span before, struct span after,
			  struct buf *changes)
{
	bool same = span_equal(before, after), more_old, more_new;
	struct place old, new;

	more_old = !same && places_next(&before, &old);
	more_new = !same && places_next(&after, &new);
	while (more_old || more_new) {
		int order = !more_old	? 1
			    : !more_new ? -1
					: span_compare(old.fingerprint,
						       new.fingerprint);

		if (order < 0)
			places_put_gone(changes, old.fingerprint);
		else if (order > 0 || !place_equal(&old, &new))
			places_put(changes, &new);
		if (order <= 0)
			more_old = places_next(&before, &old);
		if (order >= 0)
			more_new = places_next(&after, &new);
	}
}

enum err group_places_next(const struct place_map *map,
			   struct span authenticated_data,
			   struct place_map *after)
{
	struct log_view said;
	enum err e;

	*after = (struct place_map){ .there = false };
	if (!map->there)
		return ERR_OK;
	TRY(log_view_read_commit(authenticated_data, &said));
	TRY(place_map_change(map, said.changes, after));
out:
	return e;
}

enum err group_places_of_rows(struct span extensions, struct span rows,
			      struct place_map *map)
{
	struct place_map made = { .there = false };
	uint8_t own[PLACES_ROOT];
	struct span root;
	bool rooted;
	enum err e;

	TRY(places_read_root(extensions, &rooted, &root));
	ENSURE(rooted, ERR_PEER_INVALID);
	TRY(place_map_read(rows, &made));
	TRY(place_map_root(&made, own));
	ENSURE(span_equal(SPAN_ARRAY(own), root), ERR_PEER_INVALID);
	*map = made;
	made = (struct place_map){ .there = false };
out:
	place_map_clear(&made);
	return e;
}

enum err group_places_of_info(const struct wire_group_info *info,
			      struct place_map *map)
{
	struct wire_group_info apart;
	struct wire_beside beside;
	struct span root;
	bool rooted;
	enum err e;

	*map = (struct place_map){ .there = false };
	TRY(wire_group_info_apart(info, &apart, &beside));
	TRY(places_read_root(info->context.extensions, &rooted, &root));
	ENSURE(rooted == beside.has_places, ERR_PEER_INVALID);
	if (rooted)
		TRY(group_places_of_rows(info->context.extensions,
					 beside.places, map));
out:
	return e;
}
