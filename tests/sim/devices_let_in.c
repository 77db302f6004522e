/* How a device of an account lets in another one, and how they come into its sessions. */
#include "tests/sim/devices.h"

#include <jansson.h>

#include "tests/sim/steps.h"

static struct client *find_waiting(struct world *world, const char *user)
{
	for (size_t i = 0; i < world->client_count; i++) {
		struct client *client = &world->clients[i];

		if (client->waits && client->request.n > 0 &&
		    client->answer.n == 0 && strcmp(client->user, user) == 0)
			return client;
	}
	return NULL;
}

/* A device of the adversary's own, for that account, in the place of the one that has
 * asked; who has no code cannot authenticate it. */
static void put_ghost(const struct client *client,
		      const struct approval_request *asked, struct buf *request)
{
	struct rng rng = chance_rng(&client->world->adversary.chance);
	const uint8_t mac[APPROVAL_MAC] = { 0 };
	struct account_keys keys = { .count = 0 };
	struct account_pair pair = { .suite = NULL };
	struct approval_request made = *asked;
	struct buf entry = BUF_INIT;

	sim_must(account_keys_make(&rng, &keys), "keys");
	sim_must(account_pair_make(&rng, &pair), "a key");
	sim_must(account_keys_add(&keys, pair.suite,
				  sec_span(&pair.private_key),
				  buf_span(&pair.public_key)),
		 "a signature key");
	sim_must(account_sign_device(asked->place.fingerprint, &keys, &entry),
		 "a device");
	made.entry = buf_span(&entry);
	approval_request_put(request, &made);
	buf_put(request, SPAN_ARRAY(mac));
	account_pair_clear(&pair);
	account_keys_clear(&keys);
	buf_clear(&entry);
}

/* What the server delivers of the request. */
static void put_request(const struct client *client,
			const struct approval_request *asked,
			const struct mishap *mishap, struct buf *request)
{
	if (mishap->kind == MISHAP_FORGED && mishap->pick % 2 == 0) {
		put_ghost(client, asked, request);
		return;
	}
	buf_put(request, buf_span(&client->request));
	if (mishap->kind == MISHAP_FORGED)
		request->p[mishap->pick / 2 % request->n] ^= 1;
}

static void approve(struct client *by, struct client *client,
		    const struct mishap *mishap)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	struct approval_request asked;
	struct why why = { .unreachable = false };
	struct sec code = { .n = 0 };
	uint64_t number;
	enum err e;

	sim_must(code_read(span_str(client->code), &code), "a code");
	sim_must(approval_request_decode(buf_span(&client->request), &asked),
		 "a request");
	put_request(client, &asked, mishap, &request);
	people_let_in(by->world, by->user, asked.entry);
	e = device_approve(by->slots[0].device, &code, buf_span(&request),
			   &why);
	world_trace(by->world, "    approves: %s %s", err_text(e), why.text);
	if (e == ERR_OK && device_account(by, mishap))
		e = device_answer_request(by->slots[0].device, &code,
					  buf_span(&client->request), &answer,
					  &number);
	if (e == ERR_OK && answer.n > 0) {
		buf_put(&client->answer, buf_span(&answer));
		client->handed = by->wishes;
		device_goes_on(client, NULL);
	}
	sec_clear(&code);
	buf_clear(&request);
	buf_clear(&answer);
}

void device_links(struct client *by)
{
	const char *user = by->user;
	struct world *world = by->world;
	struct look look;

	for (size_t s = 0; s < world->session_count; s++) {
		const struct order order = { .kind = ORDER_INVITE,
					     .session = world->sessions[s],
					     .users = &user,
					     .user_count = 1 };

		if (!look_stored(by, s, &look) || !look.member)
			continue;
		client_names(by, order.session, user);
		(void)device_orders(by, &order, NULL);
	}
}

void device_lets_in(struct client *by, const struct step *step)
{
	struct client *client = find_waiting(by->world, by->user);

	if (client == NULL || !device_account(by, NULL))
		return;
	approve(by, client, &step->mishap);
	if (!client->waits && step->a % 2 == 0)
		device_links(by);
}

static bool is_coming(const json_t *coming, const char *session)
{
	const json_t *id;
	size_t i;

	json_array_foreach(coming, i, id)
	{
		if (strcmp(json_string_value(id), session) == 0)
			return true;
	}
	return false;
}

void device_joins(struct client *client)
{
	struct world *world = client->world;
	struct buf text = BUF_INIT;
	json_t *coming = NULL;

	client_start(client, 0);
	if (device_coming(client->slots[0].device, &text) == ERR_OK)
		coming = json_loadb((const char *)text.p, text.n, 0, NULL);
	for (size_t s = 0; s < world->session_count; s++) {
		const struct order order = { .kind = ORDER_JOIN,
					     .session = world->sessions[s] };

		if (is_coming(coming, order.session))
			(void)device_orders(client, &order, NULL);
	}
	json_decref(coming);
	buf_clear(&text);
}
