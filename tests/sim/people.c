/* What must hold of the accounts of people whose devices come and go. */
#include "tests/sim/devices.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

/* ---- persons ---- */

struct person *people_find(struct world *world, const char *user)
{
	for (size_t i = 0; i < PEOPLE; i++)
		if (strcmp(world->people[i].user, user) == 0)
			return &world->people[i];
	return NULL;
}

static void let_in(struct person *person, struct span link_key)
{
	uint8_t *key = *SIM_ADD(person->let_in, person->let_in_count);

	memcpy(key, link_key.p, ACCOUNT_HASH);
}

void people_let_in(struct world *world, const char *user, struct span bytes)
{
	struct account_entry entry;

	if (account_link_decode_device(bytes, &entry) == ERR_OK)
		let_in(people_find(world, user), entry.link_key);
}

static bool was_let_in(const struct person *person, struct span link_key)
{
	for (size_t i = 0; i < person->let_in_count; i++)
		if (span_equal(SPAN_ARRAY(person->let_in[i]), link_key))
			return true;
	return false;
}

void people_begin(struct world *world)
{
	static const char *const users[PEOPLE] = { "alice", "bob", "carol",
						   "dave" };

	for (size_t i = 0; i < PEOPLE; i++) {
		struct server_account *account =
		    server_account(&world->adversary.homes[0], users[i]);

		world->people[i].user = users[i];
		memcpy(world->people[i].fingerprint, account->fingerprint,
		       ACCOUNT_HASH);
		for (size_t k = 0; k < account->link_count; k++) {
			struct account_link link;

			sim_must(account_link_decode(
				     blob_span(account->links[k]), &link),
				 "a link");
			let_in(&world->people[i], link.device.link_key);
		}
		account->looked = account->link_count;
	}
}

void people_clear(struct world *world)
{
	for (size_t i = 0; i < PEOPLE; i++) {
		for (size_t k = 0; k < world->people[i].paper_count; k++)
			account_pair_clear(&world->people[i].papers[k]);
		free(world->people[i].let_in);
	}
	for (size_t i = 0; i < world->removal_count; i++)
		free(world->removals[i].link);
	free(world->removals);
}

/* ---- links that servers took ---- */

static void note_removal(struct world *world,
			 const struct server_account *account, uint64_t device,
			 uint64_t number, struct span link)
{
	struct removal *removal =
	    SIM_ADD(world->removals, world->removal_count);
	struct buf text = BUF_INIT;

	(void)snprintf(removal->identity, SIM_IDENTITY, "%s/%llu",
		       account->name, (unsigned long long)device);
	memcpy(removal->fingerprint, account->name,
	       sizeof(removal->fingerprint));
	removal->number = number;
	text_put_base64(&text, link);
	removal->link = sim_alloc(text.n + 1);
	memcpy(removal->link, text.p, text.n);
	buf_clear(&text);
	for (size_t i = 0; i < world->client_count; i++)
		if (strcmp(world->clients[i].identity, removal->identity) == 0)
			world->clients[i].removed = true;
}

static void look_at_link(struct world *world, const struct person *person,
			 const struct server_account *account,
			 struct span bytes)
{
	struct account_link link;
	uint64_t device;

	if (account_link_decode(bytes, &link) != ERR_OK)
		sim_stop("a link that a server took does not decode");
	if (link.kind == ACCOUNT_ADD &&
	    !was_let_in(person, link.device.link_key))
		world_violate(world, "let-in",
			      "device %llu stands in the log of %s, and nobody "
			      "has let it in",
			      (unsigned long long)link.number, person->user);
	while (link.kind == ACCOUNT_REMOVE &&
	       account_link_next_device(&link.removed, &device))
		note_removal(world, account, device, link.number, bytes);
}

void people_look(struct world *world)
{
	for (size_t h = 0; h < world->adversary.home_count; h++)
		for (size_t i = 0; i < PEOPLE; i++) {
			struct server_account *account = server_account(
			    &world->adversary.homes[h], world->people[i].user);

			while (account != NULL &&
			       account->looked < account->link_count)
				look_at_link(
				    world, &world->people[i], account,
				    blob_span(
					account->links[account->looked++]));
		}
}

/* ---- what devices know ---- */

/* Does the record have that link, at its number? */
static bool has_link(const struct device_store *store, const char *record,
		     const struct removal *removal)
{
	struct buf value = BUF_INIT;
	json_t *kept = NULL;
	const char *link;
	bool has;

	if (store->get(store->context, record, &value) == ERR_OK)
		kept = json_loadb((const char *)value.p, value.n, 0, NULL);
	link = json_string_value(json_array_get(json_object_get(kept, "links"),
						removal->number - 1));
	has = link != NULL && strcmp(link, removal->link) == 0;
	json_decref(kept);
	buf_clear(&value);
	return has;
}

static bool knows(struct client *client, const struct removal *removal)
{
	struct sim_process *reader = sim_process_start(client->store);
	const struct device_store *store = sim_process_port(reader);
	char record[2 * ACCOUNT_HASH + 16];
	bool own = strncmp(client->identity, removal->fingerprint,
			   (size_t)2 * ACCOUNT_HASH) == 0;
	bool has;

	(void)snprintf(record, sizeof(record), "account/%s",
		       removal->fingerprint);
	has = has_link(store, own ? "log/own" : record, removal);
	sim_process_end(reader);
	return has;
}

void people_judge_seal(struct client *client, const struct look_member *member)
{
	const struct world *world = client->world;

	for (size_t i = 0; i < world->removal_count; i++)
		if (strcmp(world->removals[i].identity, member->identity) ==
			0 &&
		    knows(client, &world->removals[i]))
			world_violate(client->world, "removal-takes",
				      "%s seals for %s, and knows the link "
				      "that removed it",
				      client->identity, member->identity);
}

/* ---- fingerprints ---- */

static void judge_person(struct client *client, const struct person *person)
{
	struct buf text = BUF_INIT, true_one = BUF_INIT;
	const char *fingerprint;
	json_t *said = NULL;

	if (device_person(client->slots[0].device, person->user, &text) ==
	    ERR_OK)
		said = json_loadb((const char *)text.p, text.n, 0, NULL);
	fingerprint = json_string_value(json_object_get(said, "fingerprint"));
	text_put_hex(&true_one, SPAN_ARRAY(person->fingerprint));
	if (fingerprint != NULL &&
	    !span_equal(span_str(fingerprint), buf_span(&true_one)))
		world_violate(client->world, "fingerprint",
			      "%s knows %s by another fingerprint",
			      client->identity, person->user);
	json_decref(said);
	buf_clear(&text);
	buf_clear(&true_one);
}

void people_judge(struct world *world)
{
	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];

		if (client->waits || world_is_broken(world))
			continue;
		client_start(client, 0);
		for (size_t k = 0; k < PEOPLE; k++)
			judge_person(client, &world->people[k]);
	}
}
