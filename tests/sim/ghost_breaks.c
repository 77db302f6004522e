/* Commits that a server takes and no other member can process. */
#include "tests/sim/ghost.h"
#include "tests/sim/reply.h"

#include <string.h>

#include "check/walk.h"
#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "mls/label.h"
#include "wire/message.h"

/* One commit with the GroupInfo after it, as it is being broken. */
struct broken {
	struct ghost *ghost;
	struct check_walk *walk; /* before the commit */
	struct check_accounts *accounts;
	struct ghost_plan plan;
	struct buf said;
	struct mls_commit made;	 /* the honest ones */
	struct buf commit, info; /* and what becomes of them */
};

static void broken_clear(struct broken *b)
{
	check_walk_free(b->walk);
	check_accounts_free(b->accounts);
	ghost_plan_clear(&b->plan);
	buf_clear(&b->said);
	mls_commit_clear(&b->made);
	buf_clear(&b->commit);
	buf_clear(&b->info);
}

static enum err sign(const struct ghost *ghost, const char *label,
		     struct span content, struct buf *signature)
{
	struct sign_key *key = NULL;
	enum err e;

	TRY(sign_private_parse(ghost->me.suite, ghost->me.signature_private,
			       &key));
	TRY(label_sign(key, label, content, signature));
out:
	sign_key_free(key);
	return e;
}

/* ---- the commit ---- */

/* A bit of the last ciphertext: it stands at the end of what is signed. */
static enum err spoil_path(struct broken *b, struct wire_public_message *m)
{
	struct buf tbs = BUF_INIT, content = BUF_INIT, signature = BUF_INIT;
	struct wire_message again;
	enum err e;

	buf_put(&content, m->content.encoded);
	TRY(buf_end(&content));
	content.p[content.n - 1] ^= 1;
	buf_put_u16(&tbs, WIRE_VERSION_MLS10);
	buf_put_u16(&tbs, WIRE_PUBLIC_MESSAGE);
	buf_put(&tbs, buf_span(&content));
	buf_put(&tbs, mls_group_context(b->ghost->group));
	TRY(buf_end(&tbs));
	TRY(sign(b->ghost, "FramedContentTBS", buf_span(&tbs), &signature));
	wire_message_put_header(&b->commit, WIRE_PUBLIC_MESSAGE);
	buf_put(&b->commit, buf_span(&content));
	buf_put_vec(&b->commit, buf_span(&signature));
	buf_put_vec(&b->commit, m->auth.confirmation_tag);
	buf_put_vec(&b->commit, m->membership_tag);
	TRY(buf_end(&b->commit));
	TRY(wire_message_decode(buf_span(&b->commit), &again));
out:
	buf_clear(&tbs);
	buf_clear(&content);
	buf_clear(&signature);
	return e;
}

static enum err spoil_tags(struct broken *b, enum ghost_break how,
			   struct wire_public_message *m)
{
	uint8_t tag[SUITE_HASH_MAX];
	struct span *spoilt = how == BREAK_MEMBERSHIP
				  ? &m->membership_tag
				  : &m->auth.confirmation_tag;
	enum err e = ERR_OK;

	ENSURE(spoilt->n == b->ghost->me.suite->nh, ERR_PEER_INVALID);
	(void)span_copy(tag, *spoilt);
	tag[0] ^= 1;
	*spoilt = span_of(tag, spoilt->n);
	wire_message_put_header(&b->commit, WIRE_PUBLIC_MESSAGE);
	wire_public_message_put(&b->commit, m);
	TRY(buf_end(&b->commit));
out:
	return e;
}

static enum err spoil_commit(struct broken *b, enum ghost_break how)
{
	struct wire_message message;
	enum err e;

	TRY(wire_message_decode(buf_span(&b->made.commit), &message));
	switch (how) {
	case BREAK_PATH:
		TRY(spoil_path(b, &message.public_message));
		break;
	case BREAK_TAG:
	case BREAK_MEMBERSHIP:
	case BREAK_JOIN:
		TRY(spoil_tags(b, how, &message.public_message));
		break;
	case BREAK_PUB:
	case BREAKS:
		buf_put(&b->commit, buf_span(&b->made.commit));
		TRY(buf_end(&b->commit));
		break;
	}
out:
	return e;
}

/* ---- the GroupInfo ---- */

/* A key that nobody in the group has. */
static enum err put_other_pub(struct broken *b, struct span rest,
			      struct buf *extensions)
{
	struct sec private_key = { .n = 0 };
	struct buf key = BUF_INIT, data = BUF_INIT;
	struct wire_extension extension;
	enum err e;

	TRY(hpke_generate_key_pair(b->ghost->me.suite, b->ghost->me.rng,
				   &private_key, &key));
	buf_put_vec(&data, buf_span(&key));
	while (wire_extensions_next(&rest, &extension))
		wire_extension_put(extensions, extension.type,
				   extension.type == WIRE_EXTENSION_EXTERNAL_PUB
				       ? buf_span(&data)
				       : extension.data);
	TRY(buf_end(extensions));
out:
	sec_clear(&private_key);
	buf_clear(&key);
	buf_clear(&data);
	return e;
}

/* That of the epoch to which the commit leads whoever has no key. */
static enum err make_info(struct broken *b, enum ghost_break how)
{
	struct buf extensions = BUF_INIT, tbs = BUF_INIT, signature = BUF_INIT;
	struct wire_message message;
	struct wire_group_info info;
	enum err e;

	TRY(wire_message_decode(buf_span(&b->made.group_info), &message));
	info = message.group_info;
	ENSURE(check_walk_commit(b->walk, buf_span(&b->commit)).wrong == NULL,
	       ERR_PEER_INVALID);
	info.context = *check_walk_context(b->walk);
	info.confirmation_tag = check_walk_confirmation_tag(b->walk);
	if (how == BREAK_PUB) {
		TRY(put_other_pub(b, info.extensions, &extensions));
		info.extensions = buf_span(&extensions);
	}
	wire_group_info_put_unsigned(&tbs, &info);
	TRY(buf_end(&tbs));
	TRY(sign(b->ghost, "GroupInfoTBS", buf_span(&tbs), &signature));
	info.signature = buf_span(&signature);
	wire_message_put_header(&b->info, WIRE_GROUP_INFO);
	wire_group_info_put(&b->info, &info);
	TRY(buf_end(&b->info));
out:
	buf_clear(&extensions);
	buf_clear(&tbs);
	buf_clear(&signature);
	return e;
}

/* ---- posting ---- */

static enum err make_honest(struct broken *b, enum ghost_break how,
			    struct server *server,
			    const struct server_session *session)
{
	struct mls_change rotate = { .force_path = true };
	struct ghost *ghost = b->ghost;
	struct mls_group *joined = NULL;
	enum err e;

	if (check_walk_from_info(blob_span(session->info), CHECK_VERIFIED,
				 &b->walk)
		.wrong != NULL)
		return ERR_PEER_INVALID;
	b->accounts = server_judges(server);
	check_walk_set_accounts(b->walk, b->accounts);
	if (how != BREAK_JOIN) {
		ghost_plan(ghost, server, &rotate, &b->plan);
		return mls_group_commit(ghost->group, &ghost->me, &rotate,
					&b->made);
	}
	ghost_say_joining(ghost, server, session,
			  check_walk_context(b->walk)->extensions, &b->said);
	e = ghost_commits_join(ghost, blob_span(session->info),
			       buf_span(&b->said), &joined, &b->made);
	mls_group_free(joined);
	return e;
}

/* After a broken commit the ghost is not where it has led the others: it joins
 * again, as they do. */
static bool is_in_place(const struct ghost *ghost,
			const struct server_session *session)
{
	return ghost->group != NULL &&
	       mls_group_epoch(ghost->group) == (session->epoch & UINT32_MAX);
}

bool ghost_break(struct ghost *ghost, struct server *server,
		 enum ghost_break how, uint64_t now_ms)
{
	struct server_session *session = server_session(server, ghost->session);
	struct broken b = { .ghost = ghost };
	struct request request = { .session = ghost->session };
	struct reply reply = { .parts = NULL };
	bool taken = false;

	ghost->me.now = now_ms / 1000;
	ghost_follow(ghost, server);
	if (session == NULL ||
	    (!is_in_place(ghost, session) &&
	     !ghost_join(ghost, server, ghost->home, session->text_id, now_ms)))
		return false;
	session = server_session(server, ghost->session);
	if (make_honest(&b, how, server, session) == ERR_OK &&
	    spoil_commit(&b, how) == ERR_OK && make_info(&b, how) == ERR_OK) {
		request.kind =
		    how == BREAK_JOIN ? REQUEST_JOIN : REQUEST_COMMIT;
		request.bytes = buf_span(&b.commit);
		request.group_info = buf_span(&b.info);
		server_ask(server, ghost->account, now_ms, &request, &reply);
		taken = reply.answer.result == ERR_OK;
	}
	mls_group_free(ghost->group);
	ghost->group = NULL;
	reply_free(&reply);
	broken_clear(&b);
	return taken;
}
