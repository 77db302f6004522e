#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "check/group_places.h"
#include "session/invited.h"
#include "session/places.h"
#include "session/state.h"
#include "wire/extension.h"
#include "wire/generation.h"
#include "wire/key_package.h"
#include "wire/message.h"

void session_identity(struct mls_identity *me)
{
	static const uint16_t types[] = {
		NEGOTIATION_EXTENSION, ROLES_EXTENSION,	  PLACES_EXTENSION,
		CONTENT_EXTENSION,     BANS_EXTENSION,	  TREE_BESIDE_EXTENSION,
		INFO_BESIDE_EXTENSION, INVITED_EXTENSION, PLACES_ROOT_EXTENSION
	};

	me->padding = SESSION_PADDING;
	me->extension_types = types;
	me->extension_type_count = sizeof(types) / sizeof(*types);
}

/* ---- beginning ---- */

static struct session *session_new(const uint8_t id[SESSION_ID])
{
	struct session *session = calloc(1, sizeof(*session));

	if (session != NULL)
		memcpy(session->id, id, SESSION_ID);
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	mls_group_free(session->group);
	session_drop_successor(session);
	outbox_clear(&session->outbox);
	buf_clear(&session->staged);
	buf_clear(&session->departures);
	place_map_clear(&session->places);
	unsettled_clear(&session->unsettled);
	sec_wipe(session, sizeof(*session));
	free(session);
}

/* All of them read the root of the places. */
static bool read_root(const struct mls_identity *me,
		      const struct negotiation_plan *plan)
{
	for (size_t i = 0; i < me->extension_type_count; i++)
		if (me->extension_types[i] == PLACES_ROOT_EXTENSION)
			return session_packages_list(plan->key_packages,
						     plan->count,
						     PLACES_ROOT_EXTENSION);
	return false;
}

/* The plan's extensions, and that `me` owns the session. */
static enum err put_extensions(const struct mls_identity *me,
			       const struct negotiation_plan *plan,
			       struct check_accounts *accounts,
			       struct place_map *places, struct buf *extensions)
{
	static const struct roles none;
	enum err e;

	buf_put(extensions, buf_span(&plan->extensions));
	TRY(roles_put_changed(&none, roles_user(me->credential_identity),
			      ROLE_OWNER, extensions));
	if (accounts != NULL)
		TRY(places_put_first(me, accounts, read_root(me, plan), places,
				     extensions));
out:
	return e;
}

enum err session_create(const struct mls_identity *me,
			const uint8_t id[SESSION_ID],
			const struct negotiation_plan *plan,
			struct check_accounts *accounts,
			struct session **session, struct buf *group_info)
{
	struct session *s = session_new(id);
	struct buf extensions = BUF_INIT;
	enum err e;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	ENSURE(me->suite == plan->suite, ERR_LOCAL_BUG);
	TRY(put_extensions(me, plan, accounts, &s->places, &extensions));
	TRY(mls_group_create(me, session_id_span(s), buf_span(&extensions),
			     &s->group));
	TRY(chain_start(&s->chain, session_id_span(s)));
	TRY(session_info(s, me, group_info));
	s->joined = true;
	s->accounts = accounts;
	*session = s;
	s = NULL;
out:
	buf_clear(&extensions);
	session_free(s);
	return e;
}

/* What `me` offers, as its leaf encodes it. */
static void put_suites(const struct mls_identity *me, struct buf *b)
{
	for (size_t i = 0; i < me->cipher_suite_count; i++)
		buf_put_u16(b, me->cipher_suites[i]);
}

/* The algorithm of the group is the one that the founders' signed offers give. */
static enum err check_offers(const struct session *session,
			     const struct mls_identity *me, bool of_others)
{
	const struct mls_group *group = session->group;
	size_t count = of_others ? mls_group_member_count(group) : 0;
	struct negotiation_offer own = { me->credential_identity, SPAN_EMPTY };
	struct negotiation_offer *offers = calloc(count + 1, sizeof(*offers));
	struct buf suites = BUF_INIT;
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	ENSURE(offers != NULL, ERR_LOCAL_MEMORY);
	put_suites(me, &suites);
	TRY(buf_end(&suites));
	own.suites = buf_span(&suites);
	for (size_t i = 0;
	     i < count && mls_group_next_member(group, &leaf, &member); i++)
		offers[i] = (struct negotiation_offer){ member.identity,
							member.cipher_suites };
	TRY(negotiation_check(mls_group_extensions(group),
			      mls_group_suite(group)->id, &own, offers, count));
out:
	free(offers);
	buf_clear(&suites);
	return e;
}

enum err session_check_offer_now(const struct session *session,
				 const struct mls_identity *me)
{
	struct negotiation_offer own = { me->credential_identity, SPAN_EMPTY };
	struct buf suites = BUF_INIT;
	enum err e;

	put_suites(me, &suites);
	TRY(buf_end(&suites));
	own.suites = buf_span(&suites);
	TRY(negotiation_check_now(mls_group_extensions(session->group), &own));
out:
	buf_clear(&suites);
	return e;
}

/* The group that we join is this session's. */
static enum err check_group(const struct session *session)
{
	const struct mls_group *group = session->group;
	struct roles roles;
	uint32_t generation;
	enum err e;

	ENSURE(generation_of_group(mls_group_id(group),
				   session_id_span(session), &generation),
	       ERR_PEER_INVALID);
	TRY(roles_read(mls_group_extensions(group), &roles));
out:
	return e;
}

enum err session_check_joined(const struct session *session,
			      const struct mls_identity *me)
{
	enum err e;

	TRY(check_group(session));
	TRY(check_offers(session, me, true));
out:
	return e;
}

/* What a tree that is not the group's fails by: its form, its hash, a signer that
 * is none in it. */
static bool is_of_tree(enum err e, enum mls_rule broken)
{
	return broken == MLS_RULE_TREE_HASH ||
	       broken == MLS_RULE_RATCHET_TREE_END ||
	       broken == MLS_RULE_GROUP_INFO_SIGNATURE ||
	       (broken == MLS_RULE_NONE &&
		(e == ERR_PEER_MALFORMED || e == ERR_PEER_TOO_LARGE));
}

/* The places of a group that is joined, where it has their root: from the Welcome, or
 * beside it. */
static enum err take_places(struct session *s, struct session_beside beside,
			    enum session_tree *wants)
{
	struct span extensions = mls_group_extensions(s->group), data;
	enum err e = ERR_OK;

	if (!wire_extensions_find(extensions, PLACES_ROOT_EXTENSION, &data))
		return ERR_OK;
	if (beside.places.n == 0 &&
	    !wire_extensions_find(mls_group_welcome_extensions(s->group),
				  PLACES_ROOT_EXTENSION, &beside.places)) {
		*wants = beside.tree.n == 0 ? SESSION_TREE_MISSING
					    : SESSION_PLACES_WRONG;
		return ERR_PEER_INVALID;
	}
	e = group_places_of_rows(extensions, beside.places, &s->places);
	if (err_class(e) == ERR_CLASS_PEER)
		*wants = SESSION_PLACES_WRONG;
	return e;
}

enum err session_join_welcome(const struct mls_identity *me,
			      const uint8_t id[SESSION_ID], struct span welcome,
			      struct session_beside beside,
			      struct span key_package,
			      const struct mls_key_package_secrets *secrets,
			      uint64_t seq, const uint8_t head[CHAIN_HEAD],
			      enum session_tree *wants,
			      struct session **session)
{
	struct session *s = session_new(id);
	enum mls_rule broken = MLS_RULE_NONE;
	struct mls_identity named = *me;
	enum err e;

	*wants = SESSION_TREE_GOOD;
	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	named.broken = &broken;
	e = mls_group_join(&named, welcome, beside.tree, key_package, secrets,
			   &s->group);
	if (broken == MLS_RULE_RATCHET_TREE_MISSING)
		*wants = SESSION_TREE_MISSING;
	else if (e != ERR_OK && beside.tree.n > 0 && is_of_tree(e, broken))
		*wants = SESSION_TREE_WRONG;
	TRY(e);
	TRY(take_places(s, beside, wants));
	TRY(session_check_joined(s, me));
	chain_resume(&s->chain, seq, head);
	s->joined = true;
	*session = s;
	s = NULL;
out:
	session_free(s);
	return e;
}

enum err session_put_said(const struct chain *seen, struct span links,
			  struct span changes, struct buf *said)
{
	chain_put_view(seen, said);
	buf_put_vec(said, links);
	if (changes.n > 0)
		buf_put_vec(said, changes);
	return buf_end(said);
}

enum err session_join_all_the_same(
    const struct mls_identity *me, const uint8_t id[SESSION_ID],
    struct span group_info, bool resync, enum session_offers held,
    const struct chain *seen, struct check_accounts *accounts,
    struct session **session, struct mls_commit *out)
{
	struct session *s = session_new(id);
	struct mls_external how = { .resync = resync };
	struct mls_commit made = { 0 };
	struct buf said = BUF_INIT, links = BUF_INIT;
	enum err e;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	TRY(places_plan_join(me, group_info, accounts, &links));
	if (seen != NULL)
		TRY(session_put_said(seen, buf_span(&links), SPAN_EMPTY,
				     &said));
	s->accounts = accounts;
	how.authenticated_data = buf_span(&said);
	TRY(session_join_group(s, me, group_info, &how, &made));
	TRY(check_group(s));
	if (held == SESSION_OWN_OFFER)
		TRY(check_offers(s, me, false));
	buf_put(&s->staged, buf_span(&made.commit));
	TRY(buf_end(&s->staged));
	*session = s;
	*out = made;
	s = NULL;
	made = (struct mls_commit){ 0 };
out:
	session_free(s);
	mls_commit_clear(&made);
	buf_clear(&said);
	buf_clear(&links);
	return e;
}

enum err session_join_external(const struct mls_identity *me,
			       const uint8_t id[SESSION_ID],
			       struct span group_info, bool resync,
			       const struct chain *seen,
			       struct check_accounts *accounts,
			       struct session **session, struct mls_commit *out)
{
	return session_join_all_the_same(me, id, group_info, resync,
					 SESSION_OWN_OFFER, seen, accounts,
					 session, out);
}

/* ---- asking ---- */

const uint8_t *session_id(const struct session *session)
{
	return session->id;
}

const struct suite *session_suite(const struct session *session)
{
	return mls_group_suite(session->group);
}

uint64_t session_epoch(const struct session *session)
{
	return generation_epoch(session_generation(session),
				mls_group_epoch(session->group));
}

uint32_t session_generation(const struct session *session)
{
	uint32_t generation = 0;

	/* a group of ours has been looked at when it was joined */
	(void)generation_of_group(mls_group_id(session->group),
				  session_id_span(session), &generation);
	return generation;
}

uint64_t session_seq(const struct session *session)
{
	return session->chain.seq;
}

const uint8_t *session_head(const struct session *session)
{
	return chain_head(&session->chain);
}

bool session_member(const struct session *session)
{
	return session->joined && !session->removed;
}

bool session_forked(const struct session *session)
{
	return session->forked;
}

void session_set_forked(struct session *session)
{
	session->forked = true;
}

bool session_pending(const struct session *session)
{
	return mls_group_has_pending(session->group);
}

const struct mls_group *session_group(const struct session *session)
{
	return session->group;
}

enum err session_safety_number(const struct session *session,
			       char out[SAFETY_SIZE])
{
	size_t count = mls_group_member_count(session->group);
	struct safety_member *members = calloc(count + 1, sizeof(*members));
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	ENSURE(members != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0;
	     mls_group_next_member(session->group, &leaf, &member); i++)
		members[i] = (struct safety_member){ member.identity,
						     member.signature_key };
	TRY(safety_number(session_id_span(session), members, count, out));
out:
	free(members);
	return e;
}

enum err session_agrees(const struct session *session,
			const struct mls_identity *me, struct span group_info,
			bool *agrees)
{
	struct wire_message theirs, ours;
	struct buf own = BUF_INIT;
	enum err e;

	TRY(wire_message_decode(group_info, &theirs));
	ENSURE(theirs.format == WIRE_GROUP_INFO, ERR_PEER_INVALID);
	TRY(mls_group_info(session->group, me, false, &own));
	TRY(wire_message_decode(buf_span(&own), &ours));
	*agrees =
	    theirs.group_info.context.epoch != ours.group_info.context.epoch ||
	    (span_equal(theirs.group_info.context.encoded,
			ours.group_info.context.encoded) &&
	     span_equal(theirs.group_info.confirmation_tag,
			ours.group_info.confirmation_tag));
out:
	buf_clear(&own);
	return e;
}

void session_move_outbox(struct session *from, struct session *to)
{
	outbox_clear(&to->outbox);
	to->outbox = from->outbox;
	from->outbox = (struct outbox){ NULL, 0 };
	/* another group may have an epoch of that number: no member of it takes
	 * these envelopes, and no joiner is at epoch 0 */
	for (size_t i = 0; i < to->outbox.count; i++)
		to->outbox.items[i].epoch = 0;
}

void session_set_look(struct session *session, session_look *look,
		      void *context)
{
	session->look = look;
	session->look_context = context;
}

/* ---- changing the group ---- */

/* A leaf of a version of before, which does not say all that this one reads. */
static bool has_old_leaf(const struct session *session)
{
	uint32_t leaf = mls_group_own_leaf(session->group);
	struct mls_member own;

	return mls_group_next_member(session->group, &leaf, &own) &&
	       (!wire_u16_list_has(own.extension_types, CONTENT_EXTENSION) ||
		!wire_u16_list_has(own.extension_types, BANS_EXTENSION) ||
		!wire_u16_list_has(own.extension_types, INVITED_EXTENSION) ||
		!wire_u16_list_has(own.extension_types,
				   INFO_BESIDE_EXTENSION) ||
		!wire_u16_list_has(own.extension_types, PLACES_ROOT_EXTENSION));
}

enum err session_commit(struct session *session, const struct mls_identity *me,
			const struct mls_change *change, struct mls_commit *out)
{
	struct mls_change with_view = *change;
	struct places_plan plan = { .changed = false };
	struct mls_commit made = { 0 };
	struct buf said = BUF_INIT, invited = BUF_INIT;
	struct span extensions;
	bool changed;
	enum err e;

	ENSURE(session_member(session), ERR_STATE_GONE);
	TRY(session_settle(session));
	TRY(places_plan_commit(session, change, &plan));
	extensions = plan.changed ? buf_span(&plan.extensions)
		     : change->extensions != NULL
			 ? *change->extensions
			 : mls_group_extensions(session->group);
	TRY(invited_plan_commit(session, change, extensions, &invited,
				&changed));
	if (changed)
		extensions = buf_span(&invited);
	if (plan.changed || changed)
		with_view.extensions = &extensions;
	if (change->tree_beside_info)
		with_view.info_extensions = session_info_marker();
	if (!change->tree_beside_welcome)
		with_view.welcome_extensions = buf_span(&plan.welcome);
	TRY(session_put_said(&session->chain, buf_span(&plan.links),
			     buf_span(&plan.changes), &said));
	with_view.authenticated_data = buf_span(&said);
	if (has_old_leaf(session) && with_view.next == NULL)
		with_view.next = me;
	TRY(mls_group_commit(session->group, me, &with_view, &made));
	buf_reset(&session->staged);
	buf_put(&session->staged, buf_span(&made.commit));
	e = buf_end(&session->staged);
	if (e != ERR_OK) {
		mls_group_discard(session->group);
		goto out;
	}
	*out = made;
	made = (struct mls_commit){ 0 };
out:
	places_plan_clear(&plan);
	buf_clear(&invited);
	mls_commit_clear(&made);
	buf_clear(&said);
	return e;
}

struct span session_staged(const struct session *session)
{
	return buf_span(&session->staged);
}

static enum err accept_join(struct session *session, uint64_t seq,
			    const uint8_t head[CHAIN_HEAD])
{
	enum err e;

	TRY(mls_group_merge(session->group));
	chain_resume(&session->chain, seq, head);
	session->joined = true;
	buf_clear(&session->staged);
out:
	return e;
}

enum err session_accepted(struct session *session, uint64_t now, uint64_t seq,
			  const uint8_t head[CHAIN_HEAD])
{
	struct session_event event = { 0 };
	struct buf commit = BUF_INIT;
	enum err e = ERR_OK;

	if (!session->joined)
		return accept_join(session, seq, head);
	/* Not the next entry: the log will bring it in its place. */
	if (seq != session->chain.seq + 1)
		return ERR_OK;
	ENSURE(session->staged.n > 0, ERR_LOCAL_BUG);
	/* A copy, for receiving it empties the original. */
	buf_put(&commit, buf_span(&session->staged));
	TRY(buf_end(&commit));
	TRY(session_receive(session, now, seq, CHAIN_COMMIT, buf_span(&commit),
			    head, &event));
out:
	session_event_clear(&event);
	buf_clear(&commit);
	return e;
}

void session_discard(struct session *session)
{
	if (!session->joined)
		return;
	mls_group_discard(session->group);
	session_drop_successor(session);
	buf_clear(&session->staged);
}
