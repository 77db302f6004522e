/* Another algorithm, of session.h: ReInit, RFC 9420 sections 11.2, 12.1.5. */
#include "session/state.h"

#include "wire/bans.h"
#include "wire/extension.h"
#include "wire/generation.h"
#include "wire/invited.h"
#include "wire/places.h"

/* ---- what is staged ---- */

void session_drop_successor(struct session *session)
{
	mls_group_free(session->successor);
	session->successor = NULL;
	buf_clear(&session->successor_welcome);
}

enum err session_save_successor(const struct session *session,
				struct buf *state)
{
	size_t vec;
	enum err e;

	buf_put_vec(state, buf_span(&session->successor_welcome));
	vec = buf_open_vec(state);
	if (session->successor != NULL)
		TRY(mls_group_save(session->successor, state));
	buf_close_vec(state, vec);
	e = state->fail;
out:
	return e;
}

enum err session_load_successor(struct session *session, struct rd *r)
{
	struct span group;
	enum err e;

	buf_put(&session->successor_welcome, rd_vec(r));
	group = rd_vec(r);
	TRY(r->fail);
	TRY(buf_end(&session->successor_welcome));
	if (group.n > 0)
		TRY(mls_group_load(group, &session->successor));
out:
	return e;
}

/* ---- moving ---- */

/* The plan's extensions, and of the group's those that go over as they are. */
static enum err put_extensions(const struct session *session,
			       const struct negotiation_plan *plan,
			       struct buf *extensions)
{
	static const uint16_t types[] = { ROLES_EXTENSION, PLACES_EXTENSION,
					  BANS_EXTENSION, INVITED_EXTENSION };
	struct span now = mls_group_extensions(session->group), data;
	enum err e;

	buf_put(extensions, buf_span(&plan->extensions));
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (wire_extensions_find(now, types[i], &data))
			wire_extension_put(extensions, types[i], data);
	TRY(buf_end(extensions));
out:
	return e;
}

/* The group as it will be when the staged commit has been accepted. */
static enum err ended_group(const struct mls_group *group,
			    struct mls_group **ended)
{
	struct buf state = BUF_INIT;
	struct mls_group *copy = NULL;
	enum err e;

	TRY(mls_group_save(group, &state));
	TRY(mls_group_load(buf_span(&state), &copy));
	TRY(mls_group_merge(copy));
	*ended = copy;
	copy = NULL;
out:
	mls_group_free(copy);
	buf_clear(&state);
	return e;
}

static enum err make_successor(struct session *session,
			       const struct mls_identity *next,
			       const struct negotiation_plan *plan,
			       struct mls_commit *out)
{
	struct mls_group *ended = NULL, *successor = NULL;
	enum err e;

	TRY(ended_group(session->group, &ended));
	TRY(mls_group_reinit(ended, next, plan->key_packages, plan->count,
			     &successor, out));
	TRY(mls_group_merge(successor));
	buf_put(&session->successor_welcome, buf_span(&out->welcome));
	TRY(buf_end(&session->successor_welcome));
	session->successor = successor;
	successor = NULL;
out:
	mls_group_free(ended);
	mls_group_free(successor);
	return e;
}

enum err session_move(struct session *session, const struct mls_identity *me,
		      const struct mls_identity *next,
		      const struct negotiation_plan *plan,
		      struct mls_commit *out)
{
	uint8_t id[GENERATION_GROUP_ID_MAX];
	struct buf extensions = BUF_INIT;
	struct mls_reinit reinit = { .cipher_suite = next->suite->id,
				     /* a leaf lists what was offered then */
				     .unlisted = true };
	const struct mls_change change = { .reinit = &reinit };
	struct mls_commit ending = { 0 }, made = { 0 };
	size_t n;
	enum err e;

	ENSURE(next->suite == plan->suite, ERR_LOCAL_BUG);
	TRY(put_extensions(session, plan, &extensions));
	n = generation_group_id(session->id, session_generation(session) + 1,
				id);
	reinit.group_id = span_of(id, n);
	reinit.extensions = buf_span(&extensions);
	TRY(session_commit(session, me, &change, &ending));
	e = make_successor(session, next, plan, &made);
	if (e != ERR_OK) {
		session_discard(session);
		goto out;
	}
	buf_clear(&made.commit);
	made.commit = ending.commit;
	ending.commit = BUF_INIT;
	*out = made;
	made = (struct mls_commit){ 0 };
out:
	mls_commit_clear(&ending);
	mls_commit_clear(&made);
	buf_clear(&extensions);
	return e;
}

/* ---- receiving ---- */

/* Ours: it waits for this. */
static void take_own(struct session *session)
{
	mls_group_free(session->group);
	session->group = session->successor;
	session->successor = NULL;
	session_drop_successor(session);
}

/* Another's: on failure the ended group stays. */
static enum err take_other(struct session *session, struct span welcome,
			   const struct mls_identity *next,
			   struct span key_package,
			   const struct mls_key_package_secrets *secrets)
{
	struct mls_group *ended = session->group, *successor = NULL;
	uint32_t before = session_generation(session);
	enum err e;

	ENSURE(next != NULL, ERR_STATE_GONE);
	TRY(mls_group_join_successor(ended, next, welcome, SPAN_EMPTY,
				     key_package, secrets, &successor));
	session->group = successor;
	e = session_check_joined(session, next);
	if (e == ERR_OK && session_generation(session) != before + 1)
		e = ERR_PEER_INVALID;
	if (e == ERR_OK)
		successor = ended;
	else
		session->group = ended;
out:
	mls_group_free(successor);
	return e;
}

enum err session_receive_successor(
    struct session *session, uint64_t seq, struct span welcome,
    const uint8_t claimed[CHAIN_HEAD], const struct mls_identity *next,
    struct span key_package, const struct mls_key_package_secrets *secrets,
    struct session_event *event)
{
	struct session_event made = { .seq = seq,
				      .entry = CHAIN_SUCCESSOR,
				      .kind = SESSION_MOVED };
	enum err e;

	TRY(session_check_place(session, seq, CHAIN_SUCCESSOR));
	TRY(chain_check_next(&session->chain, CHAIN_SUCCESSOR, welcome,
			     claimed));
	if (session->successor != NULL &&
	    span_equal(welcome, buf_span(&session->successor_welcome))) {
		take_own(session);
		made.own_commit = true;
	} else {
		e = take_other(session, welcome, next, key_package, secrets);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
		made.refused = e;
	}
	if (made.refused != ERR_OK)
		made.kind = SESSION_REFUSED;
	else /* who made it is its first member */
		TRY(session_name_sender(session, 0, &made));
	session_prune_departures(session);
	made.epoch = session_epoch(session);
	chain_advance(&session->chain, claimed);
	*event = made;
	made = (struct session_event){ 0 };
	e = ERR_OK;
out:
	session_event_clear(&made);
	return e;
}
