/* Commits of ours (12.4.1), external ones included (12.4.3.2). */
#include <stdlib.h>

#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/committing.h"
#include "mls/credentials.h"
#include "mls/framing.h"
#include "mls/group.h"
#include "mls/group_info.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/pending.h"
#include "mls/signer.h"
#include "mls/staged.h"
#include "mls/tree_check.h"
#include "mls/welcome.h"

/* The change and what is pending, applied; `one_by_one` as in mls/pending.h. */
static enum err apply(struct committing *m, const struct mls_change *change,
		      bool one_by_one)
{
	enum err e;

	TRY(committing_put_change(m, change));
	TRY(pending_gather(m->old, m->sender, m->me->now, &m->means,
			   change->commit_pending_proposals, one_by_one,
			   &m->list, &m->proposals));
	TRY(buf_end(&m->proposals));
	TRY(epoch_change_begin(m->old, &m->change));
	TRY(proposals_apply(m->old, &m->list, m->sender, &m->means,
			    &m->change));
out:
	return e;
}

static enum err apply_all(struct committing *m, const struct mls_group *group,
			  const struct mls_change *change)
{
	enum err e = apply(m, change, false);

	if (e != ERR_OK && err_class(e) != ERR_CLASS_LOCAL &&
	    change->commit_pending_proposals && m->old->proposal_count > 0) {
		proposal_list_clear(&m->list);
		buf_reset(&m->proposals);
		buf_reset(&m->nonces);
		buf_reset(&m->psk_ids);
		buf_reset(&m->reinit);
		epoch_change_clear(&m->change);
		e = apply(m, change, true);
	}
	if (e == ERR_OK)
		e = credentials_check_list(&group->authentication, m->old,
					   &m->list);
	return e;
}

/* ---- the commit ---- */

/* Whether a leaf of m->profile may stand in the place of ours, once the list
 * has been applied: 7.3. */
static enum err check_place(const struct committing *m)
{
	const struct tree *tree = &m->change.tree;
	const struct tree_leaf *stands =
	    tree_leaf(tree, m->change.private.leaf);
	struct span key = m->profile.leaf.signature_key;
	enum err e;

	TRY(leaf_check_group(&m->profile.leaf, m->change.extensions));
	ENSURE(
	    (stands != NULL && span_equal(stands->node.signature_key, key)) ||
		!tree_has_signature_key(tree, key),
	    ERR_STATE_CONFLICT);
out:
	return e;
}

/* The leaf that was made anew, as everybody will check it. */
static enum err check_renewed(const struct committing *m)
{
	const struct tree *tree = &m->next->tree;
	enum err e;

	TRY(leaf_check(m->old->suite,
		       &tree_leaf(tree, m->next->private.leaf)->node));
	TRY(tree_check_credentials(tree));
out:
	return e;
}

/* Asks the application about the commit before it is staged. */
static enum err show_staged(const struct committing *m, struct mls_group *group)
{
	struct staged_view view = {
		.kind = m->sender.type == WIRE_SENDER_MEMBER
			    ? MLS_STAGED_COMMIT
			    : MLS_STAGED_EXTERNAL_COMMIT,
		.own = true,
		.list = &m->list,
		.added = m->change.added,
		.epoch = m->next->context.epoch,
		.extensions = m->next->context.extensions,
		.authenticated_data = m->authenticated_data,
		.committer = m->next->private.leaf,
		.next = m->next,
	};
	enum err e;

	if (m->has_path)
		view.path_leaf =
		    &tree_leaf(&m->next->tree, view.committer)->node;
	TRY(staged_check(group, &view, &group->refusal));
	TRY(staged_keep(group, &view, m->sender, buf_span(&m->proposals)));
out:
	return e;
}

/* UpdatePath (7.5), its secrets under the provisional context. */
static enum err put_path(struct committing *m,
			 const struct wire_leaf_node *like, struct buf *commit)
{
	struct epoch_change *change = &m->change;
	struct buf context = BUF_INIT;
	enum err e;

	TRY(treekem_make(&change->tree, &change->private, m->me->rng, like,
			 committing_leaf_signer(m), m->old->context.group_id,
			 &m->update));
	ENSURE(m->update.leaf_node.n <= MLS_LEAF_NODE_MAX, ERR_PEER_TOO_LARGE);
	TRY(epoch_provisional_context(m->old, change, &context));
	TRY(treekem_encrypt(
	    &change->tree, change->private.leaf, m->me->rng, &m->update,
	    buf_span(&context),
	    (struct leaf_list){ change->added, change->added_count }, commit));
	change->commit_secret = m->update.commit_secret;
out:
	buf_clear(&context);
	return e;
}

/* Commit, FramedContent, signature, and the next epoch's secrets: 12.4.1 in
 * its order. `like` NULL: no path. */
static enum err make_commit(struct committing *m,
			    const struct wire_leaf_node *like,
			    struct wire_content *content)
{
	struct buf commit = BUF_INIT;
	enum err e;

	m->has_path = like != NULL;
	buf_put_vec(&commit, buf_span(&m->proposals));
	buf_put_u8(&commit, m->has_path);
	if (m->has_path)
		TRY(put_path(m, like, &commit));
	TRY(buf_end(&commit));
	*content = (struct wire_content){
		.group_id = m->old->context.group_id,
		.epoch = m->old->context.epoch,
		.sender = m->sender,
		.authenticated_data = m->authenticated_data,
		.type = WIRE_CONTENT_COMMIT,
		.body = buf_span(&commit),
	};
	wire_content_put(&m->content, content);
	TRY(buf_end(&m->content));
	content->encoded = buf_span(&m->content);
	content->body =
	    span_of(m->content.p + m->content.n - commit.n, commit.n);
	TRY(framing_sign(m->signer, m->format, content,
			 buf_span(&m->old->encoded_context), &m->signature));
	TRY(epoch_next(m->old, &m->change, m->format, content,
		       buf_span(&m->signature), &m->joiner, &m->next));
	TRY(epoch_start(m->next, NULL));
out:
	buf_clear(&commit);
	return e;
}

/* One Welcome for all who were added (12.4.3.1); for nobody, it is the encrypted
 * GroupInfo alone. */
static enum err make_welcome(struct committing *m, struct span group_info,
			     struct buf *welcome)
{
	const struct epoch_change *change = &m->change;
	struct welcome_recipient *recipients = NULL;
	struct buf refs = BUF_INIT;
	size_t nh = m->old->suite->nh;
	enum err e = ERR_OK;

	recipients = calloc(change->added_count + 1, sizeof(*recipients));
	ENSURE(recipients != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < change->added_count; i++)
		TRY(label_key_package_ref(
		    m->old->suite, change->added_packages[i].encoded, &refs));
	for (size_t i = 0; i < change->added_count; i++) {
		recipients[i].key_package_ref = span_of(refs.p + i * nh, nh);
		recipients[i].init_key = change->added_packages[i].init_key;
		if (m->has_path)
			recipients[i].path_secret = treekem_path_secret_for(
			    &m->update, m->next->private.leaf,
			    change->added[i]);
	}
	TRY(welcome_seal(m->old->suite, m->me->rng, recipients,
			 change->added_count, sec_span(&m->joiner),
			 buf_span(&change->psk_ids),
			 sec_span(&change->psk_secret), group_info, welcome));
out:
	free(recipients);
	buf_clear(&refs);
	return e;
}

/* The GroupInfo of the new epoch, for all to see and for the Welcome: one for
 * both when both have the tree, or neither has it, and the Welcome's has no more. */
static enum err make_outputs(struct committing *m, struct mls_commit *out)
{
	const struct sign_key *signer = committing_leaf_signer(m);
	bool welcome = m->change.added_count > 0 || m->succeeds;
	struct buf info = BUF_INIT, extensions = BUF_INIT;
	enum err e = ERR_OK;

	if (!m->without_info) {
		TRY(group_info_make(m->next, signer, !m->info_beside,
				    m->info_extensions, &info));
		wire_message_put_header(&out->group_info, WIRE_GROUP_INFO);
		buf_put(&out->group_info, buf_span(&info));
		TRY(buf_end(&out->group_info));
	}
	if (welcome && (m->without_info || m->tree_beside != m->info_beside ||
			m->welcome_extensions.n > 0)) {
		buf_reset(&info);
		buf_put(&extensions, m->info_extensions);
		buf_put(&extensions, m->welcome_extensions);
		TRY(buf_end(&extensions));
		TRY(group_info_make(m->next, signer, !m->tree_beside,
				    buf_span(&extensions), &info));
	}
	if (welcome)
		TRY(make_welcome(m, buf_span(&info), &out->welcome));
out:
	buf_clear(&info);
	buf_clear(&extensions);
	return e;
}

static enum err protect(struct committing *m, struct secret_tree *messages,
			const struct wire_content *content,
			struct secret_tree_staged *key, struct buf *message)
{
	const struct mls_epoch *old = m->old;
	struct wire_auth auth = {
		buf_span(&m->signature),
		span_of(m->next->confirmation_tag, old->suite->nh),
	};

	if (m->format == WIRE_PRIVATE_MESSAGE)
		return framing_protect_private(
		    old->suite, m->me->rng, content, &auth,
		    sec_span(&old->secrets.sender_data), messages, 0, key,
		    message);
	return framing_protect_public(
	    old->suite, content, &auth, buf_span(&old->encoded_context),
	    sec_span(&old->secrets.membership_key), message);
}

/* Makes the message and stages it, the last that can fail. `messages` NULL: in
 * a PublicMessage. */
static enum err stage(struct mls_group *group, struct committing *m,
		      struct secret_tree *messages,
		      const struct wire_content *content, struct buf *message)
{
	struct secret_tree_staged key = SECRET_TREE_STAGED_INIT;
	enum err e;

	TRY(protect(m, messages, content, &key, message));
	TRY(group_hash(buf_span(message), group->staged_commit));
	secret_tree_confirm(&key);
	group->staged = m->next;
	group->staged_own = true;
	m->next = NULL;
out:
	secret_tree_abandon(&key);
	return e;
}

/* Whence the commit's PSKs come, and the one that ties it to a parent. */
static enum err take_psks(struct committing *m, const struct mls_group *group,
			  const struct mls_epoch *parent,
			  enum wire_psk_usage usage)
{
	struct wire_psk_id id = { .type = WIRE_PSK_RESUMPTION,
				  .usage = (uint8_t)usage };

	m->means.application = &group->authentication;
	group_psk_source(group, m->epochs, &m->means.psks);
	if (parent == NULL)
		return ERR_OK;
	m->epochs[0] = parent;
	m->means.psks =
	    (struct psk_source){ &group->psks, m->epochs, 1, usage };
	id.group_id = parent->context.group_id;
	id.epoch = parent->context.epoch;
	return committing_put_psk(m, &id, &m->parent_psk, m->parent_nonce);
}

/* Our leaf becomes that of `next`. */
static enum err take_next(struct committing *m, const struct mls_identity *next,
			  const struct wire_leaf_node **like)
{
	enum err e;

	ENSURE(next->suite == m->old->suite, ERR_LOCAL_BUG);
	TRY(key_package_profile(next, false, &m->profile));
	TRY(check_place(m));
	TRY(signer_of(next, &m->next_signer));
	*like = &m->profile.leaf;
out:
	return e;
}

static enum err check_next(const struct committing *m,
			   const struct mls_group *group)
{
	uint32_t own = m->next->private.leaf;
	enum err e;

	TRY(check_renewed(m));
	TRY(credentials_check_leaf(&group->authentication,
				   &tree_leaf(&m->next->tree, own)->node,
				   &tree_leaf(&m->old->tree, own)->node));
out:
	return e;
}

enum err mls_group_commit(struct mls_group *group,
			  const struct mls_identity *me,
			  const struct mls_change *change,
			  struct mls_commit *out)
{
	return rules_settle(group_commit_after(group, me, change, NULL,
					       WIRE_PSK_APPLICATION, out),
			    &group->broken);
}

enum err group_commit_after(struct mls_group *group,
			    const struct mls_identity *me,
			    const struct mls_change *change,
			    const struct mls_epoch *parent,
			    enum wire_psk_usage usage, struct mls_commit *out)
{
	struct committing m = { .me = me, .old = group->now };
	const struct wire_leaf_node *like = NULL;
	struct wire_content content;
	enum err e;

	*out = (struct mls_commit){ BUF_INIT, BUF_INIT, BUF_INIT };
	group->refusal = NULL;
	TRY(group_may_send(group));
	ENSURE(!mls_group_has_pending(group), ERR_STATE_PENDING);
	TRY(group_signer(group, me, &m.signer));
	m.format = change->private_handshake ? WIRE_PRIVATE_MESSAGE
					     : WIRE_PUBLIC_MESSAGE;
	m.sender =
	    (struct wire_sender){ WIRE_SENDER_MEMBER, m.old->private.leaf };
	m.authenticated_data = change->authenticated_data;
	TRY(app_data_own_aad(m.old->context.extensions, &m.authenticated_data));
	m.tree_beside = change->tree_beside_welcome;
	m.succeeds = parent != NULL;
	m.without_info = change->without_group_info;
	m.info_beside = change->tree_beside_info;
	m.info_extensions = change->info_extensions;
	m.welcome_extensions = change->welcome_extensions;
	TRY(take_psks(&m, group, parent, usage));
	TRY(apply_all(&m, group, change));
	if (change->force_path || m.change.path_required)
		like = &tree_leaf(&m.old->tree, m.old->private.leaf)->node;
	if (change->next != NULL)
		TRY(take_next(&m, change->next, &like));
	TRY(make_commit(&m, like, &content));
	if (change->next != NULL)
		TRY(check_next(&m, group));
	TRY(show_staged(&m, group));
	TRY(make_outputs(&m, out));
	TRY(stage(group, &m, &group->now->messages, &content, &out->commit));
out:
	if (e != ERR_OK)
		mls_commit_clear(out);
	committing_clear(&m);
	return e;
}

/* ---- external commits ---- */

/* Our former leaf: the member with our identity. */
static bool find_former(const struct mls_epoch *old,
			const struct mls_identity *me, uint32_t *found)
{
	for (*found = 0; tree_next_member(&old->tree, *found, found);
	     (*found)++) {
		const struct wire_leaf_node *leaf =
		    &tree_leaf(&old->tree, *found)->node;

		if (me->certificates.n > 0
			? span_equal(leaf->credential.certificates,
				     me->certificates)
			: leaf->credential.type == WIRE_CREDENTIAL_BASIC &&
			      span_equal(leaf->credential.identity,
					 me->credential_identity))
			return true;
	}
	return false;
}

static enum err put_external(struct committing *m, struct span external_pub,
			     bool resync, struct buf *kem_output)
{
	struct wire_proposal init = { .type = WIRE_PROPOSAL_EXTERNAL_INIT };
	struct wire_proposal former = { .type = WIRE_PROPOSAL_REMOVE };
	enum err e;

	TRY(key_schedule_external_init(m->old->suite, m->me->rng, external_pub,
				       kem_output, &m->change.init_secret));
	init.kem_output = buf_span(kem_output);
	TRY(committing_put_value(m, &init));
	if (resync && find_former(m->old, m->me, &former.removed) &&
	    pending_self_remove(m->old, former.removed) == NULL)
		TRY(committing_put_value(m, &former));
	/* "include the SelfRemove Proposals in its external Commit by reference" */
	TRY(pending_gather(m->old, m->sender, m->me->now, &m->means, false,
			   false, &m->list, &m->proposals));
	TRY(buf_end(&m->proposals));
out:
	return e;
}

/* The leaf goes to "the leftmost blank leaf node in the new ratchet tree". */
static enum err make_external(struct committing *m, struct mls_group *group,
			      struct span external_pub, bool resync,
			      struct wire_content *content)
{
	struct buf kem_output = BUF_INIT;
	enum err e;

	TRY(key_package_profile(m->me, false, &m->profile));
	m->means.application = &group->authentication;
	TRY(epoch_change_begin(m->old, &m->change));
	TRY(put_external(m, external_pub, resync, &kem_output));
	TRY(proposals_apply(m->old, &m->list, m->sender, &m->means,
			    &m->change));
	TRY(check_place(m));
	TRY(tree_free_leaf(&m->change.tree, &m->change.private.leaf));
	TRY(make_commit(m, &m->profile.leaf, content));
	TRY(check_renewed(m));
	TRY(show_staged(m, group)); /* while the list may borrow kem_output */
out:
	buf_clear(&kem_output);
	return e;
}

/* The group that a GroupInfo is of, as who is no member sees it. */
static enum err open_group(const struct mls_identity *me,
			   const struct wire_group_info *info, struct span tree,
			   struct span *external_pub, struct mls_group **group)
{
	struct mls_epoch *epoch = NULL;
	struct span extension;
	enum err e;

	ENSURE(wire_extensions_find(info->extensions,
				    WIRE_EXTENSION_EXTERNAL_PUB, &extension),
	       RULE(EXTERNAL_PUB));
	TRY(wire_external_pub_decode(extension, external_pub));
	TRY(group_info_open(me, info, tree, &epoch));
	TRY(group_new(epoch, group));
	epoch = NULL;
	mls_group_authenticate(*group, me->authentication);
	TRY(psk_store_put_all(&(*group)->psks, me));
	TRY(staged_check_group(*group, info->signer, &(*group)->refusal));
out:
	epoch_free(epoch);
	return e;
}

enum err mls_group_join_external(const struct mls_identity *me,
				 struct span group_info,
				 const struct mls_external *how,
				 struct mls_group **group,
				 struct mls_commit *out)
{
	struct committing m = { .me = me,
				.format = WIRE_PUBLIC_MESSAGE,
				.authenticated_data = how->authenticated_data,
				.info_beside = how->tree_beside_info,
				.info_extensions = how->info_extensions,
				.sender = { WIRE_SENDER_NEW_MEMBER_COMMIT,
					    0 } };
	struct mls_group *joined = NULL;
	struct sign_key *signer = NULL;
	struct span external_pub;
	struct wire_message message;
	struct wire_content content;
	enum err e;

	*out = (struct mls_commit){ BUF_INIT, BUF_INIT, BUF_INIT };
	TRY(group_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	TRY(open_group(me, &message.group_info, how->tree, &external_pub,
		       &joined));
	TRY(signer_of(me, &signer));
	m.signer = signer;
	m.old = joined->now;
	TRY(app_data_own_aad(m.old->context.extensions, &m.authenticated_data));
	for (size_t i = 0; i < how->self_remove_count; i++)
		TRY(group_take_self_remove(joined, how->self_removes[i]));
	TRY(make_external(&m, joined, external_pub, how->resync, &content));
	TRY(make_outputs(&m, out));
	TRY(stage(joined, &m, NULL, &content, &out->commit));
	*group = joined;
	joined = NULL;
out:
	if (e != ERR_OK)
		mls_commit_clear(out);
	if (me->refusal != NULL)
		*me->refusal = joined != NULL ? joined->refusal : NULL;
	committing_clear(&m);
	mls_group_free(joined);
	sign_key_free(signer);
	return rules_settle(e, me->broken);
}
