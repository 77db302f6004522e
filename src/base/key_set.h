/*
 * The public keys of a ratchet tree, for the question whether a key is there
 * already (RFC 9420 sections 7.3, 12.4.2, 12.4.3.1), and its users, each with the
 * leaves that are that user's: in time that does not grow with the tree, where a scan
 * would.
 *
 * A set of fingerprints, and a multiset: two keys may have one. So "no" is
 * sure, and who hears "maybe" looks through the tree. Shared like the tree's
 * nodes: a change copies the way to it and leaves other holders as they were.
 */
#ifndef HERMETIC_BASE_KEY_SET_H
#define HERMETIC_BASE_KEY_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct key_set_node;

struct key_set {
	struct key_set_node *root; /* NULL: empty */
	size_t repeated;	   /* fingerprints beyond the first of a kind */
};

#define KEY_SET_INIT ((struct key_set){ NULL, 0 })

/* Another holder. */
struct key_set key_set_share(const struct key_set *set);
void key_set_clear(struct key_set *set);

/* After a failure the set is only good for key_set_clear(). */
MUST_CHECK enum err key_set_put(struct key_set *set, struct span key);
/* A key that was put; ERR_LOCAL_BUG otherwise. */
MUST_CHECK enum err key_set_remove(struct key_set *set, struct span key);

/* False: it is not there. */
bool key_set_may_have(const struct key_set *set, struct span key);

/* False: all keys differ. */
bool key_set_may_repeat(const struct key_set *set);

/* ---- sets of keys with a number each, below KEY_SET_NUMBERS ---- */

#define KEY_SET_NUMBERS (1u << 24)

/* The same for a key with a number: the two together stand in the set. A set has such
 * pairs alone, or keys alone. */
MUST_CHECK enum err key_set_put_pair(struct key_set *set, struct span key,
				     uint32_t number);
MUST_CHECK enum err key_set_remove_pair(struct key_set *set, struct span key,
					uint32_t number);

/* The lowest number from *number on that the key has; it may be another key's whose
 * fingerprint is alike. False: the key has none there. */
bool key_set_next_pair(const struct key_set *set, struct span key,
		       uint32_t *number);

#endif
