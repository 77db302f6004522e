/*
 * Plots: what takes many steps in one order is hardly ever drawn by chance. Each
 * stands after the opening, in which alice, bob and carol come together.
 */
#include "tests/sim/plots.h"

/* A device learns that members have seen different histories, and then that a
 * copy of it lives. */
static const struct step fork_and_copy[] = {
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_REFRESH, ALL),
	DOES(ALICE, ORDER_REFRESH, ALL),
	{ .kind = STEP_COPY, .client = BOB },
	MOVES_ON(BOB, MOVE_SPLIT, 1u << CAROL),
	DOES(COPY, ORDER_SEND, 1),
	DOES(CAROL, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_SEND, ALL),
	MOVES_ON(BOB, MOVE_RELAY, 0),
	DOES(BOB, ORDER_REFRESH, ALL),
	{ .kind = STEP_TURNS, .client = COPY, .turns = ALL },
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* Who is known comes into another session, with another key. */
static const struct step another_key[] = {
	{ .kind = STEP_SHOWN, .client = ALICE },
	MOVES_ON(ALICE, MOVE_KEY_LIE, 2),
	DOES(ALICE, ORDER_CREATE, ALL),
	DOES(ALICE, ORDER_INVITE, ALL),
};

/* Two new sessions wait to be filled, and each with another key of one device:
 * what comes second is not made. */
#define BEGINS_WITH_DAVE                                                       \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_CREATE, .client = ALICE,     \
		.a = 1, .b = 24, .turns = ALL                                  \
	}

static const struct step two_keys_wait[] = {
	MOVES_ON(CAROL, MOVE_MORE_LIE, 0),
	MOVES_ON(CAROL, MOVE_KEY_LIE, 0),
	BEGINS_WITH_DAVE,
	BEGINS_WITH_DAVE,
};

/* A commit that adds a false dave is refused. Before it is posted again, the true
 * one is met: another process begins a session with it. */
static const struct step met_meanwhile[] = {
	MOVES_ON(CAROL, MOVE_KEY_LIE, 0),
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = ALICE,
	  .slot = 1,
	  .a = 1,
	  .b = 24,
	  .turns = 4,
	  .mishap = { .kind = MISHAP_FORGED,
		      .forgery = FORGE_STATUS,
		      .at = 3,
		      .pick = 4 } },
	BEGINS_WITH_DAVE,
	{ .kind = STEP_TURNS, .client = ALICE, .slot = 1, .turns = ALL },
};

/* The server says that members are none: of several, since whoever is out may
 * come in again later. */
#define CALLED_OUT(who)                                                        \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_REFRESH, .client = (who),    \
		.turns = ALL, .mishap = {                                      \
			.kind = MISHAP_FORGED,                                 \
			.forgery = FORGE_STATUS,                               \
			.pick = 2                                              \
		}                                                              \
	}

static const struct step called_out[] = { CALLED_OUT(CAROL),
					  CALLED_OUT(ALICES_OTHER),
					  CALLED_OUT(BOB), CALLED_OUT(ALICE) };

#define UNHEARD(who, request)                                                  \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_SEND, .client = (who),       \
		.b = 1, .turns = ALL, .mishap = {                              \
			.kind = MISHAP_LOST,                                   \
			.at = (request)                                        \
		}                                                              \
	}

/* The server says that a text comes too late, and withholds that it took it. */
static const struct step late_and_taken[] = {
	DOES(ALICE, ORDER_REFRESH, ALL),
	UNHEARD(ALICE, 1),
	A_MINUTE,
	A_MINUTE,
	A_MINUTE,
	A_MINUTE,
	A_MINUTE,
	A_MINUTE,
	A_MINUTE,
	{ .kind = STEP_ORDER,
	  .what = ORDER_REFRESH,
	  .client = ALICE,
	  .turns = 2,
	  .mishap = { .kind = MISHAP_FORGED,
		      .forgery = FORGE_STATUS_AFTER,
		      .at = 1,
		      .pick = 12 } },
	{ .kind = STEP_TURNS,
	  .client = ALICE,
	  .turns = 1,
	  .mishap = { .kind = MISHAP_FORGED,
		      .forgery = FORGE_TRUNCATE,
		      .pick = 1 } },
	{ .kind = STEP_TURNS, .client = ALICE, .turns = ALL },
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_REFRESH, ALL),
};

#define LIED_TO(who, first, n, request)                                        \
	{                                                                      \
		.kind = (first), .what = ORDER_REFRESH, .client = (who),       \
		.turns = (n), .mishap = {                                      \
			.kind = MISHAP_FORGED,                                 \
			.forgery = FORGE_SUCCESS,                              \
			.at = (request)                                        \
		}                                                              \
	}

/* Several texts that were sealed have waited for an hour. */
static const struct step waited[] = {
	DOES(ALICE, ORDER_REFRESH, ALL),
	UNHEARD(ALICE, 0),
	UNHEARD(ALICE, 0),
	LIED_TO(ALICE, STEP_ORDER, 2, 1),
	LIED_TO(ALICE, STEP_TURNS, 1, 0),
	{ .kind = STEP_CRASH, .client = ALICE },
	{ .kind = STEP_TIME, .a = 2 },
	DOES(ALICE, ORDER_REFRESH, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* Somebody comes in between the printing of the members and the note of that. */
static const struct step printed_before[] = {
	{ .kind = STEP_SHOWN, .client = ALICE },
	{ .kind = STEP_ORDER,
	  .what = ORDER_REFRESH,
	  .client = ALICE,
	  .slot = 1,
	  .turns = 0 },
	DOES(DAVE, ORDER_JOIN, ALL),
	{ .kind = STEP_SHOWN, .client = ALICE },
	{ .kind = STEP_ORDER,
	  .what = ORDER_SEND,
	  .client = ALICE,
	  .a = 1,
	  .b = 1,
	  .turns = ALL },
};

/* A join is staged, and then its log turns out to be another than the others'. */
static const struct step staged_and_forked[] = {
	MOVES_ON(BOB, MOVE_SPLIT, 0),  DOES(BOB, ORDER_ROTATE, ALL),
	DOES(BOB, ORDER_SEND, ALL),    DOES(ALICE, ORDER_SEND, ALL),
	DOES(BOB, ORDER_RESOLVE, 3),   { .kind = STEP_CRASH, .client = BOB },
	MOVES_ON(BOB, MOVE_HEAL, 0),   DOES(BOB, ORDER_REFRESH, ALL),
	DOES(BOB, ORDER_RESOLVE, ALL), DOES(BOB, ORDER_SEND, ALL),
};

/* Who has left joins again, and is shown another group: as what the session
 * began with now, or as what it always was. */
enum { ALONE = 1 << 24, BEGAN_NOW = 0 << 8, BEGAN_SO = 1 << 8 };

static const struct step another_beginning[] = {
	DOES(CAROL, ORDER_LEAVE, ALL),
	MOVES_ON(CAROL, MOVE_GHOST_GROUP, ALONE | BEGAN_NOW),
	DOES(CAROL, ORDER_JOIN, ALL),
};

static const struct step another_always[] = {
	DOES(CAROL, ORDER_LEAVE, ALL),
	MOVES_ON(CAROL, MOVE_GHOST_GROUP, ALONE | BEGAN_SO),
	DOES(CAROL, ORDER_JOIN, ALL),
};

/* Somebody comes in for the first time, and is shown a group of leaves that others
 * signed for another one: as what the session began with, or as the first that is
 * known of it. They read the same log. The second one goes on all the same. */
#define NEWCOMER_AND(beginning)                                                \
	MOVES_ON(CAROL, MOVE_COPIED_LEAVES, ALONE | (beginning)),              \
	    MOVES_ON(CAROL, MOVE_SPLIT, 1u << BOB | 1u << DAVE),               \
	    DOES(DAVE, ORDER_JOIN, ALL), DOES(BOB, ORDER_REFRESH, ALL),        \
	    DOES(CAROL, ORDER_REFRESH, ALL)

static const struct step newcomer_always[] = { NEWCOMER_AND(BEGAN_SO) };
static const struct step newcomer_now[] = { NEWCOMER_AND(BEGAN_NOW),
					    DOES(DAVE, ORDER_RESOLVE, ALL),
					    MOVES_ON(DAVE, MOVE_HEAL, 0) };

/* Who moved the session offered its algorithm alone. It comes in again as it is
 * today, and so does somebody who is let in then. */
static const struct step mover_again[] = {
	{ .kind = STEP_ORDER,
	  .what = ORDER_MOVE,
	  .client = ALICE,
	  .turns = ALL },
	{ .kind = STEP_ORDER,
	  .what = ORDER_DEPART,
	  .client = ALICES_OTHER,
	  .turns = ALL },
	DOES(ALICES_OTHER, ORDER_SEND, ALL),
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = ALICES_OTHER,
	  .a = 1,
	  .turns = ALL },
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = ALICES_OTHER,
	  .a = 1,
	  .b = 24,
	  .turns = ALL },
	DOES(DAVE, ORDER_JOIN, ALL),
	COMES_IN_AND_HEARS(DAVE, ALICES_OTHER),
	DOES(ALICE, ORDER_JOIN, ALL),
	COMES_IN_AND_HEARS(ALICE, DAVE),
};

/* A founder is let in again with a key of the server's, which offers other
 * algorithms. Somebody has seen another history, and its person goes on here. */
static const struct step false_founder[] = {
	{ .kind = STEP_ORDER,
	  .what = ORDER_REMOVE,
	  .client = ALICES_OTHER,
	  .a = 1,
	  .b = 2,
	  .turns = ALL },
	DOES(ALICE, ORDER_REFRESH, ALL),
	MOVES_ON(ALICES_OTHER, MOVE_FREEZE, 0),
	DOES(ALICES_OTHER, ORDER_SEND, ALL),
	DOES(DAVE, ORDER_JOIN, ALL),
	MOVES_ON(CAROL, MOVE_KEY_LIE, 0),
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = DAVE,
	  .a = 1,
	  .b = 16,
	  .turns = ALL },
	MOVES_ON(CAROL, MOVE_HEAL, 0),
	DOES(ALICES_OTHER, ORDER_REFRESH, ALL),
	DOES(ALICES_OTHER, ORDER_RESOLVE, ALL),
};

/* A text was taken, and nobody says so. The person goes on at a place after it. */
static const struct step taken_and_resolved[] = {
	{ .kind = STEP_ORDER,
	  .what = ORDER_SEND,
	  .client = ALICE,
	  .b = 1,
	  .turns = ALL,
	  .mishap = { .kind = MISHAP_ANSWER_LOST, .at = 1 } },
	DOES(BOB, ORDER_ROTATE, ALL),
	{ .kind = STEP_ORDER,
	  .what = ORDER_RESOLVE,
	  .client = ALICE,
	  .turns = ALL,
	  .mishap = { .kind = MISHAP_FORGED, .forgery = FORGE_HEAD } },
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* A script repeats a text that was sent in a history that its person has left. */
static const struct step repeated_elsewhere[] = {
	MOVES_ON(ALICE, MOVE_FREEZE, 0),
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_SEND, ALL),
	{ .kind = STEP_ORDER,
	  .what = ORDER_SEND,
	  .client = ALICE,
	  .b = 2,
	  .turns = ALL },
	MOVES_ON(ALICE, MOVE_HEAL, 0),
	DOES(ALICE, ORDER_REFRESH, ALL),
	DOES(ALICE, ORDER_RESOLVE, ALL),
	DOES(BOB, ORDER_SEND, ALL),
	DOES(BOB, ORDER_SEND, ALL),
	DOES(BOB, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_REFRESH, ALL),
	{ .kind = STEP_ORDER,
	  .what = ORDER_SEND,
	  .client = ALICE,
	  .b = 16,
	  .turns = ALL },
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* Who was in another history, and left it, is let in again here. */
#define INVITES_DAVE                                                           \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_INVITE, .client = ALICE,     \
		.a = 1, .b = 24, .turns = ALL                                  \
	}

static const struct step welcomed_elsewhere[] = {
	MOVES_ON(DAVE, MOVE_FREEZE, 0),
	DOES(DAVE, ORDER_JOIN, ALL),
	DOES(DAVE, ORDER_LEAVE, ALL),
	MOVES_ON(DAVE, MOVE_HEAL, 0),
	DOES(ALICE, ORDER_ROTATE, ALL),
	DOES(ALICE, ORDER_ROTATE, ALL),
	INVITES_DAVE,
	DOES(DAVE, ORDER_JOIN, ALL),
};

/* The same with a genuine group of before, and with leaves that the others have
 * signed for another one. */
static const struct step old_and_genuine[] = {
	DOES(ALICE, ORDER_ROTATE, ALL),	    DOES(BOB, ORDER_ROTATE, ALL),
	DOES(CAROL, ORDER_REFRESH, ALL),    DOES(CAROL, ORDER_LEAVE, ALL),
	MOVES_ON(CAROL, MOVE_OLD_GROUP, 1), DOES(CAROL, ORDER_JOIN, ALL),
};

static const struct step copied_leaves[] = {
	DOES(CAROL, ORDER_LEAVE, ALL),
	MOVES_ON(CAROL, MOVE_COPIED_LEAVES, ALONE | BEGAN_SO),
	DOES(CAROL, ORDER_JOIN, ALL),
};

/* mallory comes in, and says what it has not seen. The server is honest. */
static const struct step false_view[] = {
	INVITES_MALLORY,
	LIES(GHOST_FALSE_HEAD),
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_REFRESH, ALL),
};

/* The same with a commit that nobody else can follow. */
static const struct step secret_of_its_own[] = {
	INVITES_MALLORY,
	LIES(GHOST_PSK),
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_REFRESH, ALL),
};

/* A state lives twice, and one of them takes new keys. */
static const struct step two_lives[] = {
	DOES(BOB, ORDER_REFRESH, ALL),
	{ .kind = STEP_COPY, .client = BOB },
	DOES(COPY, ORDER_ROTATE, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* The server says that a member has departed. */
static const struct step false_departure[] = {
	DOES(CAROL, ORDER_REFRESH, ALL),    MOVES_ON(CAROL, MOVE_SPLIT, 0),
	MOVES_ON(CAROL, MOVE_DEPARTURE, 0), DOES(CAROL, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_ROTATE, ALL),	    DOES(CAROL, ORDER_SEND, ALL),
};

/* One process of a device joins; another one is pushed what comes after. */
static const struct step pushed_while_joining[] = {
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = ALICE,
	  .a = 1,
	  .b = 24,
	  .turns = ALL },
	{ .kind = STEP_ORDER,
	  .what = ORDER_JOIN,
	  .client = DAVE,
	  .slot = 1,
	  .turns = 2 },
	DOES(ALICE, ORDER_SEND, ALL),
	{ .kind = STEP_PUSH, .client = DAVE },
	{ .kind = STEP_TURNS, .client = DAVE, .slot = 1, .turns = ALL },
};

/* Two processes of a device join. One of them makes a commit that is overtaken before
 * the other one has told the server that it took its Welcome. */
static const struct step told_twice[] = {
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = ALICE,
	  .a = 1,
	  .b = 24,
	  .turns = ALL },
	{ .kind = STEP_ORDER,
	  .what = ORDER_JOIN,
	  .client = DAVE,
	  .slot = 1,
	  .turns = 3 },
	DOES(DAVE, ORDER_JOIN, ALL),
	DOES(DAVE, ORDER_ROTATE, 1),
	DOES(ALICE, ORDER_ROTATE, ALL),
	{ .kind = STEP_TURNS, .client = DAVE, .slot = 1, .turns = ALL },
	{ .kind = STEP_TURNS, .client = DAVE, .turns = ALL },
};

/* A commit that nobody can follow comes before a removal, which is to be made in the
 * group that its author comes to by itself. */
static const struct step removes_later[] = {
	INVITES_MALLORY,
	{ .kind = STEP_ORDER,
	  .what = ORDER_REMOVE,
	  .client = ALICE,
	  .b = CAROL,
	  .turns = 1 },
	MOVES_ON(ALICE, MOVE_BREAK, BREAK_TAG),
	{ .kind = STEP_TURNS, .client = ALICE, .turns = ALL },
};

/* Its member changes an extension, and a server that bob alone has takes that. */
static const struct step changed_extension[] = {
	INVITES_MALLORY,
	LIES(GHOST_HONEST),
	DOES(BOB, ORDER_REFRESH, ALL),
	MOVES_ON(BOB, MOVE_SPLIT, 0),
	MOVES_ON(BOB, MOVE_MEMBER, MOVE_MEMBER_THERE | GHOST_EXTERNAL_SENDERS),
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* Two devices of one user say that one of them is out. */
static const struct step departed_twice[] = {
	DOES(ALICE, ORDER_REFRESH, ALL),
	{ .kind = STEP_ORDER,
	  .what = ORDER_DEPART,
	  .client = ALICE,
	  .b = ALICES_OTHER,
	  .turns = 1 },
	DOES(ALICES_OTHER, ORDER_LEAVE, ALL),
	{ .kind = STEP_TURNS, .client = ALICE, .turns = ALL },
	DOES(BOB, ORDER_SEND, ALL),
};

/* A member breaks commits all day, and others go on: those who may remove it, and
 * those who may not. */
#define BREAKS_FOR(one, other, how)                                            \
	MOVES_ON(one, MOVE_BREAK, how), DOES(one, ORDER_REFRESH, ALL),         \
	    DOES(other, ORDER_REFRESH, ALL)

static const struct step broken_for_members[] = {
	INVITES_MALLORY,
	BREAKS_FOR(BOB, CAROL, BREAK_TAG),
	BREAKS_FOR(BOB, CAROL, BREAK_PATH),
	BREAKS_FOR(CAROL, BOB, BREAK_JOIN),
	BREAKS_FOR(BOB, CAROL, BREAK_MEMBERSHIP),
	BREAKS_FOR(BOB, CAROL, BREAK_TAG),
	BREAKS_FOR(CAROL, BOB, BREAK_JOIN),
	BREAKS_FOR(BOB, CAROL, BREAK_PUB),
	BREAKS_FOR(BOB, CAROL, BREAK_TAG),
	BREAKS_FOR(CAROL, BOB, BREAK_PATH),
	BREAKS_FOR(BOB, CAROL, BREAK_TAG),
	BREAKS_FOR(CAROL, BOB, BREAK_JOIN),
	BREAKS_FOR(BOB, CAROL, BREAK_PATH),
	HEARS(BOB, CAROL),
};

static const struct step broken_for_owner[] = {
	INVITES_MALLORY,     MOVES_ON(ALICE, MOVE_BREAK, BREAK_TAG),
	HEARS(ALICE, BOB),   MOVES_ON(ALICE, MOVE_BREAK, BREAK_PATH),
	HEARS(ALICE, BOB),   { .kind = STEP_OUSTED, .client = ALICE },
	HEARS(CAROL, ALICE),
};

static const struct plot plots[] = { PLOT(fork_and_copy),
				     PLOT(another_key),
				     PLOT(called_out),
				     PLOT(late_and_taken),
				     PLOT(waited),
				     PLOT(printed_before),
				     PLOT(staged_and_forked),
				     PLOT(two_keys_wait),
				     PLOT(another_beginning),
				     PLOT(another_always),
				     PLOT(false_view),
				     PLOT(secret_of_its_own),
				     PLOT(two_lives),
				     PLOT(false_departure),
				     PLOT(pushed_while_joining),
				     PLOT(changed_extension),
				     PLOT(departed_twice),
				     PLOT(broken_for_members),
				     PLOT(broken_for_owner),
				     PLOT(met_meanwhile),
				     PLOT(welcomed_elsewhere),
				     PLOT(newcomer_always),
				     PLOT(newcomer_now),
				     PLOT(mover_again),
				     PLOT(false_founder),
				     PLOT(taken_and_resolved),
				     PLOT(repeated_elsewhere),
				     PLOT(old_and_genuine),
				     PLOT(copied_leaves),
				     PLOT(told_twice),
				     PLOT(removes_later) };

void steps_draw_plot(struct step *steps, size_t count, uint64_t seed)
{
	size_t plot_count = sizeof(plots) / sizeof(*plots);
	size_t at = seed / 2 % plot_count;

	if (seed % 2 == 0 && count >= plots[at].count)
		memcpy(steps, plots[at].steps,
		       plots[at].count * sizeof(*steps));
}
