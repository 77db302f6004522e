/* What changes a session's group: commits, joins and moves. */
#include "tests/sim/server.h"

#include <stdio.h>
#include <string.h>

#include "check/commit.h"
#include "check/group_places.h"
#include "crypto/hash.h"
#include "session/chain.h"
#include "tests/sim/faults.h"
#include "tests/sim/seen_group.h"
#include "wire/generation.h"
#include "wire/invited.h"
#include "wire/log_view.h"
#include "wire/message.h"

/* ---- a session begins ---- */

static void note_first(struct server_session *session)
{
	struct server_first *first =
	    SIM_ADD(session->firsts, session->first_count);

	first->seq = session->log_count;
	memcpy(first->head, server_head(session, first->seq), DEVICE_HEAD);
	first->info = blob_share(session->info);
}

static void invite_all(struct server_session *session, const char *by,
		       const struct request *request)
{
	for (size_t i = 0; i < request->user_count; i++)
		server_invite(session, request->users[i], by, SPAN_EMPTY);
}

static bool is_first(struct server *server, struct span group_info,
		     const char *identity)
{
	struct check_accounts *accounts = server_judges(server);
	bool good =
	    check_first(group_info, span_str(identity), accounts) == NULL;

	check_accounts_free(accounts);
	return good;
}

void server_create(struct server *server, size_t caller,
		   const struct request *request, struct reply *reply)
{
	const char *identity = server->devices[caller].identity;
	struct server_session *session =
	    server_session(server, request->session);
	struct uuid id;

	if (server_hides_any(server, caller, request)) {
		reply_refuse(reply, ERR_STATE_GONE, "no-such-user");
		return;
	}
	if (session != NULL) {
		reply_refuse(reply, ERR_STATE_CONFLICT, "session-exists");
		return;
	}
	if (uuid_parse(&id, span_str(request->session)) != ERR_OK ||
	    !is_first(server, request->group_info, identity)) {
		reply_refuse(reply, ERR_PEER_INVALID, "invalid");
		return;
	}
	session = SIM_ADD(server->sessions, server->session_count);
	memcpy(session->id, id.bytes, DEVICE_ID);
	(void)snprintf(session->text_id, TEXT_UUID_SIZE, "%s",
		       request->session);
	session->open = request->open;
	session->info = blob_make(request->group_info);
	{
		const struct span parts[] = { SPAN_LIT("hermetic chain 1"),
					      SPAN_ARRAY(session->id) };

		sim_must(hash_sha256(parts, 2, session->start), "chain");
	}
	server_read_members(session);
	note_first(session);
	invite_all(session, server->devices[caller].user, request);
	if (server->watch.commit != NULL)
		server->watch.commit(server->watch.context, session, SPAN_EMPTY,
				     SPAN_EMPTY, blob_span(session->info));
}

/* ---- commits ---- */

struct incoming {
	struct server *server;
	struct server_session *session;
	size_t caller;
	const struct request *request;
	struct wire_public_message message;
	bool external;
	struct buf whole; /* the next GroupInfo, where it is made here */
};

/* The GroupInfo that goes with it. */
static struct span info_of(const struct incoming *in)
{
	return in->whole.n > 0 ? buf_span(&in->whole) : in->request->group_info;
}

static const char *decode_commit(struct incoming *in, uint64_t *epoch)
{
	struct wire_message message;
	const struct wire_content *content;

	if (wire_message_decode(in->request->bytes, &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE ||
	    message.public_message.content.type != WIRE_CONTENT_COMMIT)
		return "commit-invalid";
	in->message = message.public_message;
	content = &in->message.content;
	if (!generation_session_epoch(content->group_id, content->epoch,
				      SPAN_ARRAY(in->session->id), epoch))
		return "commit-invalid";
	in->external = content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	if (in->external != (in->request->kind == REQUEST_JOIN))
		return "commit-invalid";
	return NULL;
}

static const char *check_caller(const struct incoming *in)
{
	const struct server_member *member = server_member(
	    in->session, server_identity(in->server, in->session, in->caller));

	if (in->external)
		return server_may_join(in->server, in->session, in->caller)
			   ? NULL
			   : "not-invited";
	return member == NULL || member->departed ? "not-a-member" : NULL;
}

static const char *check_leaf(const struct incoming *in)
{
	const struct server_member *member = server_member(
	    in->session, server_identity(in->server, in->session, in->caller));

	return in->external ||
		       (in->message.content.sender.type == WIRE_SENDER_MEMBER &&
			in->message.content.sender.index == member->leaf)
		   ? NULL
		   : "commit-invalid";
}

static bool has_reinit(const struct incoming *in)
{
	struct span rest = in->message.content.commit.proposals;
	struct wire_proposal_or_ref item;

	while (wire_proposals_next(&rest, &item))
		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_REINIT)
			return true;
	return false;
}

/* The next GroupInfo as it is kept, where its part came, or the group has the root of
 * its places, which nobody sends. */
static struct check_verdict make_whole(struct check_walk *walk,
				       struct span group_info, struct span part,
				       struct buf *whole)
{
	buf_reset(whole);
	if (part.n > 0)
		return check_walk_put_info(walk, part, whole);
	if (check_walk_is_rooted(walk) && group_info.n > 0)
		return check_walk_keep_info(walk, group_info, whole);
	return (struct check_verdict){ .wrong = NULL };
}

/* A server that takes what it likes makes the next GroupInfo without a look at the
 * rules. */
static bool complete(struct incoming *in)
{
	struct check_walk *walk = NULL;
	bool made;

	made = check_group_now(blob_span(in->session->info), SPAN_EMPTY, &walk)
		       .wrong == NULL &&
	       check_walk_again(walk, in->request->bytes).wrong == NULL &&
	       make_whole(walk, in->request->group_info, in->request->info_part,
			  &in->whole)
		       .wrong == NULL;
	check_walk_free(walk);
	return made ||
	       (in->request->info_part.n == 0 && in->request->group_info.n > 0);
}

/* All that it carries stands in the logs behind it. */
static struct check_verdict judge_links(const struct incoming *in,
					struct check_accounts *accounts,
					const struct check_walk *walk)
{
	struct check_verdict verdict = { .wrong = NULL };
	struct group_places behind;
	struct check_view view;
	struct log_view said;

	check_walk_view(walk, &view);
	if (group_places_of(&view, &behind) == ERR_OK && behind.there &&
	    log_view_read_commit(in->message.content.authenticated_data,
				 &said) == ERR_OK)
		verdict.wrong = check_accounts_stand(
		    accounts, said.links, in->external ? NULL : &behind,
		    &verdict.local);
	return verdict;
}

static struct check_verdict judge(struct incoming *in,
				  const struct check_commit *what)
{
	struct check_walk *walk = NULL;
	struct check_verdict verdict = check_commit_step(what, &walk);

	if (verdict.wrong == NULL)
		verdict = judge_links(in, what->accounts, walk);
	if (verdict.wrong == NULL)
		verdict = make_whole(walk, what->after, what->part, &in->whole);
	check_walk_free(walk);
	return verdict;
}

static const char *slug_of(const struct check_verdict *verdict, bool lacks)
{
	if (lacks)
		return "accounts-unknown";
	if (verdict->wrong == check_accounts_lost ||
	    verdict->wrong == check_accounts_contradicted)
		return "account-log-differs";
	return verdict->denied ? "not-allowed" : "commit-invalid";
}

static const char *check_by_rules(struct incoming *in, uint64_t now_ms)
{
	bool move = in->request->kind == REQUEST_MOVE;
	struct buf departed = BUF_INIT;
	struct check_commit what = {
		.before = blob_span(in->session->info),
		.commit = in->request->bytes,
		.after = move ? SPAN_EMPTY : in->request->group_info,
		.part = move ? SPAN_EMPTY : in->request->info_part,
		.successor = move ? in->request->group_info : SPAN_EMPTY,
		.now = now_ms / 1000,
	};
	struct check_verdict verdict;
	struct check_accounts *accounts;
	struct span fingerprint;
	size_t position = 0;
	bool lacks;

	if (move != has_reinit(in))
		return "commit-invalid";
	if (move ? in->request->welcome.n == 0
		 : (what.after.n > 0) == (what.part.n > 0))
		return "commit-invalid";
	server_departures(in->session, &departed);
	what.departed = buf_span(&departed);
	accounts = server_judges(in->server);
	what.accounts = accounts;
	verdict = judge(in, &what);
	if (verdict.wrong == NULL)
		server_keep_carried(in->server, accounts);
	lacks = check_accounts_lacks(accounts, &position, &fingerprint);
	check_accounts_free(accounts);
	buf_clear(&departed);
	if (verdict.wrong != NULL && !FAULT(SERVER_RULES_UNCHECKED))
		return slug_of(&verdict, lacks);
	if (verdict.wrong != NULL && !complete(in))
		return "commit-invalid";
	return NULL;
}

/* What an adversary's server still wants: a GroupInfo that it can read. */
static const char *check_laxly(struct incoming *in)
{
	struct seen_group group;

	if (!complete(in) || !seen_group_read(info_of(in), &group))
		return "commit-invalid";
	seen_group_clear(&group);
	return NULL;
}

static const char *check_all(struct incoming *in, uint64_t now_ms)
{
	const char *wrong;
	uint64_t epoch;

	wrong = decode_commit(in, &epoch);
	if (wrong != NULL)
		return wrong;
	if (!in->server->lax && !(in->external && in->server->lets_all_in))
		wrong = check_caller(in);
	if (wrong != NULL)
		return wrong;
	if (epoch != in->session->epoch)
		return "epoch-changed";
	if (in->server->lax)
		return check_laxly(in);
	wrong = check_leaf(in);
	if (wrong == NULL && !in->server->views_unchecked)
		wrong = server_check_view(
		    in->session, in->message.content.authenticated_data, true);
	if (wrong == NULL)
		wrong = check_by_rules(in, now_ms);
	return wrong;
}

/* ---- a commit is taken ---- */

/* Those of the group that a move left lead nowhere. */
static void drop_welcomes(struct server *server,
			  const struct server_session *session)
{
	size_t kept = 0;

	for (size_t i = 0; i < server->welcome_count; i++) {
		struct server_welcome welcome = server->welcomes[i];

		if (strcmp(welcome.session, session->text_id) == 0) {
			blob_free(welcome.bytes);
			blob_free(welcome.info);
		} else
			server->welcomes[kept++] = welcome;
	}
	server->welcome_count = kept;
}

static const struct server_member *member_at(
    const struct server_session *session, uint32_t leaf)
{
	for (size_t i = 0; i < session->member_count; i++)
		if (session->members[i].leaf == leaf)
			return &session->members[i];
	return NULL;
}

static size_t find_device(const struct server *server, struct span identity)
{
	for (size_t i = 0; i < server->device_count; i++)
		if (span_equal(span_str(server->devices[i].identity), identity))
			return i;
	return server->device_count;
}

static void store_welcome(struct incoming *in, size_t device, uint64_t seq)
{
	struct server_welcome *welcome =
	    SIM_ADD(in->server->welcomes, in->server->welcome_count);
	uint8_t id[DEVICE_ID];
	struct rng rng = chance_rng(&in->server->chance);

	sim_must(rng_fill(&rng, id, sizeof(id)), "random");
	memcpy(welcome->id, uuid_text(uuid_of(id)).text, TEXT_UUID_SIZE);
	memcpy(welcome->session, in->session->text_id, TEXT_UUID_SIZE);
	welcome->device = device;
	welcome->seq = seq;
	memcpy(welcome->head, server_head(in->session, seq), DEVICE_HEAD);
	welcome->bytes = blob_make(in->request->welcome);
	welcome->info = blob_share(in->session->info);
}

static void store_welcomes(struct incoming *in, uint64_t seq)
{
	struct span rest = in->message.content.commit.proposals;
	struct wire_proposal_or_ref item;

	while (in->request->welcome.n > 0 &&
	       wire_proposals_next(&rest, &item)) {
		size_t device;

		if (item.type != WIRE_BY_VALUE ||
		    item.proposal.type != WIRE_PROPOSAL_ADD)
			continue;
		device = find_device(
		    in->server,
		    item.proposal.add.leaf_node.credential.identity);
		if (device < in->server->device_count)
			store_welcome(in, device, seq);
	}
}

/* Only those stay of whom `stays` says so. */
static void keep_invited(struct server_session *session,
			 bool (*stays)(const void *context, const char *user),
			 const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < session->invited_count; i++) {
		struct server_invitation row = session->invited[i];

		if (stays(context, row.user))
			session->invited[kept++] = row;
		else
			server_free_letters(&row);
	}
	session->invited_count = kept;
}

static bool is_another(const void *user, const char *other)
{
	return strcmp(user, other) != 0;
}

static void uninvite(struct server_session *session, const char *user)
{
	keep_invited(session, is_another, user);
}

/* Whom a member of another user removes is not invited any more, unless a
 * departure of it stands. */
static void tidy_invited(const struct incoming *in)
{
	struct span rest = in->message.content.commit.proposals;
	const char *by = in->server->devices[in->caller].user;
	struct wire_proposal_or_ref item;
	const char *user;

	while (!in->external && wire_proposals_next(&rest, &item)) {
		const struct server_member *gone = NULL;

		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_REMOVE)
			gone = member_at(in->session, item.proposal.removed);
		if (gone == NULL || gone->departed)
			continue;
		user = server_user_of(in->server, gone->identity);
		if (strcmp(user, by) != 0)
			uninvite(in->session, user);
	}
}

/* Whom the group invites behind a commit. */
struct following {
	const struct server *server;
	struct invited list;
};

static bool is_listed(const void *context, const char *user)
{
	const struct following *following = context;
	struct span rest = following->list.rows;
	char identity[SIM_IDENTITY];
	struct invitation one;

	while (invited_next(&rest, &one)) {
		(void)snprintf(identity, sizeof(identity), "%.*s/1",
			       (int)one.user.n, (const char *)one.user.p);
		if (strcmp(server_user_of(following->server, identity), user) ==
		    0)
			return true;
	}
	return false;
}

/* Where the group says who is invited, nobody else is. */
static void follow_invited(const struct incoming *in)
{
	struct following following = { .server = in->server };
	struct seen_group group;

	if (!seen_group_read(blob_span(in->session->info), &group))
		sim_stop("a GroupInfo that was taken does not decode");
	if (invited_read(group.info.context.extensions, &following.list) ==
		ERR_OK &&
	    following.list.there)
		keep_invited(in->session, is_listed, &following);
	seen_group_clear(&group);
}

static void take_commit(struct incoming *in, uint64_t now_ms, uint64_t *seq)
{
	struct server_session *session = in->session;
	struct blob *before = session->info;
	bool move = in->request->kind == REQUEST_MOVE;

	*seq = server_append(session, CHAIN_COMMIT,
			     blob_make(in->request->bytes), in->caller, now_ms);
	session->info = blob_make(info_of(in));
	if (in->message.content.commit.has_path)
		session->keys_seq = *seq;
	if (move) {
		(void)server_append(session, CHAIN_SUCCESSOR,
				    blob_make(in->request->welcome), in->caller,
				    now_ms);
		session->generation++;
		session->epoch = generation_epoch(session->generation, 1);
		note_first(session);
		drop_welcomes(in->server, session);
	} else {
		session->epoch++;
	}
	if (move)
		session->keys_seq = session->log_count;
	session->info_seq = session->log_count;
	tidy_invited(in);
	if (!in->external && !move)
		follow_invited(in);
	server_read_members(session);
	store_welcomes(in, *seq);
	if (in->server->watch.commit != NULL)
		in->server->watch.commit(in->server->watch.context, session,
					 blob_span(before), in->request->bytes,
					 blob_span(session->info));
	blob_free(before);
}

static enum err result_of(const char *slug)
{
	if (strcmp(slug, "epoch-changed") == 0)
		return ERR_STATE_EPOCH;
	if (strcmp(slug, "view-differs") == 0)
		return ERR_STATE_CONFLICT;
	if (strncmp(slug, "not-", 4) == 0)
		return ERR_PEER_DENIED;
	return ERR_PEER_INVALID;
}

void server_commit(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply)
{
	struct incoming in = { .server = server,
			       .session =
				   server_session(server, request->session),
			       .caller = caller,
			       .request = request };
	const char *wrong;

	reply->answer.seq =
	    request->kind == REQUEST_MOVE
		? server_find_entry(in.session, CHAIN_SUCCESSOR,
				    request->welcome)
		: server_find_entry(in.session, CHAIN_COMMIT, request->bytes);
	if (reply->answer.seq > 0)
		return;
	wrong = check_all(&in, now_ms);
	if (wrong != NULL)
		reply_refuse(reply, result_of(wrong), wrong);
	else
		take_commit(&in, now_ms, &reply->answer.seq);
	buf_clear(&in.whole);
	if (wrong != NULL)
		return;
	if (request->kind == REQUEST_MOVE) /* the Welcome's place */
		reply->answer.seq++;
}
