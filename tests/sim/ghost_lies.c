/* What a member says that no honest device would. */
#include "tests/sim/ghost.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "mls/label.h"
#include "session/envelope_tag.h"
#include "wire/extension.h"
#include "wire/generation.h"
#include "wire/message.h"
#include "wire/roles.h"

static bool post(struct ghost *ghost, struct server *server,
		 const struct request *request, uint64_t now_ms)
{
	struct reply reply = { .parts = NULL };
	bool taken;

	server_ask(server, ghost->account, now_ms, request, &reply);
	taken = reply.answer.result == ERR_OK;
	reply_free(&reply);
	return taken;
}

/* ---- messages ---- */

static void put_view(const struct server_session *session, enum ghost_lie lie,
		     struct buf *said)
{
	uint64_t seq = session->log_count;
	uint8_t head[DEVICE_HEAD];

	memcpy(head, server_head(session, seq), DEVICE_HEAD);
	if (lie == GHOST_FALSE_HEAD)
		head[0] ^= 1;
	if (lie == GHOST_FUTURE_VIEW)
		seq += 5;
	buf_put_u8(said, 1);
	buf_put_u64(said, seq);
	buf_put(said, SPAN_ARRAY(head));
}

static enum err seal(struct ghost *ghost, const struct server_session *session,
		     enum ghost_lie lie, uint64_t now_ms, struct buf *out)
{
	struct buf said = BUF_INIT, message = BUF_INIT;
	struct sec key = { .n = 0 };
	uint8_t nonce[ENVELOPE_NONCE];
	struct envelope envelope;
	enum err e;

	TRY(rng_fill(&ghost->rng, nonce, sizeof(nonce)));
	TRY(envelope_set_time(nonce, now_ms));
	put_view(session, lie, &said);
	buf_put(&said, SPAN_ARRAY(nonce));
	TRY(buf_end(&said));
	TRY(envelope_tag_key(ghost->group, SPAN_ARRAY(session->id), &key));
	TRY(mls_group_protect(ghost->group, &ghost->me, buf_span(&said),
			      SPAN_LIT("\1hello from the other side"),
			      &message));
	envelope = (struct envelope){ .session_id = SPAN_ARRAY(session->id),
				      .epoch = session->epoch,
				      .nonce = SPAN_ARRAY(nonce),
				      .message = buf_span(&message) };
	envelope_put_tagged(out, &envelope);
	if (lie == GHOST_GARBAGE && out->n > 0)
		out->p[out->n - 1] ^= 1;
	TRY(envelope_tag_put(ghost->me.suite, &key, out));
out:
	buf_clear(&said);
	buf_clear(&message);
	sec_clear(&key);
	return e;
}

static bool say(struct ghost *ghost, struct server *server, enum ghost_lie lie,
		uint64_t now_ms)
{
	struct buf envelope = BUF_INIT;
	struct request request = { .kind = REQUEST_SEND,
				   .session = ghost->session };
	bool taken = false;

	if (seal(ghost, server_session(server, ghost->session), lie, now_ms,
		 &envelope) == ERR_OK) {
		request.bytes = buf_span(&envelope);
		taken = post(ghost, server, &request, now_ms);
	}
	buf_clear(&envelope);
	return taken;
}

/* ---- commits ---- */

/* The group's extensions, all but one type, and that one anew. */
static void put_changed(const struct mls_group *group, uint16_t type,
			struct span data, struct buf *out)
{
	struct span rest = mls_group_extensions(group);
	struct wire_extension extension;

	while (wire_extensions_next(&rest, &extension))
		if (extension.type != type)
			wire_extension_put(out, extension.type, extension.data);
	wire_extension_put(out, type, data);
}

static void put_external_senders(const struct ghost *ghost, struct buf *out)
{
	const struct wire_external_sender sender = {
		.signature_key = ghost->me.signature_public,
		.credential = { .type = WIRE_CREDENTIAL_BASIC,
				.identity = ghost->me.credential_identity },
	};
	struct buf list = BUF_INIT;
	size_t vec = buf_open_vec(&list);

	wire_external_sender_put(&list, &sender);
	buf_close_vec(&list, vec);
	put_changed(ghost->group, WIRE_EXTENSION_EXTERNAL_SENDERS,
		    buf_span(&list), out);
	buf_clear(&list);
}

static void put_roles(const struct ghost *ghost, struct buf *out)
{
	struct buf roles = BUF_INIT;
	size_t vec = buf_open_vec(&roles);

	buf_put_vec(&roles, roles_user(ghost->me.credential_identity));
	buf_put_u8(&roles, ROLE_OWNER);
	buf_close_vec(&roles, vec);
	put_changed(ghost->group, ROLES_EXTENSION, buf_span(&roles), out);
	buf_clear(&roles);
}

static uint32_t somebody_else(const struct ghost *ghost)
{
	uint32_t leaf = 0, own = mls_group_own_leaf(ghost->group);
	struct mls_member member;

	while (mls_group_next_member(ghost->group, &leaf, &member))
		if (member.leaf_index != own)
			return member.leaf_index;
	return own;
}

static bool commit(struct ghost *ghost, struct server *server,
		   struct mls_change *change, uint64_t now_ms)
{
	struct ghost_plan plan = { .said = BUF_INIT };
	struct mls_commit out = { .commit = BUF_INIT };
	struct request request = { .kind = REQUEST_COMMIT,
				   .session = ghost->session };
	bool taken = false;

	ghost_plan(ghost, server, change, &plan);
	if (mls_group_commit(ghost->group, &ghost->me, change, &out) ==
	    ERR_OK) {
		request.bytes = buf_span(&out.commit);
		request.group_info = buf_span(&out.group_info);
		taken = post(ghost, server, &request, now_ms);
	}
	if (!taken)
		mls_group_discard(ghost->group);
	mls_commit_clear(&out);
	ghost_plan_clear(&plan);
	return taken;
}

static bool commit_lie(struct ghost *ghost, struct server *server,
		       enum ghost_lie lie, uint64_t now_ms)
{
	struct buf extensions = BUF_INIT;
	struct span encoded, id = SPAN_LIT("a secret of mine");
	uint32_t removed = somebody_else(ghost);
	struct mls_change change = { .force_path = true };
	bool taken;

	if (lie == GHOST_PSK) {
		if (mls_group_add_psk(ghost->group, id, id) != ERR_OK)
			return false;
		change.psks = &id;
		change.psk_count = 1;
	} else if (lie == GHOST_REMOVES) {
		change.removes = &removed;
		change.remove_count = 1;
	} else if (lie == GHOST_EXTERNAL_SENDERS) {
		put_external_senders(ghost, &extensions);
	} else if (lie == GHOST_ROLES) {
		put_roles(ghost, &extensions);
	}
	encoded = buf_span(&extensions);
	if (encoded.n > 0)
		change.extensions = &encoded;
	taken = commit(ghost, server, &change, now_ms);
	buf_clear(&extensions);
	return taken;
}

/* ---- departures ---- */

static bool depart(struct ghost *ghost, struct server *server,
		   enum ghost_lie lie, uint64_t now_ms)
{
	static const uint8_t zeros[64];
	const struct server_session *session =
	    server_session(server, ghost->session);
	uint32_t own = mls_group_own_leaf(ghost->group), leaf = 0;
	uint32_t departs =
	    lie == GHOST_DEPARTS_ANOTHER ? somebody_else(ghost) : own;
	struct request request = { .kind = REQUEST_LEAVE,
				   .session = ghost->session };
	struct buf bytes = BUF_INIT, signature = BUF_INIT;
	struct sign_key *key = NULL;
	struct mls_member member;
	uint8_t hash[32] = { 0 };
	bool taken;

	while (mls_group_next_member(ghost->group, &leaf, &member))
		if (member.leaf_index == departs)
			sim_must(hash_one(member.leaf_node, hash), "hash");
	buf_put_u8(&bytes, 1);
	buf_put(&bytes, SPAN_ARRAY(session->id));
	buf_put_u32(&bytes, session->generation);
	buf_put_u32(&bytes, departs);
	buf_put(&bytes, SPAN_ARRAY(hash));
	buf_put_u32(&bytes, own);
	buf_put_vec(&bytes, SPAN_EMPTY);
	if (lie != GHOST_BAD_DEPARTURE &&
	    sign_private_parse(ghost->me.suite, ghost->me.signature_private,
			       &key) == ERR_OK &&
	    label_sign(key, "hermetic departure", buf_span(&bytes),
		       &signature) == ERR_OK)
		buf_put_vec(&bytes, buf_span(&signature));
	else
		buf_put_vec(&bytes, SPAN_ARRAY(zeros));
	request.bytes = buf_span(&bytes);
	taken = post(ghost, server, &request, now_ms);
	sign_key_free(key);
	buf_clear(&bytes);
	buf_clear(&signature);
	return taken;
}

bool ghost_act(struct ghost *ghost, struct server *server, enum ghost_lie lie,
	       uint64_t now_ms)
{
	ghost->me.now = now_ms / 1000;
	ghost_follow(ghost, server);
	if (ghost->group == NULL ||
	    server_session(server, ghost->session) == NULL)
		return false;
	switch (lie) {
	case GHOST_HONEST:
	case GHOST_FALSE_HEAD:
	case GHOST_FUTURE_VIEW:
	case GHOST_GARBAGE:
		return say(ghost, server, lie, now_ms);
	case GHOST_PSK:
	case GHOST_EXTERNAL_SENDERS:
	case GHOST_ROLES:
	case GHOST_REMOVES:
		return commit_lie(ghost, server, lie, now_ms);
	case GHOST_BAD_DEPARTURE:
	case GHOST_DEPARTS_ANOTHER:
		return depart(ghost, server, lie, now_ms);
	case GHOST_LIES:
		break;
	}
	return false;
}
