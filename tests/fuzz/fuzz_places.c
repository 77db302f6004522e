/* The places of a group, as a list and as a map that changes, the links that a commit carries, and a leaf's name, each
 * opaque<V>: what decodes is in order, and is encoded as it was. */
#include "base/rd.h"
#include "check/accounts.h"
#include "check/group_places.h"
#include "fuzz.h"
#include "wire/extension.h"

#include <string.h>

static void same(struct buf *made, struct span given)
{
	if (buf_end(made) == ERR_OK && !span_equal(buf_span(made), given))
		__builtin_trap();
	buf_clear(made);
}

static void read_places(struct span extensions)
{
	struct places places;
	struct place place, found;
	struct buf rows = BUF_INIT;
	struct span rest;

	if (wire_extensions_check(extensions) != ERR_OK ||
	    places_read(extensions, &places) != ERR_OK || !places.there)
		return;
	rest = places.rows;
	while (places_next(&rest, &place)) {
		if (place.number == 0 ||
		    !places_find(places.rows, place.fingerprint, &found) ||
		    !place_equal(&place, &found))
			__builtin_trap();
		places_put(&rows, &place);
	}
	same(&rows, places.rows);
}

/* Rows, and what changes; and back again, by which it is the same map. */
static void read_map(struct span rows, struct span changes)
{
	struct place_map map, after, again;
	struct buf made = BUF_INIT, back = BUF_INIT;
	uint8_t root[2][PLACES_ROOT];

	if (place_map_read(rows, &map) != ERR_OK)
		return;
	place_map_put(&map, &made);
	same(&made, rows);
	if (place_map_change(&map, changes, &after) != ERR_OK) {
		place_map_clear(&map);
		return;
	}
	place_map_put(&after, &made);
	group_places_compare(buf_span(&made), rows, &back);
	if (buf_end(&back) != ERR_OK ||
	    place_map_change(&after, buf_span(&back), &again) != ERR_OK ||
	    place_map_root(&map, root[0]) != ERR_OK ||
	    place_map_root(&again, root[1]) != ERR_OK ||
	    memcmp(root[0], root[1], PLACES_ROOT) != 0 ||
	    map.count != again.count)
		__builtin_trap();
	place_map_clear(&map);
	place_map_clear(&after);
	place_map_clear(&again);
	buf_clear(&made);
	buf_clear(&back);
}

/* Each account's links, from its first one on. */
static void read_links(struct span content)
{
	struct check_accounts *accounts = NULL;
	const struct account_log *log;
	struct buf made = BUF_INIT;
	struct carried carried;
	struct span rest = content;

	if (places_check_carried(content) != ERR_OK ||
	    check_accounts_new(NULL, &accounts) != ERR_OK)
		return;
	while (places_next_carried(&rest, &carried)) {
		struct place from = { .fingerprint = carried.fingerprint };
		struct place to = from;

		places_put_carried(&made, &carried);
		if (check_accounts_reach(accounts, &from, carried.links, &to,
					 &log)
			    .wrong == NULL &&
		    (to.number == 0 || !span_equal(account_log_fingerprint(log),
						   carried.fingerprint)))
			__builtin_trap();
	}
	same(&made, content);
	check_accounts_free(accounts);
}

static void read_name(struct span identity)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct buf made = BUF_INIT;
	uint64_t device;

	if (!places_read_leaf(identity, fingerprint, &device))
		return;
	places_put_leaf(&made, SPAN_ARRAY(fingerprint), device);
	same(&made, identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(span_of(data, size));

	read_places(rd_vec(&r));
	read_links(rd_vec(&r));
	read_name(rd_vec(&r));
	{
		struct span rows = rd_vec(&r);

		read_map(rows, rd_vec(&r));
	}
	return 0;
}
