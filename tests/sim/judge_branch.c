/*
 * Branches that commits carry (docs/protocol.md, "Two branches"), judged a second time
 * and apart from src/check: which of two logs of one account counts.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

#include "wire/log_view.h"
#include "wire/places.h"

/* Which links are of one branch: those of an account that some server kept, from the
 * first one on that the other branch does not have; or those of a commit. */
struct side {
	const struct account_link *links;
	size_t count;
};

enum { SIDE_LINKS = 256 };

struct pair {
	uint64_t last; /* number of the last link that both have */
	struct account_link shared[SIDE_LINKS], own[SIDE_LINKS],
	    carried[SIDE_LINKS];
	size_t own_count, carried_count;
};

/* ---- what a branch says ---- */

static bool withdraws(const struct account_link *link,
		      const struct account_link *first)
{
	struct span rest = link->withdrawn, hash;
	uint8_t wanted[ACCOUNT_HASH];

	sim_must(account_link_hash(first->encoded, wanted), "hash");
	while (account_link_next_hash(&rest, &hash))
		if (link->signer == first->signer &&
		    span_equal(hash, SPAN_ARRAY(wanted)))
			return true;
	return false;
}

static bool removes(const struct account_link *link, uint64_t device)
{
	struct span rest = link->removed;
	uint64_t number;

	while (account_link_next_device(&rest, &number))
		if (number == device)
			return true;
	return false;
}

static bool removes_any(const struct side *side, uint64_t device)
{
	bool any = false;

	for (size_t i = 0; i < side->count; i++)
		any |= removes(&side->links[i], device);
	return any;
}

/* The recovery key that stood where the two part has signed a link of this one. */
static bool is_recovered(const struct side *side)
{
	bool stands = true, signs = false;

	for (size_t i = 0; i < side->count && stands; i++) {
		signs |= side->links[i].signer == ACCOUNT_RECOVERY_SIGNER;
		stands = !side->links[i].has_recovery;
	}
	return signs;
}

/* A device that the other branch removes withdraws nothing of that one. */
static bool is_withdrawn_by(const struct side *side, const struct side *other)
{
	bool withdrawn = false;

	for (size_t i = 0; i < side->count; i++)
		withdrawn |= withdraws(&side->links[i], &other->links[0]);
	return withdrawn && !removes_any(other, other->links[0].signer);
}

static enum judged_branch decide(const struct side *first,
				 const struct side *second)
{
	const bool says[3][2] = {
		{ is_recovered(first), is_recovered(second) },
		{ is_withdrawn_by(first, second),
		  is_withdrawn_by(second, first) },
		{ removes_any(first, second->links[0].signer),
		  removes_any(second, first->links[0].signer) },
	};

	for (size_t i = 0; i < 3; i++)
		if (says[i][0] != says[i][1])
			return says[i][0] ? BRANCH_COUNTS : BRANCH_LESS;
	return BRANCH_FORK;
}

/* ---- both of them ---- */

static size_t read_links(struct span content, struct account_link *links)
{
	struct rd r = rd_init(content);
	size_t count = 0;

	while (rd_left(&r) > 0 && count < SIDE_LINKS)
		if (account_link_decode(rd_vec(&r), &links[count++]) != ERR_OK)
			return 0;
	return count;
}

/* NULL: the commit carries no branch of that account. The caller frees. */
static struct pair *read_pair(const struct world *world, struct span rows,
			      struct span said, struct span fingerprint)
{
	const struct server_account *account;
	struct account_place at;
	struct log_view view;
	struct carried carried;
	struct place place;
	struct pair *pair;

	if (log_view_read_commit(said, &view) != ERR_OK ||
	    !places_find_carried(view.links, fingerprint, &carried) ||
	    !places_find(rows, fingerprint, &place) ||
	    place.number >= SIDE_LINKS)
		return NULL;
	at.number = place.number;
	(void)span_copy(at.hash, place.hash);
	account = judge_account(world, fingerprint, &at);
	pair = sim_alloc(sizeof(*pair));
	pair->carried_count = read_links(carried.links, pair->carried);
	if (pair->carried_count == 0 || pair->carried[0].number < 2 ||
	    pair->carried[0].number > place.number || account == NULL) {
		free(pair);
		return NULL;
	}
	pair->last = pair->carried[0].number - 1;
	for (uint64_t n = 0; n < at.number; n++)
		sim_must(account_link_decode(
			     blob_span(account->links[n]),
			     n < pair->last ? &pair->shared[n]
					    : &pair->own[pair->own_count++]),
			 "a link of a log");
	return pair;
}

enum judged_branch judge_branch(const struct world *world, struct span rows,
				struct span said, struct span fingerprint)
{
	struct pair *pair = read_pair(world, rows, said, fingerprint);
	enum judged_branch judged = BRANCH_NONE;

	if (pair != NULL) {
		const struct side own = { pair->own, pair->own_count };
		const struct side carried = { pair->carried,
					      pair->carried_count };

		judged = decide(&carried, &own);
	}
	free(pair);
	return judged;
}

/* ---- who stands at its end ---- */

static bool has_key(const struct account_link *link, struct span wanted)
{
	struct span rest = link->device.keys, key;
	uint16_t scheme;

	while (account_link_next_key(&rest, &scheme, &key))
		if (span_equal(key, wanted))
			return true;
	return false;
}

/* Links one after the other say whether the device stands with that key. */
static bool stands_behind(const struct side *side, uint64_t device,
			  struct span key, bool before)
{
	bool stands = before;

	for (size_t i = 0; i < side->count; i++) {
		const struct account_link *link = &side->links[i];
		uint64_t whose =
		    link->kind == ACCOUNT_KEYS ? link->signer : link->number;

		stands |= whose == device && has_key(link, key);
		stands &= !removes(link, device) && link->kind != ACCOUNT_CLOSE;
	}
	return stands;
}

bool judge_branch_has(const struct world *world, struct span rows,
		      struct span said, const struct wire_leaf_node *leaf)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct pair *pair = NULL;
	uint64_t device;
	bool has = false;

	if (places_read_leaf(leaf->credential.identity, fingerprint, &device))
		pair = read_pair(world, rows, said, SPAN_ARRAY(fingerprint));
	if (pair != NULL) {
		const struct side shared = { pair->shared, (size_t)pair->last };
		const struct side carried = { pair->carried,
					      pair->carried_count };

		has =
		    stands_behind(&shared, device, leaf->signature_key, false);
		has = stands_behind(&carried, device, leaf->signature_key, has);
	}
	free(pair);
	return has;
}

enum judged_branch judge_branch_of(const struct world *world, struct span rows,
				   struct span said,
				   const struct wire_leaf_node *leaf)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	uint64_t device;

	return places_read_leaf(leaf->credential.identity, fingerprint, &device)
		   ? judge_branch(world, rows, said, SPAN_ARRAY(fingerprint))
		   : BRANCH_NONE;
}

bool judge_branch_ends(struct span said, const struct place *place)
{
	struct account_link last;
	uint8_t hash[ACCOUNT_HASH];
	struct log_view view;
	struct carried carried;
	struct rd r;

	if (log_view_read_commit(said, &view) != ERR_OK ||
	    !places_find_carried(view.links, place->fingerprint, &carried))
		return false;
	for (r = rd_init(carried.links); rd_left(&r) > 0;)
		if (account_link_decode(rd_vec(&r), &last) != ERR_OK)
			return false;
	sim_must(account_link_hash(last.encoded, hash), "hash");
	return last.number == place->number &&
	       span_equal(SPAN_ARRAY(hash), place->hash);
}
