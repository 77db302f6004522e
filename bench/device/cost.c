/*
 * What an order costs a device: requests, transactions, and how often its
 * session is loaded, counted against the simulator's model of the server
 * (tests/sim), each order in a process of its own, as the command runs it; and what
 * of it is for accounts, of which a session has twenty: requests for their logs, bytes
 * of links that come, signatures of links that are verified.
 *
 *   make VARIANT=release bench-device     then build/release/bench/device/cost
 *
 * It ends with 1 when an order loads its session more than once, `send` or `rotate`
 * makes more than three transactions, or accounts cost something that did not change,
 * or more than one look.
 */
#include "device/accounts/approval.h"
#include "session/account_sign.h"
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
	unsigned logs;		  /* of the requests, for logs of accounts */
	size_t bytes;		  /* of links, in their answers */
	unsigned long signatures; /* of links, that were verified */
	uint64_t transactions;
};

enum { PEOPLE = 20, STOCK = 5 };

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

/* ---- what is verified of accounts ---- */

static unsigned long verified;

enum err __real_check_label(const struct suite *suite, struct span key,
			    const char *label, struct span content,
			    struct span signature);
enum err __wrap_check_label(const struct suite *suite, struct span key,
			    const char *label, struct span content,
			    struct span signature);

enum err __wrap_check_label(const struct suite *suite, struct span key,
			    const char *label, struct span content,
			    struct span signature)
{
	static const char account[] = "hermetic account";

	verified += strncmp(label, account, sizeof(account) - 1) == 0;
	return __real_check_label(suite, key, label, content, signature);
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

static size_t bytes_of(const struct span *links, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += links[i].n;
	return bytes;
}

static void count_logs(struct run *run, const struct request *request,
		       const struct answer *answer)
{
	if (request->kind != REQUEST_ACCOUNT_LOG &&
	    request->kind != REQUEST_ACCOUNT_LOGS)
		return;
	run->logs++;
	run->bytes += bytes_of(answer->links, answer->link_count);
	for (size_t i = 0; i < answer->log_count; i++)
		run->bytes +=
		    bytes_of(answer->logs[i].links, answer->logs[i].link_count);
}

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
		count_logs(run, &request, &reply.answer);
		device_answer(device, &reply.answer);
		reply_free(&reply);
	}
}

static void show(struct device *device, const char *session)
{
	struct buf text = BUF_INIT;
	const char *marks[2 * PEOPLE];
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

/* `before` (or NULL) is called with the device before the order begins. */
static struct run carry_out(const struct person *person,
			    const struct order *order,
			    char session[TEXT_UUID_SIZE],
			    void (*before)(struct device *device))
{
	struct device_config config = { .username = person->name,
					.device_id = person->id,
					.stock = STOCK };
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
	verified = 0;
	if (before != NULL)
		before(device);
	must(device_start(device, order), "an order");
	drive(device, person, &run);
	if (device_outcome(device)->result != ERR_OK &&
	    device_outcome(device)->why != NULL)
		(void)fprintf(stderr, "cost: %s: %s\n", person->name,
			      device_outcome(device)->why->text);
	must(device_outcome(device)->result, "an order's outcome");
	memcpy(session, device_outcome(device)->session, TEXT_UUID_SIZE);
	run.signatures = verified;
	ended = run;
	if (session[0] != '\0')
		show(device, session);
	device_close(device);
	sim_process_end(process);
	return ended;
}

/* ---- what is told ---- */

static bool print(const char *name, const struct run *run, uint64_t most)
{
	bool held = run->loads <= 1 && run->transactions <= most;

	(void)printf("%-16s %8u %13llu %6u %5u %7zu %10lu%s\n", name,
		     run->requests, (unsigned long long)run->transactions,
		     run->loads, run->logs, run->bytes, run->signatures,
		     held ? "" : "   too many");
	return held;
}

/* The same of an order during which no account has changed. */
static bool print_unchanged(const char *name, const struct run *run,
			    uint64_t most)
{
	bool free = run->logs == 0 && run->bytes == 0 && run->signatures == 0;

	return print(name, run, most) && free;
}

static void change_account(struct device *device)
{
	struct account_pair pair;
	struct recovery_change change = { .recovery = &pair };
	struct why why = { 0 };

	must(account_pair_make(&rng, &pair), "a recovery key");
	must(device_set_recovery(device, &change, &why), "a recovery key");
	account_pair_clear(&pair);
}

static void make_people(struct person people[PEOPLE])
{
	static char texts[PEOPLE][2][TEXT_UUID_SIZE];
	static const struct order begin = { .kind = ORDER_ACCOUNT };
	static const struct order stock = { .kind = ORDER_STOCK };
	char none[TEXT_UUID_SIZE], identity[SIM_IDENTITY];

	for (int i = 0; i < PEOPLE; i++) {
		struct person *p = &people[i];

		(void)snprintf(texts[i][0], TEXT_UUID_SIZE, "person-%d", i);
		(void)snprintf(texts[i][1], TEXT_UUID_SIZE,
			       "00000000-0000-4000-8000-%012d", i);
		*p = (struct person){ texts[i][0], texts[i][1], 0,
				      sim_store_new() };
		p->number = server_add_device(&server, p->name, p->id);
		(void)carry_out(p, &begin, none, NULL);
		(void)snprintf(identity, sizeof(identity), "%s/1",
			       server_account(&server, p->name)->name);
		server_name_device(&server, p->number, identity);
		(void)carry_out(p, &stock, none, NULL);
	}
}

static char session[TEXT_UUID_SIZE], none[TEXT_UUID_SIZE];

static struct run there(const struct person *person, enum order_kind kind)
{
	const struct order order = { .kind = kind,
				     .session = session,
				     .text = SPAN_LIT("hello") };

	return carry_out(person, &order, none, NULL);
}

/* An account changes; the next commit of who knows it says so to all. */
static bool run_changed(struct person *people)
{
	static const struct order account = { .kind = ORDER_ACCOUNT };
	const char *const users[] = { people[1].name };
	const struct order meet = { .kind = ORDER_MEET,
				    .users = users,
				    .user_count = 1 };
	struct run run;
	bool held;

	(void)carry_out(&people[1], &account, none, change_account);
	run = carry_out(&people[0], &meet, none, NULL);
	held = print("meet, changed", &run, 3);
	run = there(&people[0], ORDER_ROTATE);
	held = print("rotate, changed", &run, 4) && held;
	run = there(&people[2], ORDER_REFRESH);
	held = print("read, changed", &run, 3) && held;
	return held;
}

int main(void)
{
	static struct person people[PEOPLE];
	const char *users[PEOPLE];
	struct suites offer = {
		{ SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 }, 1
	};
	struct order create = { .kind = ORDER_CREATE,
				.offer = &offer,
				.users = users,
				.user_count = PEOPLE - 1 };
	struct run run;
	bool held;

	server_init(&server, 1);
	chance = chance_of(1, 1);
	rng = chance_rng(&chance);
	make_people(people);
	for (int i = 1; i < PEOPLE; i++)
		users[i - 1] = people[i].name;
	(void)printf("%-16s %8s %13s %6s %5s %7s %10s\n", "order", "requests",
		     "transactions", "loads", "logs", "bytes", "signatures");
	run = carry_out(&people[0], &create, session, NULL);
	held = print("create", &run, PEOPLE + 10);
	for (int i = PEOPLE - 1; i > 0; i--)
		run = there(&people[i], ORDER_JOIN);
	/* they come at once, and each link is verified once */
	held = print("join", &run, 8) && run.logs == 1 &&
	       run.signatures == 4 * (PEOPLE - 1) && held;
	run = there(&people[0], ORDER_SEND);
	held = print_unchanged("send", &run, 3) && held;
	run = there(&people[0], ORDER_ROTATE);
	held = print_unchanged("rotate", &run, 3) && held;
	run = there(&people[1], ORDER_REFRESH);
	held = print_unchanged("read", &run, 3) && held;
	(void)there(&people[2], ORDER_REFRESH);
	held = run_changed(people) && held;
	for (int i = 0; i < PEOPLE; i++)
		sim_store_free(people[i].store);
	server_clear(&server);
	return held ? 0 : 1;
}
