/*
 * Devices that come and go: what people do about the devices of their accounts, as
 * the command does it, and what must hold of it.
 */
#ifndef HERMETIC_TESTS_SIM_DEVICES_H
#define HERMETIC_TESTS_SIM_DEVICES_H

#include "tests/sim/world.h"

struct step;

enum device_act {
	ACT_COMES,    /* another device of this user asks to be let in */
	ACT_RECOVERS, /* another device of this user comes by the recovery key */
	ACT_APPROVES, /* lets in one that has asked */
	ACT_REMOVES,  /* removes another one */
	ACT_WRITES,   /* makes a recovery key, which the person writes down */
	ACT_LINKS,    /* brings the account's devices into its sessions */
	ACT_COMPARES, /* compares numbers with somebody */
	ACT_CHOOSES,  /* writes to verified people only, or to all */
	ACT_CLOSES,   /* closes the account, and leaves: plots only */
	ACT_JOINS,    /* comes into the sessions that the approver named */
	/* acts.c: about people */
	ACT_BLOCKS,    /* blocks somebody, or takes that back */
	ACT_BEGINS,    /* begins a session for verified people only */
	ACT_BANS,      /* keeps somebody out of a session */
	ACT_UNBANS,    /* takes that back */
	ACT_ASKS,      /* invites somebody who has to come in by an own act */
	ACT_UNINVITES, /* takes that back */
	ACTS
};

const char *device_act_name(enum device_act act);

/* Of a step of kind STEP_DEVICE. */
void device_act(struct client *client, const struct step *step);

/* A device that waits asks, or takes its approval; or, by the recovery key, stands once
 * its link does. */
void device_goes_on(struct client *client, const struct mishap *mishap);

/* An order of the first process, to its end. False: it was not taken. */
bool device_orders(struct client *client, const struct order *order,
		   const struct mishap *mishap);

/* The devices of each account that stand come into the sessions where one of them is;
 * with honest servers and members they are in then. */
void devices_link(struct world *world);
void devices_judge(struct world *world);

/* It reads its account's log, and posts what waits. False: it did not come to its end. */
bool device_account(struct client *client, const struct mishap *mishap);

/* One of the user's devices that stands, and is no copy; NULL: there is none. */
struct client *device_standing(struct world *world, const char *user,
			       const struct client *but);

/* ---- devices_let_in.c ---- */

/* It approves the device of its account that has asked, if there is one. */
void device_lets_in(struct client *by, const struct step *step);
/* The account's devices come into the sessions where this one is. */
void device_links(struct client *by);
/* It comes into the sessions that the device which has approved it named. */
void device_joins(struct client *client);

/* ---- acts.c ---- */

void acts_take(struct client *client, const struct step *step);

/* With an honest server: the order names somebody who has blocked its person; and what may
 * be said to that one then. */
bool acts_is_hidden(const struct client *client, const struct slot *slot);
void acts_judge_hidden(struct client *client, const struct slot *slot,
		       const struct outcome *outcome);

/* Who has come in was not added by somebody whom its person had blocked. */
void acts_judge_joined(struct client *client, const struct slot *slot,
		       size_t session);

/* ---- people.c: the persons, and what must hold of their accounts ---- */

void people_begin(struct world *world);
void people_clear(struct world *world);
struct person *people_find(struct world *world, const char *user);

/* The person has let a device in: that entry (wire/account_link.h) is its. */
void people_let_in(struct world *world, const char *user, struct span entry);

/* A log of this device's account that some server has is closed. */
bool people_is_closed(const struct client *client);

/* Whoever has closed the account and left has no leaf where others go on. */
void people_judge_closed(struct world *world);

/* Links that servers have taken since: devices that they bring were let in, and those
 * that they end are removed. */
void people_look(struct world *world);

/* `client` seals for that member: it does not know that its device was removed. */
void people_judge_seal(struct client *client, const struct look_member *member);

/* The person compares numbers with that one; writes to verified people only, or to all;
 * and `client` seals for that member. */
void people_compare(struct client *client, const char *user);
void people_choose(struct client *client, bool verified_only);
/* It blocks that one of the people; done again, it takes that back. */
void people_block(struct client *client, uint32_t pick);
void people_judge_verified(struct client *client, size_t session,
			   const struct look_member *member);

/* Accounts have the fingerprints that they began with, wherever they are shown, and no
 * device that nobody has let in; and
 * whoever is verified was compared, and has not changed since. */
void people_judge(struct world *world);

#endif
