/*
 * The rules of docs/protocol.md for commits, written a second time and apart
 * from src/check: what a healthy device took must obey them.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

#include "check/label.h"
#include "crypto/hash.h"
#include "tests/sim/seen_group.h"
#include "wire/bans.h"
#include "wire/departure.h"
#include "wire/invited.h"
#include "wire/message.h"
#include "wire/places.h"
#include "wire/roles.h"

struct trial {
	struct world *world;
	const uint8_t *session;
	struct seen_group before;
	struct wire_public_message message;
	struct span who; /* the committer's identity */
	uint32_t leaf;	 /* the same; external: none */
	bool external;
	struct roles roles;
};

static struct span user_of(struct span identity)
{
	return roles_user(identity);
}

/* What it carries of the account that the leaf is of. */
static enum judged_branch branch_of(const struct trial *t,
				    const struct wire_leaf_node *leaf)
{
	struct span rows;

	return seen_group_places(&t->before, &rows)
		   ? judge_branch_of(t->world, rows,
				     t->message.content.authenticated_data,
				     leaf)
		   : BRANCH_NONE;
}

/* The leaf's device stands where that branch ends. */
static bool is_of_branch(const struct trial *t,
			 const struct wire_leaf_node *leaf)
{
	struct span rows;

	return branch_of(t, leaf) == BRANCH_COUNTS &&
	       seen_group_places(&t->before, &rows) &&
	       judge_branch_has(t->world, rows,
				t->message.content.authenticated_data, leaf);
}

/* A branch is the reason to remove it: one that counts and does not have it, or one
 * of two between which nothing decides. */
static bool is_of_another_branch(const struct trial *t,
				 const struct wire_leaf_node *leaf)
{
	enum judged_branch branch = branch_of(t, leaf);

	return branch == BRANCH_FORK ||
	       (branch == BRANCH_COUNTS && !is_of_branch(t, leaf));
}

static bool is_removed(const struct trial *t, uint32_t leaf)
{
	struct span rest = t->message.content.commit.proposals;
	struct wire_proposal_or_ref item;

	while (wire_proposals_next(&rest, &item))
		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_REMOVE &&
		    item.proposal.removed == leaf)
			return true;
	return false;
}

/* Has the user a leaf that this commit leaves? */
static bool user_stays(const struct trial *t, struct span user)
{
	for (uint32_t i = 0; i < t->before.leaf_count; i++) {
		const struct wire_leaf_node *leaf =
		    seen_group_leaf(&t->before, i);

		if (leaf != NULL && !is_removed(t, i) &&
		    span_equal(user_of(leaf->credential.identity), user))
			return true;
	}
	return false;
}

static bool group_has_user(const struct seen_group *group, struct span user)
{
	for (uint32_t i = 0; i < group->leaf_count; i++) {
		const struct wire_leaf_node *leaf = seen_group_leaf(group, i);

		if (leaf != NULL &&
		    span_equal(user_of(leaf->credential.identity), user))
			return true;
	}
	return false;
}

static const struct wire_leaf_node *find_identity(const struct trial *t,
						  struct span identity)
{
	for (uint32_t i = 0; i < t->before.leaf_count; i++) {
		const struct wire_leaf_node *leaf =
		    seen_group_leaf(&t->before, i);

		if (leaf != NULL &&
		    span_equal(leaf->credential.identity, identity))
			return leaf;
	}
	return NULL;
}

/* The role that counts: where no owner has a leaf, the first admin, then the
 * first member is owner. */
static enum role effective(const struct trial *t, struct span user)
{
	enum role best = ROLE_MEMBER;
	struct span first = SPAN_EMPTY;

	for (uint32_t i = 0; i < t->before.leaf_count; i++) {
		const struct wire_leaf_node *leaf =
		    seen_group_leaf(&t->before, i);
		struct span name;
		enum role role;

		if (leaf == NULL)
			continue;
		name = user_of(leaf->credential.identity);
		role = roles_of(&t->roles, name);
		if (first.n == 0 || role > best) {
			first = name;
			best = role;
		}
	}
	if (best != ROLE_OWNER && span_equal(first, user))
		return ROLE_OWNER;
	return roles_of(&t->roles, user);
}

/* By a leaf of some group of the session; keys of a leaf never change. */
static bool is_signed(const struct trial *t, const struct departure *departure)
{
	const struct lineage *lineage = &t->world->lineage;

	for (size_t i = lineage->count; i-- > 0;) {
		const struct wire_leaf_node *signer;
		struct seen_group group;
		bool good = false;

		if (memcmp(lineage->groups[i].session, t->session, DEVICE_ID) !=
			0 ||
		    !seen_group_read(blob_span(lineage->groups[i].info),
				     &group))
			continue;
		signer = seen_group_leaf(&group, departure->signer);
		good = signer != NULL &&
		       check_label(group.suite, signer->signature_key,
				   DEPARTURE_LABEL, departure->unsigned_part,
				   departure->signature) == ERR_OK;
		seen_group_clear(&group);
		if (good)
			return true;
	}
	return false;
}

static bool is_departure_of(const struct trial *t, struct span bytes,
			    const uint8_t hash[32])
{
	struct departure departure;

	return departure_decode(bytes, &departure) == ERR_OK &&
	       span_equal(departure.leaf_hash, span_of(hash, 32)) &&
	       is_signed(t, &departure);
}

/* One that a server took, and may have forgotten since. */
static bool had_departed(const struct trial *t, const uint8_t hash[32])
{
	const struct lineage *lineage = &t->world->lineage;

	for (size_t i = 0; i < lineage->departure_count; i++)
		if (memcmp(lineage->departures[i].session, t->session,
			   DEVICE_ID) == 0 &&
		    is_departure_of(t, blob_span(lineage->departures[i].bytes),
				    hash))
			return true;
	return false;
}

/* A departure for that leaf node stands in some log of the session, or stood. */
static bool has_departed(const struct trial *t,
			 const struct wire_leaf_node *leaf)
{
	const struct adversary *adversary = &t->world->adversary;
	uint8_t hash[32];

	sim_must(hash_one(leaf->encoded, hash), "hash");
	for (size_t h = 0; h < adversary->home_count; h++)
		for (size_t s = 0; s < adversary->homes[h].session_count; s++) {
			const struct server_session *session =
			    &adversary->homes[h].sessions[s];

			if (memcmp(session->id, t->session, DEVICE_ID) != 0)
				continue;
			for (size_t i = 0; i < session->log_count; i++)
				if (session->log[i].kind == 4 &&
				    is_departure_of(
					t, blob_span(session->log[i].bytes),
					hash))
					return true;
		}
	return had_departed(t, hash);
}

static const char *judge_remove(const struct trial *t, uint32_t at)
{
	const struct wire_leaf_node *leaf = seen_group_leaf(&t->before, at);
	enum role own, other;

	if (leaf == NULL)
		return "a Remove is of no member";
	if (t->external)
		return span_equal(leaf->credential.identity, t->who)
			   ? NULL
			   : "who joins removes another";
	if (span_equal(user_of(leaf->credential.identity), user_of(t->who)) ||
	    has_departed(t, leaf) || judge_ended(t->world, &t->before, leaf) ||
	    is_of_another_branch(t, leaf))
		return NULL;
	own = effective(t, user_of(t->who));
	other = effective(t, user_of(leaf->credential.identity));
	if (own == ROLE_OWNER || (own == ROLE_ADMIN && other == ROLE_MEMBER))
		return NULL;
	return "its role does not allow the Remove";
}

static const char *judge_add(const struct trial *t,
			     const struct wire_leaf_node *leaf)
{
	struct span user = user_of(leaf->credential.identity);

	if (t->external)
		return "who joins adds another";
	if (user_stays(t, user) && !span_equal(user, user_of(t->who)))
		return "it adds a device of another member";
	return NULL;
}

/* Which type changed between two lists, and how. */
static const char *judge_extension(const struct trial *t, uint16_t type,
				   bool changed)
{
	if (!changed)
		return NULL;
	if ((type == PLACES_EXTENSION || type == PLACES_ROOT_EXTENSION) &&
	    !t->external)
		return NULL; /* judge_places() */
	if (type == INVITED_EXTENSION && !t->external)
		return NULL; /* judge_invited() */
	if (type == BANS_EXTENSION)
		return effective(t, user_of(t->who)) != ROLE_MEMBER
			   ? NULL
			   : "it changes who is banned, and its sender is no "
			     "admin";
	if (type != ROLES_EXTENSION)
		return "it changes an extension of the group that nobody may "
		       "change";
	if (effective(t, user_of(t->who)) == ROLE_OWNER)
		return NULL;
	/* An owner departed: its heir follows. */
	for (uint32_t i = 0; i < t->before.leaf_count; i++) {
		const struct wire_leaf_node *leaf =
		    seen_group_leaf(&t->before, i);

		if (leaf != NULL && is_removed(t, i) && has_departed(t, leaf))
			return NULL;
	}
	return "it changes roles, and its sender is no owner";
}

static const char *judge_extensions(const struct trial *t, struct span next)
{
	struct span now = t->before.info.context.extensions;
	struct span rest = next;
	struct wire_extension extension;
	struct span data;
	const char *wrong = NULL;

	while (wrong == NULL && wire_extensions_next(&rest, &extension))
		wrong = judge_extension(
		    t, extension.type,
		    !wire_extensions_find(now, extension.type, &data) ||
			!span_equal(data, extension.data));
	rest = now;
	while (wrong == NULL && wire_extensions_next(&rest, &extension))
		wrong = judge_extension(
		    t, extension.type,
		    !wire_extensions_find(next, extension.type, &data));
	return wrong;
}

static const char *judge_proposal(const struct trial *t,
				  const struct wire_proposal_or_ref *item)
{
	if (item->type != WIRE_BY_VALUE)
		return "a proposal is by reference";
	switch (item->proposal.type) {
	case WIRE_PROPOSAL_REMOVE:
		return judge_remove(t, item->proposal.removed);
	case WIRE_PROPOSAL_ADD:
		return judge_add(t, &item->proposal.add.leaf_node);
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		return judge_extensions(t, item->proposal.extensions);
	case WIRE_PROPOSAL_REINIT:
		return effective(t, user_of(t->who)) >= ROLE_ADMIN
			   ? NULL
			   : "its role does not allow another algorithm";
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		return t->external ? NULL : "ExternalInit of a member";
	default:
		return "a proposal of a type without a rule";
	}
}

/* The log before says why somebody comes in who has no leaf. */
static const char *judge_reason(const struct trial *t)
{
	struct invitation one;
	struct invited list;

	if (invited_read(t->before.info.context.extensions, &list) != ERR_OK)
		return "who is invited does not decode";
	if (!list.there || list.open ||
	    (invited_find(&list, user_of(t->who), &one) &&
	     one.last >= t->before.info.context.epoch))
		return NULL;
	return "somebody joins whom nobody has invited";
}

/* Who joins from outside. */
static const char *judge_newcomer(const struct trial *t)
{
	const struct wire_leaf_node *now =
	    &t->message.content.commit.path.leaf_node;
	const struct wire_leaf_node *old = find_identity(t, t->who);

	if (old != NULL)
		return span_equal(old->signature_key, now->signature_key)
			   ? NULL
			   : "a member joins again with another key";
	/* which a branch that does not count has thrown out */
	if (is_of_branch(t, now))
		return NULL;
	if (user_stays(t, user_of(t->who)))
		return "another device of a member joins from outside";
	return judge_reason(t);
}

static const char *judge_sender(struct trial *t)
{
	const struct wire_content *content = &t->message.content;
	const struct wire_leaf_node *leaf;

	t->external = content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	t->leaf = content->sender.index;
	if (t->external) {
		t->who = content->commit.path.leaf_node.credential.identity;
		return judge_newcomer(t);
	}
	leaf = seen_group_leaf(&t->before, t->leaf);
	if (leaf == NULL)
		return "its sender is no member";
	t->who = leaf->credential.identity;
	if (is_of_another_branch(t, leaf))
		return "its sender does not stand in the branch that it "
		       "carries";
	if (judge_ended(t->world, &t->before, leaf) && !is_of_branch(t, leaf))
		return "its sender is a device that its account has removed";
	if (content->commit.has_path &&
	    (!span_equal(leaf->signature_key,
			 content->commit.path.leaf_node.signature_key) ||
	     !span_equal(t->who,
			 content->commit.path.leaf_node.credential.identity)))
		return "its sender changes its identity or its key";
	return NULL;
}

/* Behind a commit nobody who is banned has a leaf. */
static const char *judge_bans(struct span info)
{
	const struct wire_leaf_node *leaf;
	struct seen_group after;
	const char *wrong = NULL;
	struct bans bans;

	if (!seen_group_read(info, &after))
		return "its GroupInfo does not decode";
	if (bans_read(after.info.context.extensions, &bans) != ERR_OK)
		wrong = "who is banned does not decode";
	for (uint32_t i = 0; wrong == NULL && i < after.leaf_count; i++) {
		leaf = seen_group_leaf(&after, i);
		if (leaf != NULL &&
		    bans_have(&bans, user_of(leaf->credential.identity)))
			wrong = "somebody who is banned has a leaf";
	}
	seen_group_clear(&after);
	return wrong;
}

/* Behind a member's commit nobody is invited who has a leaf, or had one before; and only
 * who made an invitation, or an admin, takes it back from somebody else. */
static const char *judge_invited(const struct trial *t, struct span info)
{
	struct invited before, after;
	struct invitation one, kept;
	struct seen_group next;
	const char *wrong = NULL;
	struct span rest;

	if (!seen_group_read(info, &next))
		return "its GroupInfo does not decode";
	if (invited_read(t->before.info.context.extensions, &before) !=
		ERR_OK ||
	    invited_read(next.info.context.extensions, &after) != ERR_OK)
		wrong = "who is invited does not decode";
	else if (before.there != after.there || before.open != after.open)
		wrong = "it changes who may come in";
	rest = after.rows;
	while (wrong == NULL && !t->external && invited_next(&rest, &one)) {
		if (group_has_user(&next, one.user) ||
		    group_has_user(&t->before, one.user))
			wrong = "an invitation stays of somebody who is, or "
				"was, in";
		else if (!invited_find(&before, one.user, &kept) &&
			 !span_equal(one.by, user_of(t->who)))
			wrong = "it invites in another one's name";
	}
	rest = before.rows;
	while (wrong == NULL && !t->external && invited_next(&rest, &one))
		if (!invited_find(&after, one.user, &kept) &&
		    one.last > t->before.info.context.epoch &&
		    !group_has_user(&next, one.user) &&
		    !group_has_user(&t->before, one.user) &&
		    group_has_user(&next, one.by) &&
		    !span_equal(one.by, user_of(t->who)) &&
		    effective(t, user_of(t->who)) == ROLE_MEMBER)
			wrong = "it takes back another one's invitation";
	seen_group_clear(&next);
	return wrong;
}

static bool ends_group(const struct trial *t)
{
	struct span rest = t->message.content.commit.proposals;
	struct wire_proposal_or_ref item;

	return wire_proposals_next(&rest, &item) &&
	       item.proposal.type == WIRE_PROPOSAL_REINIT;
}

static const char *judge(struct trial *t, const struct lineage_group *group)
{
	struct wire_message message;
	const struct lineage *lineage = &t->world->lineage;
	struct wire_proposal_or_ref item;
	struct span rest;
	const char *wrong;

	if (!seen_group_read(blob_span(lineage->groups[group->parent].info),
			     &t->before) ||
	    wire_message_decode(blob_span(group->commit), &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE ||
	    roles_read(t->before.info.context.extensions, &t->roles) != ERR_OK)
		return "it does not decode";
	t->message = message.public_message;
	wrong = judge_sender(t);
	rest = t->message.content.commit.proposals;
	while (wrong == NULL && wire_proposals_next(&rest, &item))
		wrong = judge_proposal(t, &item);
	if (wrong == NULL)
		wrong = judge_places(
		    t->world, blob_span(lineage->groups[group->parent].info),
		    t->message.content.authenticated_data,
		    blob_span(group->info), t->external);
	if (wrong == NULL)
		wrong = judge_bans(blob_span(group->info));
	if (wrong == NULL && !ends_group(t))
		wrong = judge_invited(t, blob_span(group->info));
	return wrong;
}

const char *judge_commit(struct world *world, size_t number)
{
	const struct lineage_group *group = &world->lineage.groups[number];
	struct trial trial = { .world = world, .session = group->session };
	const char *wrong;

	if (group->commit == NULL || group->parent == SIZE_MAX)
		return NULL;
	wrong = judge(&trial, group);
	seen_group_clear(&trial.before);
	return wrong;
}
