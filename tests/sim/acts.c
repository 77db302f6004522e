/* What people do about each other (sim --people): blocks, bans, invitations that are
 * taken back, sessions for verified people only; and what must hold of blocks. */
#include "tests/sim/devices.h"

#include "tests/sim/steps.h"

static const char *whom_of(const struct client *client, uint32_t pick)
{
	return client->world->people[pick % PEOPLE].user;
}

/* A session where this device is; NULL: none. */
static const char *session_of(struct client *client, uint32_t pick)
{
	struct world *world = client->world;
	struct look look;

	for (size_t i = 0; i < world->session_count; i++) {
		size_t at = (i + pick) % world->session_count;

		if (look_stored(client, at, &look) && look.member)
			return world->sessions[at];
	}
	return NULL;
}

static void order(struct client *client, const struct step *step)
{
	const char *whom = whom_of(client, step->a);
	struct order given = { .kind = ORDER_BAN,
			       .session = session_of(client, step->b),
			       .users = &whom,
			       .user_count = 1,
			       .whom = whom,
			       .ban = step->what == ACT_BANS };

	if (step->what == ACT_ASKS) {
		given.kind = ORDER_INVITE;
		given.asks = true;
	} else if (step->what == ACT_UNINVITES) {
		given.kind = ORDER_UNINVITE;
	}
	if (given.session == NULL)
		return;
	if (given.kind == ORDER_INVITE)
		client_names(client, given.session, whom);
	(void)device_orders(client, &given, &step->mishap);
}

static void begin_session(struct client *client, const struct step *step)
{
	const char *whom = whom_of(client, step->a);
	struct suites offer = { .count = 1 };
	const struct order given = { .kind = ORDER_CREATE,
				     .users = &whom,
				     .user_count = 1,
				     .offer = &offer,
				     .verified_only = true };

	offer.ids[0] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	if (client->world->session_count == SESSIONS)
		return;
	client_names(client, NULL, whom);
	(void)device_orders(client, &given, &step->mishap);
}

void acts_take(struct client *client, const struct step *step)
{
	if (step->what == ACT_BLOCKS)
		people_block(client, step->a);
	else if (step->what == ACT_BEGINS)
		begin_session(client, step);
	else
		order(client, step);
}

/* ---- blocks ---- */

bool acts_is_hidden(const struct client *client, const struct slot *slot)
{
	return client->world->honest && slot->whom[0] != '\0' &&
	       server_hides(&client->world->adversary.homes[0], client->number,
			    slot->whom);
}

/* Whoever is blocked reads what one reads who mistypes a name, and no word about keys or
 * accounts. */
void acts_judge_hidden(struct client *client, const struct slot *slot,
		       const struct outcome *outcome)
{
	static const char *const slugs[] = { "identity-changed",
					     "key-not-in-log", "downgrade",
					     "account-closed", "blocked" };

	if (!slot->hidden || !acts_is_hidden(client, slot) ||
	    outcome->why == NULL)
		return;
	for (size_t i = 0; i < sizeof(slugs) / sizeof(*slugs); i++)
		if (strcmp(outcome->why->slug, slugs[i]) == 0)
			world_violate(client->world, "hidden",
				      "%s names %s, by whom it is blocked, and "
				      "is told: %s",
				      client->identity, slot->whom,
				      outcome->why->text);
	if ((slot->order == ORDER_CREATE ||
	     (slot->order == ORDER_INVITE && outcome->devices > 0)) &&
	    outcome->result == ERR_OK)
		world_violate(client->world, "hidden",
			      "%s brings in %s, by whom it is blocked",
			      client->identity, slot->whom);
}

void acts_judge_joined(struct client *client, const struct slot *slot,
		       size_t session)
{
	const struct client *by;
	struct look look;

	if (slot->order != ORDER_JOIN || slot->was_in || client->copied ||
	    !look_stored(client, session, &look) || !look.member)
		return;
	by = pairs_let_in_by(
	    client, lineage_find(&client->world->lineage, look.context));
	for (unsigned i = 0; by != NULL && i < PEOPLE; i++)
		if ((slot->blocked & 1u << i) != 0 &&
		    strcmp(client->world->people[i].user, by->user) == 0)
			world_violate(client->world, "blocked",
				      "%s comes in where %s has added it, whom "
				      "its person has blocked",
				      client->identity, by->identity);
}
