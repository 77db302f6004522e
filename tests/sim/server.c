#include "tests/sim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "session/chain.h"
#include "tests/sim/faults.h"
#include "wire/message.h"
#include "wire/places.h"

/* ---- the whole ---- */

void server_init(struct server *server, uint64_t seed)
{
	*server = (struct server){ .chance = chance_of(seed, 1) };
}

static void clear_session(struct server_session *session)
{
	for (size_t i = 0; i < session->log_count; i++)
		blob_free(session->log[i].bytes);
	for (size_t i = 0; i < session->first_count; i++)
		blob_free(session->firsts[i].info);
	blob_free(session->info);
	free(session->log);
	free(session->firsts);
	free(session->members);
	free(session->former);
	for (size_t i = 0; i < session->invited_count; i++)
		server_free_letters(&session->invited[i]);
	free(session->invited);
}

void server_clear(struct server *server)
{
	for (size_t i = 0; i < server->session_count; i++)
		clear_session(&server->sessions[i]);
	for (size_t i = 0; i < server->device_count; i++) {
		struct server_device *device = &server->devices[i];

		for (size_t k = 0; k < device->package_count; k++)
			blob_free(device->packages[k].bytes);
		free(device->packages);
	}
	for (size_t i = 0; i < server->welcome_count; i++) {
		blob_free(server->welcomes[i].bytes);
		blob_free(server->welcomes[i].info);
	}
	server_accounts_clear(server);
	free(server->sessions);
	free(server->devices);
	free(server->welcomes);
	*server = (struct server){ .devices = NULL };
}

static void *copy_array(const void *from, size_t size)
{
	void *to = sim_alloc(size);

	if (size > 0)
		memcpy(to, from, size);
	return to;
}

#define COPY(array, count)                                                     \
	(array) = copy_array((array), (count) * sizeof(*(array)))

static void copy_session(struct server_session *session)
{
	COPY(session->log, session->log_count);
	COPY(session->firsts, session->first_count);
	COPY(session->members, session->member_count);
	COPY(session->former, session->former_count);
	COPY(session->invited, session->invited_count);
	for (size_t i = 0; i < session->log_count; i++)
		(void)blob_share(session->log[i].bytes);
	for (size_t i = 0; i < session->first_count; i++)
		(void)blob_share(session->firsts[i].info);
	for (size_t i = 0; i < session->invited_count; i++)
		for (size_t k = 0; k < session->invited[i].letter_count; k++)
			(void)blob_share(session->invited[i].letters[k].bytes);
	(void)blob_share(session->info);
}

void server_copy(struct server *to, const struct server *from)
{
	*to = *from;
	to->peer = (struct server_peer){ .ask = NULL };
	server_accounts_copy(to);
	COPY(to->sessions, to->session_count);
	COPY(to->devices, to->device_count);
	COPY(to->welcomes, to->welcome_count);
	for (size_t i = 0; i < to->session_count; i++)
		copy_session(&to->sessions[i]);
	for (size_t i = 0; i < to->device_count; i++) {
		struct server_device *device = &to->devices[i];

		COPY(device->packages, device->package_count);
		for (size_t k = 0; k < device->package_count; k++)
			(void)blob_share(device->packages[k].bytes);
	}
	for (size_t i = 0; i < to->welcome_count; i++) {
		(void)blob_share(to->welcomes[i].bytes);
		(void)blob_share(to->welcomes[i].info);
	}
}

/* ---- sessions ---- */

struct server_session *server_session(struct server *server, const char *id)
{
	for (size_t i = 0; id != NULL && i < server->session_count; i++)
		if (strcmp(server->sessions[i].text_id, id) == 0)
			return &server->sessions[i];
	return NULL;
}

const struct server_member *server_member(const struct server_session *session,
					  const char *identity)
{
	for (size_t i = 0; i < session->member_count; i++)
		if (strcmp(session->members[i].identity, identity) == 0)
			return &session->members[i];
	return NULL;
}

static const struct server_former *find_former(
    const struct server_session *session, const char *identity)
{
	for (size_t i = session->former_count; i-- > 0;)
		if (strcmp(session->former[i].identity, identity) == 0)
			return &session->former[i];
	return NULL;
}

static bool is_served(const struct server *server,
		      const struct server_session *session, size_t caller)
{
	const struct server_member *member =
	    server_member(session, server_identity(server, session, caller));

	return member != NULL && !member->departed;
}

uint64_t server_readable(const struct server *server,
			 const struct server_session *session, size_t caller)
{
	const struct server_former *former;

	if (is_served(server, session, caller))
		return session->log_count;
	former = find_former(session, server->devices[caller].identity);
	return former != NULL ? former->seq : 0;
}

bool server_may_join(const struct server *server,
		     const struct server_session *session, size_t caller)
{
	const struct server_device *device = &server->devices[caller];

	if (session->open || FAULT(UNINVITED_COMES_IN))
		return true;
	for (size_t i = 0; i < session->invited_count; i++)
		if (strcmp(session->invited[i].user, device->user) == 0)
			return true;
	for (size_t i = 0; i < session->member_count; i++)
		if (device->user[0] != '\0' &&
		    server_same_user(server_identity(server, session, caller),
				     session->members[i].identity) &&
		    !session->members[i].departed)
			return true;
	return false;
}

const uint8_t *server_head(const struct server_session *session, uint64_t seq)
{
	return seq == 0 ? session->start : session->log[seq - 1].head;
}

/* Chain 2: over the hashes of the entries. */
uint64_t server_append(struct server_session *session, uint8_t kind,
		       struct blob *bytes, size_t device, uint64_t now_ms)
{
	uint64_t seq = session->log_count + 1;
	const uint8_t *last = server_head(session, seq - 1);
	struct buf place = BUF_INIT;
	struct server_entry *entry;

	buf_put_u64(&place, seq);
	buf_put_u8(&place, kind);
	{
		const struct span parts[] = { SPAN_LIT("hermetic chain 2"),
					      span_of(last, DEVICE_HEAD),
					      buf_span(&place),
					      SPAN_ARRAY(bytes->hash) };
		uint8_t head[DEVICE_HEAD];

		sim_must(hash_sha256(parts, 4, head), "chain");
		entry = SIM_ADD(session->log, session->log_count);
		memcpy(entry->head, head, DEVICE_HEAD);
	}
	buf_clear(&place);
	entry->kind = kind;
	entry->bytes = bytes;
	entry->device = device;
	entry->at_ms = now_ms;
	return seq;
}

static bool still_member(const struct server_session *session,
			 const struct server_member *members, size_t count,
			 const char *identity)
{
	(void)session;
	for (size_t i = 0; i < count; i++)
		if (strcmp(members[i].identity, identity) == 0)
			return true;
	return false;
}

/* Who is no member any more reads up to the commit that ended it. */
static void note_former(struct server_session *session,
			const struct server_member *old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct server_former *former;

		/* who departed reads up to its departure */
		if (old[i].departed ||
		    still_member(session, session->members,
				 session->member_count, old[i].identity))
			continue;
		former = SIM_ADD(session->former, session->former_count);
		memcpy(former->identity, old[i].identity, SIM_IDENTITY);
		former->seq = session->log_count;
	}
}

void server_departures(const struct server_session *session, struct buf *out)
{
	for (size_t i = 0; i < session->log_count; i++)
		if (session->log[i].kind == CHAIN_DEPARTURE)
			buf_put_vec(out, blob_span(session->log[i].bytes));
		else if (session->log[i].kind == CHAIN_COMMIT)
			check_departures_spend(blob_span(session->log[i].bytes),
					       out);
}

static bool leaf_of(const void *of, uint32_t index, struct check_member *member)
{
	const struct seen_group *group = of;
	const struct wire_leaf_node *leaf = seen_group_leaf(group, index);

	if (leaf == NULL)
		return false;
	*member = (struct check_member){ .leaf_index = index,
					 .identity = leaf->credential.identity,
					 .signature_key = leaf->signature_key,
					 .encoded = leaf->encoded };
	return true;
}

struct check_view server_view(const struct server_session *session,
			      const struct seen_group *group,
			      struct span departures)
{
	return (struct check_view){
		.suite = group->suite,
		.session_id = SPAN_ARRAY(session->id),
		.generation = session->generation,
		.extensions = group->info.context.extensions,
		.leaf_count = group->leaf_count,
		.leaf = leaf_of,
		.group = group,
		.departures = departures,
	};
}

static void read_member(const struct check_view *view, uint32_t leaf,
			struct server_session *session)
{
	struct check_member there;
	struct server_member *member;

	if (!view->leaf(view->group, leaf, &there))
		return;
	member = SIM_ADD(session->members, session->member_count);
	member->leaf = leaf;
	(void)snprintf(member->identity, SIM_IDENTITY, "%.*s",
		       (int)there.identity.n, (const char *)there.identity.p);
	member->departed = check_departed(view, &there, NULL);
}

void server_read_members(struct server_session *session)
{
	struct server_member *old = session->members;
	size_t old_count = session->member_count;
	struct buf departures = BUF_INIT;
	struct seen_group group;
	struct check_view view;

	session->members = NULL;
	session->member_count = 0;
	if (!seen_group_read(blob_span(session->info), &group))
		sim_stop("a GroupInfo that was taken does not decode");
	server_departures(session, &departures);
	view = server_view(session, &group, buf_span(&departures));
	for (uint32_t i = 0; i < group.leaf_count; i++)
		read_member(&view, i, session);
	seen_group_clear(&group);
	buf_clear(&departures);
	note_former(session, old, old_count);
	free(old);
}

void server_retain(struct server *server, uint64_t before_ms)
{
	for (size_t i = 0; i < server->session_count; i++) {
		struct server_session *session = &server->sessions[i];

		for (size_t k = 0; k < session->log_count; k++)
			if (session->log[k].kind == CHAIN_APPLICATION &&
			    session->log[k].at_ms < before_ms)
				session->log[k].expired = true;
	}
}

/* ---- asking ---- */

static void give_log(const struct server *server,
		     const struct server_session *session, size_t caller,
		     const struct request *request, struct reply *reply)
{
	bool bare = request->kind == REQUEST_HANDSHAKES;
	uint64_t last = server_readable(server, session, caller);
	uint32_t limit =
	    request->limit > 0 && request->limit < 500 ? request->limit : 500;
	struct answer_entry *entries;
	size_t count = 0;

	if (bare && !server_may_join(server, session, caller)) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-invited");
		return;
	}
	if (bare)
		last = session->log_count;
	else if (request->after >= last &&
		 !is_served(server, session, caller)) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-a-member");
		return;
	}
	if (request->after < last)
		count = last - request->after < limit ? last - request->after
						      : limit;
	entries = reply_take(reply, count * sizeof(*entries));
	for (size_t i = 0; i < count; i++) {
		uint64_t seq = request->after + 1 + i;
		const struct server_entry *entry = &session->log[seq - 1];

		entries[i].seq = seq;
		entries[i].kind = entry->kind;
		entries[i].expired = entry->expired;
		entries[i].bare = bare && entry->kind == CHAIN_APPLICATION;
		if (!entries[i].bare && !entry->expired)
			entries[i].bytes =
			    reply_bytes(reply, blob_span(entry->bytes));
		memcpy(entries[i].hash, entry->bytes->hash, 32);
		memcpy(entries[i].head, entry->head, DEVICE_HEAD);
	}
	reply->answer.entries = entries;
	reply->answer.entry_count = count;
	reply->answer.more = request->after + count < last;
}

static void give_info(const struct server *server,
		      const struct server_session *session, size_t caller,
		      const struct request *request, struct reply *reply)
{
	const struct server_first *first;

	if (!server_may_join(server, session, caller)) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-invited");
		return;
	}
	if (request->kind == REQUEST_GROUP_INFO) {
		reply->answer.group_info =
		    reply_bytes(reply, blob_span(session->info));
		reply->answer.seq = session->info_seq;
		memcpy(reply->answer.head,
		       server_head(session, session->info_seq), DEVICE_HEAD);
		return;
	}
	if (request->generation >= session->first_count) {
		reply_refuse(reply, ERR_STATE_GONE, "not-found");
		return;
	}
	first = &session->firsts[request->generation];
	reply->answer.group_info = reply_bytes(reply, blob_span(first->info));
	reply->answer.seq = first->seq;
	memcpy(reply->answer.head, first->head, DEVICE_HEAD);
}

/* The tree that belongs to a Welcome which waits for the caller. */
static void give_tree(const struct server *server, size_t caller,
		      const struct request *request, struct reply *reply)
{
	struct wire_message message;
	struct span tree, places;

	for (size_t i = 0; i < server->welcome_count; i++) {
		const struct server_welcome *welcome = &server->welcomes[i];

		if (welcome->device != caller ||
		    welcome->seq != request->after ||
		    strcmp(welcome->session, request->session) != 0)
			continue;
		sim_must(
		    wire_message_decode(blob_span(welcome->info), &message),
		    "a GroupInfo");
		if (wire_extensions_find(message.group_info.extensions,
					 WIRE_EXTENSION_RATCHET_TREE, &tree))
			reply->answer.tree = reply_bytes(reply, tree);
		if (wire_extensions_find(message.group_info.extensions,
					 PLACES_ROOT_EXTENSION, &places))
			reply->answer.places = reply_bytes(reply, places);
		return;
	}
	reply_refuse(reply, ERR_STATE_GONE, "not-found");
}

static void of_session(struct server *server, size_t caller, uint64_t now_ms,
		       const struct request *request, struct reply *reply)
{
	struct server_session *session =
	    server_session(server, request->session);

	if (session == NULL && request->kind == REQUEST_LOG) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-a-member");
		return;
	}
	if (session == NULL && request->kind == REQUEST_HANDSHAKES) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-invited");
		return;
	}
	if (session == NULL) {
		reply_refuse(reply, ERR_STATE_GONE, "not-found");
		return;
	}
	if (request->kind == REQUEST_LOG || request->kind == REQUEST_HANDSHAKES)
		give_log(server, session, caller, request, reply);
	else if (request->kind == REQUEST_GROUP_INFO ||
		 request->kind == REQUEST_FIRST_INFO)
		give_info(server, session, caller, request, reply);
	else if (request->kind == REQUEST_TREE)
		give_tree(server, caller, request, reply);
	else if (request->kind == REQUEST_SEND)
		server_send(server, caller, now_ms, request, reply);
	else if (request->kind == REQUEST_LEAVE)
		server_depart(server, caller, now_ms, request, reply);
	else
		server_commit(server, caller, now_ms, request, reply);
}

static void answer(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply)
{
	if (server->devices[caller].revoked) {
		reply_refuse(reply, ERR_PEER_DENIED, "unauthorized");
		return;
	}
	switch (request->kind) {
	case REQUEST_CREATE:
		server_create(server, caller, request, reply);
		break;
	case REQUEST_TAKE_WELCOME:
	case REQUEST_INVITE:
	case REQUEST_LETTER:
	case REQUEST_WELCOMES:
	case REQUEST_CLAIM:
	case REQUEST_STOCK:
	case REQUEST_PUBLISH:
		server_people(server, caller, now_ms, request, reply);
		break;
	case REQUEST_LOG:
	case REQUEST_HANDSHAKES:
	case REQUEST_GROUP_INFO:
	case REQUEST_FIRST_INFO:
	case REQUEST_TREE:
	case REQUEST_SEND:
	case REQUEST_COMMIT:
	case REQUEST_MOVE:
	case REQUEST_JOIN:
	case REQUEST_LEAVE:
		of_session(server, caller, now_ms, request, reply);
		break;
	case REQUEST_ACCOUNT_LOG:
	case REQUEST_ACCOUNT_LOGS:
	case REQUEST_LINK:
	case REQUEST_BRANCH:
		if (server->without_logs)
			reply_refuse(reply, ERR_STATE_GONE, "not-found");
		else
			server_accounts_ask(server, caller, request, reply);
		break;
	case REQUEST_DROP_FILE: /* it keeps none */
		reply_refuse(reply, ERR_STATE_GONE, "not-found");
		break;
	case REQUEST_KINDS:
		sim_stop("a request of no kind");
	}
}

void server_ask(struct server *server, size_t caller, uint64_t now_ms,
		const struct request *request, struct reply *reply)
{
	answer(server, caller, now_ms, request, reply);
	if (server->peer.ask != NULL)
		server->peer.ask(server->peer.context, caller, request,
				 &reply->answer);
}
