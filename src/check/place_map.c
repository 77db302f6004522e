#include "check/place_map.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

enum { LEAF = 8 * ACCOUNT_HASH }; /* as a bit: above all bits */

struct place_node {
	unsigned holders;
	uint16_t bit; /* LEAF: it is one account's */
	bool hashed;
	uint8_t hash[PLACES_ROOT];
	union {
		uint8_t row[PLACES_ROW];
		struct place_node *side[2];
	};
};

/* ---- nodes ---- */

static struct place_node *hold(struct place_node *node)
{
	if (node != NULL)
		node->holders++;
	return node;
}

/* As deep as fingerprints have bits at most. */
static void let_go(struct place_node *node)
{
	if (node == NULL || --node->holders > 0)
		return;
	if (node->bit < LEAF) {
		let_go(node->side[0]);
		let_go(node->side[1]);
	}
	free(node);
}

static struct place_node *make_leaf(struct span row)
{
	struct place_node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->holders = 1;
	node->bit = LEAF;
	(void)span_copy(node->row, row);
	return node;
}

/* Takes both sides over, also where it fails. */
static struct place_node *make_node(uint16_t bit, struct place_node *low,
				    struct place_node *high)
{
	struct place_node *node = NULL;

	if (low != NULL && high != NULL)
		node = calloc(1, sizeof(*node));
	if (node == NULL) {
		let_go(low);
		let_go(high);
		return NULL;
	}
	node->holders = 1;
	node->bit = bit;
	node->side[0] = low;
	node->side[1] = high;
	return node;
}

static int bit_of(const uint8_t *fingerprint, uint16_t bit)
{
	return fingerprint[bit / 8] >> (7 - bit % 8) & 1;
}

/* LEAF: they are the same. */
static uint16_t first_difference(const uint8_t *a, const uint8_t *b)
{
	uint16_t bit = 0;

	while (bit < LEAF && a[bit / 8] == b[bit / 8])
		bit += 8;
	while (bit < LEAF && bit_of(a, bit) == bit_of(b, bit))
		bit++;
	return bit;
}

/* The one that shares the most bits with it, as far as nodes tell. */
static struct place_node *closest(struct place_node *node,
				  const uint8_t *fingerprint)
{
	while (node->bit < LEAF)
		node = node->side[bit_of(fingerprint, node->bit)];
	return node;
}

/* ---- reading ---- */

/* Of `count` rows in order, at least one. */
static struct place_node *build(const uint8_t *rows, size_t count)
{
	const uint8_t *last = rows + (count - 1) * PLACES_ROW;
	size_t low = 0, high = count;
	uint16_t bit;

	if (count == 1)
		return make_leaf(span_of(rows, PLACES_ROW));
	bit = first_difference(rows, last);
	while (low < high) { /* the first row where that bit is 1 */
		size_t middle = low + (high - low) / 2;

		if (bit_of(rows + middle * PLACES_ROW, bit) == 0)
			low = middle + 1;
		else
			high = middle;
	}
	return make_node(bit, build(rows, low),
			 build(rows + low * PLACES_ROW, count - low));
}

enum err place_map_read(struct span rows, struct place_map *map)
{
	struct place_map made = { .there = true, .count = rows.n / PLACES_ROW };
	enum err e;

	TRY(places_check_rows(rows));
	if (made.count > 0)
		made.top = build(rows.p, made.count);
	ENSURE(made.count == 0 || made.top != NULL, ERR_LOCAL_MEMORY);
	*map = made;
out:
	return e;
}

struct place_map place_map_share(const struct place_map *map)
{
	(void)hold(map->top);
	return *map;
}

void place_map_clear(struct place_map *map)
{
	let_go(map->top);
	*map = (struct place_map){ .there = false };
}

bool place_map_find(const struct place_map *map, struct span fingerprint,
		    struct place *place)
{
	struct place_node *node;
	struct span row;

	if (map->top == NULL || fingerprint.n != ACCOUNT_HASH)
		return false;
	node = closest(map->top, fingerprint.p);
	row = SPAN_ARRAY(node->row);
	return memcmp(node->row, fingerprint.p, ACCOUNT_HASH) == 0 &&
	       places_next(&row, place);
}

static void put(const struct place_node *node, struct buf *rows)
{
	if (node->bit < LEAF) {
		put(node->side[0], rows);
		put(node->side[1], rows);
	} else {
		buf_put(rows, SPAN_ARRAY(node->row));
	}
}

void place_map_put(const struct place_map *map, struct buf *rows)
{
	if (map->top != NULL)
		put(map->top, rows);
}

/* ---- changes ---- */

/* The node with a row that differs from all below it first in `bit`, or is in the place
 * of the one of its account (LEAF). NULL without memory. */
static struct place_node *with(struct place_node *node, struct span row,
			       uint16_t bit)
{
	struct place_node *other;
	int side;

	if (node->bit < bit) {
		side = bit_of(row.p, node->bit);
		other = hold(node->side[1 - side]);
		node = make_node(
		    node->bit,
		    side == 0 ? with(node->side[0], row, bit) : other,
		    side == 0 ? other : with(node->side[1], row, bit));
		return node;
	}
	other = make_leaf(row);
	if (bit == LEAF)
		return other;
	return bit_of(row.p, bit) == 0 ? make_node(bit, other, hold(node))
				       : make_node(bit, hold(node), other);
}

/* The node without that account, which is below it. *failed: no memory. */
static struct place_node *without(struct place_node *node,
				  const uint8_t *fingerprint, bool *failed)
{
	struct place_node *rest, *other, *made;
	int side;

	if (node->bit == LEAF)
		return NULL;
	side = bit_of(fingerprint, node->bit);
	rest = without(node->side[side], fingerprint, failed);
	if (*failed)
		return NULL;
	other = hold(node->side[1 - side]);
	if (rest == NULL)
		return other;
	made = side == 0 ? make_node(node->bit, rest, other)
			 : make_node(node->bit, other, rest);
	*failed = made == NULL;
	return made;
}

static enum err change_one(struct place_map *map, struct span row,
			   const struct place *place)
{
	struct place_node *at =
	    map->top != NULL ? closest(map->top, row.p) : NULL;
	uint16_t bit = at != NULL ? first_difference(at->row, row.p) : 0;
	bool known = bit == LEAF, gone = place_is_gone(place), failed = false;
	struct place_node *top;
	enum err e = ERR_OK;

	ENSURE(gone ? known : !known || memcmp(at->row, row.p, row.n) != 0,
	       ERR_PEER_INVALID);
	if (gone)
		top = without(map->top, row.p, &failed);
	else
		top = at != NULL ? with(map->top, row, bit) : make_leaf(row);
	ENSURE(gone ? !failed : top != NULL, ERR_LOCAL_MEMORY);
	let_go(map->top);
	map->top = top;
	map->count += gone ? (size_t)-1 : !known;
out:
	return e;
}

enum err place_map_change(const struct place_map *map, struct span changes,
			  struct place_map *after)
{
	struct place_map made = place_map_share(map);
	struct place place;
	enum err e;

	TRY(places_check_changes(changes));
	while (changes.n > 0) {
		struct span row = span_of(changes.p, PLACES_ROW);

		ENSURE(places_next(&changes, &place), ERR_PEER_MALFORMED);
		TRY(change_one(&made, row, &place));
	}
	*after = made;
	made = (struct place_map){ .there = false };
out:
	place_map_clear(&made);
	return e;
}

/* ---- the root ---- */

static enum err hash(struct place_node *node)
{
	uint8_t head[2] = { 0, (uint8_t)node->bit };
	struct span parts[3] = { span_of(head, 1), SPAN_ARRAY(node->row) };
	enum err e;

	if (node->hashed)
		return ERR_OK;
	if (node->bit < LEAF) {
		TRY(hash(node->side[0]));
		TRY(hash(node->side[1]));
		head[0] = 1;
		parts[0] = SPAN_ARRAY(head);
		parts[1] = SPAN_ARRAY(node->side[0]->hash);
		parts[2] = SPAN_ARRAY(node->side[1]->hash);
	}
	TRY(hash_sha256(parts, node->bit < LEAF ? 3 : 2, node->hash));
	node->hashed = true;
out:
	return e;
}

enum err place_map_root(const struct place_map *map, uint8_t root[PLACES_ROOT])
{
	enum err e = ERR_OK;

	memset(root, 0, PLACES_ROOT);
	if (map->top == NULL)
		return ERR_OK;
	TRY(hash(map->top));
	memcpy(root, map->top->hash, PLACES_ROOT);
out:
	return e;
}
