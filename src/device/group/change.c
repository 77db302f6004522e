#include "device/group/change.h"

#include "device/accounts/names.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/group/bans.h"
#include "device/group/invited.h"
#include "device/group/signer.h"
#include "device/todo.h"
#include "wire/key_package.h"

#include <stdlib.h>
#include <string.h>

static json_t *member(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

/* ---- making ---- */

static enum err put_packages(json_t *change, const struct change_plan *plan)
{
	json_t *list = json_array();
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < plan->key_package_count; i++) {
		buf_reset(&text);
		text_put_base64(&text, plan->key_packages[i]);
		TRY(buf_end(&text));
		ENSURE(json_array_append_new(
			   list, json_stringn((const char *)text.p, text.n)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	}
	ENSURE(json_object_set(change, "key_packages", list) == 0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&text);
	json_decref(list);
	return e;
}

enum err change_make(const struct change_plan *plan, json_t **change)
{
	json_t *made = json_pack("{s:s, s:i}", "kind", "change", "tries", 0);
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(put_packages(made, plan));
	if (plan->remove != NULL)
		(void)json_object_set(made, "remove", plan->remove);
	if (plan->role_username != NULL)
		(void)json_object_set_new(made, "role",
					  json_pack("{s:s, s:s}", "username",
						    plan->role_username, "role",
						    roles_text(plan->role)));
	if (plan->ban_user != NULL)
		(void)json_object_set_new(made, "ban",
					  json_pack("{s:s, s:b}", "user",
						    plan->ban_user, "banned",
						    (int)plan->banned));
	if (plan->invite != NULL)
		(void)json_object_set(made, "invite", plan->invite);
	if (plan->algorithm != NULL)
		(void)json_object_set_new(made, "algorithm",
					  json_string(plan->algorithm));
	if (plan->says_who)
		(void)json_object_set_new(made, "open",
					  json_boolean(plan->open));
	if (plan->reason != NULL)
		(void)json_object_set_new(made, "reason",
					  json_string(plan->reason));
	if (plan->due)
		(void)json_object_set_new(
		    made, "due", json_integer((json_int_t)plan->epoch));
	*change = made;
	made = NULL;
out:
	json_decref(made);
	return e;
}

bool change_adds(const json_t *change)
{
	return json_array_size(member(change, "key_packages")) > 0;
}

bool change_invites(const json_t *change)
{
	return json_array_size(member(change, "invite")) > 0;
}

/* ---- staging ---- */

/* What the mls_change points into. */
struct parts {
	struct buf *packages;
	struct span *adds;
	uint32_t *removes;
	size_t add_count, remove_count;
	struct buf extensions;
	struct span extensions_span;
};

static void parts_clear(struct parts *p)
{
	for (size_t i = 0; p->packages != NULL && i < p->add_count; i++)
		buf_clear(&p->packages[i]);
	free(p->packages);
	free(p->adds);
	free(p->removes);
	buf_clear(&p->extensions);
}

static enum err read_packages(const json_t *list, struct parts *p)
{
	const json_t *value;
	size_t i;
	enum err e = ERR_OK;

	p->add_count = json_array_size(list);
	p->packages = calloc(p->add_count + 1, sizeof(*p->packages));
	p->adds = calloc(p->add_count + 1, sizeof(*p->adds));
	ENSURE(p->packages != NULL && p->adds != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(list, i, value)
	{
		TRY(text_base64(&p->packages[i],
				span_of(json_string_value(value),
					json_string_length(value))));
		TRY(buf_end(&p->packages[i]));
		p->adds[i] = buf_span(&p->packages[i]);
	}
out:
	return e;
}

/* Who is gone already need not be removed; nobody is removed twice. */
static void remove_leaf(const struct session *session, struct span identity,
			struct parts *p)
{
	struct mls_member leaf;

	if (!session_find(session, identity, &leaf))
		return;
	for (size_t i = 0; i < p->remove_count; i++)
		if (p->removes[i] == leaf.leaf_index)
			return;
	p->removes[p->remove_count++] = leaf.leaf_index;
}

/* Members whose departure stands in the log are removed by every change. */
static void remove_departed(const struct session *session, struct parts *p)
{
	struct mls_member member;
	uint32_t leaf = 0;

	if (!session_others_departed(session))
		return;
	while (mls_group_next_member(session_group(session), &leaf, &member))
		if (session_departed(session, member.leaf_index) &&
		    member.leaf_index !=
			mls_group_own_leaf(session_group(session)))
			remove_leaf(session, member.identity, p);
}

static enum err check_removal(struct device *d, const struct session *session,
			      struct span identity)
{
	struct span extensions = mls_group_extensions(session_group(session));
	struct buf name = BUF_INIT;
	struct roles roles;
	enum err e;

	TRY(roles_read(extensions, &roles));
	if (roles_may_remove(&roles, span_str(core_self(d)), identity) ||
	    session_has_ended(session, identity))
		return ERR_OK;
	TRY(names_put_user(d, roles_user(identity), &name));
	TRY(buf_end(&name));
	e = why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
		    "To remove %.*s takes an admin of this session, or "
		    "its owner where that member is an admin.",
		    (int)name.n, (const char *)name.p);
out:
	buf_clear(&name);
	return e;
}

/* Where an account's log parts, all its leaves go that the one which counts does not
 * have: one commit goes over to it, and leaves none of them. */
static void remove_parted(const struct session *session, struct span identity,
			  struct parts *p)
{
	uint32_t leaf = 0, own = mls_group_own_leaf(session_group(session));
	struct mls_member member;
	enum session_ended how;

	while (session_next_ended(session, &leaf, &member, &how))
		if ((how == SESSION_ENDED_PARTED ||
		     how == SESSION_ENDED_FORKED) &&
		    member.leaf_index != own &&
		    span_equal(roles_user(member.identity),
			       roles_user(identity)))
			remove_leaf(session, member.identity, p);
}

static enum err read_removes(struct device *d, const struct session *session,
			     const json_t *list, struct parts *p)
{
	size_t i, members = mls_group_member_count(session_group(session));
	const json_t *value;
	enum err e = ERR_OK;

	p->removes = calloc(members + 1, sizeof(*p->removes));
	ENSURE(p->removes != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(list, i, value)
	{
		struct span identity = span_str(json_string_value(value));

		TRY(check_removal(d, session, identity));
		remove_leaf(session, identity, p);
		remove_parted(session, identity, p);
	}
	remove_departed(session, p);
out:
	return e;
}

static enum err read_role(struct device *d, const struct session *session,
			  const json_t *wanted, struct parts *p)
{
	const char *username = json_string_value(member(wanted, "username"));
	enum role role;
	enum err e;

	if (wanted == NULL)
		return ERR_OK;
	ENSURE(
	    username != NULL &&
		roles_parse(json_string_value(member(wanted, "role")), &role),
	    ERR_PEER_MALFORMED);
	if (session_role(session, span_str(core_self(d))) != ROLE_OWNER)
		return why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
			       "Only an owner of this session gives roles.");
	e = session_put_role(session, span_str(username), role, &p->extensions);
	if (e == ERR_PEER_INVALID)
		e = why_set(&d->work.why, e, "no-owner",
			    "Somebody has to own the session: make another an "
			    "owner first.");
	p->extensions_span = buf_span(&p->extensions);
out:
	return e;
}

/* Whoever is banned goes with all leaves, also those that came since. */
static enum err read_ban(struct device *d, const struct session *session,
			 const json_t *ban, struct parts *p)
{
	const char *user = json_string_value(member(ban, "user"));
	struct mls_member one;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	if (ban == NULL)
		return ERR_OK;
	while (user != NULL && json_is_true(member(ban, "banned")) &&
	       mls_group_next_of(session_group(session), span_str(user), &leaf,
				 &one))
		remove_leaf(session, one.identity, p);
	TRY(bans_put(d, ban, p->removes, p->remove_count, &p->extensions));
	p->extensions_span = buf_span(&p->extensions);
out:
	return e;
}

static enum err read_invite(struct device *d, const json_t *list,
			    struct parts *p)
{
	enum err e = invited_stage(d, list, &p->extensions);

	p->extensions_span = buf_span(&p->extensions);
	return e;
}

static enum err put_heirs(const struct session *session, struct parts *p)
{
	enum err e;

	TRY(session_put_heirs(session, p->removes, p->remove_count,
			      &p->extensions));
	p->extensions_span = buf_span(&p->extensions);
out:
	return e;
}

static bool is_needless(const json_t *change, const struct session *session,
			const struct parts *p)
{
	const json_t *due = member(change, "due");

	return due != NULL && p->remove_count == 0 &&
	       json_integer_value(due) != (json_int_t)session_epoch(session);
}

enum err change_stage(struct device *d, const json_t *change,
		      struct mls_commit *out, bool *needless)
{
	struct session *session = d->open.session;
	struct parts p = { .extensions = BUF_INIT };
	struct signer signer;
	struct mls_change mls;
	enum err e;

	*needless = false;
	TRY(signer_of_session(&signer, d));
	TRY(read_packages(member(change, "key_packages"), &p));
	TRY(read_removes(d, session, member(change, "remove"), &p));
	TRY(read_role(d, session, member(change, "role"), &p));
	if (p.extensions.n == 0)
		TRY(put_heirs(session, &p));
	TRY(read_ban(d, session, member(change, "ban"), &p));
	TRY(read_invite(d, member(change, "invite"), &p));
	*needless = is_needless(change, session, &p);
	if (*needless)
		goto out;
	mls = (struct mls_change){
		.adds = p.adds,
		.add_count = p.add_count,
		.removes = p.removes,
		.remove_count = p.remove_count,
		.extensions = p.extensions.n > 0 ? &p.extensions_span : NULL,
		.force_path = true,
		.tree_beside_welcome =
		    !d->whole_infos &&
		    session_tree_beside(session, p.adds, p.add_count, d->large),
		.tree_beside_info =
		    !d->whole_infos &&
		    session_info_beside(session, p.adds, p.add_count, d->large),
	};
	TRY(session_commit(session, &signer.me, &mls, out));
out:
	parts_clear(&p);
	signer_clear(&signer);
	return e;
}

enum err change_try(struct device *d, const json_t *change)
{
	struct mls_commit commit = { 0 };
	bool needless;
	enum err e = change_stage(d, change, &commit, &needless);

	session_discard(d->open.session);
	mls_commit_clear(&commit);
	return e;
}

enum err change_show(struct device *d, const json_t *change)
{
	struct parts p = { .extensions = BUF_INIT };
	enum err e;

	TRY(read_packages(member(change, "key_packages"), &p));
	for (size_t i = 0; i < p.add_count; i++) {
		struct wire_key_package kp;

		TRY(wire_key_package_decode(p.adds[i], &kp));
		TRY(people_show(&d->open, kp.leaf_node.credential.identity,
				kp.leaf_node.signature_key));
	}
out:
	parts_clear(&p);
	return e;
}

enum err change_check_pins(struct device *d, const json_t *change)
{
	struct parts p = { .extensions = BUF_INIT };
	enum err e;

	TRY(read_packages(member(change, "key_packages"), &p));
	for (size_t i = 0; i < p.add_count; i++) {
		struct wire_key_package kp;
		const struct suite *suite;

		TRY(wire_key_package_decode(p.adds[i], &kp));
		suite = suite_by_id(kp.cipher_suite);
		ENSURE(suite != NULL, ERR_PEER_UNSUPPORTED);
		TRY(pins_check(d, suite, kp.leaf_node.credential.identity,
			       kp.leaf_node.signature_key,
			       "This change was given up", true));
	}
out:
	parts_clear(&p);
	return e;
}

enum err change_begin(struct device *d, const struct change_plan *plan)
{
	json_t *change = NULL;
	enum err e;

	TRY(change_make(plan, &change));
	(void)json_object_set_new(
	    change, "id", json_integer((json_int_t)todo_new_id(&d->open)));
	membership_set_todo(&d->open, change);
	work_changed(d);
out:
	return e;
}
