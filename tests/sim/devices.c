/* What people do about the devices of their accounts (devices.h). */
#include "tests/sim/devices.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/steps.h"

static const char *const names[ACTS] = {
	[ACT_COMES] = "comes",	     [ACT_RECOVERS] = "recovers",
	[ACT_APPROVES] = "approves", [ACT_REMOVES] = "removes",
	[ACT_WRITES] = "writes",     [ACT_LINKS] = "links",
	[ACT_JOINS] = "joins",	     [ACT_COMPARES] = "compares",
	[ACT_CHOOSES] = "chooses",   [ACT_CLOSES] = "closes",
	[ACT_BLOCKS] = "blocks",     [ACT_BEGINS] = "begins",
	[ACT_BANS] = "bans",	     [ACT_UNBANS] = "unbans",
	[ACT_ASKS] = "asks",	     [ACT_UNINVITES] = "uninvites",
};

const char *device_act_name(enum device_act act)
{
	return act < ACTS ? names[act] : "?";
}

/* ---- the log as a server shows it ---- */

enum { LINKS_SHOWN = 8192 };

struct showing {
	struct account_shown shown;
	struct buf salt, bytes; /* opaque link<V> each */
	struct span *links;	/* owned; into `bytes` */
};

static void showing_clear(struct showing *showing)
{
	buf_clear(&showing->salt);
	buf_clear(&showing->bytes);
	free(showing->links);
}

static void ask_page(struct client *client, uint64_t after,
		     const struct mishap *mishap, struct reply *reply)
{
	struct world *world = client->world;
	bool forged = mishap != NULL && mishap->kind == MISHAP_FORGED;
	const struct request request = { .kind = REQUEST_ACCOUNT_LOG,
					 .user = client->user,
					 .after = after };

	adversary_answer(&world->adversary,
			 forged ? mishap->forgery : FORGE_NOTHING,
			 forged ? mishap->pick : 0, client->number,
			 world->now_ms, &request, reply);
}

/* The first page may be forged. */
static void fetch(struct client *client, const struct mishap *mishap,
		  struct showing *showing)
{
	size_t count = 0, before;
	struct rd r;
	bool more = true;

	while (more && count < LINKS_SHOWN) {
		struct reply reply = { .parts = NULL };

		ask_page(client, count, count == 0 ? mishap : NULL, &reply);
		if (showing->salt.n == 0)
			buf_put(&showing->salt, reply.answer.salt);
		before = count;
		for (size_t i = 0; i < reply.answer.link_count; i++, count++)
			buf_put_vec(&showing->bytes, reply.answer.links[i]);
		more = reply.answer.more && count > before;
		reply_free(&reply);
	}
	showing->links = sim_alloc((count + 1) * sizeof(*showing->links));
	r = rd_init(buf_span(&showing->bytes));
	for (size_t i = 0; i < count; i++)
		showing->links[i] = rd_vec(&r);
	showing->shown = (struct account_shown){ buf_span(&showing->salt),
						 showing->links, count };
}

/* ---- orders ---- */

bool device_orders(struct client *client, const struct order *order,
		   const struct mishap *mishap)
{
	if (world_is_broken(client->world) ||
	    !client_order(client, 0, order, SIZE_MAX))
		return false;
	(void)client_run(client, 0, TURNS_AN_ORDER, mishap);
	return !client->slots[0].running;
}

static uint64_t number_of(struct client *client)
{
	uint64_t number = 0;
	bool recovery;

	client_start(client, 0);
	return device_number(client->slots[0].device, &number, &recovery) ==
		       ERR_OK
		   ? number
		   : 0;
}

/* It stands in its account's log: servers call it by its number there. */
static void name(struct client *client, uint64_t number)
{
	struct world *world = client->world;
	const struct person *person = people_find(world, client->user);
	struct buf text = BUF_INIT;

	text_put_hex(&text, SPAN_ARRAY(person->fingerprint));
	(void)snprintf(client->identity, SIM_IDENTITY, "%.*s/%llu", (int)text.n,
		       (const char *)text.p, (unsigned long long)number);
	adversary_name_device(&world->adversary, client->number,
			      client->identity);
	client->waits = client->recovers = false;
	buf_clear(&text);
	world_trace(world, "    stands as %s", client->identity);
}

static uint64_t number_in(const struct client *client)
{
	const char *slash = strchr(client->identity, '/');

	return slash != NULL ? strtoull(slash + 1, NULL, 10) : 0;
}

/* Where a branch that counts has its entry by another number, it has that one from now
 * on, and its leaves of before are none of its any more. */
static void renumber(struct client *client)
{
	uint64_t number = number_of(client);

	if (number > 0 && !client->waits && !client->copied &&
	    number != number_in(client))
		name(client, number);
}

bool device_account(struct client *client, const struct mishap *mishap)
{
	const struct order order = { .kind = ORDER_ACCOUNT };

	if (!device_orders(client, &order, mishap) ||
	    client->slots[0].device == NULL)
		return false;
	renumber(client);
	return true;
}

struct client *device_standing(struct world *world, const char *user,
			       const struct client *but)
{
	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];

		if (client != but && !client->waits && !client->removed &&
		    !client->copied && strcmp(client->user, user) == 0)
			return client;
	}
	return NULL;
}

/* ---- coming in ---- */

static void stock(struct client *client)
{
	const struct order order = { .kind = ORDER_STOCK };

	(void)device_orders(client, &order, NULL);
}

static void ask(struct client *client, const struct mishap *mishap)
{
	struct showing showing = { .shown = { .count = 0 } };
	struct why why = { .unreachable = false };
	enum err e;

	client_start(client, 0);
	fetch(client, mishap, &showing);
	buf_reset(&client->request);
	e = device_ask_approval(client->slots[0].device, &showing.shown,
				&client->request, client->code, &why);
	if (e != ERR_OK)
		buf_reset(&client->request);
	world_trace(client->world, "    asks: %s", err_text(e));
	showing_clear(&showing);
}

static void take(struct client *client, const struct mishap *mishap)
{
	struct showing showing = { .shown = { .count = 0 } };
	struct why why = { .unreachable = false };
	struct buf answer = BUF_INIT;
	enum err e;

	client_start(client, 0);
	fetch(client, mishap, &showing);
	buf_put(&answer, buf_span(&client->answer));
	if (mishap != NULL && mishap->kind == MISHAP_FORGED &&
	    mishap->pick % 2 == 0)
		answer.p[mishap->pick / 2 % answer.n] ^= 1;
	e = device_take_approval(client->slots[0].device, buf_span(&answer),
				 &showing.shown, &why);
	world_trace(client->world, "    takes its approval: %s", err_text(e));
	if (e == ERR_OK) {
		client->wishes = client->handed;
		name(client, number_of(client));
		stock(client);
	}
	showing_clear(&showing);
	buf_clear(&answer);
}

/* The keys that are written down are tried, the newest first. */
static void recover(struct client *client, const struct mishap *mishap)
{
	struct world *world = client->world;
	struct person *person = people_find(world, client->user);
	struct showing showing = { .shown = { .count = 0 } };
	struct approval_request request;
	struct buf bytes = BUF_INIT;
	enum err e = ERR_PEER_INVALID;

	client_start(client, 0);
	fetch(client, mishap, &showing);
	for (size_t i = person->paper_count; e != ERR_OK && i-- > 0;) {
		struct why why = { .unreachable = false };

		buf_reset(&bytes);
		e = device_recover(client->slots[0].device, &person->papers[i],
				   &showing.shown, &bytes, &why);
	}
	world_trace(world, "    comes by the recovery key: %s", err_text(e));
	showing_clear(&showing);
	if (e == ERR_OK &&
	    approval_request_decode(buf_span(&bytes), &request) == ERR_OK) {
		people_let_in(world, client->user, request.entry);
		client->recovers = true;
	}
	buf_clear(&bytes);
}

static void settle(struct client *client, const struct mishap *mishap)
{
	uint64_t number;

	(void)device_account(client, mishap);
	number = number_of(client);
	if (number > 0) {
		name(client, number);
		stock(client);
	}
}

void device_goes_on(struct client *client, const struct mishap *mishap)
{
	if (!client->waits || client->slots[0].running)
		return;
	if (client->recovers)
		settle(client, mishap);
	else if (client->request.n == 0)
		ask(client, mishap);
	else if (client->answer.n > 0)
		take(client, mishap);
}

static void come(struct client *sibling, const struct step *step)
{
	struct client *client;

	if (!sibling->world->accounts || sibling->waits)
		return;
	client = client_new(sibling->world, sibling->user);
	if (client == NULL)
		return;
	client->waits = true;
	if (step->what == ACT_RECOVERS)
		recover(client, &step->mishap);
	device_goes_on(client, step->what == ACT_COMES ? &step->mishap : NULL);
}

/* ---- removing ---- */

static void everywhere(struct client *by, enum order_kind kind,
		       const struct client *whom)
{
	struct world *world = by->world;
	struct look look;

	for (size_t s = 0; s < world->session_count; s++) {
		const struct order order = { .kind = kind,
					     .session = world->sessions[s],
					     .whom = whom->identity };
		bool there = false;

		if (!look_stored(by, s, &look) || !look.member)
			continue;
		for (size_t i = 0; i < look.member_count; i++)
			there |= strcmp(look.members[i].identity,
					whom->identity) == 0;
		if (there)
			(void)device_orders(by, &order, NULL);
	}
}

static void remove_one(struct client *by, const struct step *step)
{
	struct client *gone = device_standing(by->world, by->user, by);
	struct why why = { .unreachable = false };
	enum err e;

	if (gone == NULL || !device_account(by, NULL))
		return;
	if (step->a % 3 == 0)
		everywhere(by, ORDER_DEPART, gone);
	if (by->slots[0].running || by->slots[0].device == NULL)
		return;
	e = device_remove_number(by->slots[0].device, number_in(gone), &why);
	world_trace(by->world, "    removes %s: %s", gone->identity,
		    err_text(e));
	if (e != ERR_OK || !device_account(by, &step->mishap))
		return;
	people_look(by->world);
	if (step->a % 2 == 0)
		everywhere(by, ORDER_REMOVE, gone);
}

/* ---- closing ---- */

/* Its own departure is the last one. */
static void leave_all(struct client *client)
{
	struct world *world = client->world;
	struct person *person = people_find(world, client->user);
	struct look look;

	for (size_t i = 0; i < world->client_count; i++)
		if (&world->clients[i] != client && !world->clients[i].waits &&
		    strcmp(world->clients[i].user, client->user) == 0)
			everywhere(client, ORDER_DEPART, &world->clients[i]);
	for (size_t s = 0; s < world->session_count; s++) {
		const struct order order = { .kind = ORDER_LEAVE,
					     .session = world->sessions[s] };

		if (!look_stored(client, s, &look) || !look.member ||
		    !device_orders(client, &order, NULL))
			continue;
		person->left[s] =
		    device_outcome(client->slots[0].device)->result == ERR_OK;
	}
}

static void close_account(struct client *client, const struct step *step)
{
	struct why why = { .unreachable = false };
	bool closed = false;

	if (!device_account(client, NULL) ||
	    device_close_account(client->slots[0].device, &why) != ERR_OK ||
	    !device_account(client, &step->mishap) ||
	    device_account_is_closed(client->slots[0].device, &closed) !=
		ERR_OK)
		return;
	world_trace(client->world, "    closes the account: %s",
		    closed ? "yes" : "no");
	if (closed && !people_is_closed(client))
		world_violate(client->world, "closed",
			      "%s says that its account is closed, which no "
			      "log of it shows",
			      client->identity);
	if (closed)
		leave_all(client);
}

/* ---- the recovery key ---- */

static void write_down(struct client *client, const struct step *step)
{
	struct person *person = people_find(client->world, client->user);
	struct account_pair *paper;
	struct recovery_change change = { .unsigned_too = step->a % 2 == 0 };
	struct why why = { .unreachable = false };
	enum err e;

	if (person->paper_count == PAPERS || !device_account(client, NULL))
		return;
	paper = &person->papers[person->paper_count];
	if (!change.unsigned_too && person->paper_count > 0)
		change.old = paper - 1;
	sim_must(account_pair_make(&client->slots[0].rng, paper), "a key");
	change.recovery = paper;
	e = device_set_recovery(client->slots[0].device, &change, &why);
	world_trace(client->world, "    writes a key down: %s", err_text(e));
	if (e != ERR_OK) {
		account_pair_clear(paper);
		return;
	}
	person->paper_count++;
	(void)device_account(client, &step->mishap);
}

/* ---- steps ---- */

void device_act(struct client *client, const struct step *step)
{
	if (client->slots[0].running)
		(void)client_run(client, 0, TURNS_AN_ORDER, NULL);
	if (client->waits) {
		device_goes_on(client, &step->mishap);
		return;
	}
	switch ((enum device_act)step->what) {
	case ACT_COMES:
	case ACT_RECOVERS:
		come(client, step);
		break;
	case ACT_APPROVES:
		device_lets_in(client, step);
		break;
	case ACT_REMOVES:
		remove_one(client, step);
		break;
	case ACT_WRITES:
		write_down(client, step);
		break;
	case ACT_LINKS:
		device_links(client);
		break;
	case ACT_CLOSES:
		close_account(client, step);
		break;
	case ACT_COMPARES:
		people_compare(client,
			       client->world->people[step->a % PEOPLE].user);
		break;
	case ACT_CHOOSES:
		people_choose(client, step->a % 2 == 0);
		break;
	case ACT_JOINS:
		device_joins(client);
		break;
	case ACT_BLOCKS:
	case ACT_BEGINS:
	case ACT_BANS:
	case ACT_UNBANS:
	case ACT_ASKS:
	case ACT_UNINVITES:
		acts_take(client, step);
		break;
	case ACTS:
		break;
	}
}
