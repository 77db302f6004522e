#include "wire/places.h"

#include <string.h>

#include "base/text.h"
#include "wire/extension.h"

/* ---- identities ---- */

static bool is_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool places_is_account(struct span user)
{
	if (user.n != PLACES_USER)
		return false;
	for (size_t i = 0; i < PLACES_USER; i++)
		if (!is_digit(user.p[i]))
			return false;
	return true;
}

bool places_read_leaf(struct span identity, uint8_t fingerprint[ACCOUNT_HASH],
		      uint64_t *device)
{
	struct span number;

	if (identity.n < PLACES_USER + 2 || identity.p[PLACES_USER] != '/' ||
	    !places_is_account(span_of(identity.p, PLACES_USER)))
		return false;
	number =
	    span_of(identity.p + PLACES_USER + 1, identity.n - PLACES_USER - 1);
	if (number.p[0] == '0' ||
	    text_parse_u64(device, number, INT64_MAX) != ERR_OK)
		return false;
	for (size_t i = 0; i < ACCOUNT_HASH; i++)
		fingerprint[i] =
		    (uint8_t)(text_hex_digit(identity.p[2 * i]) << 4 |
			      text_hex_digit(identity.p[2 * i + 1]));
	return true;
}

void places_name_user(char user[PLACES_USER], struct span fingerprint)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ACCOUNT_HASH; i++) {
		user[2 * i] = digits[fingerprint.p[i] >> 4];
		user[2 * i + 1] = digits[fingerprint.p[i] & 15];
	}
}

void places_put_leaf(struct buf *b, struct span fingerprint, uint64_t device)
{
	text_put_hex(b, fingerprint);
	buf_put_u8(b, '/');
	text_put_u64(b, device);
}

/* ---- places ---- */

static void read_row(struct rd *r, struct place *place)
{
	place->fingerprint = rd_take(r, ACCOUNT_HASH);
	place->number = rd_u64(r);
	place->hash = rd_take(r, ACCOUNT_HASH);
}

bool places_next(struct span *rows, struct place *place)
{
	struct rd r = rd_init(*rows);

	if (rows->n == 0)
		return false;
	read_row(&r, place);
	*rows = span_of(r.p, r.n);
	return rd_ok(&r);
}

static const uint8_t no_hash[ACCOUNT_HASH];

bool place_is_gone(const struct place *place)
{
	return place->number == 0 &&
	       span_equal(place->hash, SPAN_ARRAY(no_hash));
}

static enum err check_rows(struct span rows, bool changes)
{
	struct span before = SPAN_EMPTY;
	struct place place;
	enum err e = ERR_OK;

	ENSURE(rows.n % PLACES_ROW == 0, ERR_PEER_MALFORMED);
	while (places_next(&rows, &place)) {
		ENSURE((place.number > 0 && place.number <= INT64_MAX) ||
			   (changes && place_is_gone(&place)),
		       ERR_PEER_MALFORMED);
		ENSURE(before.n == 0 ||
			   span_compare(before, place.fingerprint) < 0,
		       ERR_PEER_MALFORMED);
		before = place.fingerprint;
	}
out:
	return e;
}

enum err places_check_rows(struct span rows)
{
	return check_rows(rows, false);
}

enum err places_check_changes(struct span rows)
{
	return check_rows(rows, true);
}

enum err places_read(struct span extensions, struct places *places)
{
	struct span rows;
	bool there;
	enum err e;

	*places = (struct places){ .there = false };
	TRY(wire_extensions_find_rows(extensions, PLACES_EXTENSION,
				      places_check_rows, &there, &rows));
	*places = (struct places){ .there = there, .rows = rows };
out:
	return e;
}

enum err places_read_root(struct span extensions, bool *there,
			  struct span *root)
{
	struct span list;
	enum err e = ERR_OK;

	*there = wire_extensions_find(extensions, PLACES_ROOT_EXTENSION, root);
	if (!*there)
		return ERR_OK;
	ENSURE(root->n == PLACES_ROOT &&
		   !wire_extensions_find(extensions, PLACES_EXTENSION, &list),
	       ERR_PEER_MALFORMED);
out:
	return e;
}

bool places_find(struct span rows, struct span fingerprint, struct place *place)
{
	size_t low = 0, high = rows.n / PLACES_ROW;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct span row =
		    span_of(rows.p + middle * PLACES_ROW, PLACES_ROW);
		int order =
		    span_compare(span_of(row.p, ACCOUNT_HASH), fingerprint);

		if (order == 0)
			return places_next(&row, place);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool place_equal(const struct place *a, const struct place *b)
{
	return a->number == b->number && span_equal(a->hash, b->hash) &&
	       span_equal(a->fingerprint, b->fingerprint);
}

void places_put(struct buf *rows, const struct place *place)
{
	buf_put(rows, place->fingerprint);
	buf_put_u64(rows, place->number);
	buf_put(rows, place->hash);
}

void places_put_extension(struct buf *b, struct span rows)
{
	wire_extension_put_vec(b, PLACES_EXTENSION, rows);
}

void places_put_root(struct buf *b, struct span root)
{
	wire_extension_put(b, PLACES_ROOT_EXTENSION, root);
}

void places_put_gone(struct buf *changes, struct span fingerprint)
{
	places_put(changes,
		   &(struct place){ fingerprint, 0, SPAN_ARRAY(no_hash) });
}

/* ---- links ---- */

static void read_carried(struct rd *r, struct carried *carried)
{
	carried->fingerprint = rd_take(r, ACCOUNT_HASH);
	carried->links = rd_vec(r);
}

enum err places_check_carried(struct span content)
{
	struct carried before = { .fingerprint = SPAN_EMPTY }, carried;
	struct rd r = rd_init(content);

	while (rd_left(&r) > 0) {
		struct rd links;

		read_carried(&r, &carried);
		links = rd_init(carried.links);
		while (rd_left(&links) > 0)
			(void)rd_vec(&links);
		if (!rd_ok(&links) || carried.links.n == 0 ||
		    carried.links.n > PLACES_LINKS_MAX ||
		    (before.fingerprint.n > 0 &&
		     span_compare(before.fingerprint, carried.fingerprint) >=
			 0))
			rd_fail(&r, ERR_PEER_MALFORMED);
		before = carried;
	}
	return rd_end(&r);
}

bool places_next_carried(struct span *rest, struct carried *carried)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	read_carried(&r, carried);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

bool places_find_carried(struct span content, struct span fingerprint,
			 struct carried *carried)
{
	while (places_next_carried(&content, carried))
		if (span_equal(carried->fingerprint, fingerprint))
			return true;
	return false;
}

void places_put_carried(struct buf *b, const struct carried *carried)
{
	buf_put(b, carried->fingerprint);
	buf_put_vec(b, carried->links);
}
