/*
 * How leaves and groups name accounts (docs/protocol.md, "Leaves and places").
 *
 * The identity of a leaf is the text FINGERPRINT/NUMBER: 64 lower-case
 * hexadecimal digits, a slash, and the number of the device in the account's log
 * (wire/account_link.h) without leading zeros.
 *
 * The place of an account is a link of its log; the GroupContext's extension
 * PLACES_EXTENSION has one for each account that has a leaf:
 *
 *   struct { opaque fingerprint[32]; uint64 number; opaque hash[32]; }
 *     AccountPlace;
 *   AccountPlace places<V>;                      by fingerprint, ascending
 *
 * or PLACES_ROOT_EXTENSION the root of the map of them (check/place_map.h), 32 bytes.
 * Of such a group a GroupInfo is kept with the places, content, as its last extension,
 * of the same type (wire/group_info.h), and a commit has the places that change in its
 * authenticated data: an AccountPlace each, by fingerprint, ascending; one whose number
 * and hash are zeros: the account has no place any more.
 *
 * A commit that moves places carries links in its authenticated data:
 *
 *   struct { opaque fingerprint[32]; opaque links<V>; } AccountLinks;
 *   AccountLinks links<V>;                       by fingerprint, ascending
 *
 * with opaque link<V> each in `links`.
 */
#ifndef HERMETIC_WIRE_PLACES_H
#define HERMETIC_WIRE_PLACES_H

#include "wire/account_link.h"

#define PLACES_EXTENSION 0xF7F3
#define PLACES_ROOT_EXTENSION 0xF7F9
#define PLACES_ROOT 32				     /* bytes */
#define PLACES_ROW (ACCOUNT_HASH + 8 + ACCOUNT_HASH) /* bytes */
#define PLACES_LINKS_MAX 65536 /* bytes of one account's links in a commit */
#define LEAF_NAME_MAX (2 * ACCOUNT_HASH + 1 + 20) /* characters */

/* ---- identities ---- */

/* False: it is no device of an account, as every name/id of before. */
bool places_read_leaf(struct span identity, uint8_t fingerprint[ACCOUNT_HASH],
		      uint64_t *device);
void places_put_leaf(struct buf *b, struct span fingerprint, uint64_t device);

/* Whether a user's name, of a role say, is a fingerprint in hexadecimal; and that of an
 * account. */
#define PLACES_USER (2 * ACCOUNT_HASH)
bool places_is_account(struct span user);
void places_name_user(char user[PLACES_USER], struct span fingerprint);

/* ---- places ---- */

struct place {
	struct span fingerprint; /* ACCOUNT_HASH bytes, borrowed */
	uint64_t number;	 /* of a link; never 0 */
	struct span hash;	 /* of that link, borrowed */
};

struct places {
	bool there;
	struct span rows; /* content; borrowed */
};

/* Of a GroupContext's extensions. ERR_PEER_MALFORMED: rows that do not decode,
 * out of order, twice, or of no link. */
MUST_CHECK enum err places_read(struct span extensions, struct places *places);

/* The root of a GroupContext's extensions; *there is false where they have none.
 * ERR_PEER_MALFORMED: it has another length, or there is a list, too. */
MUST_CHECK enum err places_read_root(struct span extensions, bool *there,
				     struct span *root);

/* Rows by themselves, and the changes of a commit, as places_read() asks. */
MUST_CHECK enum err places_check_rows(struct span rows);
MUST_CHECK enum err places_check_changes(struct span rows);
/* Of a change: the account has no place any more. */
bool place_is_gone(const struct place *place);

/* The next one is taken off the front; false at the end. */
bool places_next(struct span *rows, struct place *place);
/* The place of that account; false: it has none. */
bool places_find(struct span rows, struct span fingerprint,
		 struct place *place);
bool place_equal(const struct place *a, const struct place *b);

/* Appends a row; rows are put in order, and the extension around them by
 * places_put_extension(). */
void places_put(struct buf *rows, const struct place *place);
void places_put_extension(struct buf *b, struct span rows);
void places_put_root(struct buf *b, struct span root);
/* Appends a change: the account has no place any more. */
void places_put_gone(struct buf *changes, struct span fingerprint);

/* ---- links ---- */

struct carried {
	struct span fingerprint; /* ACCOUNT_HASH bytes, borrowed */
	struct span links;	 /* opaque link<V> each, at least one */
};

/* The field `links` of a commit's authenticated data, without its length; empty:
 * none are carried. ERR_PEER_MALFORMED: out of order, twice, empty, or more than
 * PLACES_LINKS_MAX of one account. The links themselves are not decoded. */
MUST_CHECK enum err places_check_carried(struct span content);
bool places_next_carried(struct span *rest, struct carried *carried);
bool places_find_carried(struct span content, struct span fingerprint,
			 struct carried *carried);
void places_put_carried(struct buf *b, const struct carried *carried);

#endif
