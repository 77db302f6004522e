#include "check/walk.h"

#include <stdlib.h>
#include <string.h>

#include "check/departure.h"
#include "check/form.h"
#include "check/group_info.h"
#include "check/places.h"
#include "check/tree_check.h"
#include "check/walk_state.h"
#include "crypto/transcript.h"
#include "wire/generation.h"

static struct check_walk *walk_new(const struct suite *suite)
{
	struct check_walk *walk = calloc(1, sizeof(*walk));

	if (walk != NULL)
		walk->suite = suite;
	return walk;
}

void check_walk_free(struct check_walk *walk)
{
	if (walk == NULL)
		return;
	buf_clear(&walk->encoded);
	buf_clear(&walk->tag);
	buf_clear(&walk->departures);
	buf_clear(&walk->reinit);
	check_tree_clear(&walk->tree);
	place_map_clear(&walk->places);
	free(walk);
}

/* ---- an epoch ---- */

enum err check_walk_enter(struct check_walk *walk,
			  const struct wire_group_context *context,
			  struct span confirmation_tag)
{
	struct buf encoded = BUF_INIT, tag = BUF_INIT;
	struct wire_group_context read;
	uint8_t interim[SUITE_HASH_MAX];
	enum err e;

	wire_group_context_put(&encoded, context);
	buf_put(&tag, confirmation_tag);
	TRY(buf_end(&encoded));
	TRY(buf_end(&tag));
	TRY(wire_group_context_decode(buf_span(&encoded), &read));
	TRY(transcript_interim(walk->suite, read.confirmed_transcript_hash,
			       buf_span(&tag), interim));
	buf_clear(&walk->encoded);
	buf_clear(&walk->tag);
	walk->encoded = encoded;
	walk->tag = tag;
	encoded = tag = BUF_INIT;
	walk->context = read;
	memcpy(walk->interim, interim, sizeof(interim));
	walk->session_id = read.group_id;
	walk->generation = 0;
	if (read.group_id.n > GENERATION_SESSION_ID)
		walk->session_id =
		    span_of(read.group_id.p, GENERATION_SESSION_ID);
	/* a group of another id has a session of its own */
	if (!generation_of_group(read.group_id, walk->session_id,
				 &walk->generation))
		walk->session_id = read.group_id;
out:
	buf_clear(&encoded);
	buf_clear(&tag);
	return e;
}

/* ---- where a walk begins ---- */

static struct check_verdict begin(const struct check_group *group,
				  struct span tree, enum check_trust trust,
				  struct check_walk *walk)
{
	const struct wire_group_context *context = &group->info.context;
	struct check_verdict verdict = check_verdict_of(
	    check_walk_enter(walk, context, group->info.confirmation_tag),
	    "group_info does not decode");

	if (verdict.wrong == NULL)
		verdict = check_verdict_of(
		    check_tree_read(tree, group->suite, &walk->tree),
		    "group_info's ratchet_tree does not decode");
	if (verdict.wrong == NULL)
		verdict = check_verdict_of(
		    group_places_of_info(&group->info, &walk->places),
		    "group_info's places are not those of its root");
	if (verdict.wrong != NULL || trust == CHECK_VERIFIED)
		return verdict;
	verdict = check_group_signed(group, &walk->tree);
	if (verdict.wrong == NULL)
		verdict = check_tree_whole(&walk->tree, context->group_id,
					   context->extensions);
	return verdict;
}

struct check_verdict check_walk_from_info(struct span group_info,
					  enum check_trust trust,
					  struct check_walk **out)
{
	struct check_walk *walk;
	struct check_group group;
	struct check_verdict verdict = check_group_read(group_info, &group);

	if (verdict.wrong != NULL)
		return verdict;
	if (!group.has_tree)
		return check_wrong("group_info has no ratchet_tree");
	walk = walk_new(group.suite);
	if (walk == NULL)
		return check_verdict_of(ERR_LOCAL_MEMORY, "no memory");
	verdict = begin(&group, group.ratchet_tree, trust, walk);
	walk->committer = group.info.signer;
	if (verdict.wrong == NULL)
		*out = walk;
	else
		check_walk_free(walk);
	return verdict;
}

static enum err put_reinit(const struct wire_reinit *reinit, struct buf *out)
{
	struct wire_proposal proposal = { .type = WIRE_PROPOSAL_REINIT };

	if (reinit == NULL)
		return ERR_OK;
	proposal.reinit = *reinit;
	wire_proposal_put(out, &proposal);
	return buf_end(out);
}

struct check_verdict check_walk_from_tree(struct span context,
					  struct span ratchet_tree,
					  struct span confirmation_tag,
					  const struct place_map *places,
					  const struct wire_reinit *reinit,
					  struct check_walk **out)
{
	struct wire_group_context read;
	const struct suite *suite;
	struct check_walk *walk = NULL;
	struct span hash;
	enum err e;

	TRY(wire_group_context_decode(context, &read));
	suite = suite_by_id(read.cipher_suite);
	ENSURE(suite != NULL, ERR_PEER_UNSUPPORTED);
	walk = walk_new(suite);
	ENSURE(walk != NULL, ERR_LOCAL_MEMORY);
	TRY(check_walk_enter(walk, &read, confirmation_tag));
	TRY(check_tree_read(ratchet_tree, suite, &walk->tree));
	TRY(check_tree_hash(&walk->tree, &hash));
	ENSURE(span_equal(hash, read.tree_hash), ERR_PEER_INVALID);
	TRY(put_reinit(reinit, &walk->reinit));
	if (places != NULL)
		walk->places = place_map_share(places);
	*out = walk;
	walk = NULL;
out:
	check_walk_free(walk);
	return check_verdict_of(e, "that is no epoch of a group");
}

/* ---- accounts ---- */

void check_walk_set_accounts(struct check_walk *walk,
			     struct check_accounts *accounts)
{
	walk->accounts = accounts;
}

struct check_verdict check_walk_check_leaves(const struct check_walk *walk,
					     bool exact)
{
	struct check_view view;

	check_walk_view(walk, &view);
	return check_places_whole(&view, exact);
}

/* ---- departures ---- */

enum err check_walk_set_departures(struct check_walk *walk,
				   struct span departures)
{
	struct buf copy = BUF_INIT;
	struct check_view view;
	enum err e;

	buf_put(&copy, departures);
	TRY(buf_end(&copy));
	check_walk_view(walk, &view);
	check_departures_prune(&view, &copy);
	buf_clear(&walk->departures);
	walk->departures = copy;
out:
	return e;
}

void check_walk_spend_departures(struct check_walk *walk, struct span commit)
{
	check_departures_spend(commit, &walk->departures);
}

struct check_verdict check_walk_departure(struct check_walk *walk,
					  struct span bytes)
{
	struct check_verdict verdict;
	struct departure departure;
	struct check_member leaf;
	struct check_view view;
	struct buf grown = BUF_INIT;
	enum err e;

	check_walk_view(walk, &view);
	verdict = check_departure(&view, bytes, &departure, &leaf);
	if (verdict.wrong != NULL)
		return verdict;
	buf_put(&grown, buf_span(&walk->departures));
	buf_put_vec(&grown, bytes);
	e = buf_end(&grown);
	if (e != ERR_OK)
		return check_verdict_of(e, "no memory");
	buf_clear(&walk->departures);
	walk->departures = grown;
	return verdict;
}

/* ---- where it has come to ---- */

/* The ratchet_tree extension is that of the walk, byte for byte. */
static struct check_verdict compare_tree(struct check_walk *walk,
					 struct span ratchet_tree)
{
	struct buf own = BUF_INIT;
	bool same;
	enum err e;

	check_tree_put(&walk->tree, &own);
	e = buf_end(&own);
	same = span_equal(buf_span(&own), ratchet_tree);
	buf_clear(&own);
	if (e != ERR_OK)
		return check_verdict_of(e, "no memory");
	return check_wrong(same ? NULL
				: "group_info's leaves and nodes are not those "
				  "that the commit leaves");
}

/* The places that a GroupInfo is kept with. */
static struct check_verdict compare_places(const struct check_walk *walk,
					   struct span places)
{
	struct buf own = BUF_INIT;
	bool same;
	enum err e;

	place_map_put(&walk->places, &own);
	e = buf_end(&own);
	same = walk->places.there && span_equal(buf_span(&own), places);
	buf_clear(&own);
	if (e != ERR_OK)
		return check_verdict_of(e, "no memory");
	return check_wrong(
	    same ? NULL : "group_info's places are not those of its root");
}

static const char *compare_context(const struct check_walk *walk,
				   const struct check_group *group)
{
	const struct wire_group_context *now = &walk->context,
					*said = &group->info.context;

	if (!span_equal(now->group_id, said->group_id) ||
	    now->version != said->version ||
	    now->cipher_suite != said->cipher_suite ||
	    now->epoch != said->epoch)
		return "group_info is not of the next epoch";
	if (!span_equal(now->extensions, said->extensions))
		return "group_info has other extensions than the group";
	if (!span_equal(now->confirmed_transcript_hash,
			said->confirmed_transcript_hash))
		return "group_info's confirmed_transcript_hash is not that of "
		       "the commit";
	if (!span_equal(buf_span(&walk->tag), group->info.confirmation_tag))
		return "group_info's confirmation_tag is not the commit's";
	return NULL;
}

struct check_verdict check_walk_matches(struct check_walk *walk,
					struct span group_info)
{
	struct check_group group;
	struct check_verdict verdict = check_group_read(group_info, &group);

	if (verdict.wrong == NULL)
		verdict.wrong = compare_context(walk, &group);
	if (verdict.wrong == NULL && group.has_tree)
		verdict = compare_tree(walk, group.ratchet_tree);
	if (verdict.wrong == NULL && group.has_places)
		verdict = compare_places(walk, group.places);
	if (verdict.wrong == NULL)
		verdict = check_group_signed(&group, &walk->tree);
	if (verdict.wrong == NULL)
		verdict.wrong =
		    check_form_external_pub(walk->suite, group.info.extensions);
	return verdict;
}

static bool find_leaf(const void *group, uint32_t index,
		      struct check_member *member)
{
	const struct check_walk *walk = group;
	const struct wire_leaf_node *leaf = check_tree_leaf(&walk->tree, index);

	if (leaf == NULL)
		return false;
	*member = (struct check_member){ index, leaf->credential.identity,
					 leaf->signature_key, leaf->encoded };
	return true;
}

static bool next_of(const void *group, struct span user, uint32_t *leaf)
{
	const struct check_walk *walk = group;

	return check_tree_next_of(&walk->tree, user, leaf);
}

const struct wire_group_context *check_walk_context(
    const struct check_walk *walk)
{
	return &walk->context;
}

struct span check_walk_confirmation_tag(const struct check_walk *walk)
{
	return buf_span(&walk->tag);
}

struct span check_walk_departures(const struct check_walk *walk)
{
	return buf_span(&walk->departures);
}

uint32_t check_walk_generation(const struct check_walk *walk)
{
	return walk->generation;
}

uint32_t check_walk_committer(const struct check_walk *walk)
{
	return walk->committer;
}

bool check_walk_signer(const struct check_walk *walk,
		       struct check_signer *signer)
{
	*signer = (struct check_signer){ .external = walk->joined,
					 .was_in = walk->was_in };
	return walk->stepped && find_leaf(walk, walk->committer, &signer->leaf);
}

bool check_walk_ended(const struct check_walk *walk)
{
	return walk->reinit.n > 0;
}

bool check_walk_next_member(const struct check_walk *walk, uint32_t *leaf,
			    struct check_member *member)
{
	uint32_t index = *leaf;

	while (index < walk->tree.leaf_count && !find_leaf(walk, index, member))
		index++;
	if (index >= walk->tree.leaf_count)
		return false;
	*leaf = index + 1;
	return true;
}

void check_walk_view(const struct check_walk *walk, struct check_view *view)
{
	*view = (struct check_view){
		.suite = walk->suite,
		.session_id = walk->session_id,
		.generation = walk->generation,
		.extensions = walk->context.extensions,
		.leaf_count = walk->tree.leaf_count,
		.leaf = find_leaf,
		.group = walk,
		.next_of = next_of,
		.departures = buf_span(&walk->departures),
		.exact = walk->exact,
		.places = &walk->places,
		.accounts = walk->accounts,
	};
}
