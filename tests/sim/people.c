/* What must hold of the accounts of people whose devices come and go. */
#include "tests/sim/devices.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "device/accounts/blocks.h"
#include "device/accounts/verified.h"

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
		blob_free(world->removals[i].link);
	free(world->removals);
}

/* ---- links that servers took ---- */

static void note_removal(struct world *world,
			 const struct server_account *account, uint64_t device,
			 uint64_t number, struct span link)
{
	struct removal *removal =
	    SIM_ADD(world->removals, world->removal_count);

	(void)snprintf(removal->identity, SIM_IDENTITY, "%s/%llu",
		       account->name, (unsigned long long)device);
	memcpy(removal->fingerprint, account->name,
	       sizeof(removal->fingerprint));
	removal->number = number;
	removal->link = blob_make(link);
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
	for (size_t i = 0;
	     link.kind == ACCOUNT_CLOSE && i < world->client_count; i++)
		if (strcmp(world->clients[i].user, person->user) == 0)
			world->clients[i].removed = true;
	while (link.kind == ACCOUNT_REMOVE &&
	       account_link_next_device(&link.removed, &device))
		note_removal(world, account, device, link.number, bytes);
}

/* The log that counts says of each device whether it stands. */
static void look_again(struct world *world,
		       const struct server_account *account)
{
	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];
		uint8_t fingerprint[ACCOUNT_HASH];
		struct account_device device;
		uint64_t number;

		if (strcmp(client->user, account->user) == 0 &&
		    places_read_leaf(span_str(client->identity), fingerprint,
				     &number) &&
		    account_log_device(account->log, number, &device))
			client->removed = device.removed != 0;
	}
}

static void look_at_account(struct world *world, const struct person *person,
			    struct server_account *account, bool honest)
{
	while (account->looked < account->link_count)
		look_at_link(world, person, account,
			     blob_span(account->links[account->looked++]));
	if (account->gone_over && honest)
		look_again(world, account);
	account->gone_over = false;
}

void people_look(struct world *world)
{
	for (size_t h = 0; h < world->adversary.home_count; h++)
		for (size_t i = 0; i < PEOPLE; i++) {
			struct server_account *account = server_account(
			    &world->adversary.homes[h], world->people[i].user);

			if (account != NULL)
				look_at_account(world, &world->people[i],
						account, h == 0);
		}
}

bool people_is_closed(const struct client *client)
{
	const struct world *world = client->world;
	bool closed = false;

	for (size_t h = 0; h < world->adversary.home_count; h++) {
		struct server home = world->adversary.homes[h];
		const struct server_account *account =
		    server_account(&home, client->user);

		closed |=
		    account != NULL && account_log_closed(account->log) != 0;
	}
	return closed;
}

void people_judge_closed(struct world *world)
{
	struct server *server = &world->adversary.homes[0];

	for (size_t i = 0; i < PEOPLE; i++)
		for (size_t s = 0; s < world->session_count; s++) {
			const struct server_session *there =
			    server_session(server, world->sessions[s]);
			struct buf name = BUF_INIT;

			text_put_hex(&name,
				     SPAN_ARRAY(world->people[i].fingerprint));
			for (size_t k = 0; world->people[i].left[s] &&
					   k < there->member_count;
			     k++)
				if (memcmp(there->members[k].identity, name.p,
					   name.n) == 0)
					world_violate(
					    world, "closed",
					    "%s is a member, and has closed "
					    "the account and left",
					    world->people[i].user);
			buf_clear(&name);
		}
}

/* ---- what devices know ---- */

/* Of its own account: records of pieces (device/accounts/own_log.h). */
static void read_own(const struct device_store *store, struct buf *links)
{
	char piece[32];

	for (unsigned i = 0;; i++) {
		(void)snprintf(piece, sizeof(piece), "log/own/%u", i);
		if (store->get(store->context, piece, links) != ERR_OK)
			return;
	}
}

/* Of another one: a text in base64. */
static void read_other(const struct device_store *store,
		       const char *fingerprint, struct buf *links)
{
	char record[2 * ACCOUNT_HASH + 16];
	struct buf value = BUF_INIT;
	const char *text;
	json_t *kept = NULL;

	(void)snprintf(record, sizeof(record), "account/%s", fingerprint);
	if (store->get(store->context, record, &value) == ERR_OK)
		kept = json_loadb((const char *)value.p, value.n, 0, NULL);
	text = json_string_value(json_object_get(kept, "links"));
	if (text != NULL)
		sim_must(text_base64(links, span_str(text)), "links");
	json_decref(kept);
	buf_clear(&value);
}

/* The links that this device has of an account, opaque link<V> each. */
static void read_links(struct client *client, const char *fingerprint,
		       struct buf *links)
{
	struct sim_process *reader = sim_process_start(client->store);
	const struct device_store *store = sim_process_port(reader);

	if (strncmp(client->identity, fingerprint, (size_t)2 * ACCOUNT_HASH) ==
	    0)
		read_own(store, links);
	else
		read_other(store, fingerprint, links);
	sim_process_end(reader);
}

static bool knows(struct client *client, const struct removal *removal)
{
	struct buf links = BUF_INIT;
	struct span link = SPAN_EMPTY;
	struct rd r;
	bool has;

	read_links(client, removal->fingerprint, &links);
	r = rd_init(buf_span(&links));
	for (uint64_t n = 0; n < removal->number && rd_left(&r) > 0; n++)
		link = rd_vec(&r);
	has = span_equal(link, blob_span(removal->link));
	buf_clear(&links);
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

/* ---- who is verified ---- */

/* Behind the link up to which it was compared, somebody came by the recovery key, or
 * that was replaced without its signature. */
static bool is_changed(struct span links, uint64_t compared)
{
	struct rd r = rd_init(links);
	struct account_link link;
	bool recovery = false, changed = false;

	while (rd_left(&r) > 0 &&
	       account_link_decode(rd_vec(&r), &link) == ERR_OK) {
		bool by_device = link.signer != ACCOUNT_RECOVERY_SIGNER;

		if (link.number > compared)
			changed |= (link.kind == ACCOUNT_ADD && !by_device) ||
				   (link.kind == ACCOUNT_RECOVER && by_device &&
				    recovery);
		recovery |= link.has_recovery;
	}
	return changed;
}

/* As the simulator says it, of what this device knows: "no", "yes" or "changed". */
static const char *trust_in(struct client *client, size_t number)
{
	const struct person *person = &client->world->people[number];
	struct buf links = BUF_INIT, name = BUF_INIT;
	bool changed;

	if (client->wishes.compared[number] == 0)
		return "no";
	text_put_hex(&name, SPAN_ARRAY(person->fingerprint));
	buf_put_u8(&name, 0);
	read_links(client, (const char *)name.p, &links);
	changed = is_changed(buf_span(&links), client->wishes.compared[number]);
	buf_clear(&links);
	buf_clear(&name);
	return changed ? "changed" : "yes";
}

void people_compare(struct client *client, const char *user)
{
	size_t number =
	    (size_t)(people_find(client->world, user) - client->world->people);
	struct buf text = BUF_INIT;
	json_t *said = NULL;

	client_start(client, 0);
	if (device_compared(client->slots[0].device, user) == ERR_OK &&
	    device_person(client->slots[0].device, user, &text) == ERR_OK)
		said = json_loadb((const char *)text.p, text.n, 0, NULL);
	if (said != NULL)
		client->wishes.compared[number] = (uint64_t)json_integer_value(
		    json_object_get(said, "number"));
	json_decref(said);
	buf_clear(&text);
}

/* Now and then the person writes to verified people only. */
void people_choose(struct client *client, bool verified_only)
{
	client_start(client, 0);
	if (device_set_verified_only(client->slots[0].device, verified_only) !=
	    ERR_OK)
		return;
	client->wishes.verified_only = verified_only;
	for (size_t i = 0; i < SLOTS; i++)
		client->slots[i].before_wish = client->slots[i].running;
}

void people_judge_verified(struct client *client, size_t session,
			   const struct look_member *member)
{
	bool only = client->wishes.verified_only ||
		    client->known[session].verified_only;
	struct world *world = client->world;
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < PEOPLE && only; i++) {
		buf_reset(&name);
		text_put_hex(&name, SPAN_ARRAY(world->people[i].fingerprint));
		if (strcmp(client->user, world->people[i].user) != 0 &&
		    memcmp(member->identity, name.p, name.n) == 0 &&
		    strcmp(trust_in(client, i), "yes") != 0)
			world_violate(world, "verified",
				      "%s seals for %s, and writes to verified "
				      "people only",
				      client->identity, member->identity);
	}
	buf_clear(&name);
}

/* An honest server is told, and keeps it from nobody that it was. A lying one may do as if
 * it had not heard of it. */
static void tell_server(struct client *client, const char *whom, uint32_t pick,
			bool on)
{
	struct adversary *adversary = &client->world->adversary;

	if (on && (client->world->honest || pick / PEOPLE % 2 == 1))
		server_block(
		    &adversary->homes[adversary->route[client->number]],
		    client->user, whom, true);
	for (size_t h = 0; !on && h < adversary->home_count; h++)
		server_block(&adversary->homes[h], client->user, whom, false);
}

/* Done again, it is taken back now and then. */
void people_block(struct client *client, uint32_t pick)
{
	const char *whom = client->world->people[pick % PEOPLE].user;
	unsigned bit = 1u << pick % PEOPLE;
	bool undo = (client->wishes.blocked & bit) != 0;
	enum err e;

	if (strcmp(whom, client->user) == 0)
		return;
	client_start(client, 0);
	e = undo ? device_unblock(client->slots[0].device, whom)
		 : device_block(client->slots[0].device, whom);
	world_trace(client->world, "    %s %s: %s",
		    undo ? "unblocks" : "blocks", whom, err_text(e));
	if (e != ERR_OK)
		return;
	client->wishes.blocked ^= bit;
	tell_server(client, whom, pick, !undo);
}

/* ---- fingerprints ---- */

/* Where logs of the account part, less may count as compared. */
static void judge_trust(struct client *client, const struct person *person,
			const json_t *said)
{
	const char *compared =
	    json_string_value(json_object_get(said, "compared"));
	const char *true_one =
	    trust_in(client, (size_t)(person - client->world->people));

	if (compared == NULL || client->copied ||
	    strcmp(compared, true_one) == 0 ||
	    (!client->world->honest && strcmp(compared, "yes") != 0))
		return;
	world_violate(client->world, "verified",
		      "%s shows %s as compared: %s; true is: %s",
		      client->identity, person->user, compared, true_one);
}

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
	judge_trust(client, person, said);
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
