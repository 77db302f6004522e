/* An honest server, and a member who lies: the others are heard all the same. */
#include "tests/sim/world.h"

#include <stdio.h>

/* Does anything but a member's lies keep this device? Its person's wish may. */
static bool is_free(struct client *client, size_t session)
{
	const struct adversary *adversary = &client->world->adversary;
	struct look look;

	return adversary->home_count == 1 && adversary->snapshot_count == 0 &&
	       !adversary->rotation_lie && !client->copied &&
	       look_stored(client, session, &look) && look.member &&
	       !look.forked && strcmp(look.stop, "copy") != 0 &&
	       !client->slots[0].running && !client->wishes.verified_only;
}

static void run(struct client *client, const struct order *order, size_t said)
{
	if (client_order(client, 0, order, said))
		(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
}

static bool has_heard(const struct client *client, size_t session, size_t said)
{
	const struct known *known = &client->known[session];

	for (size_t i = 0; i < known->entry_count; i++)
		if (known->entries[i].shown && known->entries[i].said == said)
			return true;
	return false;
}

void veto_in(struct client *client)
{
	struct world *world = client->world;
	struct look look;

	if (world->session_count > 0 && world->adversary.moves == 0 &&
	    (!look_stored(client, 0, &look) || !look.member))
		world_violate(world, "no-veto", "%s is not let in",
			      client->identity);
}

void veto_heard(struct client *client, struct client *other)
{
	struct world *world = client->world;
	struct order order = { .kind = ORDER_SEND,
			       .session = world->sessions[0],
			       .to_new_members = true };
	struct said *said;
	size_t number;

	if (world->session_count == 0 || !is_free(client, 0) ||
	    !is_free(other, 0))
		return;
	said = SIM_ADD(world->said, world->said_count);
	number = world->said_count - 1;
	said->client = (size_t)(client - world->clients);
	(void)snprintf(said->text, sizeof(said->text),
		       WORLD_MARK "%06zu of %s, all the same", number,
		       client->user);
	order.text = span_str(said->text);
	watch_shown(client, 0);
	/* the other is where the log is, and opens what comes next */
	order.kind = ORDER_REFRESH;
	run(other, &order, SIZE_MAX);
	order.kind = ORDER_SEND;
	run(client, &order, number);
	order.kind = ORDER_REFRESH;
	run(other, &order, SIZE_MAX);
	if (world_is_broken(world))
		return;
	if (!world->said[number].reported)
		world_violate(world, "no-veto",
			      "%s cannot send: a member keeps it from that",
			      client->identity);
	else if (!has_heard(other, 0, number))
		world_violate(
		    world, "no-veto",
		    "%s does not hear %s: a member keeps it from that",
		    other->identity, client->identity);
}

void veto_ousted(struct client *client)
{
	struct world *world = client->world;
	struct look look;

	if (world->session_count == 0 || !is_free(client, 0) ||
	    !look_stored(client, 0, &look))
		return;
	for (size_t i = 0; i < look.member_count; i++)
		for (size_t k = 0; k < world->adversary.ghost_count; k++)
			if (strcmp(look.members[i].identity,
				   world->adversary.ghosts[k].identity) == 0)
				world_violate(world, "no-veto",
					      "%s has still in whoever broke "
					      "two commits: %s",
					      client->identity,
					      look.members[i].identity);
}
