/* Before the first step: each device stands in its account's log. */
#include "tests/sim/world.h"

#include <stdio.h>

#include "device/approval.h"
#include "session/code.h"
#include "tests/sim/faults.h"

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
