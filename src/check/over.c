#include "check/over.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "check/accounts.h"
#include "check/group_places.h"
#include "check/rights.h"
#include "wire/bans.h"
#include "wire/extension.h"

#define TWO_ACCOUNTS "devices of one user are of two accounts"
#define NO_LOG "a leaf's key is in no log of the accounts that have a place"

/* A signature key of a device that stands at its account's place. */
struct key {
	struct span bytes; /* borrowed from the log */
	size_t row;
	struct span fingerprint;
	uint64_t device;
};

struct keys {
	struct key *list; /* owned; sorted */
	size_t count, room;
	bool local;
};

bool check_over_is(struct span before, struct span after)
{
	struct span data;

	return !group_places_are_there(before) &&
	       wire_extensions_find(after, PLACES_EXTENSION, &data);
}

void check_over_clear(struct check_over *over)
{
	free(over->list);
	*over = (struct check_over){ .list = NULL };
}

/* ---- the keys of the accounts ---- */

static const char *fail(bool *local)
{
	*local = true;
	return "no memory";
}

static const char *put_key(struct keys *keys, const struct key *key)
{
	size_t room = keys->room == 0 ? 64 : 2 * keys->room;
	struct key *grown;

	if (keys->count == keys->room) {
		grown = realloc(keys->list, room * sizeof(*grown));
		if (grown == NULL)
			return fail(&keys->local);
		keys->list = grown;
		keys->room = room;
	}
	keys->list[keys->count++] = *key;
	return NULL;
}

static bool stands(enum account_validity validity)
{
	return validity == ACCOUNT_VALID ||
	       (FAULT(OVER_TAKES_REMOVED) && validity == ACCOUNT_ENDED);
}

static const char *take_log(const struct check_view *view,
			    const struct account_log *log,
			    const struct place *place, size_t row,
			    struct keys *keys)
{
	uint16_t scheme = suite_scheme(view->suite);
	struct account_place at = { .number = place->number };
	struct account_device device;
	const char *wrong = NULL;
	size_t position = 0;

	(void)span_copy(at.hash, place->hash);
	while (wrong == NULL &&
	       account_log_next_device(log, &position, &device)) {
		struct key key = {
			account_log_signature_key(log, device.number, scheme),
			row,
			place->fingerprint,
			device.number,
		};

		if (key.bytes.n > 0 && stands(account_key_valid(
					   log, scheme, key.bytes, &at, NULL)))
			wrong = put_key(keys, &key);
	}
	return wrong;
}

static int compare_keys(const void *a, const void *b)
{
	return span_compare(((const struct key *)a)->bytes,
			    ((const struct key *)b)->bytes);
}

static const char *take_account(const struct check_view *view,
				struct place *place, size_t row,
				struct span carried, struct keys *keys)
{
	struct place none = { .number = 0 };
	const struct account_log *log = NULL;
	struct check_verdict verdict;
	struct carried links;

	if (!places_find_carried(carried, place->fingerprint, &links))
		links.links = SPAN_EMPTY;
	verdict = check_accounts_reach(view->accounts, &none, links.links,
				       place, &log);
	keys->local |= verdict.local;
	return verdict.wrong != NULL ? verdict.wrong
				     : take_log(view, log, place, row, keys);
}

/* All logs are looked at where one is lacking: who asks for one asks for all. */
static const char *read_keys(const struct check_view *view, struct span rows,
			     struct span carried, struct keys *keys)
{
	const char *wrong = NULL, *why;
	struct place place;

	for (size_t row = 0; !keys->local && places_next(&rows, &place);
	     row++) {
		why = take_account(view, &place, row, carried, keys);
		if (wrong == NULL)
			wrong = why;
	}
	if (keys->count > 0)
		qsort(keys->list, keys->count, sizeof(*keys->list),
		      compare_keys);
	return wrong;
}

/* The one that has it: of a key in two logs nobody can say whose it is. */
static const struct key *find_key(const struct keys *keys, struct span bytes)
{
	const struct key like = { .bytes = bytes };
	const struct key *found;

	if (keys->count == 0)
		return NULL;
	found =
	    bsearch(&like, keys->list, keys->count, sizeof(like), compare_keys);
	if (found == NULL)
		return NULL;
	if ((found > keys->list && compare_keys(found - 1, &like) == 0) ||
	    (found + 1 < keys->list + keys->count &&
	     compare_keys(found + 1, &like) == 0))
		return NULL;
	return found;
}

/* ---- the leaves ---- */

static enum err put_identity(const struct key *key,
			     struct check_over_leaf *leaf)
{
	struct buf text = BUF_INIT;
	enum err e;

	places_put_leaf(&text, key->fingerprint, key->device);
	TRY(buf_end(&text));
	ENSURE(text.n <= LEAF_NAME_MAX, ERR_LOCAL_BUG);
	memcpy(leaf->identity, text.p, text.n);
	leaf->identity[text.n] = '\0';
	leaf->row = key->row;
out:
	buf_clear(&text);
	return e;
}

static const char *take_leaf(const struct keys *keys,
			     const struct check_member *member,
			     struct check_over *over, bool *local)
{
	struct check_over_leaf *leaf = &over->list[over->count++];
	const struct key *key = find_key(keys, member->signature_key);
	uint8_t fingerprint[ACCOUNT_HASH];
	uint64_t device;

	*leaf = (struct check_over_leaf){ .leaf_index = member->leaf_index };
	if (key == NULL)
		return NO_LOG;
	/* of a device that came in as an account's already */
	if (places_read_leaf(member->identity, fingerprint, &device) &&
	    (device != key->device ||
	     !span_equal(SPAN_ARRAY(fingerprint), key->fingerprint)))
		return NO_LOG;
	return put_identity(key, leaf) == ERR_OK ? NULL : fail(local);
}

static const char *take_leaves(const struct check_view *view,
			       const struct keys *keys, struct check_over *over,
			       bool *local)
{
	const char *wrong = NULL, *why;
	struct check_member member;

	over->list = calloc((size_t)view->leaf_count + 1, sizeof(*over->list));
	if (over->list == NULL)
		return fail(local);
	for (uint32_t i = 0; !*local && i < view->leaf_count; i++) {
		if (!view->leaf(view->group, i, &member))
			continue;
		why = take_leaf(keys, &member, over, local);
		if (wrong == NULL)
			wrong = why;
	}
	return wrong;
}

struct seat {
	struct span user;
	size_t row;
};

static int compare_seats(const void *a, const void *b)
{
	return span_compare(((const struct seat *)a)->user,
			    ((const struct seat *)b)->user);
}

/* Of leaves that all have an account. */
static const char *check_users(const struct check_view *view,
			       struct check_over *over, bool *local)
{
	struct seat *seats = calloc(over->count + 1, sizeof(*seats));
	const char *wrong = NULL;
	struct check_member member;

	if (seats == NULL)
		return fail(local);
	for (size_t i = 0; i < over->count; i++)
		if (view->leaf(view->group, over->list[i].leaf_index, &member))
			seats[i] = (struct seat){ roles_user(member.identity),
						  over->list[i].row };
	qsort(seats, over->count, sizeof(*seats), compare_seats);
	for (size_t i = 1; wrong == NULL && i < over->count; i++)
		if (compare_seats(&seats[i - 1], &seats[i]) == 0 &&
		    seats[i - 1].row != seats[i].row) {
			wrong = TWO_ACCOUNTS;
			over->parted = seats[i].user;
		}
	free(seats);
	return wrong;
}

struct check_verdict check_over_leaves(const struct check_view *view,
				       struct span rows, struct span carried,
				       struct check_over *over)
{
	struct check_verdict verdict = { NULL, false, false };
	struct keys keys = { .list = NULL };

	*over = (struct check_over){ .list = NULL };
	if (view->accounts == NULL) {
		verdict.wrong = "the logs of its accounts are not known";
		return verdict;
	}
	verdict.wrong = read_keys(view, rows, carried, &keys);
	if (verdict.wrong == NULL)
		verdict.wrong = take_leaves(view, &keys, over, &verdict.local);
	if (verdict.wrong == NULL)
		verdict.wrong = check_users(view, over, &verdict.local);
	verdict.local |= keys.local;
	free(keys.list);
	return verdict;
}

struct span check_over_identity(const struct check_over *over,
				uint32_t leaf_index)
{
	size_t low = 0, high = over->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct check_over_leaf *leaf = &over->list[middle];

		if (leaf->leaf_index == leaf_index)
			return span_str(leaf->identity);
		if (leaf->leaf_index < leaf_index)
			low = middle + 1;
		else
			high = middle;
	}
	return SPAN_EMPTY;
}

/* ---- roles ---- */

static enum role role_of_row(const struct check_view *view,
			     const struct check_over *over, size_t row,
			     const struct roles *roles)
{
	enum role highest = ROLE_MEMBER, role;
	struct check_member member;

	for (size_t i = 0; i < over->count; i++) {
		if (over->list[i].row != row ||
		    !view->leaf(view->group, over->list[i].leaf_index, &member))
			continue;
		role = roles_of(roles, roles_user(member.identity));
		highest = role > highest ? role : highest;
	}
	return highest;
}

enum err check_over_put_roles(const struct check_view *view,
			      const struct check_over *over, struct span rows,
			      struct buf *extension)
{
	struct buf made = BUF_INIT, user = BUF_INIT;
	struct roles roles;
	struct place place;
	enum role role;
	enum err e;

	TRY(rights_read(view, &roles));
	for (size_t row = 0; roles.there && places_next(&rows, &place); row++) {
		role = role_of_row(view, over, row, &roles);
		if (role == ROLE_MEMBER)
			continue;
		buf_reset(&user);
		text_put_hex(&user, place.fingerprint);
		TRY(buf_end(&user));
		roles_put(&made, buf_span(&user), role);
	}
	TRY(buf_end(&made));
	if (roles.there)
		TRY(roles_put_extension(extension, buf_span(&made)));
out:
	buf_clear(&made);
	buf_clear(&user);
	return e;
}

/* ---- the rule ---- */

/* Each place is of an account that a leaf goes over to. */
static const char *check_rows(const struct check_over *over, struct span rows,
			      bool *local)
{
	const char *wrong = NULL;
	struct place place;
	size_t count = 0;
	bool *used;

	while (places_next(&rows, &place))
		count++;
	used = calloc(count + 1, sizeof(*used));
	if (used == NULL)
		return fail(local);
	for (size_t i = 0; i < over->count; i++)
		used[over->list[i].row] = true;
	for (size_t row = 0; wrong == NULL && row < count; row++)
		if (!used[row])
			wrong = "an account without a leaf has a place";
	free(used);
	return wrong;
}

static const char *check_carried(struct span rows, struct span carried)
{
	struct carried links;
	struct place place;

	while (places_next_carried(&carried, &links))
		if (!places_find(rows, links.fingerprint, &place))
			return "it carries links of an account that has no "
			       "place";
	return NULL;
}

static const char *check_roles(const struct check_view *view,
			       const struct check_over *over, struct span rows,
			       struct span after, bool *local)
{
	struct buf expected = BUF_INIT;
	struct span has = SPAN_EMPTY, wants = SPAN_EMPTY;
	const char *wrong = NULL;
	enum err e;

	TRY(check_over_put_roles(view, over, rows, &expected));
	if (wire_extensions_find(after, ROLES_EXTENSION, &has) !=
		wire_extensions_find(buf_span(&expected), ROLES_EXTENSION,
				     &wants) ||
	    !span_equal(has, wants))
		wrong = "roles do not go over as they are";
out:
	buf_clear(&expected);
	*local |= err_class(e) == ERR_CLASS_LOCAL;
	return e == ERR_OK ? wrong : "the group's roles do not decode";
}

/* A name says nothing of who is kept out by then: the ban is taken back before. */
static const char *check_banned(struct span extensions)
{
	struct bans bans;
	struct span user;

	if (bans_read(extensions, &bans) != ERR_OK)
		return "the list of who is banned does not decode";
	while (bans_next(&bans.rows, &user))
		if (!places_is_account(user))
			return "somebody is banned by name";
	return NULL;
}

struct check_verdict check_over(const struct check_view *view,
				struct span committer, struct span after,
				struct span carried)
{
	struct check_verdict verdict = { NULL, false, false };
	struct check_over over = { .list = NULL };
	struct places places;
	struct roles roles;

	if (places_read(after, &places) != ERR_OK ||
	    rights_read(view, &roles) != ERR_OK) {
		verdict.wrong = "its places or roles do not decode";
		return verdict;
	}
	if (roles.there &&
	    roles_of(&roles, roles_user(committer)) != ROLE_OWNER) {
		verdict.wrong = "to take a session over takes an owner";
		verdict.denied = true;
		return verdict;
	}
	verdict.wrong = check_banned(view->extensions);
	if (verdict.wrong == NULL)
		verdict.wrong = check_carried(places.rows, carried);
	if (verdict.wrong == NULL)
		verdict = check_over_leaves(view, places.rows, carried, &over);
	if (verdict.wrong == NULL)
		verdict.wrong = check_rows(&over, places.rows, &verdict.local);
	if (verdict.wrong == NULL)
		verdict.wrong = check_roles(view, &over, places.rows, after,
					    &verdict.local);
	check_over_clear(&over);
	return verdict;
}
