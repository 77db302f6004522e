#include "tests/sim/steps.h"

#include "tests/sim/devices.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- drawing ---- */

static const struct {
	uint8_t kind, what, weight, honest_weight;
} weights[] = {
	{ STEP_ORDER, ORDER_SEND, 30, 34 },
	{ STEP_ORDER, ORDER_REFRESH, 18, 18 },
	{ STEP_ORDER, ORDER_CREATE, 2, 2 },
	{ STEP_ORDER, ORDER_JOIN, 7, 8 },
	{ STEP_ORDER, ORDER_INVITE, 6, 7 },
	{ STEP_ORDER, ORDER_REMOVE, 3, 3 },
	{ STEP_ORDER, ORDER_ROLE, 2, 2 },
	{ STEP_ORDER, ORDER_ROTATE, 4, 4 },
	{ STEP_ORDER, ORDER_ASKED, 2, 2 },
	{ STEP_ORDER, ORDER_MOVE, 1, 1 },
	{ STEP_ORDER, ORDER_LEAVE, 1, 2 },
	{ STEP_ORDER, ORDER_DEPART, 1, 1 },
	{ STEP_ORDER, ORDER_RESOLVE, 2, 1 },
	{ STEP_ORDER, ORDER_STOCK, 4, 4 },
	{ STEP_TURNS, 0, 14, 18 },
	{ STEP_CRASH, 0, 4, 5 },
	{ STEP_BACKUP, 0, 2, 4 },
	{ STEP_RESTORE, 0, 2, 4 },
	{ STEP_COPY, 0, 1, 2 },
	{ STEP_TIME, 0, 4, 5 },
	{ STEP_RETAIN, 0, 1, 2 },
	{ STEP_SHOWN, 0, 8, 8 },
	{ STEP_PUSH, 0, 6, 7 },
	{ STEP_SKEW, 0, 2, 2 },
	{ STEP_CHATTER, 0, 2, 1 },
	{ STEP_MOVE, 0, 16, 0 },
};

static void draw_kind(struct step *step, struct chance *chance, bool honest)
{
	size_t count = sizeof(weights) / sizeof(*weights);
	uint32_t total = 0, at;

	for (size_t i = 0; i < count; i++)
		total += honest ? weights[i].honest_weight : weights[i].weight;
	at = chance_below(chance, total);
	for (size_t i = 0; i < count; i++) {
		uint32_t weight =
		    honest ? weights[i].honest_weight : weights[i].weight;

		if (at < weight) {
			step->kind = weights[i].kind;
			step->what = weights[i].what;
			return;
		}
		at -= weight;
	}
}

static void draw_mishap(struct mishap *mishap, struct chance *chance,
			bool honest)
{
	uint32_t dice = chance_below(chance, 100);

	mishap->at = chance_below(chance, 5);
	mishap->pick = (uint32_t)chance_next(chance);
	mishap->forgery =
	    (enum forgery)(1 + chance_below(chance, FORGERIES - 1));
	if (dice < 3)
		mishap->kind = MISHAP_LOST;
	else if (dice < 7)
		mishap->kind = MISHAP_ANSWER_LOST;
	else if (dice < 8)
		mishap->kind = MISHAP_BUSY;
	else if (!honest && dice < 34)
		mishap->kind = MISHAP_FORGED;
}

static void draw(struct step *step, struct chance *chance, bool honest)
{
	draw_kind(step, chance, honest);
	if (step->kind == STEP_MOVE)
		step->what = (uint8_t)chance_below(chance, MOVES_DRAWN);
	step->client = (uint8_t)chance_below(
	    chance, world_has_devices() ? CLIENTS : CLIENTS_DRAWN);
	step->slot = chance_below(chance, 12) == 0;
	step->turns = chance_below(chance, 3) == 0 ? 1 + chance_below(chance, 6)
						   : TURNS_AN_ORDER;
	step->a = (uint32_t)chance_next(chance);
	step->b = (uint32_t)chance_next(chance);
	draw_mishap(&step->mishap, chance, honest);
}

/* The first steps bring people together; most of a history is about that. */
static void draw_opening(struct step *steps, size_t count)
{
	size_t at = 0;

	for (uint8_t i = 0; i < 6 && at < count; i++)
		steps[at++] = (struct step){ .kind = STEP_ORDER,
					     .what = ORDER_STOCK,
					     .client = i,
					     .turns = TURNS_AN_ORDER };
	if (at < count)
		steps[at++] = (struct step){ .kind = STEP_ORDER,
					     .what = ORDER_CREATE,
					     .a = steps[0].a,
					     .turns = TURNS_AN_ORDER };
	for (uint8_t i = 1; i < 5 && at < count; i++)
		steps[at++] = (struct step){ .kind = STEP_ORDER,
					     .what = ORDER_JOIN,
					     .client = i,
					     .turns = TURNS_AN_ORDER };
}

void step_tame(struct step *step)
{
	static const uint8_t moves[] = { MOVE_MEMBER, MOVE_MEMBER,
					 MOVE_GHOST_SPEAKS, MOVE_UNSTOCK };

	if (step->mishap.kind == MISHAP_FORGED)
		step->mishap.kind = MISHAP_NONE;
	if (step->kind == STEP_MOVE)
		step->what = moves[step->b % sizeof(moves)];
}

/* Every sixth step or so is about devices, where they come and go. */
static void draw_devices(struct step *steps, size_t count, uint64_t seed,
			 bool honest)
{
	static const uint8_t acts[] = {
		ACT_COMES,    ACT_COMES,    ACT_APPROVES, ACT_APPROVES,
		ACT_APPROVES, ACT_RECOVERS, ACT_COMPARES, ACT_COMPARES,
		ACT_CHOOSES,  ACT_REMOVES,  ACT_WRITES,	  ACT_LINKS,
		ACT_JOINS,    ACT_JOINS
	};
	struct chance chance = chance_of(seed, 4);

	for (size_t i = 0; i < count; i++) {
		if (chance_below(&chance, 6) != 0)
			continue;
		steps[i].kind = STEP_DEVICE;
		steps[i].what = acts[chance_below(&chance, sizeof(acts))];
		if (!honest && chance_below(&chance, 3) == 0)
			steps[i].mishap.kind = MISHAP_FORGED;
	}
}

/* Every eighth step or so is about other people. */
static void draw_people(struct step *steps, size_t count, uint64_t seed)
{
	static const uint8_t acts[] = {
		ACT_BLOCKS, ACT_BLOCKS, ACT_BEGINS,    ACT_BANS,    ACT_UNBANS,
		ACT_ASKS,   ACT_ASKS,	ACT_UNINVITES, ACT_COMPARES
	};
	struct chance chance = chance_of(seed, 5);

	for (size_t i = 0; i < count; i++) {
		if (chance_below(&chance, 8) != 0)
			continue;
		steps[i].kind = STEP_DEVICE;
		steps[i].what = chance_below(&chance, 64) == 0
				    ? ACT_CLOSES
				    : acts[chance_below(&chance, sizeof(acts))];
	}
}

void steps_draw(struct step *steps, size_t count, uint64_t seed, bool honest)
{
	struct chance chance = chance_of(seed, 3);

	memset(steps, 0, count * sizeof(*steps));
	draw_opening(steps, count);
	for (size_t i = count < 11 ? count : 11; i < count; i++)
		draw(&steps[i], &chance, honest);
	if (world_has_devices() && count > 11)
		draw_devices(steps + 11, count - 11, seed, honest);
	if (world_has_people() && count > 11)
		draw_people(steps + 11, count - 11, seed);
	if (!honest && count > 11)
		steps_draw_plot(steps + 11, count - 11, seed);
	if (world_has_devices() && count > 11)
		steps_draw_device_plot(steps + 11, count - 11, seed, honest);
	if (world_has_people() && count > 11)
		steps_draw_people_plot(steps + 11, count - 11, seed);
	if (world_has_content() && count > 11)
		steps_draw_content_plot(steps + 11, count - 11, seed, honest);
	for (size_t i = 0; seed % 8 == 5 && i < count; i++)
		step_tame(&steps[i]);
}

/* ---- words ---- */

static const char *const orders[] = {
	[ORDER_REFRESH] = "refresh", [ORDER_SEND] = "send",
	[ORDER_CREATE] = "create",   [ORDER_JOIN] = "join",
	[ORDER_INVITE] = "invite",   [ORDER_REMOVE] = "remove",
	[ORDER_ROLE] = "role",	     [ORDER_ROTATE] = "rotate",
	[ORDER_ASKED] = "asked",     [ORDER_MOVE] = "move",
	[ORDER_LEAVE] = "leave",     [ORDER_DEPART] = "depart",
	[ORDER_RESOLVE] = "resolve", [ORDER_STOCK] = "stock",
	[ORDER_BAN] = "ban",	     [ORDER_UNINVITE] = "uninvite",
};

static const char *const kinds[STEP_KINDS] = {
	[STEP_ORDER] = "order",	     [STEP_TURNS] = "goes on",
	[STEP_CRASH] = "crashes",    [STEP_BACKUP] = "backup",
	[STEP_RESTORE] = "restore",  [STEP_COPY] = "copy",
	[STEP_TIME] = "time",	     [STEP_RETAIN] = "retention",
	[STEP_SHOWN] = "looks",	     [STEP_PUSH] = "push",
	[STEP_SKEW] = "clock",	     [STEP_CHATTER] = "chatters",
	[STEP_MOVE] = "adversary",   [STEP_HEARD] = "is heard",
	[STEP_OUSTED] = "is rid of", [STEP_DEVICE] = "device",
};

static const char *const mishaps[] = {
	[MISHAP_NONE] = "",
	[MISHAP_LOST] = "request lost",
	[MISHAP_ANSWER_LOST] = "answer lost",
	[MISHAP_BUSY] = "busy",
	[MISHAP_FORGED] = "forged",
};

void step_print(const struct world *world, const struct step *step, char *out,
		size_t size)
{
	const struct client *client =
	    &world->clients[step->client % world->client_count];
	const char *what =
	    step->kind == STEP_ORDER ? orders[step->what]
	    : step->kind == STEP_MOVE
		? adversary_move_name((enum adversary_move)step->what)
	    : step->kind == STEP_DEVICE
		? device_act_name((enum device_act)step->what)
		: "";
	int n = snprintf(out, size, "%s/%s%s %s %s a=%u b=%u turns=%u",
			 client->user, client->id + 34,
			 step->slot != 0 ? " (2nd)" : "", kinds[step->kind],
			 what, step->a, step->b, step->turns);

	if (step->mishap.kind != MISHAP_NONE && n > 0 && (size_t)n < size)
		(void)snprintf(out + n, size - (size_t)n,
			       ", request %u: %s %s %u", step->mishap.at,
			       mishaps[step->mishap.kind],
			       step->mishap.kind == MISHAP_FORGED
				   ? forgery_name(step->mishap.forgery)
				   : "",
			       step->mishap.pick);
}

/* ---- playing ---- */

void steps_play(struct world *world, const struct step *steps, size_t count)
{
	char words[400];

	for (size_t i = 0; i < count && !world_is_broken(world); i++) {
		if (steps[i].left_out)
			continue;
		world->step = i;
		if (world->trace) {
			step_print(world, &steps[i], words, sizeof(words));
			world_trace(world, "%4zu %s", i, words);
		}
		step_take(world, &steps[i]);
		if (world->devices)
			people_look(world);
		if (i % 16 == 15)
			pairs_agree(world);
	}
	world->step = count;
	if (!world_is_broken(world))
		ending(world);
}
