#include "session/invited.h"

#include "session/state.h"
#include "wire/extension.h"
#include "wire/key_package.h"
#include "wire/message.h"

enum err session_invited(const struct session *session, struct invited *invited)
{
	return invited_read(mls_group_extensions(session->group), invited);
}

static enum err read_info(struct span group_info, struct invited *list,
			  uint64_t *epoch)
{
	struct wire_message message;
	enum err e;

	TRY(wire_message_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	*epoch = message.group_info.context.epoch;
	TRY(invited_read(message.group_info.context.extensions, list));
out:
	return e;
}

enum err session_info_invites(struct span group_info, struct span user,
			      bool *invites)
{
	struct invited list;
	uint64_t epoch;
	enum err e;

	TRY(read_info(group_info, &list, &epoch));
	*invites = check_invited_lets_in(&list, user, epoch);
out:
	return e;
}

enum err session_info_invitation(struct span group_info, struct span user,
				 struct invitation *one, bool *invited)
{
	struct invited list;
	uint64_t epoch;
	enum err e;

	TRY(read_info(group_info, &list, &epoch));
	*invited = !list.open && invited_find(&list, user, one);
out:
	return e;
}

/* ---- what ends by a commit ---- */

static void note_added(const void *commit, check_note_user *note, void *context)
{
	const struct mls_change *change = commit;
	struct wire_key_package kp;

	for (size_t i = 0; i < change->add_count; i++)
		if (wire_key_package_decode(change->adds[i], &kp) == ERR_OK)
			note(context,
			     roles_user(kp.leaf_node.credential.identity));
}

static bool removes(const void *commit, uint32_t leaf)
{
	const struct mls_change *change = commit;

	for (size_t i = 0; i < change->remove_count; i++)
		if (change->removes[i] == leaf)
			return true;
	return false;
}

static bool ends(const void *behind, const struct invitation *one)
{
	return check_invited_ends(behind, one);
}

/* Behind that change, with those extensions. `list` is theirs. */
static enum err look(const struct session *session,
		     const struct mls_change *change, struct span extensions,
		     struct check_view *view, struct check_behind *behind,
		     struct invited *list)
{
	enum err e;

	session_view(session, view);
	behind->view = view;
	behind->added = note_added;
	behind->removes = removes;
	behind->commit = change;
	behind->epoch = mls_group_epoch(session->group) + 1;
	TRY(invited_read(extensions, list));
	TRY(bans_read(extensions, &behind->bans));
	check_behind_look(behind, list, list);
out:
	return e;
}

/* Appends all of `extensions`, without the invitations that end by the change. */
static enum err put_pruned(const struct session *session,
			   const struct mls_change *change,
			   struct span extensions, struct buf *out)
{
	struct check_behind behind;
	struct buf list = BUF_INIT;
	struct check_view view;
	struct invited now;
	enum err e;

	TRY(look(session, change, extensions, &view, &behind, &now));
	TRY(invited_put_without(&now, ends, &behind, &list));
	wire_extensions_put_with(out, extensions, INVITED_EXTENSION,
				 buf_span(&list));
	TRY(buf_end(out));
out:
	buf_clear(&list);
	return e;
}

enum err invited_plan_commit(const struct session *session,
			     const struct mls_change *change,
			     struct span extensions, struct buf *out,
			     bool *changed)
{
	struct invited now, after;
	struct buf made = BUF_INIT;
	enum err e;

	*changed = false;
	TRY(invited_read(extensions, &now));
	if (now.rows.n == 0 || change->reinit != NULL)
		goto out;
	TRY(put_pruned(session, change, extensions, &made));
	TRY(invited_read(buf_span(&made), &after));
	*changed = !span_equal(now.rows, after.rows);
	if (*changed)
		buf_put(out, buf_span(&made));
	TRY(buf_end(out));
out:
	buf_clear(&made);
	return e;
}

enum err invited_put_carried(const struct session *session,
			     struct buf *extensions)
{
	static const struct mls_change nothing;
	struct check_behind behind;
	struct check_view view;
	struct invited now;
	enum err e;

	TRY(look(session, &nothing, mls_group_extensions(session->group), &view,
		 &behind, &now));
	if (now.there)
		TRY(check_invited_carry(&behind, &now, extensions));
out:
	return e;
}

/* ---- changing ---- */

enum err session_put_policy(bool open, struct buf *extensions)
{
	return invited_put(open, SPAN_EMPTY, extensions);
}

static enum err own_user(const struct session *session, struct span *user)
{
	uint32_t leaf = mls_group_own_leaf(session->group);
	struct mls_member own;
	enum err e = ERR_OK;

	ENSURE(mls_group_next_member(session->group, &leaf, &own),
	       ERR_STATE_GONE);
	*user = roles_user(own.identity);
out:
	return e;
}

enum err session_count_invitations(const struct session *session,
				   struct span extensions, size_t *count)
{
	static const struct mls_change nothing;
	struct check_behind behind;
	struct invitation one;
	struct check_view view;
	struct span rest, own;
	struct invited list;
	enum err e;

	*count = 0;
	TRY(own_user(session, &own));
	if (extensions.n == 0)
		extensions = mls_group_extensions(session->group);
	TRY(look(session, &nothing, extensions, &view, &behind, &list));
	rest = list.rows;
	while (invited_next(&rest, &one))
		*count += span_equal(one.by, own) &&
			  !check_invited_ends(&behind, &one);
out:
	return e;
}

static bool is_of(const void *user, const struct invitation *one)
{
	return span_equal(*(const struct span *)user, one->user);
}

enum err session_put_invitation(const struct session *session, struct span user,
				bool invited, struct buf *extensions)
{
	static const struct mls_change nothing;
	struct span now = extensions->n > 0
			      ? buf_span(extensions)
			      : mls_group_extensions(session->group);
	struct invitation one = { user, SPAN_EMPTY,
				  mls_group_epoch(session->group) + 1 +
				      CHECK_INVITED_EPOCHS };
	struct buf changed = BUF_INIT, made = BUF_INIT, kept = BUF_INIT;
	struct invited list;
	enum err e;

	TRY(own_user(session, &one.by));
	TRY(invited_read(now, &list));
	ENSURE(list.there, ERR_PEER_UNSUPPORTED);
	TRY(put_pruned(session, &nothing, now, &kept));
	TRY(invited_read(buf_span(&kept), &list));
	e = invited ? invited_put_with(&list, &one, &changed)
		    : invited_put_without(&list, is_of, &user, &changed);
	TRY(e);
	wire_extensions_put_with(&made, now, INVITED_EXTENSION,
				 buf_span(&changed));
	TRY(buf_end(&made));
	buf_clear(extensions);
	*extensions = made;
	made = BUF_INIT;
out:
	buf_clear(&kept);
	buf_clear(&changed);
	buf_clear(&made);
	return e;
}

/* ---- what a commit says ---- */

static void note_staged(const void *commit, check_note_user *note,
			void *context)
{
	const struct mls_staged *staged = commit;

	for (size_t i = 0; i < staged->proposal_count; i++)
		if (staged->proposals[i].proposal.kind == MLS_PROPOSE_ADD)
			note(context,
			     roles_user(
				 staged->proposals[i].leaf.after.identity));
}

static bool staged_removes(const void *commit, uint32_t leaf)
{
	const struct mls_staged *staged = commit;

	for (size_t i = 0; i < staged->proposal_count; i++)
		if (staged->proposals[i].proposal.kind == MLS_PROPOSE_REMOVE &&
		    staged->proposals[i].proposal.removed == leaf)
			return true;
	return false;
}

enum err session_tell_invited(const struct session *session,
			      const struct mls_staged *staged,
			      enum err (*tell)(void *context, struct span user,
					       bool invited),
			      void *context)
{
	struct check_behind behind = {
		.added = note_staged,
		.removes = staged_removes,
		.commit = staged,
		.epoch = staged->epoch,
	};
	struct invitation one, other;
	struct invited before, after;
	struct check_view view;
	struct span rest;
	enum err e = ERR_OK;

	if (session_invited(session, &before) != ERR_OK ||
	    invited_read(staged->extensions, &after) != ERR_OK ||
	    bans_read(staged->extensions, &behind.bans) != ERR_OK)
		return ERR_OK;
	session_view(session, &view);
	behind.view = &view;
	check_behind_look(&behind, &before, &after);
	rest = after.rows;
	while (invited_next(&rest, &one))
		if (!invited_find(&before, one.user, &other) ||
		    check_invited_ends(&behind, &other))
			TRY(tell(context, one.user, true));
	rest = before.rows;
	while (invited_next(&rest, &one))
		if (!invited_find(&after, one.user, &other) &&
		    !check_invited_ends(&behind, &one))
			TRY(tell(context, one.user, false));
out:
	return e;
}
