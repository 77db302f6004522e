/* Before the first step each device stands in its account's log; later logs go on. */
#include "tests/sim/world.h"

#include <stdio.h>

#include "device/accounts/approval.h"
#include "session/code.h"
#include "tests/sim/faults.h"
#include "tests/sim/steps.h"

/* An order of the first process, asked of home 0, where nobody lies yet. */
static void run(struct client *client)
{
	const struct order order = { .kind = ORDER_ACCOUNT };
	struct device *device = client->slots[0].device;
	struct request request;
	uint32_t wait_ms;

	sim_must(device_start(device, &order), "an account");
	while (device_turn(device, &request, &wait_ms) == DEVICE_ASK) {
		struct reply reply = { .parts = NULL };

		server_ask(&client->world->adversary.homes[0], client->number,
			   client->world->now_ms, &request, &reply);
		device_answer(device, &reply.answer);
		reply_free(&reply);
	}
	sim_must(device_outcome(device)->result, "an account");
}

/* The log as the server shows it, to a device that has none. */
struct showing {
	struct account_shown shown;
	struct span links[8];
};

static void show(struct client *client, struct showing *showing)
{
	const struct server_account *account =
	    server_account(&client->world->adversary.homes[0], client->user);

	showing->shown =
	    (struct account_shown){ SPAN_ARRAY(account->salt), showing->links,
				    account->link_count };
	for (size_t i = 0; i < account->link_count; i++)
		showing->links[i] = blob_span(account->links[i]);
}

/* `by`, a device of the same user, lets the other one in. */
static void let_in(struct client *by, struct client *client)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	struct why why = { .unreachable = false };
	struct sec secret = { .n = 0 };
	struct showing showing;
	char code[CODE_SIZE];
	uint64_t number;

	show(client, &showing);
	sim_must(device_ask_approval(client->slots[0].device, &showing.shown,
				     &request, code, &why),
		 "a request");
	sim_must(code_read(span_str(code), &secret), "a code");
	sim_must(device_approve(by->slots[0].device, &secret,
				buf_span(&request), &why),
		 "an approval");
	run(by);
	sim_must(device_answer_request(by->slots[0].device, &secret,
				       buf_span(&request), &answer, &number),
		 "an answer");
	show(client, &showing);
	sim_must(device_take_approval(client->slots[0].device,
				      buf_span(&answer), &showing.shown, &why),
		 "an approval that came");
	sec_clear(&secret);
	buf_clear(&request);
	buf_clear(&answer);
}

/* What it is called from now on, at the server, too. */
static void name(struct client *client)
{
	struct server *server = &client->world->adversary.homes[0];
	const struct server_account *account =
	    server_account(server, client->user);
	uint64_t number;
	bool recovery;

	sim_must(device_number(client->slots[0].device, &number, &recovery),
		 "a number");
	(void)snprintf(client->identity, SIM_IDENTITY, "%s/%llu", account->name,
		       (unsigned long long)number);
	server_name_device(server, client->number, client->identity);
}

void world_begin_accounts(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i], *first = client;

		for (size_t k = i; k-- > 0;)
			if (strcmp(world->clients[k].user, client->user) == 0)
				first = &world->clients[k];
		client_start(client, 0);
		if (first == client)
			run(client);
		else
			let_in(first, client);
		name(client);
	}
	for (size_t i = 0; i < world->client_count; i++)
		client_kill(&world->clients[i], 0);
}

/* ---- steps ---- */

/* In the place of orders that are drawn so often that a log goes on now and then. */
static bool is_about_accounts(const struct step *step)
{
	return (step->what == ORDER_STOCK && step->a != 0 && step->b != 0) ||
	       (step->what == ORDER_SEND && step->b % 16 == 9);
}

static void set_recovery(struct slot *slot)
{
	struct account_pair pair = { .suite = NULL };
	const struct recovery_change change = { .recovery = &pair,
						.unsigned_too = true };
	struct why why = { .unreachable = false };
	enum err e;

	sim_must(account_pair_make(&slot->rng, &pair), "a key");
	e = device_set_recovery(slot->device, &change, &why);
	if (e == ERR_LOCAL_BUG)
		sim_must(e, "a recovery key");
	account_pair_clear(&pair);
}

bool account_step(struct client *client, const struct step *step)
{
	static const char *const users[] = { "alice", "bob", "carol", "dave" };
	const char *user = users[step->a % 4];
	const struct order meet = { .kind = ORDER_MEET,
				    .users = &user,
				    .user_count = 1 };
	const struct order account = { .kind = ORDER_ACCOUNT };
	/* where devices come and go, a recovery key is written down */
	bool looks = step->b / 16 % 4 == 0 || client->world->devices;

	if (!client->world->accounts || !is_about_accounts(step) ||
	    client->slots[step->slot].running)
		return false;
	client_start(client, step->slot);
	if (!looks)
		set_recovery(&client->slots[step->slot]);
	if (client_order(client, step->slot, looks ? &meet : &account,
			 SIZE_MAX))
		(void)client_run(client, step->slot, step->turns,
				 &step->mishap);
	return true;
}
