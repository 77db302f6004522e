#include "tests/sim/ghost.h"

#include <stdio.h>
#include <string.h>

#include "crypto/sign.h"
#include "session/chain.h"
#include "session/envelope_tag.h"
#include "session/session.h"
#include "tests/sim/seen_group.h"
#include "wire/message.h"

static const uint16_t offer[] = {
	SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519
};

void ghost_init(struct ghost *ghost, const char *identity, uint64_t seed,
		uint64_t now_ms)
{
	const struct suite *suite = suite_by_id(offer[0]);

	*ghost = (struct ghost){ .chance = chance_of(seed, 77) };
	(void)snprintf(ghost->identity, SIM_IDENTITY, "%s", identity);
	ghost->rng = chance_rng(&ghost->chance);
	sim_must(sign_generate(suite, &ghost->rng, &ghost->private_key,
			       &ghost->public_key),
		 "a ghost's key");
	ghost->me = (struct mls_identity){
		.suite = suite,
		.rng = &ghost->rng,
		.now = now_ms / 1000,
		.credential_identity = span_str(ghost->identity),
		.signature_private = sec_span(&ghost->private_key),
		.signature_public = buf_span(&ghost->public_key),
		.cipher_suites = offer,
		.cipher_suite_count = 1,
		.lifetime = 90 * 24 * 3600,
	};
	session_identity(&ghost->me);
}

void ghost_clear(struct ghost *ghost)
{
	for (size_t i = 0; i < ghost->package_count; i++) {
		buf_clear(&ghost->packages[i].bytes);
		mls_key_package_secrets_clear(&ghost->packages[i].secrets);
	}
	account_keys_clear(&ghost->keys);
	mls_group_free(ghost->group);
	sec_clear(&ghost->private_key);
	buf_clear(&ghost->public_key);
	*ghost = (struct ghost){ .group = NULL };
}

static void leave_group(struct ghost *ghost)
{
	mls_group_free(ghost->group);
	ghost->group = NULL;
}

struct span ghost_key_package(struct ghost *ghost)
{
	struct ghost_package *package =
	    &ghost->packages[ghost->package_count % GHOST_PACKAGES];

	if (ghost->package_count == GHOST_PACKAGES)
		return buf_span(&ghost->packages[GHOST_PACKAGES - 1].bytes);
	ghost->package_count++;
	sim_must(mls_key_package_create(&ghost->me, false, &package->secrets,
					&package->bytes),
		 "a ghost's KeyPackage");
	return buf_span(&package->bytes);
}

static void settle_in(struct ghost *ghost, const struct server_session *session,
		      size_t home, uint64_t seq)
{
	memcpy(ghost->session, session->text_id, TEXT_UUID_SIZE);
	memcpy(ghost->session_id, session->id, DEVICE_ID);
	ghost->home = home;
	ghost->seq = seq;
}

/* ---- joining ---- */

static void say_joining(const struct ghost *ghost, struct server *server,
			const struct server_session *session, struct buf *said)
{
	struct seen_group group;

	if (seen_group_read(blob_span(session->info), &group))
		ghost_say_joining(ghost, server, session,
				  group.info.context.extensions, said);
	seen_group_clear(&group);
}

enum err ghost_commits_join(struct ghost *ghost, struct span kept,
			    struct span said, struct mls_group **group,
			    struct mls_commit *out)
{
	struct mls_external resync = { .resync = true,
				       .authenticated_data = said };
	struct buf alone = BUF_INIT;
	struct wire_message message;
	struct wire_group_info info;
	struct wire_beside beside;
	enum err e;

	TRY(wire_message_decode(kept, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_INVALID);
	TRY(wire_group_info_apart(&message.group_info, &info, &beside));
	resync.tree = beside.tree;
	if (beside.tree.n > 0 || beside.has_places) {
		wire_message_put_header(&alone, WIRE_GROUP_INFO);
		wire_group_info_put(&alone, &info);
		TRY(buf_end(&alone));
		kept = buf_span(&alone);
	}
	TRY(mls_group_join_external(&ghost->me, kept, &resync, group, out));
out:
	buf_clear(&alone);
	return e;
}

bool ghost_join(struct ghost *ghost, struct server *server, size_t home,
		const char *id, uint64_t now_ms)
{
	struct server_session *session = server_session(server, id);
	struct mls_commit out = { .commit = BUF_INIT };
	struct request request = { .kind = REQUEST_JOIN, .session = id };
	struct reply reply = { .parts = NULL };
	struct mls_group *group = NULL;
	struct buf said = BUF_INIT;
	bool joined = false;

	ghost->me.now = now_ms / 1000;
	if (session == NULL)
		return false;
	say_joining(ghost, server, session, &said);
	if (ghost_commits_join(ghost, blob_span(session->info), buf_span(&said),
			       &group, &out) != ERR_OK)
		goto out;
	request.bytes = buf_span(&out.commit);
	request.group_info = buf_span(&out.group_info);
	server_ask(server, ghost->account, now_ms, &request, &reply);
	if (reply.answer.result != ERR_OK || mls_group_merge(group) != ERR_OK)
		goto out;
	leave_group(ghost);
	ghost->group = group;
	group = NULL;
	settle_in(ghost, server_session(server, id), home, reply.answer.seq);
	joined = true;
out:
	mls_group_free(group);
	mls_commit_clear(&out);
	reply_free(&reply);
	buf_clear(&said);
	return joined;
}

static bool welcomed_by(struct ghost *ghost, const struct answer_welcome *w,
			struct span tree)
{
	struct mls_group *group = NULL;

	for (size_t i = 0; i < ghost->package_count; i++) {
		if (mls_group_join(&ghost->me, w->welcome, tree,
				   buf_span(&ghost->packages[i].bytes),
				   &ghost->packages[i].secrets,
				   &group) != ERR_OK)
			continue;
		leave_group(ghost);
		ghost->group = group;
		return true;
	}
	return false;
}

/* The tree may be in the Welcome, or beside it. */
static bool welcomed_anyhow(struct ghost *ghost, struct server *server,
			    const struct answer_welcome *w)
{
	const struct request request = { .kind = REQUEST_TREE,
					 .session = w->session,
					 .after = w->seq };
	struct reply reply = { .parts = NULL };
	bool joined = welcomed_by(ghost, w, SPAN_EMPTY);

	if (joined)
		return true;
	server_ask(server, ghost->account, 0, &request, &reply);
	joined =
	    reply.answer.tree.n > 0 && welcomed_by(ghost, w, reply.answer.tree);
	reply_free(&reply);
	return joined;
}

bool ghost_welcomed(struct ghost *ghost, struct server *server, size_t home)
{
	struct request request = { .kind = REQUEST_WELCOMES };
	struct reply reply = { .parts = NULL };
	bool joined = false;

	server_ask(server, ghost->account, 0, &request, &reply);
	for (size_t i = 0; i < reply.answer.welcome_count && !joined; i++) {
		const struct answer_welcome *w = &reply.answer.welcomes[i];
		struct server_session *session =
		    server_session(server, w->session);

		joined = session != NULL && welcomed_anyhow(ghost, server, w);
		if (joined)
			settle_in(ghost, session, home, w->seq);
	}
	if (reply.answer.welcome_count > 0) {
		struct reply taken = { .parts = NULL };

		request.kind = REQUEST_TAKE_WELCOME;
		request.session = reply.answer.welcomes[0].session;
		request.welcome_id = reply.answer.welcomes[0].welcome_id;
		server_ask(server, ghost->account, 0, &request, &taken);
		reply_free(&taken);
	}
	reply_free(&reply);
	return joined;
}

/* ---- the log ---- */

static void follow_commit(struct ghost *ghost, struct span bytes)
{
	struct mls_event event = { .kind = MLS_EVENT_COMMIT };
	enum err e;

	TRY(mls_group_process(ghost->group, ghost->me.now, bytes, &event));
	ENSURE(!event.self_removed, ERR_STATE_GONE);
	TRY(mls_group_merge(ghost->group));
out:
	if (e != ERR_OK)
		mls_group_discard(ghost->group);
	mls_event_clear(&event);
}

void ghost_follow(struct ghost *ghost, struct server *server)
{
	const struct server_session *session =
	    server_session(server, ghost->session);

	if (ghost->group == NULL || session == NULL)
		return;
	while (ghost->seq < session->log_count) {
		const struct server_entry *entry = &session->log[ghost->seq++];

		if (entry->kind == CHAIN_COMMIT)
			follow_commit(ghost, blob_span(entry->bytes));
	}
}

bool ghost_opens(struct ghost *ghost, struct span bytes, struct buf *plaintext)
{
	struct mls_event event = { .kind = MLS_EVENT_APPLICATION };
	struct envelope envelope;
	bool opened = false;

	if (ghost->group == NULL ||
	    envelope_decode(bytes, ghost->me.suite->nh, &envelope) != ERR_OK)
		return false;
	if (mls_group_process(ghost->group, ghost->me.now, envelope.message,
			      &event) == ERR_OK &&
	    event.kind == MLS_EVENT_APPLICATION) {
		buf_put(plaintext, buf_span(&event.data));
		opened = true;
	}
	mls_event_clear(&event);
	return opened;
}
