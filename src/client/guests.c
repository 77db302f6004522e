#include "client/guests.h"

#include "client/tokens.h"

#include <stdlib.h>
#include <string.h>

static void guest_clear(struct guest *guest)
{
	for (size_t i = 0; i < guest->count; i++)
		buf_clear(&guest->packages[i]);
	free(guest->packages);
	free(guest->package_spans);
	buf_clear(&guest->identity);
	memset(guest, 0, sizeof(*guest));
}

void guests_clear(struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		guest_clear(&guests->list[i]);
	free(guests->list);
	memset(guests, 0, sizeof(*guests));
}

/* ---- claiming ---- */

static enum err decode_packages(struct guest *guest, const json_t *list)
{
	size_t n = json_array_size(list);
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	guest->packages = calloc(n + 1, sizeof(*guest->packages));
	guest->package_spans = calloc(n + 1, sizeof(*guest->package_spans));
	ENSURE(guest->packages != NULL && guest->package_spans != NULL,
	       ERR_LOCAL_MEMORY);
	json_array_foreach(list, i, row)
	{
		guest->count = i + 1;
		TRY(record_bytes(row, "key_package", &guest->packages[i]));
		TRY(buf_end(&guest->packages[i]));
		guest->package_spans[i] = buf_span(&guest->packages[i]);
	}
out:
	return e;
}

static enum err add_device(struct client *c, const char *username,
			   const json_t *device, struct guests *guests,
			   size_t *added)
{
	const json_t *list = json_object_get(device, "key_packages");
	char device_id[TEXT_UUID_SIZE];
	struct guest guest = { 0 };
	struct guest *grown;
	enum err e;

	TRY(record_text(device, "device_id", device_id, sizeof(device_id)));
	if (strcmp(device_id, c->device_id) == 0 || json_array_size(list) == 0)
		return ERR_OK;
	buf_putf(&guest.identity, "%s/%s", username, device_id);
	TRY(buf_end(&guest.identity));
	TRY(decode_packages(&guest, list));
	grown = realloc(guests->list, (guests->count + 1) * sizeof(*grown));
	ENSURE(grown != NULL, ERR_LOCAL_MEMORY);
	guests->list = grown;
	guests->list[guests->count++] = guest;
	(*added)++;
	return ERR_OK;
out:
	guest_clear(&guest);
	return e;
}

enum err guests_claim(struct client *c, const char *username,
		      struct guests *guests, size_t *added)
{
	struct api_answer answer = { 0 };
	const json_t *device;
	size_t i;
	enum err e;

	*added = 0;
	if (!account_name_is_sane(username))
		return why_set(&c->why, ERR_PEER_INVALID, "username",
			       "\"%.40s\" is no user name.", username);
	e = tokens_call(c, "POST", "/key-packages/claim",
			json_pack("{s:s}", "username", username), &answer);
	if (e == ERR_STATE_GONE)
		e = why_replace(&c->why, e, "no-such-user",
				"There is no user %s.", username);
	TRY(e);
	json_array_foreach(json_object_get(answer.body, "devices"), i, device)
	    TRY(add_device(c, username, device, guests, added));
out:
	api_answer_clear(&answer);
	return e;
}

void guests_drop(struct guests *guests, struct span identity)
{
	size_t kept = 0;

	for (size_t i = 0; i < guests->count; i++) {
		struct guest *guest = &guests->list[i];

		if (span_equal(buf_span(&guest->identity), identity))
			guest_clear(guest);
		else
			guests->list[kept++] = *guest;
	}
	guests->count = kept;
}

/* ---- agreeing ---- */

static enum err explain(struct client *c, enum err e)
{
	if (e == ERR_PEER_DOWNGRADE)
		return why_set(&c->why, e, "downgrade",
			       "A better algorithm was withheld: an invited "
			       "device signed that it offers one, but the "
			       "server (or somebody on the way) did not "
			       "deliver its KeyPackage. Nothing was created.");
	if (e == ERR_PEER_UNSUPPORTED)
		return why_set(&c->why, e, "no-common-algorithm",
			       "No algorithm is shared by all: allow more "
			       "with --algorithm.");
	if (e == ERR_PEER_INVALID || e == ERR_PEER_MALFORMED)
		return why_set(&c->why, e, "bad-key-package",
			       "The server delivered a KeyPackage that is not "
			       "the invited device's.");
	return e;
}

enum err guests_plan(struct client *c, const struct guests *guests,
		     const struct account_suites *offer,
		     struct negotiation_plan *plan)
{
	struct negotiation_invitee *invitees =
	    calloc(guests->count + 1, sizeof(*invitees));
	struct negotiation_offer creator = { 0 };
	struct buf suites = BUF_INIT;
	enum err e;

	ENSURE(invitees != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < offer->count; i++)
		buf_put_u16(&suites, offer->ids[i]);
	TRY(buf_end(&suites));
	creator.identity = span_str(c->identity);
	creator.suites = buf_span(&suites);
	for (size_t i = 0; i < guests->count; i++)
		invitees[i] = (struct negotiation_invitee){
			.identity = buf_span(&guests->list[i].identity),
			.key_packages = guests->list[i].package_spans,
			.count = guests->list[i].count,
		};
	e = negotiation_plan(&creator, invitees, guests->count, plan);
	if (e != ERR_OK)
		e = explain(c, e);
out:
	buf_clear(&suites);
	free(invitees);
	return e;
}
