/*
 * One account whose device is added, removed and recovered again and again, in one
 * session with another person, who hears each of its devices. In a cycle
 *
 * - another device is approved by the one that stands, comes into the session, speaks,
 *   and is removed;
 * - the one that stands is lost: another one comes by the recovery key, comes into the
 *   session, speaks, and removes the lost one.
 *
 * The fingerprint stays, and what the one that stands and the other person ask and are
 * answered is as much in the last cycles as in the first ones. What grows is what a new
 * device reads once: the log of its account, and the walk to where it comes in.
 */
#include "tests/sim/cycles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/devices.h"
#include "tests/sim/steps.h"

enum { ALICE = 0, ALICES_OTHER = 1, BOB = 2, COMPARED = 5 };

struct cost {
	uint64_t requests, bytes;
};

static void must(struct world *world, bool so, const char *what)
{
	if (!so)
		world_violate(world, "cycles", "%s", what);
}

/* The device that came by that act, or NULL. */
static struct client *act(struct client *client, enum device_act what)
{
	struct world *world = client->world;
	const struct step step = { .kind = STEP_DEVICE,
				   .what = (uint8_t)what,
				   .a = 2, /* removes without a departure */
				   .turns = TURNS_AN_ORDER };

	if (world_is_broken(world))
		return NULL;
	device_act(client, &step);
	people_look(world);
	for (size_t i = 0; i < world->client_count; i++)
		if (world->clients[i].made == world->ids)
			return &world->clients[i];
	return NULL;
}

static void order(struct client *client, enum order_kind kind)
{
	const struct order order = { .kind = kind,
				     .session = client->world->sessions[0] };

	(void)device_orders(client, &order, NULL);
}

static void speaks(struct client *client, struct client *other)
{
	if (world_is_broken(client->world))
		return;
	client_shown(other, 0);
	veto_heard(client, other);
}

static void comes_in(struct client *by, struct client *fresh)
{
	struct look look;

	order(by, ORDER_REFRESH);
	(void)act(by, ACT_LINKS);
	(void)act(fresh, ACT_JOINS);
	order(fresh, ORDER_JOIN);
	must(by->world,
	     look_stored(fresh, 0, &look) && look.member &&
		 look.stop[0] == '\0',
	     "a new device does not come into the session");
}

/* It is removed by the other one, is in no group that is told of it, and its place
 * can be taken. */
static void goes(struct client *by, struct client *gone)
{
	struct look look;

	(void)act(by, ACT_REMOVES);
	must(by->world, gone->removed, "a device is not removed");
	must(by->world, look_stored(by, 0, &look), "a session is lost");
	for (size_t i = 0; i < look.member_count; i++)
		must(by->world,
		     strcmp(look.members[i].identity, gone->identity) != 0,
		     "a removed device is a member");
	gone->spent = true;
}

static struct client *cycle(struct client *stands, struct client *other)
{
	struct world *world = stands->world;
	struct client *fresh;

	fresh = act(stands, ACT_COMES);
	(void)act(stands, ACT_APPROVES);
	must(world, fresh != NULL && !fresh->waits, "nobody was approved");
	if (world_is_broken(world))
		return stands;
	comes_in(stands, fresh);
	speaks(fresh, other);
	goes(stands, fresh);
	fresh = act(stands, ACT_RECOVERS);
	must(world, fresh != NULL && !fresh->waits, "nobody has recovered");
	if (world_is_broken(world))
		return stands;
	(void)device_account(stands, NULL);
	comes_in(stands, fresh);
	goes(fresh, stands);
	speaks(fresh, other);
	people_judge(world);
	return fresh;
}

static struct client *begin(struct world *world)
{
	struct step create = { .kind = STEP_ORDER,
			       .what = ORDER_CREATE,
			       .client = ALICE,
			       .turns = TURNS_AN_ORDER };

	for (uint8_t i = 0; i < 6; i++) {
		const struct step stock = { .kind = STEP_ORDER,
					    .what = ORDER_STOCK,
					    .client = i,
					    .turns = TURNS_AN_ORDER };

		step_take(world, &stock);
	}
	step_take(world, &create);
	order(&world->clients[BOB], ORDER_JOIN);
	(void)act(&world->clients[ALICE], ACT_WRITES);
	(void)act(&world->clients[ALICE], ACT_REMOVES);
	world->clients[ALICES_OTHER].spent = true;
	return &world->clients[ALICE];
}

static bool report(struct world *world, size_t count, const struct cost *first,
		   const struct cost *last)
{
	const struct server_account *account =
	    server_account(&world->adversary.homes[0], "alice");

	if (world_is_broken(world)) {
		printf("cycle %zu: %s: %s\n", world->step,
		       world->violation.invariant, world->violation.detail);
		return false;
	}
	printf("%zu cycles, %zu links in the log; a cycle: %" PRIu64
	       " requests and %" PRIu64 " bytes of the first %d, %" PRIu64
	       " requests and %" PRIu64 " bytes of the last\n",
	       count, account->link_count, first->requests / COMPARED,
	       first->bytes / COMPARED, COMPARED, last->requests / COMPARED,
	       last->bytes / COMPARED);
	return true;
}

/* One cycle, and what it has cost those two. The device that stands then. */
static struct client *count(struct client *stands, struct client *other,
			    struct cost *cost)
{
	const struct client before[] = { *stands, *other };
	struct client *next = cycle(stands, other);

	cost->requests += stands->requests - before[0].requests +
			  other->requests - before[1].requests;
	cost->bytes +=
	    stands->bytes - before[0].bytes + other->bytes - before[1].bytes;
	return next;
}

bool cycles_play(size_t number, bool trace)
{
	struct world *world = sim_alloc(sizeof(*world));
	struct cost first = { 0, 0 }, last = { 0, 0 }, others = { 0, 0 };
	struct client *stands;
	bool held;

	world_with_devices(true);
	world_init(world, 1, true);
	world->trace = trace;
	stands = begin(world);
	for (size_t i = 0; i < number && !world_is_broken(world); i++) {
		world->step = i;
		stands = count(stands, &world->clients[BOB],
			       i > 0 && i <= COMPARED	? &first
			       : i + COMPARED >= number ? &last
							: &others);
	}
	/* within a tenth: lengths of numbers and paths differ */
	must(world,
	     number <= 2 * COMPARED || (last.requests <= first.requests &&
					last.bytes <= first.bytes * 11 / 10),
	     "the last cycles cost more than the first ones");
	held = report(world, number, &first, &last);
	world_clear(world);
	free(world);
	return held;
}
