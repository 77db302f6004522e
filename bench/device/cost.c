/*
 * What an order costs a device: requests, transactions, and how often its
 * session is loaded, counted against the simulator's model of the server
 * (tests/sim), each order in a process of its own, as the command runs it.
 *
 *   make VARIANT=release bench-device     then build/release/bench/device/cost
 *
 * It ends with 1 when an order loads its session more than once, or `send` or
 * `rotate` makes more than three transactions.
 */
#include "device/device.h"
#include "tests/sim/server.h"
#include "tests/sim/store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct person {
	const char *name, *id;
	size_t number; /* at the server */
	struct sim_store *store;
};

/* One process of a person's device, and what it was counted doing. */
struct run {
	const struct device_store *inner;
	struct device_store counting;
	unsigned loads, requests;
	uint64_t transactions;
};

static struct server server;
static struct chance chance;
static struct rng rng;
static uint64_t now = UINT64_C(1700000000000);

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "cost: %s: %s\n", what, err_text(e));
	exit(2);
}

static uint64_t now_ms(void *context)
{
	(void)context;
	return now++;
}

/* ---- a store that counts ---- */

static enum err begin(void *context, bool *changed)
{
	struct run *run = context;

	run->transactions++;
	return run->inner->begin(run->inner->context, changed);
}

static enum err commit(void *context)
{
	struct run *run = context;

	return run->inner->commit(run->inner->context);
}

static void rollback(void *context)
{
	struct run *run = context;

	run->inner->rollback(run->inner->context);
}

static enum err get(void *context, const char *name, struct buf *value)
{
	struct run *run = context;
	enum err e = run->inner->get(run->inner->context, name, value);

	run->loads += e == ERR_OK && strncmp(name, "session/", 8) == 0;
	return e;
}

static enum err put(void *context, const char *name, struct span value)
{
	struct run *run = context;

	return run->inner->put(run->inner->context, name, value);
}

static enum err forget(void *context, const char *name)
{
	struct run *run = context;

	return run->inner->remove(run->inner->context, name);
}

/* ---- an order ---- */

static void drive(struct device *device, const struct person *person,
		  struct run *run)
{
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms = 0;

	while ((turn = device_turn(device, &request, &wait_ms)) !=
	       DEVICE_DONE) {
		struct reply reply = { .parts = NULL };

		if (turn == DEVICE_WAIT) {
			now += wait_ms;
			continue;
		}
		run->requests++;
		server_ask(&server, person->number, now, &request, &reply);
		device_answer(device, &reply.answer);
		reply_free(&reply);
	}
}

static void show(struct device *device, const char *session)
{
	struct buf text = BUF_INIT;
	const char *marks[64];
	json_t *said, *member;
	size_t i, n = 0;

	must(device_describe(device, session, &text), "a description");
	said = json_loadb((const char *)text.p, text.n, 0, NULL);
	json_array_foreach(json_object_get(said, "members"), i, member)
	{
		if (n < sizeof(marks) / sizeof(*marks))
			marks[n++] =
			    json_string_value(json_object_get(member, "mark"));
	}
	must(device_shown(device, session, marks, n), "showing");
	json_decref(said);
	buf_clear(&text);
}

static struct run carry_out(const struct person *person,
			    const struct order *order,
			    char session[TEXT_UUID_SIZE])
{
	struct device_config config = { .username = person->name,
					.device_id = person->id };
	struct sim_process *process = sim_process_start(person->store);
	struct run run = { .inner = sim_process_port(process) };
	struct device_ports ports = { &run.counting, &rng, now_ms, NULL };
	struct device *device = NULL;
	struct run ended;

	run.counting = (struct device_store){ begin, commit, rollback, get,
					      put,   forget, &run };
	config.offer.ids[0] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	config.offer.count = 1;
	must(device_open(&config, &ports, &device), "a device");
	must(device_start(device, order), "an order");
	drive(device, person, &run);
	must(device_outcome(device)->result, "an order's outcome");
	memcpy(session, device_outcome(device)->session, TEXT_UUID_SIZE);
	ended = run;
	if (session[0] != '\0')
		show(device, session);
	device_close(device);
	sim_process_end(process);
	return ended;
}

static bool print(const char *name, const struct run *run, uint64_t most)
{
	bool held = run->loads <= 1 && run->transactions <= most;

	(void)printf("%-8s %8u %13llu %6u%s\n", name, run->requests,
		     (unsigned long long)run->transactions, run->loads,
		     held ? "" : "   too many");
	return held;
}

int main(void)
{
	struct person alice = { .name = "alice",
				.id = "00000000-0000-4000-8000-000000000001" };
	struct person bob = { .name = "bob",
			      .id = "00000000-0000-4000-8000-000000000002" };
	static const char *const users[] = { "bob" };
	struct suites offer = {
		{ SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 }, 1
	};
	char session[TEXT_UUID_SIZE], none[TEXT_UUID_SIZE];
	struct order stock = { .kind = ORDER_STOCK };
	struct order create = { .kind = ORDER_CREATE,
				.offer = &offer,
				.users = users,
				.user_count = 1 };
	struct run run;
	bool held = true;

	server_init(&server, 1);
	chance = chance_of(1, 1);
	rng = chance_rng(&chance);
	alice.number = server_add_device(&server, alice.name, alice.id);
	bob.number = server_add_device(&server, bob.name, bob.id);
	alice.store = sim_store_new();
	bob.store = sim_store_new();
	(void)carry_out(&alice, &stock, none);
	(void)carry_out(&bob, &stock, none);
	(void)printf("%-8s %8s %13s %6s\n", "order", "requests", "transactions",
		     "loads");
	run = carry_out(&alice, &create, session);
	held = print("create", &run, 7) && held;
	run = carry_out(
	    &bob, &(struct order){ .kind = ORDER_JOIN, .session = session },
	    none);
	held = print("join", &run, 5) && held;
	run = carry_out(&alice,
			&(struct order){ .kind = ORDER_SEND,
					 .session = session,
					 .text = SPAN_LIT("hello") },
			none);
	held = print("send", &run, 3) && held;
	run = carry_out(
	    &alice, &(struct order){ .kind = ORDER_ROTATE, .session = session },
	    none);
	held = print("rotate", &run, 3) && held;
	run = carry_out(
	    &bob, &(struct order){ .kind = ORDER_REFRESH, .session = session },
	    none);
	held = print("read", &run, 2) && held;
	sim_store_free(alice.store);
	sim_store_free(bob.store);
	server_clear(&server);
	return held ? 0 : 1;
}
