/*
 * The rules of docs/protocol.md for leaves and places, written a second time and
 * apart from src/check. What is true of an account is in the logs that some server
 * keeps, or kept: nobody else has made links of it.
 */
#include "tests/sim/world.h"

#include "crypto/hash.h"
#include "tests/sim/seen_group.h"
#include "wire/places.h"
#include "wire/roles.h"

/* ---- what is true ---- */

static const struct server_account *find_in(
    const struct server_account *accounts, size_t count,
    struct span fingerprint, const struct account_place *place)
{
	const struct server_account *found = NULL;

	for (size_t i = 0; i < count && found == NULL; i++) {
		const struct server_account *account = &accounts[i];

		if (!span_equal(SPAN_ARRAY(account->fingerprint), fingerprint))
			continue;
		if (place == NULL || account_log_has(account->log, place))
			return account;
		found = find_in(account->branches, account->branch_count,
				fingerprint, place);
	}
	return found;
}

static const struct server_account *find_at(const struct server *servers,
					    size_t count,
					    struct span fingerprint,
					    const struct account_place *place)
{
	const struct server_account *found = NULL;

	for (size_t i = 0; i < count && found == NULL; i++)
		found = find_in(servers[i].accounts, servers[i].account_count,
				fingerprint, place);
	return found;
}

const struct server_account *judge_account(const struct world *world,
					   struct span fingerprint,
					   const struct account_place *place)
{
	const struct adversary *adversary = &world->adversary;
	const struct server_account *found;

	found = find_at(adversary->homes, adversary->home_count, fingerprint,
			place);
	if (found == NULL)
		found = find_at(adversary->past, adversary->past_count,
				fingerprint, place);
	if (found == NULL)
		found = find_at(adversary->snapshots, adversary->snapshot_count,
				fingerprint, place);
	return found;
}

static const struct account_log *find_log(const struct world *world,
					  struct span fingerprint,
					  const struct account_place *place)
{
	const struct server_account *account =
	    judge_account(world, fingerprint, place);

	return account != NULL ? account->log : NULL;
}

/* ---- a leaf ---- */

/* At that place, or, where it is NULL, at any. */
static const char *judge_at(const struct world *world,
			    const struct suite *suite,
			    const struct wire_leaf_node *leaf,
			    const struct account_place *place)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct account_log *log;
	struct account_place end;
	uint64_t number, found = 0;
	enum account_validity validity;

	if (!places_read_leaf(leaf->credential.identity, fingerprint, &number))
		return "a leaf is no device's of an account";
	log = find_log(world, SPAN_ARRAY(fingerprint), place);
	if (log == NULL)
		return "a leaf is of an account, or at a place, that is "
		       "nowhere";
	account_log_place(log, &end);
	validity =
	    account_key_valid(log, suite_scheme(suite), leaf->signature_key,
			      place != NULL ? place : &end, &found);
	if (validity == ACCOUNT_VALID || validity == ACCOUNT_ENDED)
		return found == number ? NULL
				       : "a leaf has another device's key";
	return "a leaf's key stands in no link up to its account's place";
}

static bool has_place(struct span rows, const struct wire_leaf_node *leaf,
		      struct account_place *at)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct place place;
	uint64_t number;

	if (!places_read_leaf(leaf->credential.identity, fingerprint,
			      &number) ||
	    !places_find(rows, SPAN_ARRAY(fingerprint), &place))
		return false;
	at->number = place.number;
	(void)span_copy(at->hash, place.hash);
	return true;
}

bool judge_ended(const struct world *world, const struct seen_group *group,
		 const struct wire_leaf_node *leaf)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct account_log *log;
	struct account_place at;
	struct span rows;
	uint64_t number;
	bool ended;

	if (!seen_group_places(group, &rows) || !has_place(rows, leaf, &at) ||
	    !places_read_leaf(leaf->credential.identity, fingerprint, &number))
		return false;
	log = find_log(world, SPAN_ARRAY(fingerprint), &at);
	ended =
	    log != NULL &&
	    account_key_valid(log, suite_scheme(group->suite),
			      leaf->signature_key, &at, NULL) == ACCOUNT_ENDED;
	return ended;
}

/* ---- a group ---- */

/* Each place is of an account that has a leaf. */
static bool is_lived_in(const struct seen_group *group, struct span fingerprint)
{
	uint8_t own[ACCOUNT_HASH];
	uint64_t number;

	for (uint32_t i = 0; i < group->leaf_count; i++) {
		const struct wire_leaf_node *leaf = seen_group_leaf(group, i);

		if (leaf != NULL &&
		    places_read_leaf(leaf->credential.identity, own, &number) &&
		    span_equal(SPAN_ARRAY(own), fingerprint))
			return true;
	}
	return false;
}

static int bit_of(const uint8_t *row, size_t bit)
{
	return row[bit / 8] >> (7 - bit % 8) & 1;
}

/* As docs/protocol.md says it, without any care for time. */
static void hash_rows(const uint8_t *rows, size_t count, uint8_t out[32])
{
	uint8_t head[2] = { count > 1, 0 }, side[2][32];
	struct span parts[] = { span_of(head, 1), span_of(rows, PLACES_ROW),
				SPAN_ARRAY(side[1]) };
	size_t bit = 0, low = 0;

	if (count > 1) {
		const uint8_t *last = rows + (count - 1) * PLACES_ROW;

		while (bit_of(rows, bit) == bit_of(last, bit))
			bit++;
		while (bit_of(rows + low * PLACES_ROW, bit) == 0)
			low++;
		head[1] = (uint8_t)bit;
		hash_rows(rows, low, side[0]);
		hash_rows(rows + low * PLACES_ROW, count - low, side[1]);
		parts[0] = SPAN_ARRAY(head);
		parts[1] = SPAN_ARRAY(side[0]);
	}
	sim_must(hash_sha256(parts, count > 1 ? 3 : 2, out), "hash");
}

/* The rows are those of the root, where the group has one. */
static bool fits_root(const struct seen_group *group, struct span rows)
{
	struct span root;
	uint8_t own[32];

	if (!wire_extensions_find(group->info.context.extensions,
				  PLACES_ROOT_EXTENSION, &root))
		return true;
	if (rows.n == 0 || places_check_rows(rows) != ERR_OK)
		return false;
	hash_rows(rows.p, rows.n / PLACES_ROW, own);
	return span_equal(root, SPAN_ARRAY(own));
}

/* It goes on from the one before, or to the end of a branch that counts before it and
 * that the commit carries. */
static bool moves_well(const struct world *world, struct span rows,
		       struct span said, const struct place *old,
		       const struct place *place)
{
	struct account_place was = { .number = old->number };
	struct account_place is = { .number = place->number };
	const struct account_log *log;

	(void)span_copy(was.hash, old->hash);
	(void)span_copy(is.hash, place->hash);
	log = find_log(world, place->fingerprint, &is);
	if (log != NULL && account_log_has(log, &was))
		return place->number >= old->number;
	return judge_branch(world, rows, said, place->fingerprint) ==
		   BRANCH_COUNTS &&
	       judge_branch_ends(said, place);
}

static const char *judge_rows(const struct world *world,
			      const struct seen_group *before, struct span said,
			      const struct seen_group *after)
{
	struct place place, old;
	struct span was = SPAN_EMPTY, is = SPAN_EMPTY, rest;

	if (seen_group_places(before, &was) != seen_group_places(after, &is))
		return "a group comes to have places, or has none any more";
	if (!fits_root(after, is))
		return "a group's root is not that of its places";
	rest = is;
	while (places_next(&rest, &place)) {
		if (!is_lived_in(after, place.fingerprint))
			return "an account has a place and no leaf";
		if (places_find(was, place.fingerprint, &old) &&
		    !moves_well(world, was, said, &old, &place))
			return "a place is lowered, or goes over to what does "
			       "not count";
	}
	return NULL;
}

static const char *judge_leaves(const struct world *world,
				const struct seen_group *group, bool external)
{
	struct account_place at;
	const char *wrong = NULL;
	struct span rows;

	if (!seen_group_places(group, &rows))
		return "it does not decode";
	for (uint32_t i = 0; i < group->leaf_count && wrong == NULL; i++) {
		const struct wire_leaf_node *leaf = seen_group_leaf(group, i);

		if (leaf == NULL)
			continue;
		if (has_place(rows, leaf, &at))
			wrong = judge_at(world, group->suite, leaf, &at);
		else if (external)
			wrong = judge_at(world, group->suite, leaf, NULL);
		else
			wrong = "an account has a leaf and no place";
	}
	return wrong;
}

/* ---- a session of before ---- */

/* The leaf before that has the same key, of the user whose account it is now. */
static const struct wire_leaf_node *leaf_before(
    const struct world *world, const struct seen_group *was,
    const struct wire_leaf_node *leaf)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct server_account *account;
	uint64_t number;

	if (!places_read_leaf(leaf->credential.identity, fingerprint, &number))
		return NULL;
	account = judge_account(world, SPAN_ARRAY(fingerprint), NULL);
	for (uint32_t i = 0; account != NULL && i < was->leaf_count; i++) {
		const struct wire_leaf_node *old = seen_group_leaf(was, i);

		if (old != NULL &&
		    span_equal(old->signature_key, leaf->signature_key) &&
		    span_equal(roles_user(old->credential.identity),
			       span_str(account->user)))
			return old;
	}
	return NULL;
}

/* A group without places becomes one with places: each leaf becomes the device of its
 * account that has its key, with the role that it had. */
static const char *judge_over(const struct world *world,
			      const struct seen_group *was,
			      const struct seen_group *is)
{
	struct roles before, after;
	size_t count = 0, old_count = 0;

	if (roles_read(was->info.context.extensions, &before) != ERR_OK ||
	    roles_read(is->info.context.extensions, &after) != ERR_OK)
		return "roles do not decode";
	for (uint32_t i = 0; i < was->leaf_count; i++)
		old_count += seen_group_leaf(was, i) != NULL;
	for (uint32_t i = 0; i < is->leaf_count; i++) {
		const struct wire_leaf_node *leaf = seen_group_leaf(is, i),
					    *old;

		if (leaf == NULL)
			continue;
		count++;
		old = leaf_before(world, was, leaf);
		if (old == NULL)
			return "a leaf goes over that was not there";
		if (roles_of(&after, roles_user(leaf->credential.identity)) !=
		    roles_of(&before, roles_user(old->credential.identity)))
			return "a role does not go over with its user";
	}
	return count == old_count ? NULL : "a leaf does not go over";
}

/* Where the commit carries a branch of the account, a leaf that it leaves is of a device
 * of that branch. */
static const char *judge_branches(const struct world *world,
				  const struct seen_group *was,
				  struct span said, const struct seen_group *is)
{
	const char *wrong = NULL;
	struct span rows;

	if (!seen_group_places(was, &rows))
		return NULL;
	for (uint32_t i = 0; i < is->leaf_count && wrong == NULL; i++) {
		const struct wire_leaf_node *leaf = seen_group_leaf(is, i);
		enum judged_branch branch =
		    leaf != NULL ? judge_branch_of(world, rows, said, leaf)
				 : BRANCH_NONE;

		if (branch == BRANCH_LESS)
			wrong = "it carries a branch that does not count";
		else if (branch != BRANCH_NONE &&
			 (branch == BRANCH_FORK ||
			  !judge_branch_has(world, rows, said, leaf)))
			wrong = "a leaf stays that a branch of its account "
				"does not have";
	}
	return wrong;
}

const char *judge_places(const struct world *world, struct span before,
			 struct span said, struct span after, bool external)
{
	struct seen_group was, is;
	struct span rows;
	const char *wrong = "it does not decode";

	if (!seen_group_read(after, &is))
		return wrong;
	/* a lax server took it from a ghost, and no other one did */
	if (seen_group_lacks_places(&is)) {
		seen_group_clear(&is);
		return NULL;
	}
	if (seen_group_read(before, &was) && seen_group_lacks_places(&was)) {
		wrong = NULL;
	} else if (was.suite != NULL && world->goes_over &&
		   !seen_group_places(&was, &rows) &&
		   seen_group_places(&is, &rows)) {
		wrong = judge_over(world, &was, &is);
		if (wrong == NULL)
			wrong = judge_leaves(world, &is, false);
	} else if (was.suite != NULL) {
		wrong = judge_rows(world, &was, said, &is);
		if (wrong == NULL && seen_group_places(&is, &rows))
			wrong = judge_leaves(world, &is, external);
		if (wrong == NULL && !external)
			wrong = judge_branches(world, &was, said, &is);
	}
	seen_group_clear(&was);
	seen_group_clear(&is);
	return wrong;
}
