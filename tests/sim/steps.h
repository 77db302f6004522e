/*
 * A history: a list of steps, drawn from a seed before the first of them is
 * taken. Each step has its numbers in it, so that steps can be left out and
 * the others stay what they are.
 */
#ifndef HERMETIC_TESTS_SIM_STEPS_H
#define HERMETIC_TESTS_SIM_STEPS_H

#include "tests/sim/world.h"

enum step_kind {
	STEP_ORDER,   /* `what`: enum order_kind */
	STEP_TURNS,   /* the order that runs goes on */
	STEP_CRASH,   /* after some calls of the store */
	STEP_BACKUP,  /* the state is remembered */
	STEP_RESTORE, /* and put back */
	STEP_COPY,    /* the state lives twice */
	STEP_TIME,
	STEP_RETAIN, /* old messages lose their bytes */
	STEP_SHOWN,  /* the person looks */
	STEP_PUSH,
	STEP_SKEW,    /* a clock is set wrong */
	STEP_CHATTER, /* one says many things in a row */
	STEP_MOVE,    /* `what`: enum adversary_move */
	STEP_HEARD,   /* plots only: what it says is heard by client `b`; `a` is
			 1: it has come in */
	STEP_OUSTED,  /* plots only: the adversary's member is none any more */
	STEP_DRAWN,   /* those before are drawn everywhere */
	STEP_DEVICE = STEP_DRAWN, /* `what`: enum device_act */
	STEP_KINDS
};

struct step {
	uint8_t kind, what, client, slot;
	unsigned turns;
	uint32_t a, b;
	struct mishap mishap;
	bool left_out;
};

/* `steps` has room for `count`. With an adversary the server of every eighth
 * seed is honest all the same: then only its member lies. */
void steps_draw(struct step *steps, size_t count, uint64_t seed, bool honest);

/* Every second seed has one of the plots (plots.c), which take turns, from the
 * first of these steps. */
void steps_draw_plot(struct step *steps, size_t count, uint64_t seed);

/* Where devices come and go, every fourth seed has one about that, in its place. */
void steps_draw_device_plot(struct step *steps, size_t count, uint64_t seed,
			    bool honest);

/* Where people say more than texts, every fourth seed has one about that. */
void steps_draw_content_plot(struct step *steps, size_t count, uint64_t seed,
			     bool honest);

/* The same about what people do about each other (--people). */
void steps_draw_people_plot(struct step *steps, size_t count, uint64_t seed);

/* Leaves of what an adversary does in this step only what a member can. */
void step_tame(struct step *step);

void step_take(struct world *world, const struct step *step);

/* In words, without a newline. */
void step_print(const struct world *world, const struct step *step, char *out,
		size_t size);

/* All steps and the ending; world->violation says the rest. */
void steps_play(struct world *world, const struct step *steps, size_t count);

#endif
