/* KeyPackages, invitations and Welcomes. */
#include "tests/sim/server.h"

#include <stdio.h>
#include <string.h>

#include "check/key_package.h"

/* ---- KeyPackages ---- */

static bool is_of_account(struct span package)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct wire_key_package decoded;
	uint64_t number;

	return wire_key_package_decode(package, &decoded) == ERR_OK &&
	       places_read_leaf(decoded.leaf_node.credential.identity,
				fingerprint, &number);
}

/* One that names a device of an account replaces those of that algorithm that do not. */
static void drop_before(struct server_device *device, uint16_t suite)
{
	size_t kept = 0;

	for (size_t i = 0; i < device->package_count; i++) {
		struct server_key_package package = device->packages[i];

		if (package.suite == suite &&
		    !is_of_account(blob_span(package.bytes)))
			blob_free(package.bytes);
		else
			device->packages[kept++] = package;
	}
	device->package_count = kept;
}

static void store_package(struct server_device *device, struct span bytes,
			  bool last_resort)
{
	struct wire_key_package decoded;
	struct server_key_package *package;

	if (wire_key_package_decode(bytes, &decoded) != ERR_OK ||
	    !span_equal(decoded.leaf_node.credential.identity,
			span_str(device->identity)))
		return;
	if (device->before[0] != '\0')
		drop_before(device, decoded.cipher_suite);
	for (size_t i = 0; last_resort && i < device->package_count; i++)
		if (device->packages[i].last_resort &&
		    device->packages[i].suite == decoded.cipher_suite) {
			blob_free(device->packages[i].bytes);
			device->packages[i].bytes = blob_make(bytes);
			device->packages[i].not_after =
			    decoded.leaf_node.not_after;
			return;
		}
	package = SIM_ADD(device->packages, device->package_count);
	package->bytes = blob_make(bytes);
	package->suite = decoded.cipher_suite;
	package->last_resort = last_resort;
	package->not_after = decoded.leaf_node.not_after;
}

static void publish(struct server_device *device, const struct request *request)
{
	for (size_t i = 0; i < request->key_package_count; i++)
		store_package(device, request->key_packages[i], false);
	for (size_t i = 0; i < request->last_resort_count; i++)
		store_package(device, request->last_resorts[i], true);
}

static void take_out(struct server_device *device, size_t at)
{
	device->package_count--;
	memmove(&device->packages[at], &device->packages[at + 1],
		(device->package_count - at) * sizeof(*device->packages));
}

/* Those whose lifetime is over are not there any more. */
static void expire(struct server_device *device, uint64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < device->package_count; i++) {
		struct server_key_package package = device->packages[i];

		if (package.not_after > now_ms / 1000)
			device->packages[kept++] = package;
		else
			blob_free(package.bytes);
	}
	device->package_count = kept;
}

/* One of this suite, or NULL: a last-resort one stays. The caller frees. */
static struct blob *claim_one(struct server_device *device, uint16_t suite)
{
	struct blob *last = NULL;

	for (size_t i = 0; i < device->package_count; i++) {
		struct blob *bytes = device->packages[i].bytes;

		if (device->packages[i].suite != suite)
			continue;
		if (!device->packages[i].last_resort) {
			take_out(device, i);
			return bytes;
		}
		last = bytes;
	}
	return blob_share(last);
}

static void claim(struct server *server, size_t caller,
		  const struct request *request, struct reply *reply)
{
	size_t suites, room = 0, count = 0;
	const struct suite *table = suite_table(&suites);
	struct answer_key_package *given;
	bool known = false;

	for (size_t i = 0; i < server->device_count; i++)
		room += suites;
	given = reply_take(reply, room * sizeof(*given));
	for (size_t i = 0; i < server->device_count &&
			   !server_hides(server, caller, request->user);
	     i++) {
		struct server_device *device = &server->devices[i];

		if (device->revoked || strcmp(device->user, request->user) != 0)
			continue;
		known = true;
		for (size_t k = 0; k < suites; k++) {
			struct blob *one = claim_one(device, table[k].id);

			if (one == NULL)
				continue;
			given[count].device_id = reply_text(reply, device->id);
			given[count].key_package =
			    reply_bytes(reply, blob_span(one));
			count++;
			blob_free(one);
		}
	}
	if (!known)
		reply_refuse(reply, ERR_STATE_GONE, "not-found");
	reply->answer.key_packages = given;
	reply->answer.key_package_count = count;
}

static void stock(const struct server_device *device, struct reply *reply)
{
	size_t suites, count = 0;
	const struct suite *table = suite_table(&suites);
	struct answer_stock *stocks =
	    reply_take(reply, suites * sizeof(*stocks));

	for (size_t k = 0; k < suites; k++) {
		if (table[k].algorithm == NULL)
			continue;
		stocks[count].algorithm = table[k].algorithm;
		for (size_t i = 0; i < device->package_count; i++) {
			if (device->packages[i].suite != table[k].id)
				continue;
			if (device->packages[i].last_resort)
				stocks[count].last_resort = true;
			else
				stocks[count].available++;
		}
		count++;
	}
	reply->answer.stock = stocks;
	reply->answer.stock_count = count;
}

/* ---- blocks ---- */

static size_t find_block(const struct server *server, const char *by,
			 const char *whom)
{
	size_t i = 0;

	while (i < server->block_count &&
	       (strcmp(server->blocks[i].by, by) != 0 ||
		strcmp(server->blocks[i].whom, whom) != 0))
		i++;
	return i;
}

void server_block(struct server *server, const char *by, const char *whom,
		  bool on)
{
	size_t at = find_block(server, by, whom);

	if (on && at == server->block_count && at < SERVER_BLOCKS) {
		struct server_block *block =
		    &server->blocks[server->block_count++];

		(void)snprintf(block->by, sizeof(block->by), "%s", by);
		(void)snprintf(block->whom, sizeof(block->whom), "%s", whom);
	} else if (!on && at < server->block_count) {
		server->blocks[at] = server->blocks[--server->block_count];
	}
}

bool server_hides(const struct server *server, size_t caller, const char *user)
{
	return find_block(server, user, server->devices[caller].user) <
	       server->block_count;
}

bool server_hides_any(const struct server *server, size_t caller,
		      const struct request *request)
{
	for (size_t i = 0; i < request->user_count; i++)
		if (server_hides(server, caller, request->users[i]))
			return true;
	return false;
}

/* ---- invitations and Welcomes ---- */

void server_free_letters(struct server_invitation *row)
{
	for (size_t i = 0; i < row->letter_count; i++)
		blob_free(row->letters[i].bytes);
	row->letter_count = 0;
}

/* To the front. */
static void give_letter(struct server_invitation *row, const char *by,
			struct span letter)
{
	size_t at = 0;

	while (at < row->letter_count && strcmp(row->letters[at].by, by) != 0)
		at++;
	if (at == LETTERS_MAX)
		at--;
	if (at < row->letter_count)
		blob_free(row->letters[at].bytes);
	else
		row->letter_count++;
	memmove(&row->letters[1], &row->letters[0], at * sizeof(*row->letters));
	(void)snprintf(row->letters[0].by, sizeof(row->letters[0].by), "%s",
		       by);
	row->letters[0].bytes = blob_make(letter);
}

void server_invite(struct server_session *session, const char *user,
		   const char *by, struct span letter)
{
	struct server_invitation *row = NULL;

	for (size_t i = 0; i < session->invited_count; i++)
		if (strcmp(session->invited[i].user, user) == 0)
			row = &session->invited[i];
	if (row == NULL) {
		row = SIM_ADD(session->invited, session->invited_count);
		*row = (struct server_invitation){ .letter_count = 0 };
		(void)snprintf(row->user, sizeof(row->user), "%s", user);
	}
	if (letter.n > 0)
		give_letter(row, by, letter);
}

static void invite(struct server *server, size_t caller,
		   const struct request *request, struct reply *reply)
{
	struct server_session *session =
	    server_session(server, request->session);

	if (session == NULL ||
	    server_member(session, server_identity(server, session, caller)) ==
		NULL) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-a-member");
		return;
	}
	if (server_hides_any(server, caller, request)) {
		reply_refuse(reply, ERR_STATE_GONE, "no-such-user");
		return;
	}
	for (size_t i = 0; i < request->user_count; i++)
		server_invite(session, request->users[i],
			      server->devices[caller].user, request->bytes);
}

static void give_letters(const struct server_invitation *row,
			 struct reply *reply)
{
	struct span *letters =
	    reply_take(reply, row->letter_count * sizeof(*letters));

	for (size_t i = 0; i < row->letter_count; i++)
		letters[i] =
		    reply_bytes(reply, blob_span(row->letters[i].bytes));
	reply->answer.letters = letters;
	reply->answer.letter_count = row->letter_count;
}

static void letter(struct server *server, size_t caller,
		   const struct request *request, struct reply *reply)
{
	const struct server_session *session =
	    server_session(server, request->session);
	const char *user = server->devices[caller].user;

	for (size_t i = 0; session != NULL && i < session->invited_count; i++)
		if (strcmp(session->invited[i].user, user) == 0 &&
		    session->invited[i].letter_count > 0) {
			give_letters(&session->invited[i], reply);
			return;
		}
	reply_refuse(reply, ERR_STATE_GONE, "not-found");
}

static void welcomes(const struct server *server, size_t caller,
		     struct reply *reply)
{
	struct answer_welcome *list =
	    reply_take(reply, server->welcome_count * sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < server->welcome_count; i++) {
		const struct server_welcome *welcome = &server->welcomes[i];

		if (welcome->device != caller)
			continue;
		list[count].welcome_id = reply_text(reply, welcome->id);
		list[count].session = reply_text(reply, welcome->session);
		list[count].seq = welcome->seq;
		memcpy(list[count].head, welcome->head, DEVICE_HEAD);
		list[count].welcome =
		    reply_bytes(reply, blob_span(welcome->bytes));
		count++;
	}
	reply->answer.welcomes = list;
	reply->answer.welcome_count = count;
}

static void take_welcome(struct server *server, size_t caller,
			 const struct request *request, struct reply *reply)
{
	for (size_t i = 0; i < server->welcome_count; i++) {
		struct server_welcome *welcome = &server->welcomes[i];

		if (welcome->device != caller || request->welcome_id == NULL ||
		    strcmp(welcome->id, request->welcome_id) != 0)
			continue;
		reply->answer.seq = welcome->seq;
		if (server->welcomes_kept)
			return;
		blob_free(welcome->bytes);
		blob_free(welcome->info);
		server->welcome_count--;
		memmove(welcome, welcome + 1,
			(server->welcome_count - i) * sizeof(*welcome));
		return;
	}
	reply_refuse(reply, ERR_STATE_GONE, "not-found");
}

void server_people(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply)
{
	struct server_device *device = &server->devices[caller];

	for (size_t i = 0; i < server->device_count; i++)
		expire(&server->devices[i], now_ms);
	if (request->kind == REQUEST_PUBLISH)
		publish(device, request);
	else if (request->kind == REQUEST_STOCK)
		stock(device, reply);
	else if (request->kind == REQUEST_CLAIM)
		claim(server, caller, request, reply);
	else if (request->kind == REQUEST_INVITE)
		invite(server, caller, request, reply);
	else if (request->kind == REQUEST_LETTER)
		letter(server, caller, request, reply);
	else if (request->kind == REQUEST_WELCOMES)
		welcomes(server, caller, reply);
	else
		take_welcome(server, caller, request, reply);
}
