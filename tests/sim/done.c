/* What must hold when a device says that what it was ordered is done. */
#include "tests/sim/devices.h"

#include <stdio.h>

#include "session/chain.h"
#include "tests/sim/seen_group.h"
#include "wire/bans.h"
#include "wire/invited.h"

static bool was_served(const struct known *known, const uint8_t hash[32])
{
	for (size_t i = 0; i < known->entry_count; i++)
		if (known->entries[i].served &&
		    memcmp(known->entries[i].hash, hash, 32) == 0)
			return true;
	return false;
}

/* Somebody else may have done the same meanwhile: then nothing is left to do. Only
 * a device's own commit gives it new keys. */
static bool another_came_first(const struct known *known, uint64_t since)
{
	for (size_t i = since; i < known->entry_count; i++)
		if (known->entries[i].served &&
		    (known->entries[i].kind == CHAIN_COMMIT ||
		     known->entries[i].kind == CHAIN_SUCCESSOR))
			return true;
	return false;
}

/* A change is done when the verified log shows it: the commit is among the
 * entries that were served. */
static void change_ended(struct client *client, struct slot *slot)
{
	static const uint8_t none[32];

	if (memcmp(slot->last_commit, none, 32) == 0 ||
	    (slot->order != ORDER_ROTATE &&
	     another_came_first(&client->known[slot->session],
				slot->seq_before)))
		return;
	(void)look_took_line(client, slot->session);
	for (size_t i = slot->commits_before; i < client->commit_count; i++)
		if (was_served(&client->known[slot->session],
			       client->commits[i]))
			return;

	world_violate(client->world, "done",
		      "%s says that an order of kind %d is done; no log that "
		      "it was served shows that",
		      client->identity, (int)slot->order);
}

/* By the user's name, or as the leaf says. */
static bool is_called(const struct world *world, const char *identity,
		      const char *whom)
{
	return strcmp(identity, whom) == 0 ||
	       strcmp(server_user_of(&world->adversary.homes[0], identity),
		      whom) == 0;
}

static bool is_user(const struct world *world, struct span user,
		    const char *whom)
{
	char identity[SIM_IDENTITY];

	(void)snprintf(identity, sizeof(identity), "%.*s/1", (int)user.n,
		       (const char *)user.p);
	return is_called(world, identity, whom);
}

static bool is_own(const struct client *client, const struct slot *slot,
		   const uint8_t hash[32])
{
	for (size_t i = slot->commits_before; i < client->commit_count; i++)
		if (memcmp(client->commits[i], hash, 32) == 0)
			return true;
	return false;
}

/* The last commit that it was served is the one that this order made, and no other's
 * stands between those that it made. */
static bool ended_by_own(const struct client *client, const struct slot *slot)
{
	const struct known *known = &client->known[slot->session];
	const uint8_t *last = NULL;
	bool begun = false;

	for (size_t i = slot->seq_before; i < known->entry_count; i++) {
		const struct seen_entry *entry = &known->entries[i];

		if (!entry->served || (entry->kind != CHAIN_COMMIT &&
				       entry->kind != CHAIN_SUCCESSOR))
			continue;
		/* the group that this order's ReInit moves to */
		if (entry->kind == CHAIN_SUCCESSOR && last != NULL &&
		    memcmp(last, slot->last_commit, 32) == 0)
			continue;
		last = entry->hash;
		if (begun && !is_own(client, slot, last))
			return false;
		begun |= is_own(client, slot, last);
	}
	return last != NULL && !slot->came_again &&
	       memcmp(last, slot->last_commit, 32) == 0;
}

/* Where no owner has a leaf, somebody counts as one (check/rights.h). */
static bool has_role(const struct look_member *member, enum role role)
{
	return member->role == role || member->role == ROLE_OWNER;
}

/* Does the list of that user's name stand in the group? Of bans, or of invitations. */
static bool is_listed(const struct client *client, const struct look *look,
		      enum order_kind kind, const char *whom)
{
	const struct lineage *lineage = &client->world->lineage;
	size_t at = lineage_find(lineage, look->context);
	struct seen_group group = { .suite = NULL };
	struct invitation one = { .last = 0 };
	struct invited invited = { .there = false };
	struct bans bans = { .there = false };
	bool listed = false;
	struct span rest;

	if (at == SIZE_MAX ||
	    !seen_group_read(blob_span(lineage->groups[at].info), &group))
		return false;
	if (kind == ORDER_BAN &&
	    bans_read(group.info.context.extensions, &bans) == ERR_OK)
		for (rest = bans.rows; bans_next(&rest, &one.user);)
			listed |= is_user(client->world, one.user, whom);
	if (kind != ORDER_BAN &&
	    invited_read(group.info.context.extensions, &invited) == ERR_OK)
		for (rest = invited.rows; invited_next(&rest, &one);)
			listed |= is_user(client->world, one.user, whom);
	seen_group_clear(&group);
	return listed;
}

static bool is_so(const struct client *client, const struct slot *slot,
		  const struct look *look)
{
	bool in = false, all = true;

	for (size_t i = 0; i < look->member_count; i++) {
		const struct look_member *member = &look->members[i];

		if (!is_called(client->world, member->identity, slot->whom))
			continue;
		in = true;
		all &= has_role(member, slot->role);
	}
	if (slot->order == ORDER_MOVE)
		return slot->algorithm[0] == '\0' || /* to accounts alone */
		       strcmp(look->algorithm, slot->algorithm) == 0;
	if (slot->order == ORDER_ROLE)
		return all; /* who has left meanwhile has a role, too */
	if (slot->order == ORDER_BAN)
		return is_listed(client, look, ORDER_BAN, slot->whom) ==
			   slot->ban &&
		       !(slot->ban && in);
	if (slot->order == ORDER_UNINVITE)
		return !is_listed(client, look, ORDER_UNINVITE, slot->whom);
	/* without accounts no group has that list: the server was told the name */
	if (slot->order == ORDER_INVITE && !in)
		return slot->asks &&
		       (!client->world->accounts ||
			is_listed(client, look, ORDER_INVITE, slot->whom));
	return in == (slot->order == ORDER_INVITE);
}

/* What it has done is so in its group, unless others changed it since, or another
 * process of this device. */
static void check_group(struct client *client, struct slot *slot)
{
	struct look look;

	if (ended_by_own(client, slot) &&
	    look_at(client, slot->session, &look) && look.member &&
	    !is_so(client, slot, &look))
		world_violate(client->world, "done",
			      "%s says that an order of kind %d about %s is "
			      "done, which its own group does not show",
			      client->identity, (int)slot->order,
			      slot->order == ORDER_MOVE ? slot->algorithm
							: slot->whom);
}

/* Who has left is out, and who has come in is in, unless this device was given
 * another order before this one had ended. */
static void check_standing(struct client *client, struct slot *slot,
			   size_t session)
{
	bool out = slot->order == ORDER_LEAVE;
	struct look look;

	if (slot->number != client->orders || client->copied ||
	    !look_stored(client, session, &look))
		return;
	if (look.member == out)
		world_violate(client->world, "done", "%s says that it has %s",
			      client->identity,
			      out ? "left, and is a member"
				  : "come in, and is no member");
	else if (!out && look.stop[0] != '\0')
		world_violate(client->world, "done",
			      "%s says that it has come in, and is stopped: %s",
			      client->identity, look.stop);
}

void watch_done(struct client *client, struct slot *slot,
		const struct outcome *outcome)
{
	const enum order_kind order = slot->order;

	if (order == ORDER_LEAVE || order == ORDER_JOIN ||
	    order == ORDER_RESOLVE)
		check_standing(client, slot, slot->session);
	acts_judge_joined(client, slot, slot->session);
	if (order != ORDER_REMOVE && order != ORDER_ROLE &&
	    order != ORDER_ROTATE && order != ORDER_MOVE &&
	    order != ORDER_INVITE && order != ORDER_BAN &&
	    order != ORDER_UNINVITE)
		return;
	change_ended(client, slot);
	if (order != ORDER_ROTATE &&
	    (order != ORDER_INVITE || outcome->devices > 0 || slot->asks))
		check_group(client, slot);
}
