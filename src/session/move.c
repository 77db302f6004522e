/* Another algorithm, of session.h: ReInit, RFC 9420 sections 11.2, 12.1.5. */
#include "session/state.h"

#include <stdlib.h>

#include "check/walk.h"
#include "session/invited.h"
#include "session/places.h"
#include "wire/bans.h"
#include "wire/extension.h"
#include "wire/generation.h"
#include "wire/key_package.h"

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

/* ---- going over to places ---- */

/* By places that are known here; the caller clears `over`, also after a failure. */
static enum err find_leaves(const struct session *session, struct span rows,
			    struct check_over *over, const char **wrong)
{
	struct check_verdict verdict;
	struct check_view view;
	enum err e = ERR_OK;

	check_accounts_forget_lacks(session->accounts);
	session_view(session, &view);
	verdict = check_over_leaves(&view, rows, SPAN_EMPTY, over);
	*wrong = verdict.wrong;
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL || !session_lacks(session),
	       ERR_STATE_ACCOUNTS);
out:
	return e;
}

enum err session_over_leaves(const struct session *session,
			     const struct span *identities, size_t count,
			     struct check_over *over, const char **wrong)
{
	struct buf rows = BUF_INIT;
	enum err e;

	*over = (struct check_over){ .list = NULL };
	ENSURE(session->accounts != NULL, ERR_STATE_ACCOUNTS);
	TRY(places_put_all(identities, count, session->accounts, &rows));
	TRY(find_leaves(session, buf_span(&rows), over, wrong));
out:
	buf_clear(&rows);
	return e;
}

static enum err put_rows(const struct session *session,
			 const struct mls_identity *next,
			 const struct negotiation_plan *plan, struct buf *rows)
{
	struct span *identities = calloc(plan->count + 1, sizeof(*identities));
	struct wire_key_package kp;
	enum err e;

	ENSURE(identities != NULL, ERR_LOCAL_MEMORY);
	identities[0] = next->credential_identity;
	for (size_t i = 0; i < plan->count; i++) {
		TRY(wire_key_package_decode(plan->key_packages[i], &kp));
		identities[i + 1] = kp.leaf_node.credential.identity;
	}
	TRY(places_put_all(identities, plan->count + 1, session->accounts,
			   rows));
out:
	free(identities);
	return e;
}

/* Roles and places of the next group. */
static enum err put_over(const struct session *session,
			 const struct mls_identity *next,
			 const struct negotiation_plan *plan,
			 struct buf *extensions)
{
	struct check_over over = { .list = NULL };
	struct buf rows = BUF_INIT;
	struct check_view view;
	const char *wrong;
	enum err e;

	ENSURE(session->accounts != NULL, ERR_STATE_ACCOUNTS);
	TRY(put_rows(session, next, plan, &rows));
	TRY(find_leaves(session, buf_span(&rows), &over, &wrong));
	ENSURE(wrong == NULL, ERR_PEER_INVALID);
	session_view(session, &view);
	TRY(check_over_put_roles(&view, &over, buf_span(&rows), extensions));
	places_put_extension(extensions, buf_span(&rows));
	TRY(buf_end(extensions));
out:
	check_over_clear(&over);
	buf_clear(&rows);
	return e;
}

/* ---- moving ---- */

static void put_as_is(struct span extensions, uint16_t type, struct buf *out)
{
	struct span data;

	if (wire_extensions_find(extensions, type, &data))
		wire_extension_put(out, type, data);
}

/* Does `next` name a device of an account, in a group that has none? */
static bool goes_over(const struct session *session,
		      const struct mls_identity *next)
{
	return !session_has_places(session) &&
	       places_is_account(roles_user(next->credential_identity));
}

/* The plan's extensions, and of the group's those that go over as they are. */
static enum err put_extensions(const struct session *session,
			       const struct mls_identity *next,
			       const struct negotiation_plan *plan,
			       struct buf *extensions)
{
	struct span now = mls_group_extensions(session->group);
	enum err e;

	buf_put(extensions, buf_span(&plan->extensions));
	if (goes_over(session, next)) {
		TRY(put_over(session, next, plan, extensions));
	} else {
		put_as_is(now, ROLES_EXTENSION, extensions);
		put_as_is(now, PLACES_EXTENSION, extensions);
		put_as_is(now, PLACES_ROOT_EXTENSION, extensions);
	}
	put_as_is(now, BANS_EXTENSION, extensions);
	TRY(invited_put_carried(session, extensions));
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
	struct mls_identity as = *next;
	enum err e;

	as.compares_successors = goes_over(session, next);
	TRY(ended_group(session->group, &ended));
	TRY(mls_group_reinit(ended, &as, plan->key_packages, plan->count,
			     &successor, out));
	TRY(mls_group_merge(successor));
	TRY(session_info_put_places(session, &out->group_info));
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
	TRY(put_extensions(session, next, plan, &extensions));
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
	session_unsettle(session);
	session_drop_successor(session);
}

/* The walk from the ended group leads to it: what the server and whoever has no keys
 * sees. */
static enum err check_successor(const struct session *session,
				const struct mls_group *successor,
				const struct mls_identity *next)
{
	struct check_walk *walk = NULL;
	struct buf info = BUF_INIT;
	struct check_verdict verdict;
	bool new_keys;
	enum err e;

	TRY(session_walk(session, &walk));
	TRY(mls_group_info(successor, next, true, &info));
	TRY(session_info_put_places(session, &info));
	if (session->accounts != NULL)
		check_accounts_forget_lacks(session->accounts);
	verdict = check_walk_successor(walk, buf_span(&info), &new_keys);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL || !session_lacks(session),
	       ERR_STATE_ACCOUNTS);
	ENSURE(verdict.wrong == NULL, ERR_PEER_INVALID);
out:
	check_walk_free(walk);
	buf_clear(&info);
	return e;
}

/* It is compared by check_successor(). */
static enum err join(const struct mls_group *ended,
		     const struct mls_identity *next, struct span welcome,
		     struct span key_package,
		     const struct mls_key_package_secrets *secrets,
		     struct mls_group **successor)
{
	struct mls_identity as = *next;
	struct mls_reinit asked;

	as.compares_successors =
	    mls_group_ended_by(ended, &asked) &&
	    check_over_is(mls_group_extensions(ended), asked.extensions);
	return mls_group_join_successor(ended, &as, welcome, SPAN_EMPTY,
					key_package, secrets, successor);
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
	TRY(join(ended, next, welcome, key_package, secrets, &successor));
	TRY(check_successor(session, successor, next));
	session->group = successor;
	e = session_check_joined(session, next);
	if (e == ERR_OK && session_generation(session) != before + 1)
		e = ERR_PEER_INVALID;
	if (e == ERR_OK) {
		successor = ended;
		session_unsettle(session);
	} else {
		session->group = ended;
	}
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
	bool places = session_has_places(session);
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
		if (err_class(e) == ERR_CLASS_LOCAL || e == ERR_STATE_ACCOUNTS)
			goto out;
		made.refused = e;
	}
	if (made.refused != ERR_OK)
		made.kind = SESSION_REFUSED;
	else /* who made it is its first member */
		TRY(session_name_sender(session, 0, &made));
	made.goes_over = made.kind == SESSION_MOVED && !places &&
			 session_has_places(session);
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
