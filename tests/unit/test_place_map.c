/* The map of places and its root: what it is depends on the places alone, and it is what
 * docs/protocol.md says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "check/group_places.h"
#include "crypto/hash.h"
#include "wire/extension.h"

enum { MOST = 300 };

#define MUST(call) assert_int_equal((call), ERR_OK)

/* ---- places as they are made up here ---- */

/* Rows in order; those of the same seed are of the same account. */
struct town {
	uint8_t rows[MOST][PLACES_ROW];
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ACCOUNT_HASH);
}

/* Accounts of one kind in four share all but the last bits of their fingerprints. */
static void make_row(uint32_t account, uint8_t number, uint8_t row[PLACES_ROW])
{
	const struct span seed = span_of(&account, sizeof(account));

	memset(row, 0, PLACES_ROW);
	MUST(hash_one(seed, row));
	if (account % 4 == 0) {
		memset(row, 0xa5, ACCOUNT_HASH);
		row[ACCOUNT_HASH - 2] = (uint8_t)(account >> 8);
		row[ACCOUNT_HASH - 1] = (uint8_t)account;
	}
	row[ACCOUNT_HASH + 7] = number;
	memset(row + ACCOUNT_HASH + 8, number, ACCOUNT_HASH);
}

static struct span span_of_town(const struct town *t)
{
	return span_of(t->rows, t->count * PLACES_ROW);
}

static void put(struct town *t, const uint8_t row[PLACES_ROW])
{
	assert_true(t->count < MOST);
	memcpy(t->rows[t->count++], row, PLACES_ROW);
	qsort(t->rows, t->count, PLACES_ROW, compare);
}

static void take_out(struct town *t, size_t i)
{
	memmove(t->rows[i], t->rows[i + 1],
		(t->count - i - 1) * sizeof(t->rows[0]));
	t->count--;
}

/* ---- the root as it is defined ---- */

static int bit_of(const uint8_t *row, size_t bit)
{
	return row[bit / 8] >> (7 - bit % 8) & 1;
}

static void naive(const uint8_t (*rows)[PLACES_ROW], size_t count,
		  uint8_t out[PLACES_ROOT])
{
	uint8_t head[2] = { count > 1, 0 }, side[2][PLACES_ROOT];
	size_t low = 0, bit = 0;
	struct span parts[] = { span_of(head, 1), SPAN_ARRAY(rows[0]),
				SPAN_ARRAY(side[1]) };

	if (count > 1) {
		while (bit_of(rows[0], bit) == bit_of(rows[count - 1], bit))
			bit++;
		while (bit_of(rows[low], bit) == 0)
			low++;
		head[1] = (uint8_t)bit;
		naive(rows, low, side[0]);
		naive(rows + low, count - low, side[1]);
		parts[0] = SPAN_ARRAY(head);
		parts[1] = SPAN_ARRAY(side[0]);
	}
	MUST(hash_sha256(parts, count > 1 ? 3 : 2, out));
}

/* The map is that of these places in all that can be asked. */
static void expect_same(const struct place_map *map, const struct town *t)
{
	uint8_t root[PLACES_ROOT], own[PLACES_ROOT] = { 0 };
	struct buf rows = BUF_INIT;
	struct span rest;
	struct place place, found;

	if (t->count > 0)
		naive((const uint8_t(*)[PLACES_ROW])t->rows, t->count, own);
	MUST(place_map_root(map, root));
	assert_memory_equal(root, own, PLACES_ROOT);
	assert_int_equal(map->count, t->count);
	place_map_put(map, &rows);
	MUST(buf_end(&rows));
	assert_true(span_equal(buf_span(&rows), span_of_town(t)));
	rest = buf_span(&rows);
	while (places_next(&rest, &place)) {
		assert_true(place_map_find(map, place.fingerprint, &found));
		assert_true(place_equal(&place, &found));
	}
	buf_clear(&rows);
}

static void expect_not_there(const struct place_map *map, uint32_t account)
{
	uint8_t row[PLACES_ROW];
	struct place place;

	make_row(account, 1, row);
	assert_false(place_map_find(map, span_of(row, ACCOUNT_HASH), &place));
}

/* ---- tests ---- */

static void test_it_is_what_is_written(void **state)
{
	struct place_map map;
	struct town t = { .count = 0 };
	uint8_t row[PLACES_ROW];

	(void)state;
	for (uint32_t account = 1; account <= 200; account++) {
		MUST(place_map_read(span_of_town(&t), &map));
		expect_same(&map, &t);
		expect_not_there(&map, account);
		place_map_clear(&map);
		make_row(account, (uint8_t)account, row);
		put(&t, row);
	}
}

/* One place, by the numbers of docs/protocol.md. */
static void test_the_first_place(void **state)
{
	uint8_t row[PLACES_ROW], root[PLACES_ROOT], own[PLACES_ROOT];
	const struct span parts[] = { SPAN_LIT("\0"), SPAN_ARRAY(row) };
	struct place_map map;

	(void)state;
	make_row(7, 3, row);
	MUST(place_map_read(SPAN_ARRAY(row), &map));
	MUST(place_map_root(&map, root));
	MUST(hash_sha256(parts, 2, own));
	assert_memory_equal(root, own, PLACES_ROOT);
	place_map_clear(&map);
}

/* Some accounts come, some move, some go, a few hundred times over; each map of before
 * stays what it was. */
static void test_changes_in_any_order(void **state)
{
	struct place_map map, after;
	struct town t = { .count = 0 }, before;
	uint32_t seed = 1;

	(void)state;
	MUST(place_map_read(SPAN_EMPTY, &map));
	for (int i = 0; i < 400; i++) {
		struct buf changes = BUF_INIT;

		before = t;
		for (uint32_t account = 1; account < MOST; account++) {
			uint8_t row[PLACES_ROW];
			uint8_t *old;

			seed = seed * 1103515245 + 12345;
			if (seed >> 16 & 63)
				continue;
			make_row(account, (uint8_t)(1 + (seed >> 24) % 200),
				 row);
			old =
			    bsearch(row, t.rows, t.count, PLACES_ROW, compare);
			if (old == NULL)
				put(&t, row);
			else if ((seed >> 22 & 1) ||
				 memcmp(old, row, PLACES_ROW) == 0)
				take_out(&t, (size_t)(old - t.rows[0]) /
						 PLACES_ROW);
			else
				memcpy(old, row, PLACES_ROW);
		}
		group_places_compare(span_of_town(&before), span_of_town(&t),
				     &changes);
		MUST(buf_end(&changes));
		MUST(place_map_change(&map, buf_span(&changes), &after));
		expect_same(&map, &before);
		expect_same(&after, &t);
		place_map_clear(&map);
		map = after;
		buf_clear(&changes);
	}
	place_map_clear(&map);
}

static void test_what_changes_nothing_is_no_change(void **state)
{
	struct town t = { .count = 0 };
	uint8_t row[PLACES_ROW];
	struct buf changes = BUF_INIT;
	struct place_map map, after;

	(void)state;
	make_row(1, 5, row);
	put(&t, row);
	MUST(place_map_read(span_of_town(&t), &map));
	assert_int_equal(place_map_change(&map, SPAN_ARRAY(row), &after),
			 ERR_PEER_INVALID);
	make_row(2, 5, row);
	places_put_gone(&changes, span_of(row, ACCOUNT_HASH));
	assert_int_equal(place_map_change(&map, buf_span(&changes), &after),
			 ERR_PEER_INVALID);
	buf_reset(&changes);
	/* twice, out of order, no number with a hash, half a row */
	buf_put(&changes, SPAN_ARRAY(row));
	buf_put(&changes, SPAN_ARRAY(row));
	assert_int_equal(place_map_change(&map, buf_span(&changes), &after),
			 ERR_PEER_MALFORMED);
	row[ACCOUNT_HASH + 7] = 0;
	assert_int_equal(place_map_change(&map, SPAN_ARRAY(row), &after),
			 ERR_PEER_MALFORMED);
	assert_int_equal(
	    place_map_change(&map, span_of(row, PLACES_ROW - 1), &after),
	    ERR_PEER_MALFORMED);
	expect_same(&map, &t);
	place_map_clear(&map);
	buf_clear(&changes);
}

/* The root says which places they are. */
static void test_only_the_places_of_the_root(void **state)
{
	struct buf extensions = BUF_INIT;
	struct town t = { .count = 0 };
	uint8_t row[PLACES_ROW], root[PLACES_ROOT];
	struct place_map map, read;

	(void)state;
	for (uint32_t account = 1; account < 9; account++) {
		make_row(account, 1, row);
		put(&t, row);
	}
	MUST(place_map_read(span_of_town(&t), &map));
	MUST(place_map_root(&map, root));
	places_put_root(&extensions, SPAN_ARRAY(root));
	MUST(group_places_of_rows(buf_span(&extensions), span_of_town(&t),
				  &read));
	place_map_clear(&read);
	for (size_t i = 0; i < t.count; i++)
		for (size_t at = 0; at < PLACES_ROW; at += 7) {
			t.rows[i][at] ^= 1;
			assert_int_not_equal(
			    group_places_of_rows(buf_span(&extensions),
						 span_of_town(&t), &read),
			    ERR_OK);
			t.rows[i][at] ^= 1;
		}
	take_out(&t, 3);
	assert_int_equal(group_places_of_rows(buf_span(&extensions),
					      span_of_town(&t), &read),
			 ERR_PEER_INVALID);
	place_map_clear(&map);
	buf_clear(&extensions);
}

/* A list and a root, or a root of another length. */
static void test_one_way_to_say_it(void **state)
{
	uint8_t root[PLACES_ROOT + 1] = { 0 };
	struct buf extensions = BUF_INIT;
	struct group_places places;
	struct place_map map = { .there = true };

	(void)state;
	places_put_root(&extensions, span_of(root, PLACES_ROOT));
	MUST(group_places_read(buf_span(&extensions), &map, &places));
	assert_true(places.there && places.map == &map);
	assert_int_equal(
	    group_places_read(buf_span(&extensions), NULL, &places),
	    ERR_PEER_INVALID);
	places_put_extension(&extensions, SPAN_EMPTY);
	assert_int_equal(
	    group_places_read(buf_span(&extensions), &map, &places),
	    ERR_PEER_MALFORMED);
	buf_reset(&extensions);
	places_put_root(&extensions, SPAN_ARRAY(root));
	assert_int_equal(
	    group_places_read(buf_span(&extensions), &map, &places),
	    ERR_PEER_MALFORMED);
	buf_clear(&extensions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_what_is_written),
		cmocka_unit_test(test_the_first_place),
		cmocka_unit_test(test_changes_in_any_order),
		cmocka_unit_test(test_what_changes_nothing_is_no_change),
		cmocka_unit_test(test_only_the_places_of_the_root),
		cmocka_unit_test(test_one_way_to_say_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
