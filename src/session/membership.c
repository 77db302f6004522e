/* Roles and departures, of session.h. */
#include "base/fault.h"
#include "check/departure.h"
#include "check/places.h"
#include "check/rights.h"
#include "crypto/sign.h"
#include "mls/label.h"
#include "mls/signer.h"
#include "session/state.h"
#include "wire/extension.h"

/* ---- the session as the rules see it ---- */

static bool find_leaf(const void *group, uint32_t index,
		      struct check_member *found)
{
	struct mls_member member;
	uint32_t leaf = index;

	if (!mls_group_next_member(group, &leaf, &member) ||
	    member.leaf_index != index)
		return false;
	*found =
	    (struct check_member){ index, member.identity, member.signature_key,
				   member.leaf_node };
	return true;
}

static bool next_of(const void *group, struct span user, uint32_t *leaf)
{
	struct mls_member member;
	uint32_t behind = *leaf;

	if (!mls_group_next_of(group, user, &behind, &member))
		return false;
	*leaf = member.leaf_index;
	return true;
}

void session_view(const struct session *session, struct check_view *view)
{
	*view = (struct check_view){
		.suite = mls_group_suite(session->group),
		.session_id = session_id_span(session),
		.generation = session_generation(session),
		.extensions = mls_group_extensions(session->group),
		.leaf_count = mls_group_width(session->group),
		.leaf = find_leaf,
		.next_of = next_of,
		.group = session->group,
		.departures = buf_span(&session->departures),
		.exact = session->exact,
		.places = &session->places,
		.accounts = session->accounts,
	};
}

enum err session_walk(const struct session *session, struct check_walk **walk)
{
	struct wire_reinit reinit = { .version = WIRE_VERSION_MLS10 };
	struct check_walk *begun = NULL;
	struct check_verdict verdict;
	struct mls_reinit asked;
	struct buf tree = BUF_INIT;
	bool ended = mls_group_ended_by(session->group, &asked);
	enum err e;

	if (ended) {
		reinit.group_id = asked.group_id;
		reinit.cipher_suite = asked.cipher_suite;
		reinit.extensions = asked.extensions;
	}
	TRY(mls_group_tree(session->group, &tree));
	verdict = check_walk_from_tree(
	    mls_group_context(session->group), buf_span(&tree),
	    mls_group_confirmation_tag(session->group), &session->places,
	    ended ? &reinit : NULL, &begun);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL, ERR_PEER_INVALID);
	check_walk_set_accounts(begun, session->accounts);
	TRY(check_walk_set_departures(begun, buf_span(&session->departures)));
	*walk = begun;
	begun = NULL;
out:
	check_walk_free(begun);
	buf_clear(&tree);
	return e;
}

/* ---- roles ---- */

enum err session_roles(const struct session *session, struct roles *roles)
{
	struct check_view view;

	session_view(session, &view);
	return rights_read(&view, roles);
}

enum role session_role(const struct session *session, struct span identity)
{
	struct roles roles;

	if (session_roles(session, &roles) != ERR_OK)
		return ROLE_MEMBER;
	return roles_of(&roles, roles_user(identity));
}

bool session_has_user(const struct session *session, struct span user)
{
	uint32_t leaf = 0;

	return next_of(session->group, user, &leaf);
}

bool session_find(const struct session *session, struct span identity,
		  struct mls_member *member)
{
	uint32_t leaf = 0;

	while (mls_group_next_of(session->group, roles_user(identity), &leaf,
				 member))
		if (span_equal(member->identity, identity))
			return true;
	return false;
}

static void put_with_roles(const struct session *session, struct span roles,
			   struct buf *extensions)
{
	wire_extensions_put_with(extensions,
				 mls_group_extensions(session->group),
				 ROLES_EXTENSION, roles);
}

enum err session_put_role(const struct session *session, struct span user,
			  enum role role, struct buf *extensions)
{
	struct buf changed = BUF_INIT;
	struct roles roles;
	enum err e;

	TRY(session_roles(session, &roles));
	TRY(roles_put_changed(&roles, user, role, &changed));
	put_with_roles(session, buf_span(&changed), extensions);
	TRY(buf_end(extensions));
out:
	buf_clear(&changed);
	return e;
}

enum err session_put_heirs(const struct session *session,
			   const uint32_t *removes, size_t count,
			   struct buf *extensions)
{
	struct buf roles = BUF_INIT;
	struct check_view view;
	enum err e;

	session_view(session, &view);
	TRY(rights_inherit(&view, removes, count, &roles));
	if (roles.n > 0)
		put_with_roles(session, buf_span(&roles), extensions);
	TRY(buf_end(extensions));
out:
	buf_clear(&roles);
	return e;
}

/* ---- bans ---- */

enum err session_bans(const struct session *session, struct bans *bans)
{
	return bans_read(mls_group_extensions(session->group), bans);
}

enum err session_put_ban(const struct session *session, struct span user,
			 bool banned, struct buf *extensions)
{
	struct span now = extensions->n > 0
			      ? buf_span(extensions)
			      : mls_group_extensions(session->group);
	struct buf changed = BUF_INIT, made = BUF_INIT;
	struct bans bans;
	enum err e;

	TRY(session_bans(session, &bans));
	TRY(bans_put_changed(&bans, user, banned, &changed));
	wire_extensions_put_with(&made, now, BANS_EXTENSION,
				 buf_span(&changed));
	TRY(buf_end(&made));
	buf_clear(extensions);
	*extensions = made;
	made = BUF_INIT;
out:
	buf_clear(&changed);
	buf_clear(&made);
	return e;
}

/* ---- departures ---- */

enum err session_depart(const struct session *session,
			const struct mls_identity *me, uint32_t leaf_index,
			struct span heir, struct buf *out)
{
	struct buf tbs = BUF_INIT, signature = BUF_INIT;
	struct sign_key *key = NULL;
	struct check_member leaf, own;
	struct departure departure, read;
	struct check_view view;
	uint8_t hash[DEPARTURE_HASH];
	enum err e;

	ENSURE(session_member(session), ERR_STATE_GONE);
	session_view(session, &view);
	ENSURE(find_leaf(session->group, leaf_index, &leaf), ERR_STATE_GONE);
	ENSURE(
	    find_leaf(session->group, mls_group_own_leaf(session->group), &own),
	    ERR_STATE_GONE);
	TRY(check_leaf_hash(leaf.encoded, hash));
	departure = (struct departure){
		.session_id = session_id_span(session),
		.generation = session_generation(session),
		.leaf_index = leaf_index,
		.leaf_hash = SPAN_ARRAY(hash),
		.signer = own.leaf_index,
		.heir = heir,
	};
	departure_put_tbs(&tbs, &departure);
	TRY(buf_end(&tbs));
	TRY(signer_of(me, &key));
	TRY(label_sign(key, DEPARTURE_LABEL, buf_span(&tbs), &signature));
	departure.signature = buf_span(&signature);
	departure_put(out, &departure);
	TRY(buf_end(out));
	ENSURE(check_departure(&view, buf_span(out), &read, &leaf).wrong ==
		   NULL,
	       ERR_PEER_DENIED);
out:
	if (e != ERR_OK)
		buf_clear(out);
	sign_key_free(key);
	buf_clear(&tbs);
	buf_clear(&signature);
	return e;
}

bool session_departed(const struct session *session, uint32_t leaf_index)
{
	struct check_member leaf;
	struct check_view view;

	session_view(session, &view);
	return find_leaf(session->group, leaf_index, &leaf) &&
	       check_departed(&view, &leaf, NULL);
}

bool session_others_departed(const struct session *session)
{
	struct mls_member member;
	uint32_t leaf = 0;

	if (session->departures.n == 0)
		return false;
	while (mls_group_next_member(session->group, &leaf, &member))
		if (member.leaf_index != mls_group_own_leaf(session->group) &&
		    session_departed(session, member.leaf_index))
			return true;
	return false;
}

struct span session_departures(const struct session *session)
{
	return buf_span(&session->departures);
}

enum err session_set_departures(struct session *session, struct span departures)
{
	struct buf copy = BUF_INIT;
	enum err e;

	buf_put(&copy, departures);
	TRY(buf_end(&copy));
	buf_clear(&session->departures);
	session->departures = copy;
	session_prune_departures(session);
out:
	return e;
}

void session_prune_departures(struct session *session)
{
	struct check_view view;

	if (session->departures.n == 0)
		return;
	session_view(session, &view);
	check_departures_prune(&view, &session->departures);
}

void session_spend_departures(struct session *session, struct span commit)
{
	check_departures_spend(commit, &session->departures);
}

static enum err add_departure(struct session *session, struct span bytes)
{
	struct buf grown = BUF_INIT;
	enum err e;

	buf_put(&grown, buf_span(&session->departures));
	buf_put_vec(&grown, bytes);
	TRY(buf_end(&grown));
	buf_clear(&session->departures);
	session->departures = grown;
out:
	return e;
}

enum err session_add_departure(struct session *session, struct span bytes)
{
	struct departure departure;
	struct check_verdict verdict;
	struct check_member leaf;
	struct check_view view;

	session_view(session, &view);
	verdict = check_departure(&view, bytes, &departure, &leaf);
	if (verdict.local)
		return ERR_LOCAL_MEMORY;
	return verdict.wrong == NULL ? add_departure(session, bytes) : ERR_OK;
}

enum err session_receive_departure(struct session *session, struct span bytes,
				   struct session_event *event)
{
	struct departure departure;
	struct check_verdict verdict;
	struct check_member leaf = { .leaf_index = 0 };
	struct check_view view;
	enum err e;

	event->epoch = session_epoch(session);
	session_view(session, &view);
	verdict = check_departure(&view, bytes, &departure, &leaf);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL ||
		   (FAULT(DEPARTURES_UNSIGNED) && leaf.encoded.n > 0),
	       ERR_PEER_INVALID);
	event->kind = SESSION_DEPARTED;
	event->sender = departure.leaf_index;
	buf_put(&event->identity, leaf.identity);
	buf_put(&event->data, departure.heir);
	TRY(buf_end(&event->identity));
	TRY(buf_end(&event->data));
	TRY(add_departure(session, bytes));
	if (departure.leaf_index == mls_group_own_leaf(session->group))
		session_end(session);
out:
	return e;
}

void session_end(struct session *session)
{
	session_discard(session);
	session->removed = true;
}
