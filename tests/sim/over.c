/*
 * A session that began before accounts had logs (docs/protocol.md, "Going over from
 * before"): people come together in it and talk, then their accounts have logs, and its
 * owner takes it over. Requests are lost on the way, a process of the owner's dies, and
 * some read the move late. Behind it
 *
 * - each device is in the group as the device of its account, and nobody else is;
 * - whom a person was shown stays shown: what is said waits for nobody, and is heard;
 * - the move obeys the rules for it (judge_places.c), and each device comes by it to the
 *   same group.
 */
#include "tests/sim/over.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/devices.h"
#include "tests/sim/steps.h"

enum { ALICE = 0, MEMBERS_THERE = 5, TRIES = 4 };

static void must(struct world *world, bool so, const char *what)
{
	if (!so)
		world_violate(world, "over", "%s", what);
}

static bool order(struct client *client, enum order_kind kind,
		  const char *algorithm, const struct mishap *mishap)
{
	const struct order order = { .kind = kind,
				     .session = kind != ORDER_STOCK
						    ? client->world->sessions[0]
						    : NULL,
				     .algorithm = algorithm };

	return device_orders(client, &order, mishap);
}

/* ---- before ---- */

static void come_together(struct world *world)
{
	const struct step create = { .kind = STEP_ORDER,
				     .what = ORDER_CREATE,
				     .client = ALICE,
				     .turns = TURNS_AN_ORDER };

	for (size_t i = 0; i < world->client_count; i++)
		(void)order(&world->clients[i], ORDER_STOCK, NULL, NULL);
	step_take(world, &create);
	for (size_t i = 1; i < MEMBERS_THERE; i++)
		(void)order(&world->clients[i], ORDER_JOIN, NULL, NULL);
	for (size_t i = 0; i < MEMBERS_THERE; i++) {
		(void)order(&world->clients[i], ORDER_REFRESH, NULL, NULL);
		client_shown(&world->clients[i], 0);
	}
}

static void speak(struct world *world, struct chance *chance)
{
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		if (chance_below(chance, 2) == 0 && !world_is_broken(world))
			veto_heard(&world->clients[i],
				   &world->clients[(i + 1) % MEMBERS_THERE]);
}

static void begin_accounts(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++)
		for (size_t k = 0; k < SLOTS; k++)
			client_kill(&world->clients[i], k);
	world->accounts = true;
	world->adversary.homes[0].without_logs = false;
	world_begin_accounts(world);
	for (size_t i = 0; i < world->client_count; i++)
		(void)order(&world->clients[i], ORDER_STOCK, NULL, NULL);
}

/* ---- the move ---- */

static bool is_over(struct client *client)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct look look;
	uint64_t number;

	return look_stored(client, 0, &look) && look.member &&
	       look.member_count > 0 &&
	       places_read_leaf(span_str(look.members[0].identity), fingerprint,
				&number);
}

static struct mishap draw_mishap(struct chance *chance)
{
	static const int kinds[] = { MISHAP_NONE, MISHAP_LOST,
				     MISHAP_ANSWER_LOST, MISHAP_BUSY };
	struct mishap mishap = { .at = chance_below(chance, 8) };

	mishap.kind = kinds[chance_below(chance, 4)];
	return mishap;
}

/* The owner's process may die on the way. */
static void try_move(struct client *client, struct chance *chance,
		     const char *algorithm)
{
	struct mishap mishap = draw_mishap(chance);

	client_start(client, 0);
	if (chance_below(chance, 3) == 0)
		sim_process_doom(client->slots[0].process,
				 chance_below(chance, 40));
	(void)order(client, ORDER_MOVE, algorithm, &mishap);
	client_kill(client, 0);
	(void)order(client, ORDER_REFRESH, NULL, NULL);
}

static void go_over(struct world *world, struct chance *chance)
{
	struct client *alice = &world->clients[ALICE];
	const char *algorithm =
	    chance_below(chance, 2) == 0 ? NULL : "twofish-256-gcm";

	for (int i = 0; i < TRIES && !world_is_broken(world); i++)
		if (!is_over(alice))
			try_move(alice, chance, algorithm);
	if (!is_over(alice))
		(void)order(alice, ORDER_MOVE, algorithm, NULL);
	must(world, is_over(alice), "the session does not go over");
}

/* ---- behind it ---- */

static void check_members(struct world *world, struct client *client)
{
	struct look look;

	must(world, look_stored(client, 0, &look) && look.member,
	     "a member is none any more");
	if (world_is_broken(world))
		return;
	must(world, look.stop[0] == '\0', "a member is stopped");
	must(world, look.member_count == MEMBERS_THERE,
	     "there are others in the group than before");
	for (size_t i = 0; i < MEMBERS_THERE; i++) {
		bool there = false;

		for (size_t k = 0; k < look.member_count; k++)
			there |= strcmp(look.members[k].identity,
					world->clients[i].identity) == 0;
		must(world, there, "a device is not in as its account's");
	}
}

/* Nobody is new to it, so it waits for nobody. */
static void check_speaking(struct world *world, struct client *client)
{
	struct said *said = SIM_ADD(world->said, world->said_count);
	size_t number = world->said_count - 1;
	struct order given = { .kind = ORDER_SEND,
			       .session = world->sessions[0] };

	said->client = (size_t)(client - world->clients);
	(void)snprintf(said->text, sizeof(said->text),
		       WORLD_MARK "%06zu of %s, over there", number,
		       client->user);
	given.text = span_str(said->text);
	if (client_order(client, 0, &given, number))
		(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
	must(world, world->said[number].reported,
	     "what is said waits for people whom the person was shown");
	for (size_t i = 0; i < MEMBERS_THERE; i++) {
		struct client *other = &world->clients[i];
		bool heard = other == client;

		(void)order(other, ORDER_REFRESH, NULL, NULL);
		for (size_t k = 0; k < other->known[0].entry_count; k++)
			heard |= other->known[0].entries[k].shown &&
				 other->known[0].entries[k].said == number;
		must(world, heard, "somebody is not heard");
	}
}

static void play(struct world *world, struct chance *chance)
{
	come_together(world);
	speak(world, chance);
	begin_accounts(world);
	speak(world, chance);
	go_over(world, chance);
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		if (chance_below(chance, 2) == 0)
			(void)order(&world->clients[i], ORDER_REFRESH, NULL,
				    NULL);
	(void)order(&world->clients[ALICE], ORDER_ROTATE, NULL, NULL);
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		(void)order(&world->clients[i], ORDER_REFRESH, NULL, NULL);
	for (size_t i = 0; i < MEMBERS_THERE && !world_is_broken(world); i++)
		check_members(world, &world->clients[i]);
	for (size_t i = 0; i < MEMBERS_THERE && !world_is_broken(world); i++)
		check_speaking(world, &world->clients[i]);
	pairs_agree(world);
	for (size_t i = 0; i < MEMBERS_THERE && !world_is_broken(world); i++)
		watch_history(&world->clients[i]);
}

bool over_play(uint64_t seed, bool trace)
{
	struct world *world = sim_alloc(sizeof(*world));
	struct chance chance = chance_of(seed, 6);
	bool held;

	world_init(world, seed, true);
	world->trace = trace;
	world->goes_over = true;
	play(world, &chance);
	held = !world_is_broken(world);
	if (!held)
		printf("seed %" PRIu64 ", step 0: %s: %s\n", seed,
		       world->violation.invariant, world->violation.detail);
	world_clear(world);
	free(world);
	return held;
}
