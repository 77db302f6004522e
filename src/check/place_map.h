/*
 * The places of a group by account, and one hash over all of them: what the
 * GroupContext's PLACES_ROOT_EXTENSION names (wire/places.h; docs/protocol.md, "Leaves
 * and places"). The map is a binary tree over the bits of the fingerprints in which
 * each node has two sides, so its form depends on the set alone and not on the order in
 * which accounts came and went:
 *
 *   hash of one account   SHA-256(uint8 0 || AccountPlace)
 *   hash of a node        SHA-256(uint8 1 || uint8 bit || hash[32] || hash[32])
 *                         bit: the first one, counted from the highest of the first
 *                         byte, in which fingerprints below the node differ; the side
 *                         where it is 0 stands first
 *   root                  the hash of the topmost; of no account, 32 zeros
 *
 * A change takes time and memory by the logarithm of the accounts. Maps do not change:
 * one that is made of another shares with it what is the same. So whoever judges a
 * commit drops what did not become of it. Hashes are made when they are asked for, and
 * kept. Maps that share are of one thread at a time.
 */
#ifndef HERMETIC_CHECK_PLACE_MAP_H
#define HERMETIC_CHECK_PLACE_MAP_H

#include "base/buf.h"
#include "wire/places.h"

struct place_node;

struct place_map {
	bool there;
	struct place_node *top; /* NULL: of no account */
	size_t count;
};

/* ERR_PEER_MALFORMED: rows that places_check_rows() refuses. */
MUST_CHECK enum err place_map_read(struct span rows, struct place_map *map);
/* Another holder of the same. */
struct place_map place_map_share(const struct place_map *map);
void place_map_clear(struct place_map *map);

bool place_map_find(const struct place_map *map, struct span fingerprint,
		    struct place *place);

/* `after` is the map with these changes (places_check_changes()), of which each has to
 * change something: ERR_PEER_INVALID otherwise, ERR_PEER_MALFORMED. */
MUST_CHECK enum err place_map_change(const struct place_map *map,
				     struct span changes,
				     struct place_map *after);

MUST_CHECK enum err place_map_root(const struct place_map *map,
				   uint8_t root[PLACES_ROOT]);

/* Appends the rows. */
void place_map_put(const struct place_map *map, struct buf *rows);

#endif
