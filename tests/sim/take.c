/* Taking one step of a history. */
#include "tests/sim/content.h"
#include "tests/sim/devices.h"
#include "tests/sim/steps.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const people[] = { "alice", "bob", "carol", "dave",
				      "mallory" };

static const char *person(const struct world *world, uint32_t pick)
{
	return people[pick % (world->honest ? 4 : 5)];
}

static const char *pick_session(const struct world *world, uint32_t pick)
{
	return world->session_count == 0
		   ? NULL
		   : world->sessions[pick % world->session_count];
}

/* A session that this device has, where there is one. */
static const char *own_session(struct client *client, uint32_t pick)
{
	struct world *world = client->world;
	struct look look;

	for (size_t i = 0; i < world->session_count; i++) {
		size_t at = (i + pick) % world->session_count;

		if (look_stored(client, at, &look))
			return world->sessions[at];
	}
	return pick_session(world, pick);
}

void client_names(struct client *client, const char *session, const char *user)
{
	size_t at =
	    session != NULL ? world_session(client->world, session) : SIZE_MAX;

	if (session == NULL)
		(void)snprintf(
		    *SIM_ADD(client->founders, client->founder_count), 33, "%s",
		    user);
	else if (at < SESSIONS)
		(void)snprintf(*SIM_ADD(client->known[at].named,
					client->known[at].named_count),
			       33, "%s", user);
}

/* ---- orders ---- */

struct plan {
	struct order order;
	const char *users[3];
	char key[32], whom[SIM_IDENTITY];
	struct suites offer;
	size_t said;
};

/* Now and then a script repeats what it said. */
static size_t repeat_said(const struct client *client, const char *session,
			  uint32_t pick)
{
	const struct world *world = client->world;

	for (size_t i = world->said_count; pick % 16 == 0 && i-- > 0;)
		if (world->said[i].client ==
			(size_t)(client - world->clients) &&
		    world->said[i].keyed &&
		    strcmp(world->sessions[world->said[i].session], session) ==
			0)
			return i;
	return SIZE_MAX;
}

static void plan_send(struct client *client, const struct step *step,
		      struct plan *plan)
{
	struct world *world = client->world;
	struct said *said;

	plan->said = repeat_said(client, plan->order.session, step->b);
	if (plan->said == SIZE_MAX) {
		said = SIM_ADD(world->said, world->said_count);
		plan->said = world->said_count - 1;
		said->client = (size_t)(client - world->clients);
		said->session = world_session(world, plan->order.session);
		said->keyed = step->b % 2 == 0;
		(void)snprintf(said->text, sizeof(said->text),
			       WORLD_MARK "%06zu of %s", plan->said,
			       client->user);
	}
	said = &world->said[plan->said];
	(void)snprintf(plan->key, sizeof(plan->key), "key-%zu", plan->said);
	plan->order.key = said->keyed ? plan->key : NULL;
	plan->order.text = span_str(said->text);
	plan->order.to_new_members = step->a % 5 == 0;
	said->dropped = false;
	content_plan(client, step, &plan->order, said);
}

static void plan_whom(struct client *client, const struct step *step,
		      struct plan *plan)
{
	struct world *world = client->world;
	const struct client *other =
	    &world->clients[step->b % world->client_count];

	if (step->what == ORDER_DEPART || step->a % 3 == 0)
		(void)snprintf(plan->whom, sizeof(plan->whom), "%s",
			       other->identity);
	else
		(void)snprintf(plan->whom, sizeof(plan->whom), "%s",
			       person(world, step->b));
	plan->order.whom = plan->whom;
	plan->order.role = (enum role)(step->a % 3);
	/* Some of the removals are bans, and some roles take one back. */
	if (step->what != ORDER_DEPART && step->a % 3 != 0 &&
	    step->b / 16 % 4 == 3) {
		plan->order.kind = ORDER_BAN;
		plan->order.ban = step->what == ORDER_REMOVE;
	}
}

static void plan_users(struct client *client, const struct step *step,
		       struct plan *plan)
{
	struct world *world = client->world;

	plan->order.users = plan->users;
	plan->order.user_count =
	    step->what == ORDER_CREATE ? 1 + step->b % 3 : 1;
	for (size_t i = 0; i < plan->order.user_count; i++) {
		plan->users[i] = person(world, step->b / 8 + (uint32_t)i);
		if (step->a == 0 && i == 0)
			plan->users[i] = "bob";
		client_names(client, plan->order.session, plan->users[i]);
	}
	/* The opening: all that there are. */
	if (step->what == ORDER_CREATE && step->a == 0 && step->b == 0) {
		plan->users[0] = "bob";
		plan->users[1] = "carol";
		plan->users[2] = "alice";
		plan->order.user_count = 3;
	}
}

/* Some are asked, and not added; and some invitations are taken back. */
static void plan_asking(const struct step *step, struct plan *plan)
{
	plan->order.asks = step->b % 4 == 1;
	if (step->b % 16 == 2) {
		plan->order.kind = ORDER_UNINVITE;
		plan->order.whom = plan->users[0];
	}
}

static void give_order(struct client *client, const struct step *step)
{
	struct world *world = client->world;
	struct plan plan = { .said = SIZE_MAX };

	if (client->waits) {
		device_goes_on(client, &step->mishap);
		return;
	}
	if (account_step(client, step))
		return;
	plan.order.kind = (enum order_kind)step->what;
	plan.order.session = step->what == ORDER_JOIN
				 ? pick_session(world, step->a)
				 : own_session(client, step->a);
	if (client->slots[step->slot].running) {
		(void)client_run(client, step->slot, step->turns,
				 &step->mishap);
		return;
	}
	if (step->what == ORDER_CREATE) {
		plan.order.session = NULL;
		if (world->session_count == SESSIONS)
			return;
	} else if (step->what == ORDER_STOCK) {
		plan.order.session = NULL;
	} else if (plan.order.session == NULL) {
		return;
	}
	plan.offer.ids[0] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	plan.offer.ids[1] = SUITE_X25519_TWOFISH256GCM_SHA256_ED25519;
	plan.offer.count = 2;
	plan.order.offer = &plan.offer;
	plan.order.open = step->b % 4 == 0;
	plan.order.algorithm =
	    step->b % 2 == 0 ? "twofish-256-gcm" : "chacha20-poly1305";
	plan.order.receipt = world->content && step->b % 2 == 0;
	if (step->what == ORDER_SEND)
		plan_send(client, step, &plan);
	if (step->what == ORDER_REMOVE || step->what == ORDER_ROLE ||
	    step->what == ORDER_BAN || step->what == ORDER_DEPART)
		plan_whom(client, step, &plan);
	if (step->what == ORDER_CREATE || step->what == ORDER_INVITE)
		plan_users(client, step, &plan);
	if (step->what == ORDER_INVITE)
		plan_asking(step, &plan);
	if (client_order(client, step->slot, &plan.order, plan.said))
		(void)client_run(client, step->slot, step->turns,
				 &step->mishap);
}

/* ---- the rest ---- */

static void crash(struct client *client, const struct step *step)
{
	struct slot *slot = &client->slots[step->slot];

	if (slot->process == NULL)
		return;
	if (!slot->running || step->a % 3 == 0) {
		client_kill(client, step->slot);
		return;
	}
	sim_process_doom(slot->process, step->b % 24);
	(void)client_run(client, step->slot, TURNS_AN_ORDER, NULL);
	client_kill(client, step->slot);
}

static void backup(struct client *client)
{
	if (client->waits)
		return;
	sim_store_free(client->backup);
	client->backup = sim_store_copy(client->store);
	client_copy_pins(&client->backup_pins, &client->pins);
	client->backup_wishes = client->wishes;
}

static void copy(struct client *client)
{
	for (size_t i = 0; i < SLOTS; i++)
		client_kill(client, i);
	(void)client_copy(client);
}

/* What the server asks for is bounded, whatever it says to each message. */
static void chatter(struct client *client, const struct step *step)
{
	uint64_t before = client->own_commits, began = client->world->now_ms;

	for (uint32_t i = 0; i < CHATTER && !world_is_broken(client->world);
	     i++) {
		struct step one = { .kind = STEP_ORDER,
				    .what = ORDER_SEND,
				    .turns = TURNS_AN_ORDER,
				    .a = step->a,
				    .b = step->b + 32 * i };

		give_order(client, &one);
	}
	if (client->own_commits - before > COMMITS_AN_HOUR &&
	    client->world->now_ms - began < 3600000)
		world_violate(
		    client->world, "bounds",
		    "%s makes %llu commits in an hour that nobody "
		    "asked for but the server",
		    client->identity,
		    (unsigned long long)(client->own_commits - before));
}

static void pass_time(struct world *world, const struct step *step)
{
	static const uint64_t spans_ms[] = { 1000, 60000, 3600000, 86400000,
					     86400000ull * 60 };

	world->now_ms += spans_ms[step->a % 5] + step->b % 1000;
	/* What a server may ask for is so much an hour (src/device/budget.c): an order
	 * in the midst of which an hour passes may do it again. */
	for (size_t i = 0; spans_ms[step->a % 5] >= 3600000 && i < CLIENTS; i++)
		for (size_t k = 0; k < SLOTS; k++)
			world->clients[i].slots[k].commits = 0;
}

static void for_person(struct client *client, const struct step *step)
{
	struct world *world = client->world;
	size_t session = world->session_count > 0
			     ? step->a % world->session_count
			     : SIZE_MAX;

	if (session == SIZE_MAX)
		return;
	if (step->kind == STEP_SHOWN)
		client_shown(client, session);
	else
		client_push(client, session);
}

static void retain(struct world *world, const struct step *step)
{
	for (size_t i = 0; i < world->adversary.home_count; i++)
		server_retain(&world->adversary.homes[i],
			      world->now_ms - step->a % 86400000);
}

void step_take(struct world *world, const struct step *step)
{
	struct client *client =
	    &world->clients[step->client % world->client_count];

	switch ((enum step_kind)step->kind) {
	case STEP_ORDER:
		give_order(client, step);
		break;
	case STEP_TURNS:
		(void)client_run(client, step->slot, step->turns,
				 &step->mishap);
		break;
	case STEP_CRASH:
		crash(client, step);
		break;
	case STEP_BACKUP:
		backup(client);
		break;
	case STEP_RESTORE:
		client_restore(client);
		break;
	case STEP_COPY:
		copy(client);
		break;
	case STEP_TIME:
		pass_time(world, step);
		break;
	case STEP_RETAIN:
		retain(world, step);
		break;
	case STEP_SHOWN:
	case STEP_PUSH:
		for_person(client, step);
		break;
	case STEP_SKEW:
		client->skew_ms = (int64_t)(step->a % 600000000) - 300000000;
		break;
	case STEP_CHATTER:
		chatter(client, step);
		break;
	case STEP_MOVE:
		adversary_act(&world->adversary,
			      (enum adversary_move)step->what, client->number,
			      step->a, world->now_ms);
		break;
	case STEP_HEARD:
		if (step->a == 1)
			veto_in(client);
		veto_heard(client,
			   &world->clients[step->b % world->client_count]);
		break;
	case STEP_OUSTED:
		veto_ousted(client);
		break;
	case STEP_DEVICE:
		device_act(client, step);
		break;
	case STEP_KINDS:
		break;
	}
}
