#include "tests/sim/world.h"

#include "tests/sim/devices.h"
#include "tests/sim/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool with_accounts, with_devices, with_content, with_people;

void world_with_accounts(bool on)
{
	with_accounts = on;
}

void world_with_devices(bool on)
{
	with_devices = on;
	with_accounts |= on;
}

void world_with_people(bool on)
{
	with_people = on;
	if (on)
		world_with_devices(true);
}

bool world_has_people(void)
{
	return with_people;
}

void world_with_content(bool on)
{
	with_content = on;
}

bool world_has_content(void)
{
	return with_content;
}

bool world_has_devices(void)
{
	return with_devices;
}

static void begin_client(struct client *client, struct world *world,
			 const char *user, const char *id)
{
	client->world = world;
	client->made = world->ids;
	(void)snprintf(client->user, sizeof(client->user), "%s", user);
	(void)snprintf(client->id, sizeof(client->id), "%s", id);
	(void)snprintf(client->identity, sizeof(client->identity), "%s/%s",
		       user, id);
	client->store = sim_store_new();
	for (size_t i = 0; i < SESSIONS; i++)
		client->known[i].healthy = SIZE_MAX;
}

static void make_id(struct world *world, char id[TEXT_UUID_SIZE])
{
	(void)snprintf(id, TEXT_UUID_SIZE, "00000000-0000-4000-8000-%012zu",
		       ++world->ids);
}

static void add_client(struct world *world, const char *user,
		       const struct world_beside *beside)
{
	struct client *client = &world->clients[world->client_count++];
	char id[TEXT_UUID_SIZE];

	make_id(world, id);
	if (beside != NULL)
		beside->add_device(beside->peer.context, user, id);
	begin_client(client, world, user, id);
	client->number =
	    server_add_device(&world->adversary.homes[0], user, id);
}

static void add_mallory(struct world *world, const struct world_beside *beside)
{
	char id[TEXT_UUID_SIZE] = "ffffffff-0000-4000-8000-000000000001";

	if (beside != NULL)
		beside->add_device(beside->peer.context, "mallory", id);
	(void)adversary_member(&world->adversary, "mallory", id, world->now_ms);
}

static void init(struct world *world, uint64_t seed, bool honest,
		 const struct world_beside *beside)
{
	static const char *const users[] = { "alice", "alice", "bob",
					     "bob",   "carol", "dave" };
	struct server *home = &world->adversary.homes[0];

	*world = (struct world){ .seed = seed,
				 .honest = honest,
				 .now_ms = beside != NULL ? beside->now_ms
							  : WORLD_START_MS };
	seals_reset();
	adversary_init(&world->adversary, &world->lineage, seed);
	home->views_unchecked = FAULT(SERVER_VIEWS_UNCHECKED);
	if (beside != NULL)
		home->peer = beside->peer;
	world->accounts = with_accounts && beside == NULL;
	world->devices = with_devices && world->accounts;
	world->content = with_content;
	home->without_logs = !world->accounts;
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++)
		add_client(world, users[i], beside);
	if (world->accounts)
		world_begin_accounts(world);
	if (world->devices)
		people_begin(world);
	if (!honest)
		add_mallory(world, beside);
}

void world_init(struct world *world, uint64_t seed, bool honest)
{
	init(world, seed, honest, NULL);
}

void world_init_beside(struct world *world, uint64_t seed,
		       const struct world_beside *beside)
{
	init(world, seed, false, beside);
}

static void clear_client(struct client *client)
{
	for (size_t i = 0; i < SLOTS; i++)
		client_kill(client, i);
	sim_store_free(client->store);
	sim_store_free(client->backup);
	free(client->commits);
	free(client->pins.list);
	free(client->backup_pins.list);
	free(client->founders);
	buf_clear(&client->request);
	buf_clear(&client->answer);
	for (size_t i = 0; i < SESSIONS; i++) {
		free(client->known[i].entries);
		free(client->known[i].people);
		free(client->known[i].named);
		free(client->known[i].left);
	}
}

static void note_gone(struct world *world, const struct client *client,
		      size_t session, const struct left_entry *entry)
{
	struct gone_entry *gone = SIM_ADD(world->gone, world->gone_count);

	memcpy(gone->user, client->user, sizeof(gone->user));
	gone->session = session;
	gone->entry = *entry;
}

/* What it had stays true when another device has its room. */
static void note_all_gone(struct world *world, const struct client *client)
{
	for (size_t s = 0; s < world->session_count; s++) {
		const struct known *known = &client->known[s];

		for (size_t i = 0; i < known->left_count; i++)
			note_gone(world, client, s, &known->left[i]);
		for (size_t i = 0; i < known->entry_count; i++) {
			struct left_entry entry = { .seq = i + 1,
						    .read = i < known->read };

			memcpy(entry.hash, known->entries[i].hash, 32);
			if (known->entries[i].served)
				note_gone(world, client, s, &entry);
		}
	}
}

static struct client *find_spent(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++)
		if (world->clients[i].spent)
			return &world->clients[i];
	return NULL;
}

struct client *client_new(struct world *world, const char *user)
{
	struct client *client = find_spent(world);
	char id[TEXT_UUID_SIZE];
	size_t number;

	make_id(world, id);
	if (client != NULL) {
		number = client->number;
		note_all_gone(world, client);
		clear_client(client);
		memset(client, 0, sizeof(*client));
		adversary_renew_device(&world->adversary, number, user, id);
	} else if (world->client_count < CLIENTS) {
		client = &world->clients[world->client_count++];
		number = adversary_add_device(&world->adversary, user, id);
	} else {
		return NULL;
	}
	begin_client(client, world, user, id);
	client->number = number;
	return client;
}

void world_clear(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++)
		clear_client(&world->clients[i]);
	for (size_t i = 0; i < world->sealed_count; i++)
		free(world->sealed[i].eyes);
	people_clear(world);
	adversary_clear(&world->adversary);
	lineage_clear(&world->lineage);
	free(world->said);
	free(world->gone);
	free(world->sealed);
	seals_reset();
}

void world_violate(struct world *world, const char *invariant,
		   const char *format, ...)
{
	va_list arguments;

	if (world->violation.invariant != NULL)
		return;
	world->violation.invariant = invariant;
	world->violation.step = world->step;
	va_start(arguments, format);
	(void)vsnprintf(world->violation.detail,
			sizeof(world->violation.detail), format, arguments);
	va_end(arguments);
	world_trace(world, "  !! %s: %s", invariant, world->violation.detail);
}

void world_trace(const struct world *world, const char *format, ...)
{
	va_list arguments;

	if (!world->trace)
		return;
	va_start(arguments, format);
	(void)vfprintf(stdout, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stdout);
}

size_t world_session(struct world *world, const char *id)
{
	for (size_t i = 0; i < world->session_count; i++)
		if (strcmp(world->sessions[i], id) == 0)
			return i;
	if (world->session_count == SESSIONS || strlen(id) != 36)
		return SIZE_MAX;
	(void)snprintf(world->sessions[world->session_count], TEXT_UUID_SIZE,
		       "%s", id);
	return world->session_count++;
}
