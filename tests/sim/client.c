/* Running a device: its processes, its orders, its requests. */
#include "tests/sim/content.h"
#include "tests/sim/devices.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t now_of(void *context)
{
	struct client *client = context;
	uint64_t now = client->world->now_ms + (uint64_t)client->skew_ms;

	if (now > client->latest_ms)
		client->latest_ms = now;
	return now;
}

/* ---- processes ---- */

void client_start(struct client *client, size_t number)
{
	struct slot *slot = &client->slots[number];
	struct device_config config = { .username = client->user,
					.device_id = client->id,
					.stock = 5 };

	if (slot->process != NULL)
		return;
	config.receipts = client->world->content;
	config.offer.ids[0] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	config.offer.ids[1] = SUITE_X25519_TWOFISH256GCM_SHA256_ED25519;
	config.offer.count = 2;
	slot->process = sim_process_start(client->store);
	slot->chance =
	    chance_of(client->world->seed, 1000 + ++client->world->processes);
	slot->rng = chance_rng(&slot->chance);
	slot->ports = (struct device_ports){
		.store = sim_process_port(slot->process),
		.rng = &slot->rng,
		.now_ms = now_of,
		.clock = client,
	};
	slot->running = false;
	sim_must(device_open(&config, &slot->ports, &slot->device),
		 "a device does not open");
	/* groups here are small: in some worlds three are many */
	if (client->world->seed % 4 == 2)
		device_set_large(slot->device, 3);
}

void client_kill(struct client *client, size_t number)
{
	struct slot *slot = &client->slots[number];

	if (slot->process == NULL)
		return;
	if (slot->running && slot->to_new)
		watch_sealed_for_new(client, slot->session);
	/* It died when its person had gone over to another history, and before
	 * the order said so: a second process may have been healthy meanwhile
	 * where they were. */
	if (slot->running && slot->order == ORDER_RESOLVE &&
	    slot->session != SIZE_MAX && look_took_line(client, slot->session))
		client->known[slot->session].healthy = SIZE_MAX;
	sim_process_doom(slot->process, 0);
	device_close(slot->device);
	sim_process_end(slot->process);
	*slot = (struct slot){ .process = NULL };
}

/* ---- states ---- */

/* What *to held before goes. */
void client_copy_pins(struct pins *to, const struct pins *from)
{
	to->list = sim_grow(to->list, from->count * sizeof(*to->list));
	to->count = from->count;
	if (from->count > 0)
		memcpy(to->list, from->list, from->count * sizeof(*to->list));
}

struct client *client_copy(struct client *client)
{
	struct world *world = client->world;
	struct client *copy;

	if (client->waits ||
	    world->client_count == (world->devices ? CLIENTS : CLIENTS_DRAWN))
		return NULL;
	copy = &world->clients[world->client_count++];
	*copy = (struct client){ .world = world,
				 .number = client->number,
				 .copied = true };
	memcpy(copy->user, client->user, sizeof(copy->user));
	memcpy(copy->id, client->id, sizeof(copy->id));
	memcpy(copy->identity, client->identity, sizeof(copy->identity));
	copy->store = sim_store_copy(client->store);
	for (size_t i = 0; i < SESSIONS; i++) {
		copy->known[i].healthy = client->known[i].healthy;
		copy->known[i].verified_only = client->known[i].verified_only;
		for (size_t k = 0; k < client->known[i].named_count; k++)
			memcpy(*SIM_ADD(copy->known[i].named,
					copy->known[i].named_count),
			       client->known[i].named[k], 33);
		for (size_t k = 0; k < client->known[i].people_count; k++)
			memcpy(*SIM_ADD(copy->known[i].people,
					copy->known[i].people_count),
			       client->known[i].people[k], 16);
	}
	client_copy_pins(&copy->pins, &client->pins);
	copy->wishes = client->wishes;
	client->copied = true;
	return copy;
}

/* The state of the backup takes the place of today's. What was shown since is
 * forgotten, so it may be shown again. */
void client_restore(struct client *client)
{
	if (client->backup == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		client_kill(client, i);
	sim_store_put_back(client->store, client->backup);
	client->copied = true;
	client_copy_pins(&client->pins, &client->backup_pins);
	client->wishes = client->backup_wishes;
	for (size_t i = 0; i < SESSIONS; i++) {
		struct known *known = &client->known[i];

		for (size_t k = 0; k < known->entry_count; k++) {
			known->entries[k].shown = false;
			known->entries[k].said = SIZE_MAX;
		}
		known->healthy = SIZE_MAX;
		known->forked = false;
	}
}

/* ---- orders ---- */

bool client_order(struct client *client, size_t number,
		  const struct order *order, size_t said)
{
	struct slot *slot = &client->slots[number];
	struct look look;

	client_start(client, number);
	if (slot->running || device_start(slot->device, order) != ERR_OK)
		return false;
	slot->running = true;
	slot->number = ++client->orders;
	slot->pins_met = SIZE_MAX;
	slot->before_wish = false;
	slot->clock_is_wrong = false;
	slot->order = order->kind;
	slot->said = said;
	(void)snprintf(slot->whom, sizeof(slot->whom), "%s",
		       order->whom != NULL     ? order->whom
		       : order->user_count > 0 ? order->users[0]
					       : "");
	slot->role = order->role;
	slot->ban = order->ban;
	slot->asks = order->asks;
	slot->verified_only = order->verified_only;
	slot->blocked = client->wishes.blocked;
	slot->hidden = acts_is_hidden(client, slot);
	(void)snprintf(slot->algorithm, sizeof(slot->algorithm), "%s",
		       order->algorithm != NULL ? order->algorithm : "");
	slot->session = order->session != NULL
			    ? world_session(client->world, order->session)
			    : SIZE_MAX;
	slot->requests = slot->turns = slot->commits = 0;
	if (order->kind == ORDER_RESOLVE && slot->session != SIZE_MAX) {
		client->known[slot->session].resolved = true;
		client->known[slot->session].forked = false;
		client->known[slot->session].healthy = SIZE_MAX;
	}
	slot->to_new = order->kind == ORDER_SEND && order->to_new_members;
	/* One that was posted before a crash may be what is done now. */
	slot->commits_before =
	    client->commit_count > 2 ? client->commit_count - 2 : 0;
	look.member = false;
	slot->seq_before = slot->session != SIZE_MAX &&
				   look_stored(client, slot->session, &look)
			       ? look.seq
			       : 0;
	slot->was_in = look.member;
	memset(slot->last_commit, 0, sizeof(slot->last_commit));
	slot->came_again = false;
	return true;
}

static void ask(struct client *client, const struct mishap *mishap,
		const struct request *request, struct reply *reply)
{
	struct world *world = client->world;
	enum forgery forgery = mishap != NULL && mishap->kind == MISHAP_FORGED
				   ? mishap->forgery
				   : FORGE_NOTHING;

	if (mishap != NULL && mishap->kind == MISHAP_LOST) {
		reply_refuse(reply, ERR_LOCAL_IO, "");
		return;
	}
	if (mishap != NULL && mishap->kind == MISHAP_BUSY) {
		reply_refuse(reply, ERR_LOCAL_BUSY, "unavailable");
		return;
	}
	adversary_answer(&world->adversary, forgery,
			 mishap != NULL ? mishap->pick : 0, client->number,
			 world->now_ms, request, reply);
	if (reply->answer.clock_ahead_ms == 0)
		reply->answer.clock_ahead_ms = -client->skew_ms;
	if (mishap != NULL && mishap->kind == MISHAP_ANSWER_LOST) {
		reply_free(reply);
		reply_refuse(reply, ERR_LOCAL_IO, "");
	}
}

static uint64_t request_bytes(const struct request *request)
{
	uint64_t n = request->bytes.n + request->group_info.n +
		     request->info_part.n + request->welcome.n;

	for (size_t i = 0; i < request->key_package_count; i++)
		n += request->key_packages[i].n;
	for (size_t i = 0; i < request->last_resort_count; i++)
		n += request->last_resorts[i].n;
	return n;
}

static uint64_t answer_bytes(const struct answer *answer)
{
	uint64_t n = answer->group_info.n + answer->tree.n;

	for (size_t i = 0; i < answer->entry_count; i++)
		n += answer->entries[i].bytes.n;
	for (size_t i = 0; i < answer->welcome_count; i++)
		n += answer->welcomes[i].welcome.n;
	for (size_t i = 0; i < answer->key_package_count; i++)
		n += answer->key_packages[i].key_package.n;
	for (size_t i = 0; i < answer->link_count; i++)
		n += answer->links[i].n;
	for (size_t i = 0; i < answer->log_count; i++)
		for (size_t k = 0; k < answer->logs[i].link_count; k++)
			n += answer->logs[i].links[k].n;
	return n;
}

static void serve(struct client *client, struct slot *slot,
		  const struct mishap *mishap, const struct request *request)
{
	struct world *world = client->world;
	struct reply reply = { .parts = NULL };

	world->requests++;
	slot->clock_is_wrong |= mishap != NULL && mishap->kind == MISHAP_FORGED;
	if (++slot->requests > REQUESTS_AN_ORDER) {
		world_violate(world, "bounds",
			      "%s makes more than %d requests for one order "
			      "(kind %d), the last one of kind %d",
			      client->identity, REQUESTS_AN_ORDER,
			      (int)slot->order, (int)request->kind);
		return;
	}
	watch_request(client, slot, request);
	ask(client, mishap, request, &reply);
	world_trace(
	    world, "    %.8s… request %d -> %s %s seq %llu, %zu entries",
	    client->identity, (int)request->kind, err_text(reply.answer.result),
	    reply.answer.slug, (unsigned long long)reply.answer.seq,
	    reply.answer.entry_count);
	watch_answer(client, request, &reply.answer);
	client->requests++;
	client->bytes += request_bytes(request) + answer_bytes(&reply.answer);
	device_answer(slot->device, &reply.answer);
	slot->pins_met = SIZE_MAX;
	slot->before_wish = false;
	reply_free(&reply);
}

/* One turn. True: the order has ended, or the process has. */
static bool turn(struct client *client, size_t number,
		 const struct mishap *mishap, unsigned *asked)
{
	struct slot *slot = &client->slots[number];
	struct request request = { .kind = REQUEST_KINDS };
	uint32_t wait_ms = 0;
	enum device_turn next;

	slot->clock_is_wrong |= client->skew_ms != 0;
	seals_watch(true);
	next = device_turn(slot->device, &request, &wait_ms);
	seals_watch(false);
	if (sim_process_is_dead(slot->process)) {
		client_kill(client, number);
		return true;
	}
	if (sim_process_is_inside(slot->process))
		world_violate(client->world, "lock",
			      "%s keeps its transaction open between turns",
			      client->identity);
	if (++slot->turns > TURNS_AN_ORDER)
		world_violate(client->world, "bounds",
			      "%s takes more than %d turns for one order",
			      client->identity, TURNS_AN_ORDER);
	if (next == DEVICE_WAIT) {
		client->world->now_ms += wait_ms;
		return false;
	}
	if (next == DEVICE_ASK) {
		serve(client, slot,
		      mishap != NULL && *asked == mishap->at ? mishap : NULL,
		      &request);
		(*asked)++;
		return false;
	}
	slot->running = false;
	sim_process_spare(slot->process);
	client->world->operations++;
	watch_outcome(client, slot);
	watch_events(client, slot);
	return true;
}

bool client_run(struct client *client, size_t number, unsigned turns,
		const struct mishap *mishap)
{
	struct slot *slot = &client->slots[number];
	size_t session = slot->session;
	unsigned asked = 0;

	if (slot->process == NULL || !slot->running)
		return true;
	for (unsigned i = 0; i < turns && !world_is_broken(client->world);
	     i++) {
		if (!turn(client, number, mishap, &asked))
			continue;
		for (size_t k = 0; k < client->world->session_count; k++)
			if (session == SIZE_MAX || session == k)
				watch_health(client, k);
		return true;
	}
	/* The next request is made, and on its way: what another process on this
	 * state learns from here on is no part of it. */
	slot->pins_met = client->pins.count;
	return false;
}

/* ---- between orders ---- */

void client_push(struct client *client, size_t session)
{
	struct world *world = client->world;
	struct slot *slot = &client->slots[0];
	struct request request = { .kind = REQUEST_LOG,
				   .session = world->sessions[session],
				   .limit = 20 };
	struct reply reply = { .parts = NULL };
	struct why why = { .unreachable = false };
	enum err e;

	client_start(client, 0);
	if (slot->running)
		return;
	request.after = device_last_seq(slot->device, request.session);
	adversary_answer(&world->adversary, FORGE_NOTHING, 0, client->number,
			 world->now_ms, &request, &reply);
	if (reply.answer.result == ERR_OK && reply.answer.entry_count > 0) {
		watch_answer(client, &request, &reply.answer);
		e = device_push(slot->device, request.session,
				reply.answer.entries, reply.answer.entry_count,
				&why);
		world_trace(world, "    pushed: %s", err_text(e));
		world->operations++;
		watch_events(client, slot);
		watch_health(client, session);
	}
	reply_free(&reply);
}

/* The marks of the members, as a person is shown them; owned by `said`. */
static size_t read_marks(struct slot *slot, const char *session,
			 const char **marks, json_t **said)
{
	struct buf text = BUF_INIT;
	const json_t *member;
	size_t i, n = 0;

	if (device_describe(slot->device, session, &text) == ERR_OK)
		*said = json_loadb((const char *)text.p, text.n, 0, NULL);
	json_array_foreach(json_object_get(*said, "members"), i, member)
	{
		if (n < MEMBERS)
			marks[n++] =
			    json_string_value(json_object_get(member, "mark"));
	}
	buf_clear(&text);
	return n;
}

/* The members are printed; what another process does in between is no part of
 * that; then they count as shown. */
void client_shown(struct client *client, size_t session)
{
	const char *id = client->world->sessions[session], *marks[MEMBERS];
	struct slot *slot = &client->slots[0];
	json_t *said = NULL;
	struct look look;
	size_t n;

	client_start(client, 0);
	if (slot->running || !look_stored(client, session, &look))
		return;
	n = read_marks(slot, id, marks, &said);
	(void)client_run(client, 1, TURNS_AN_ORDER, NULL);
	if (device_shown(slot->device, id, marks, n) == ERR_OK) {
		watch_shown_then(client, session, &look);
		content_has_read(client, session);
	}
	json_decref(said);
}
