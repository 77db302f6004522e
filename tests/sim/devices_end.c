/* Where devices come and go: at the end those of an account are in its sessions. */
#include "tests/sim/devices.h"

static bool is_in(struct client *client, size_t session)
{
	struct look look;

	return look_stored(client, session, &look) && look.member;
}

static void join(struct client *client, size_t session)
{
	const struct order order = { .kind = ORDER_JOIN,
				     .session =
					 client->world->sessions[session] };

	if (!is_in(client, session))
		(void)device_orders(client, &order, NULL);
}

static bool stands(const struct client *client)
{
	return !client->waits && !client->removed && !client->copied;
}

static void link_and_join(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++)
		if (stands(&world->clients[i]))
			device_links(&world->clients[i]);
	for (size_t i = 0; i < world->client_count; i++)
		for (size_t s = 0; s < world->session_count; s++)
			if (stands(&world->clients[i]))
				join(&world->clients[i], s);
}

/* Twice: who has come in by an invitation brings others of the account. */
void devices_link(struct world *world)
{
	link_and_join(world);
	link_and_join(world);
}

/* By the log: who takes a Welcome after it was removed does not know that yet. */
static bool is_member(const struct client *client, size_t session)
{
	struct world *world = client->world;
	const struct server_session *there = server_session(
	    &world->adversary.homes[0], world->sessions[session]);

	return there != NULL && server_member(there, client->identity) != NULL;
}

static struct client *sibling_in(struct client *client, size_t session)
{
	struct world *world = client->world;

	for (size_t i = 0; i < world->client_count; i++) {
		struct client *other = &world->clients[i];

		if (other != client && stands(other) &&
		    strcmp(other->user, client->user) == 0 &&
		    is_in(other, session) && is_member(other, session))
			return other;
	}
	return NULL;
}

/* It left, or was made to leave: then nobody brings it back but by a wish. */
static bool was_out(const struct client *client, size_t session)
{
	struct world *world = client->world;
	const struct server_session *there = server_session(
	    &world->adversary.homes[0], world->sessions[session]);

	for (size_t i = 0; there != NULL && i < there->former_count; i++)
		if (strcmp(there->former[i].identity, client->identity) == 0)
			return true;
	return false;
}

void devices_judge(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++)
		for (size_t s = 0; s < world->session_count; s++) {
			struct client *client = &world->clients[i], *sibling;

			if (world_is_broken(world) || !stands(client) ||
			    is_in(client, s) || was_out(client, s))
				continue;
			sibling = sibling_in(client, s);
			if (sibling != NULL)
				world_violate(world, "brought-in",
					      "%s does not come into session "
					      "%zu, where %s is",
					      client->identity, s,
					      sibling->identity);
		}
}
