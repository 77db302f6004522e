/*
 * The adversary stops: from here on there is one honest server, and clocks are
 * right. Whoever was not told of a fork gets to the same place without a
 * person, and can be heard; whoever was told gets there with one.
 */
#include "tests/sim/content.h"
#include "tests/sim/devices.h"

#include <jansson.h>
#include <stdio.h>

enum { ROUNDS = 4 };

static void finish_orders(struct client *client)
{
	for (size_t i = 0; i < SLOTS; i++) {
		(void)client_run(client, i, TURNS_AN_ORDER, NULL);
		if (i > 0)
			client_kill(client, i);
	}
}

static void refresh(struct client *client, size_t session, bool flush)
{
	struct order order = { .kind = ORDER_REFRESH,
			       .session = client->world->sessions[session],
			       .flush = flush };
	struct look look;

	if (look_stored(client, session, &look) &&
	    client_order(client, 0, &order, SIZE_MAX))
		(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
}

/* Its person looks at the devices of the account, which gives the server the links that
 * it lacks; what is used up is published by itself. */
static void keep_house(struct client *client)
{
	const struct order orders[] = { { .kind = ORDER_ACCOUNT },
					{ .kind = ORDER_STOCK } };

	for (size_t i = client->world->accounts ? 0 : 1; i < 2; i++)
		if (client_order(client, 0, &orders[i], SIZE_MAX))
			(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
}

static void refresh_all(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++) {
		if (world->clients[i].copied || world->clients[i].removed)
			continue;
		device_goes_on(&world->clients[i], NULL);
		if (world->clients[i].waits)
			continue;
		keep_house(&world->clients[i]);
		for (size_t s = 0; s < world->session_count; s++)
			if (!world_is_broken(world))
				refresh(&world->clients[i], s, false);
	}
}

/* After the first round all links that there were are posted, and nobody is stopped. Who
 * comes back itself links others. */
static void bring_in(struct world *world, int round)
{
	people_look(world);
	if (round == 1 || round == 2)
		devices_link(world);
	if (round == ROUNDS - 1 && world->honest)
		devices_judge(world);
}

/* ---- who must be where ---- */

enum standing {
	OUTSIDE, /* not of this session, as the log has it */
	WELL,	 /* must be where the log is */
	STOPPED, /* was told, and waits for its person */
	ASTRAY	 /* has read entries that the log does not have */
};

/* Some server had a log in which this device was removed, or departed. */
static bool was_ever_out(const struct client *client, size_t session)
{
	struct world *world = client->world;

	for (size_t h = 0; h < world->adversary.home_count; h++) {
		const struct server_session *there = server_session(
		    &world->adversary.homes[h], world->sessions[session]);

		for (size_t i = 0; there != NULL && i < there->former_count;
		     i++)
			if (strcmp(there->former[i].identity,
				   client->identity) == 0)
				return true;
	}
	return world->adversary.snapshot_count > 0;
}

/* Somebody was deceived at the first contact, and has added another key under the
 * name of this device: the log does not have this one as a member. It cannot come
 * in before that leaf is removed, which is for those who are in to do. */
static bool is_of_ghost(const struct adversary *adversary,
			const struct wire_leaf_node *leaf)
{
	for (size_t i = 0; i < adversary->ghost_count; i++)
		if (span_equal(buf_span(&adversary->ghosts[i].public_key),
			       leaf->signature_key))
			return true;
	return false;
}

static bool is_another(const struct adversary *adversary,
		       const struct server_session *there,
		       const struct server_member *member,
		       const struct look *look)
{
	const struct wire_leaf_node *leaf;
	struct look_member row = { .identity = "" };
	struct seen_group group;
	bool another = false;

	if (!seen_group_read(blob_span(there->info), &group))
		return false;
	leaf = seen_group_leaf(&group, member->leaf);
	if (leaf != NULL)
		look_member_of(leaf->credential.identity, leaf->signature_key,
			       &row);
	another = leaf != NULL && is_of_ghost(adversary, leaf);
	for (size_t i = 0; leaf != NULL && i < look->member_count; i++)
		if (strcmp(look->members[i].identity, row.identity) == 0)
			another |=
			    memcmp(look->members[i].key, row.key, 16) != 0;
	seen_group_clear(&group);
	return another;
}

static enum standing stands(struct client *client, size_t session,
			    struct look *look)
{
	struct world *world = client->world;
	const struct server_session *there = server_session(
	    &world->adversary.homes[0], world->sessions[session]);
	const struct server_member *member =
	    there != NULL ? server_member(there, client->identity) : NULL;

	if (client->copied || client->removed || client->waits ||
	    !look_stored(client, session, look) || member == NULL ||
	    member->departed ||
	    is_another(&world->adversary, there, member, look))
		return OUTSIDE;
	if (look->stop[0] != '\0')
		return STOPPED;
	if (look->joining && client->known[session].told)
		return STOPPED;
	if (!look->member) {
		if (look->joining)
			world_violate(world, "recovery",
				      "%s does not come in, and is not told",
				      client->identity);
		else if (!was_ever_out(client, session))
			world_violate(world, "ended",
				      "%s is no member any more, and no log "
				      "that there was ended it",
				      client->identity);
		return OUTSIDE;
	}
	return look->seq > there->log_count ||
		       memcmp(look->head, server_head(there, look->seq),
			      DEVICE_HEAD) != 0
		   ? ASTRAY
		   : WELL;
}

/* Members alone stop nobody for good. */
static bool is_vetoed(struct client *client, size_t session)
{
	const struct world *world = client->world;
	struct look look;

	return !world->honest && world->adversary.lies == 0 &&
	       !client->copied && stands(client, session, &look) == STOPPED;
}

static void check_place(struct client *client, size_t session)
{
	struct world *world = client->world;
	const struct server_session *there = server_session(
	    &world->adversary.homes[0], world->sessions[session]);
	struct look look;
	uint8_t context[32];

	if (is_vetoed(client, session))
		world_violate(world, "no-veto",
			      "%s does not come in again by itself",
			      client->identity);
	if (stands(client, session, &look) != WELL)
		return;
	if (look.seq != there->log_count ||
	    !lineage_context(blob_span(there->info), context) ||
	    memcmp(context, look.context, 32) != 0)
		world_violate(world, "recovery",
			      "%s is at #%llu and epoch %llu, the log at #%zu "
			      "and epoch %llu",
			      client->identity, (unsigned long long)look.seq,
			      (unsigned long long)look.epoch, there->log_count,
			      (unsigned long long)there->epoch);
}

/* ---- speaking ---- */

/* Its person has compared the keys, and takes those that were delivered. */
static void accept_keys(struct client *client, const char *user)
{
	struct slot *slot = &client->slots[0];
	const char *keys[MEMBERS];
	struct buf text = BUF_INIT;
	json_t *list = NULL;
	const json_t *row;
	size_t i, n = 0, accepted;

	client_start(client, 0);
	if (!slot->running &&
	    device_key_changes(slot->device, user, &text) == ERR_OK)
		list = json_loadb((const char *)text.p, text.n, 0, NULL);
	json_array_foreach(list, i, row)
	{
		if (n < MEMBERS)
			keys[n++] =
			    json_string_value(json_object_get(row, "offered"));
	}
	if (n > 0 && (device_accept_keys(slot->device, user, keys, n,
					 &accepted) != ERR_OK ||
		      accepted != n))
		world_violate(client->world, "way-out",
			      "%s cannot accept a key of %s", client->identity,
			      user);
	if (n > 0)
		watch_accepted(client, user);
	json_decref(list);
	buf_clear(&text);
}

static bool is_named(const struct why *why, const char *identity)
{
	return strstr(why->text, identity) != NULL;
}

static void accept_ghost(struct client *client, const struct why *why,
			 const char *identity)
{
	char user[SIM_IDENTITY];

	(void)snprintf(user, sizeof(user), "%.*s", (int)strcspn(identity, "/"),
		       identity);
	if (is_named(why, identity))
		accept_keys(client, user);
}

/* As often as it is told of somebody: it takes the keys of those who are named, and
 * of nobody else. */
static void accept_named(struct client *client, size_t session)
{
	const struct slot *slot = &client->slots[0];
	struct world *world = client->world;

	for (size_t round = 0; round < MEMBERS; round++) {
		const struct why *told = device_outcome(slot->device)->why;
		struct why why;

		if (told == NULL || strcmp(told->slug, "key-changed") != 0)
			return;
		why = *told;
		for (size_t i = 0; i < world->client_count; i++)
			if (is_named(&why, world->clients[i].identity))
				accept_keys(client, world->clients[i].user);
		for (size_t i = 0; i < world->adversary.ghost_count; i++)
			accept_ghost(client, &why,
				     world->adversary.ghosts[i].identity);
		client_shown(client, session);
		refresh(client, session, true);
	}
}

/* Of whom it is told that two logs contradict each other; NULL: of nobody. */
static const struct why *told_of_fork(const struct client *client)
{
	const struct slot *slot = &client->slots[0];
	const struct why *why = slot->device != NULL && !slot->running
				    ? device_outcome(slot->device)->why
				    : NULL;

	return why != NULL && (strcmp(why->slug, "account-forked") == 0 ||
			       strcmp(why->slug, "own-account-forked") == 0 ||
			       strcmp(why->slug, "member-forked") == 0)
		   ? why
		   : NULL;
}

/* Is it named as one whose devices the person can remove, and go on? */
static bool is_forked(const struct client *client, const char *user)
{
	const struct why *why = told_of_fork(client);
	char text[64];

	(void)snprintf(text, sizeof(text), "of %s's account", user);
	return why != NULL && is_named(why, text);
}

/* Of one's own account the recovery key decides, in a home of its own. */
static bool is_forked_itself(const struct client *client)
{
	const struct world *world = client->world;
	bool other = false;

	for (size_t i = 0; i < world->client_count; i++)
		other |= is_forked(client, world->clients[i].user);
	return !world->honest && told_of_fork(client) != NULL && !other;
}

static void remove_forked(struct client *client, size_t session)
{
	struct world *world = client->world;

	for (size_t i = 0; i < world->client_count; i++) {
		const struct order order = { .kind = ORDER_REMOVE,
					     .session =
						 world->sessions[session],
					     .whom = world->clients[i].user };

		if (!is_forked(client, world->clients[i].user))
			continue;
		if (client_order(client, 0, &order, SIZE_MAX))
			(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
		client_shown(client, session);
		refresh(client, session, true);
	}
}

static size_t say(struct client *client, size_t session)
{
	struct world *world = client->world;
	struct said *said = SIM_ADD(world->said, world->said_count);
	size_t number = world->said_count - 1;
	struct order order = { .kind = ORDER_SEND,
			       .session = world->sessions[session],
			       .to_new_members = true };

	said->client = (size_t)(client - world->clients);
	said->session = session;
	(void)snprintf(said->text, sizeof(said->text),
		       WORLD_MARK "%06zu of %s, at the end", number,
		       client->user);
	order.text = span_str(said->text);
	watch_shown(client, session);
	if (client_order(client, 0, &order, number))
		(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
	if (world->said[number].reported)
		return number;
	accept_named(client, session);
	client_shown(client, session);
	refresh(client, session, true);
	accept_named(client, session);
	remove_forked(client, session);
	return number;
}

static bool hears(const struct client *client, size_t session, size_t said)
{
	const struct known *known = &client->known[session];

	for (size_t i = 0; i < known->entry_count; i++)
		if (known->entries[i].shown && known->entries[i].said == said)
			return true;
	return false;
}

static void everybody_hears(struct world *world, size_t session, size_t said)
{
	struct look look;

	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];

		if (stands(client, session, &look) != WELL)
			continue;
		refresh(client, session, false);
		if (!world_is_broken(world) && !hears(client, session, said))
			world_violate(world, "no-veto", "%s does not hear: %s",
				      client->identity, world->said[said].text);
	}
}

/* A server has forgotten a link, or has the other side of a fork. The group is at the
 * place of a branch that the honest one does not have, for which there is no way out yet
 * (docs/simulator.md, "Open"). */
static bool waits_for_links(const struct client *client)
{
	const struct adversary *adversary = &client->world->adversary;
	const struct slot *slot = &client->slots[0];
	const struct why *why = slot->device != NULL && !slot->running
				    ? device_outcome(slot->device)->why
				    : NULL;

	return client->world->accounts &&
	       (adversary->past_count > 0 || adversary->home_count > 1) &&
	       why != NULL && strcmp(why->slug, "accounts-unknown") == 0;
}

/* Its person began a session for verified people, and somebody else is in it. */
static bool waits_for_verified(const struct client *client, size_t session)
{
	const struct slot *slot = &client->slots[0];
	const struct why *why = slot->device != NULL && !slot->running
				    ? device_outcome(slot->device)->why
				    : NULL;

	return client->known[session].verified_only && why != NULL &&
	       (strcmp(why->slug, "not-verified") == 0 ||
		strcmp(why->slug, "never-verified") == 0);
}

static void everybody_speaks(struct world *world, size_t session)
{
	struct look look;

	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];
		size_t said;

		if (world_is_broken(world) ||
		    stands(client, session, &look) != WELL)
			continue;
		said = say(client, session);
		if (waits_for_links(client) || is_forked_itself(client) ||
		    waits_for_verified(client, session))
			continue;
		if (!world->said[said].reported)
			world_violate(world, "no-veto",
				      "%s cannot send, and nothing stops it",
				      client->identity);
		else
			everybody_hears(world, session, said);
	}
}

/* ---- with a person ---- */

static bool person_tries(struct client *client, size_t session,
			 enum order_kind kind)
{
	struct order order = { .kind = kind,
			       .session = client->world->sessions[session] };
	size_t said;

	client->known[session].healthy = SIZE_MAX;
	if (client_order(client, 0, &order, SIZE_MAX))
		(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
	if (waits_for_links(client))
		return true;
	said = say(client, session);
	return client->world->said[said].reported || is_forked_itself(client) ||
	       waits_for_verified(client, session);
}

/* Who has read another log finds that out when it says something. */
static void astray(struct client *client, size_t session)
{
	struct look look;
	size_t said;

	if (world_is_broken(client->world) ||
	    stands(client, session, &look) != ASTRAY)
		return;
	said = say(client, session);
	refresh(client, session, false);
	if (client->world->said[said].reported)
		world_violate(client->world, "sent",
			      "%s says that it sent into a log that is not "
			      "the one it has read",
			      client->identity);
	else if (!client->known[session].told &&
		 stands(client, session, &look) == ASTRAY)
		world_violate(client->world, "recovery",
			      "%s has read #%llu of another log than there is, "
			      "and is not told",
			      client->identity, (unsigned long long)look.seq);
}

/* What stops somebody can be lifted by its person. */
static void way_out(struct client *client, size_t session)
{
	struct look look;

	if (world_is_broken(client->world) ||
	    stands(client, session, &look) < STOPPED)
		return;
	if (!person_tries(client, session, ORDER_RESOLVE) &&
	    !world_is_broken(client->world))
		world_violate(client->world, "way-out",
			      "%s, stopped by \"%s\", does not get to sending "
			      "again",
			      client->identity, look.stop);
}

/* Which is one way out of writing to nobody, and of a session into which somebody has
 * added a device whom its person had blocked. */
static void lift_wishes(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];

		if (client->waits || world_is_broken(world))
			continue;
		if (client->wishes.verified_only)
			people_choose(client, false);
		for (unsigned k = 0; k < PEOPLE; k++)
			if ((client->wishes.blocked & 1u << k) != 0)
				people_block(client, k);
	}
}

void ending(struct world *world)
{
	adversary_stop(&world->adversary);
	world_trace(world, "the adversary stops");
	for (size_t i = 0; i < world->client_count; i++) {
		world->clients[i].skew_ms = 0;
		finish_orders(&world->clients[i]);
	}
	lift_wishes(world);
	for (int i = 0; i < ROUNDS && !world_is_broken(world); i++) {
		world->now_ms += 26ull * 3600 * 1000;
		refresh_all(world);
		if (world->devices)
			bring_in(world, i);
		/* one that has come in only now was handed them over */
		lift_wishes(world);
	}
	for (size_t s = 0; s < world->session_count; s++)
		for (size_t i = 0; i < world->client_count; i++)
			if (!world_is_broken(world))
				check_place(&world->clients[i], s);
	pairs_agree(world);
	for (size_t s = 0; s < world->session_count; s++)
		for (size_t i = 0; i < world->client_count; i++)
			astray(&world->clients[i], s);
	for (size_t s = 0; s < world->session_count; s++)
		everybody_speaks(world, s);
	if (world->devices && world->honest && !world_is_broken(world))
		people_judge_closed(world);
	for (size_t s = 0; s < world->session_count; s++)
		for (size_t i = 0; i < world->client_count; i++)
			way_out(&world->clients[i], s);
	pairs_agree(world);
	for (size_t i = 0; i < world->client_count; i++)
		if (!world_is_broken(world))
			watch_history(&world->clients[i]);
	if (!world_is_broken(world))
		content_agree(world);
	if (world->devices && !world_is_broken(world))
		people_judge(world);
}
