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
 *
 * In some worlds a thief has bob's other device, and at one of two servers it lets
 * in another one, while bob removes it at the other: his branch counts. The owner has
 * been shown the thief's before, or goes over where it stands. Behind it the thief's
 * devices are out, and the others go on.
 *
 * In some others a stranger has come in before accounts had logs: the session goes over
 * when the owner has removed it. Or the server has led bob's devices apart before the
 * move. Where they have said nothing there, they come over when they are led back; where
 * they have, bob is told and takes the others' history.
 */
#include "tests/sim/over.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/devices.h"
#include "tests/sim/steps.h"

enum { ALICE = 0, BOB = 2, THIEFS = 3, MEMBERS_THERE = 5, TRIES = 4 };

enum theft {
	THEFT_NONE,
	THEFT_ELSEWHERE, /* the thief acts at a server that nobody else has */
	THEFT_SHOWN,	 /* the same, and the owner was shown that log */
	THEFT_AT_HOME,	 /* there bob removes the device */
	GHOST_IN,	 /* no theft: a stranger is a member */
	SPLIT_SILENT,	 /* bob's devices have a server of their own */
	SPLIT_SPEAKING	 /* the same, and they say something there */
};

static bool is_theft(enum theft theft)
{
	return theft > THEFT_NONE && theft < GHOST_IN;
}

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

/* ---- a thief ---- */

static void acts(struct world *world, size_t client, enum device_act act,
		 uint32_t pick)
{
	const struct step step = { .kind = STEP_DEVICE,
				   .what = (uint8_t)act,
				   .a = pick,
				   .turns = TURNS_AN_ORDER };

	device_act(&world->clients[client], &step);
	people_look(world);
}

static void look_bob_up(struct client *client)
{
	const char *user = "bob";
	const struct order order = { .kind = ORDER_MEET,
				     .users = &user,
				     .user_count = 1 };

	(void)device_orders(client, &order, NULL);
}

static void move(struct world *world, enum adversary_move move, size_t client)
{
	adversary_act(&world->adversary, move, world->clients[client].number, 0,
		      world->now_ms);
}

/* The server serves the removed device as before, with KeyPackages of it: nobody takes
 * them. Then it does so no more. */
static void serve_removed(struct world *world, bool on)
{
	struct adversary *adversary = &world->adversary;
	size_t number = world->clients[THIEFS].number;
	const struct server_device *from =
	    &adversary->homes[adversary->route[number]].devices[number];
	struct server_device *to = &adversary->homes[0].devices[number];

	server_end_device(to);
	to->revoked = !on;
	for (size_t i = 0; on && i < from->package_count; i++) {
		struct server_key_package *package =
		    SIM_ADD(to->packages, to->package_count);

		*package = from->packages[i];
		(void)blob_share(package->bytes);
	}
}

/* One of the two acts at a server of its own. */
static void steal(struct world *world, enum theft theft)
{
	size_t *route = world->adversary.route;
	size_t owner = world->clients[ALICE].number;

	if (!is_theft(theft))
		return;
	people_begin(world);
	world->devices = true;
	move(world, MOVE_FREEZE, theft == THEFT_AT_HOME ? BOB : THIEFS);
	acts(world, THIEFS, ACT_COMES, 0);
	acts(world, THIEFS, ACT_APPROVES, 1);
	acts(world, BOB, ACT_REMOVES, 1);
	must(world, world->clients[THIEFS].removed,
	     "bob's other device is not removed");
	if (theft == THEFT_ELSEWHERE)
		serve_removed(world, true);
	if (theft != THEFT_SHOWN)
		return;
	route[owner] = route[world->clients[THIEFS].number];
	look_bob_up(&world->clients[ALICE]);
	route[owner] = 0;
}

/* ---- a stranger, and servers apart ---- */

static void let_stranger_in(struct world *world)
{
	adversary_act(&world->adversary, MOVE_STRANGER,
		      world->clients[ALICE].number, 0, world->now_ms);
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		(void)order(&world->clients[i], ORDER_REFRESH, NULL, NULL);
}

/* The owner and carol stay where they are. */
static void split(struct world *world, bool speaking)
{
	adversary_act(&world->adversary, MOVE_SPLIT, world->clients[BOB].number,
		      1u << world->clients[THIEFS].number, world->now_ms);
	if (speaking)
		veto_heard(&world->clients[BOB], &world->clients[THIEFS]);
}

/* A device that was apart reads where the others are; its person takes their history. */
static void come_back(struct client *client)
{
	struct look look;

	(void)order(client, ORDER_REFRESH, NULL, NULL);
	for (int i = 0; i < TRIES && look_stored(client, 0, &look) &&
			look.stop[0] != '\0' && !world_is_broken(client->world);
	     i++) {
		(void)order(client, ORDER_RESOLVE, NULL, NULL);
		client_shown(client, 0);
		(void)order(client, ORDER_REFRESH, NULL, NULL);
	}
}

static void lead_back(struct world *world, bool spoke)
{
	struct look look;

	move(world, MOVE_HEAL, ALICE);
	for (size_t i = BOB; i <= THIEFS; i++) {
		(void)order(&world->clients[i], ORDER_REFRESH, NULL, NULL);
		must(world,
		     !look_stored(&world->clients[i], 0, &look) || spoke ||
			 look.stop[0] == '\0',
		     "who was only kept waiting is stopped");
		come_back(&world->clients[i]);
	}
}

/* bob's branch is given to the server that has the thief's. */
static void find_out(struct world *world, enum theft theft)
{
	if (theft == SPLIT_SILENT || theft == SPLIT_SPEAKING)
		lead_back(world, theft == SPLIT_SPEAKING);
	if (!is_theft(theft))
		return;
	move(world, MOVE_HEAL, ALICE);
	(void)device_account(&world->clients[BOB], NULL);
	people_look(world);
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		if (i != THIEFS)
			look_bob_up(&world->clients[i]);
}

/* The device does not go over, as long as its leaf is in. */
static void remove_old(struct client *client, enum theft theft)
{
	const struct world *world = client->world;
	const struct client *thiefs = &world->clients[THIEFS];
	char before[SIM_IDENTITY];
	const struct order order = { .kind = ORDER_REMOVE,
				     .session = world->sessions[0],
				     .whom = before };

	if (theft == GHOST_IN)
		(void)snprintf(
		    before, sizeof(before), "%s",
		    world->adversary.ghosts[world->adversary.ghost_count - 1]
			.identity);
	else
		(void)snprintf(before, sizeof(before), "%s/%s", thiefs->user,
			       thiefs->id);
	(void)device_orders(client, &order, NULL);
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
	static const unsigned kinds[] = { MISHAP_NONE, MISHAP_LOST,
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

static bool stays(const struct world *world, size_t client)
{
	return !world->clients[client].removed;
}

static void check_owner(struct world *world)
{
	struct look look;

	if (!look_stored(&world->clients[ALICE], 0, &look))
		return;
	for (size_t i = 0; i < look.member_count; i++)
		must(world,
		     strcmp(look.members[i].identity,
			    world->clients[THIEFS].identity) != 0,
		     "a device that its account has removed goes over");
}

static void go_over(struct world *world, struct chance *chance,
		    enum theft theft)
{
	struct client *alice = &world->clients[ALICE];
	const char *algorithm =
	    chance_below(chance, 2) == 0 ? NULL : "twofish-256-gcm";

	for (int i = 0; i < TRIES && !world_is_broken(world); i++)
		if (!is_over(alice))
			try_move(alice, chance, algorithm);
	if (theft == THEFT_ELSEWHERE)
		serve_removed(world, false);
	must(world, theft != GHOST_IN || !is_over(alice),
	     "a session goes over with a member who has no account");
	if (!is_over(alice) && (is_theft(theft) || theft == GHOST_IN))
		remove_old(alice, theft);
	if (!is_over(alice))
		(void)order(alice, ORDER_MOVE, algorithm, NULL);
	must(world, is_over(alice), "the session does not go over");
	if (theft == THEFT_ELSEWHERE || theft == THEFT_SHOWN)
		check_owner(world);
}

/* ---- behind it ---- */

static void check_members(struct world *world, struct client *client)
{
	struct look look;
	size_t count = 0;

	must(world, look_stored(client, 0, &look) && look.member,
	     "a member is none any more");
	if (world_is_broken(world))
		return;
	must(world, look.stop[0] == '\0', "a member is stopped");
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		count += stays(world, i);
	must(world, look.member_count == count,
	     "there are others in the group than before");
	for (size_t i = 0; i < MEMBERS_THERE; i++) {
		bool there = !stays(world, i);

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
		bool heard = other == client || !stays(world, i);

		(void)order(other, ORDER_REFRESH, NULL, NULL);
		for (size_t k = 0; k < other->known[0].entry_count; k++)
			heard |= other->known[0].entries[k].shown &&
				 other->known[0].entries[k].said == number;
		must(world, heard, "somebody is not heard");
	}
}

static void all(struct world *world,
		void (*does)(struct world *world, struct client *client))
{
	for (size_t i = 0; i < MEMBERS_THERE && !world_is_broken(world); i++)
		if (stays(world, i))
			does(world, &world->clients[i]);
}

static void look_back(struct world *world, struct client *client)
{
	(void)world;
	watch_history(client);
}

static void play(struct world *world, struct chance *chance, enum theft theft)
{
	come_together(world);
	speak(world, chance);
	if (theft == GHOST_IN)
		let_stranger_in(world);
	begin_accounts(world);
	if (theft != GHOST_IN) /* nobody was shown the stranger */
		speak(world, chance);
	steal(world, theft);
	if (theft == SPLIT_SILENT || theft == SPLIT_SPEAKING)
		split(world, theft == SPLIT_SPEAKING);
	go_over(world, chance, theft);
	find_out(world, theft);
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		if (chance_below(chance, 2) == 0)
			(void)order(&world->clients[i], ORDER_REFRESH, NULL,
				    NULL);
	(void)order(&world->clients[ALICE], ORDER_ROTATE, NULL, NULL);
	for (size_t i = 0; i < MEMBERS_THERE; i++)
		(void)order(&world->clients[i], ORDER_REFRESH, NULL, NULL);
	/* who speaks takes out whose account has removed it */
	all(world, check_speaking);
	all(world, check_members);
	pairs_agree(world);
	all(world, look_back);
}

bool over_play(uint64_t seed, bool trace)
{
	static const enum theft thefts[] = { THEFT_ELSEWHERE, THEFT_NONE,
					     THEFT_SHOWN,     GHOST_IN,
					     THEFT_AT_HOME,   THEFT_NONE,
					     SPLIT_SILENT,    SPLIT_SPEAKING };
	enum theft theft = thefts[seed % 8];
	struct world *world = sim_alloc(sizeof(*world));
	struct chance chance = chance_of(seed, 6);
	bool held;

	world_init(world, seed, theft == THEFT_NONE);
	world->trace = trace;
	world->goes_over = true;
	play(world, &chance, theft);
	held = !world_is_broken(world);
	if (!held)
		printf("seed %" PRIu64 ", step 0: %s: %s\n", seed,
		       world->violation.invariant, world->violation.detail);
	world_clear(world);
	free(world);
	return held;
}
