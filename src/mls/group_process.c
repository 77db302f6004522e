/* What arrives: messages of members, and commits of others (12.4.2). */
#include <string.h>

#include "mls/arrival.h"
#include "mls/broken.h"
#include "mls/credentials.h"
#include "mls/framing.h"
#include "mls/group.h"
#include "mls/group_internal.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/proposals.h"
#include "mls/staged.h"
#include "mls/tree_check.h"

/* 7.3: "it is RECOMMENDED that the client verifies that the current time" */
static bool any_expired(const struct wire_key_package *packages, size_t count,
			uint64_t now)
{
	for (size_t i = 0; i < count; i++)
		if (!leaf_is_current(&packages[i].leaf_node, now))
			return true;
	return false;
}

/* ---- proposals ---- */

static enum err take_proposal(struct mls_group *group, struct arrival *arrival,
			      struct mls_event *event)
{
	struct mls_epoch *epoch = arrival->epoch;
	struct buf authenticated = BUF_INIT, ref = BUF_INIT;
	struct proposal_item item = { arrival->content.proposal,
				      arrival->content.sender, true, NULL };
	struct proposal_list alone = { &item, 1 };
	enum err e;

	/* "these proposals MUST be sent in an MLS PublicMessage" */
	ENSURE(item.proposal.type != WIRE_PROPOSAL_SELF_REMOVE ||
		   arrival->format == WIRE_PUBLIC_MESSAGE,
	       RULE(SELF_REMOVE_PRIVATE));
	/* 12.2: "It contains an individual proposal that is invalid" */
	TRY(proposal_check(epoch, &item, &group->authentication));
	TRY(credentials_check_list(&group->authentication, epoch, &alone));
	TRY(staged_check_proposal(group, &item, false,
				  arrival->content.authenticated_data,
				  &group->refusal));
	event->expired = item.proposal.type == WIRE_PROPOSAL_ADD &&
			 any_expired(&item.proposal.add, 1, arrival->now);
	framing_put_authenticated(&authenticated, arrival->format,
				  &arrival->content, &arrival->auth);
	TRY(buf_end(&authenticated));
	TRY(label_proposal_ref(epoch->suite, buf_span(&authenticated), &ref));
	buf_put(&event->data, buf_span(&ref));
	TRY(buf_end(&event->data));
	TRY(epoch_keep_proposal(epoch, buf_span(&ref), item.proposal.encoded,
				item.sender, NULL));
	secret_tree_confirm(&arrival->key);
out:
	buf_clear(&authenticated);
	buf_clear(&ref);
	return e;
}

/* The joiner "MUST validate the SelfRemove Proposal before including it by reference,
 * except that it skips the validation of the membership_tag". */
enum err group_take_self_remove(struct mls_group *group, struct span message)
{
	struct arrival arrival = { .untagged = WIRE_CONTENT_PROPOSAL };
	const struct wire_content *content = &arrival.content;
	struct mls_event event = { 0 };
	struct wire_message m;
	enum err e;

	TRY(group_decode(message, &m));
	ENSURE(m.format == WIRE_PUBLIC_MESSAGE, RULE(SELF_REMOVE_PRIVATE));
	arrival.format = WIRE_PUBLIC_MESSAGE;
	TRY(arrival_open_public(group, &m.public_message, &arrival));
	ENSURE(content->type == WIRE_CONTENT_PROPOSAL &&
		   content->proposal.type == WIRE_PROPOSAL_SELF_REMOVE,
	       RULE(EXTERNAL_REFERENCES));
	TRY(take_proposal(group, &arrival, &event));
out:
	mls_event_clear(&event);
	return e;
}

/* ---- commits ---- */

/* 12.2: "with which the joiner removes an old version of themselves". Whether it
 * is one says the application; who has none to ask wants the same credential. */
static enum err check_former(const struct mls_group *group,
			     const struct mls_epoch *epoch,
			     const struct proposal_list *list,
			     const struct wire_leaf_node *joiner)
{
	const struct tree_leaf *former = NULL;
	enum err e;

	for (size_t i = 0; i < list->count; i++) {
		const struct wire_proposal *p = &list->items[i].proposal;

		if (p->type == WIRE_PROPOSAL_REMOVE)
			former = tree_leaf(&epoch->tree, p->removed);
	}
	TRY(credentials_check_leaf(&group->authentication, joiner,
				   former != NULL ? &former->node : NULL));
	if (former == NULL)
		return ERR_OK;
	/* 12.2: "MUST present a set of identifiers that is acceptable" */
	ENSURE(group->authentication.check != NULL ||
		   span_equal(former->node.credential.encoded,
			      joiner->credential.encoded),
	       RULE(FORMER_CREDENTIAL));
	/* 12.2: "the same criteria as would the LeafNode in an Update" */
	ENSURE(!span_equal(former->node.encryption_key, joiner->encryption_key),
	       RULE(FORMER_KEY));
out:
	return e;
}

/* 7.3, for the leaf of an UpdatePath. That its encryption key is new is
 * checked by treekem_merge(). */
static enum err check_path_leaf(const struct mls_group *group,
				const struct mls_epoch *epoch,
				const struct epoch_change *change,
				uint32_t sender,
				const struct wire_leaf_node *leaf)
{
	const struct tree_leaf *old = tree_leaf(&change->tree, sender);
	enum err e;

	/* 12.4.2: "The leaf_node_source field MUST be set to commit" */
	/* 7.3: "verify that leaf_node_source is set to commit" */
	ENSURE(leaf->source == WIRE_LEAF_COMMIT, RULE(PATH_LEAF_SOURCE));
	/* 12.4.2: "Validate the LeafNode as specified" */
	TRY(leaf_check(epoch->suite, leaf));
	TRY(leaf_check_group(leaf, change->extensions));
	TRY(leaf_verify_alone(epoch->suite, leaf, epoch->context.group_id,
			      sender));
	/* 7.3: "fields are unique among the members" */
	ENSURE((old != NULL &&
		span_equal(old->node.signature_key, leaf->signature_key)) ||
		   !tree_has_signature_key(&change->tree, leaf->signature_key),
	       RULE(SIGNATURE_KEYS_UNIQUE));
	if (old != NULL)
		TRY(credentials_check_leaf(&group->authentication, leaf,
					   &old->node));
out:
	return e;
}

static enum err apply_path(const struct mls_group *group,
			   const struct mls_epoch *epoch,
			   const struct wire_update_path *path, uint32_t sender,
			   struct epoch_change *change)
{
	struct buf context = BUF_INIT;
	enum err e;

	TRY(check_path_leaf(group, epoch, change, sender, &path->leaf_node));
	/* 12.4.2: "Merge the UpdatePath into the new ratchet tree" */
	TRY(treekem_merge(&change->tree, sender, path));
	TRY(tree_check_credentials(&change->tree));
	/* 12.4.2: "Construct a provisional GroupContext object" */
	TRY(epoch_provisional_context(epoch, change, &context));
	/* 12.4.2: "Decrypt the path secrets for UpdatePath" */
	TRY(treekem_decrypt(
	    &change->tree, &change->private, sender, path, buf_span(&context),
	    (struct leaf_list){ change->added, change->added_count },
	    &change->commit_secret));
out:
	buf_clear(&context);
	return e;
}

/* The list, which borrows from the commit, and the path, applied; *sender: the
 * committer's leaf. */
static enum err apply_commit(const struct mls_group *group,
			     const struct mls_epoch *epoch,
			     const struct wire_content *content,
			     struct proposal_list *list,
			     struct epoch_change *change, uint32_t *sender)
{
	const struct wire_commit *commit = &content->commit;
	bool external = content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	const struct mls_epoch *epochs[GROUP_EPOCHS];
	struct proposal_means means = { .application = &group->authentication };
	enum err e;

	TRY(proposal_list_of_commit(epoch, commit, content->sender, list));
	group_psk_source(group, epochs, &means.psks);
	/* 12.4.2: "Verify that the proposals vector is valid" */
	/* 12.2: "the Commit message MUST be rejected as invalid" */
	/* 12.4.2: "Create the new ratchet tree and GroupContext" */
	TRY(proposals_apply(epoch, list, content->sender, &means, change));
	TRY(credentials_check_list(&group->authentication, epoch, list));
	/* 12.4.2: "Verify that the path value is populated" */
	ENSURE(commit->has_path || !change->path_required, RULE(PATH_MISSING));
	*sender = content->sender.index;
	if (external) {
		TRY(check_former(group, epoch, list, &commit->path.leaf_node));
		/* 12.4.2: "assign the sender the leftmost blank leaf node" */
		TRY(tree_free_leaf(&change->tree, sender));
	}
	if (commit->has_path && !change->removes_us)
		TRY(apply_path(group, epoch, &commit->path, *sender, change));
out:
	return e;
}

/* Asks the application about the commit before it is staged. `next` NULL: the
 * commit removes us. */
static enum err show_staged(struct mls_group *group,
			    const struct wire_content *content,
			    const struct proposal_list *list,
			    const struct epoch_change *change, uint32_t sender,
			    const struct mls_epoch *next)
{
	struct staged_view view = {
		.kind = content->sender.type == WIRE_SENDER_MEMBER
			    ? MLS_STAGED_COMMIT
			    : MLS_STAGED_EXTERNAL_COMMIT,
		.self_removed = next == NULL,
		.list = list,
		.added = change->added,
		.epoch = content->epoch + 1,
		.extensions = next != NULL ? next->context.extensions
					   : change->extensions,
		.authenticated_data = content->authenticated_data,
		.committer = sender,
		.next = next,
	};
	enum err e;

	if (content->commit.has_path)
		view.path_leaf = &content->commit.path.leaf_node;
	TRY(staged_check(group, &view, &group->refusal));
	TRY(staged_keep(group, &view, content->sender,
			content->commit.proposals));
out:
	return e;
}

static enum err take_commit(struct mls_group *group, struct arrival *arrival,
			    struct span message, struct mls_event *event)
{
	const struct wire_content *content = &arrival->content;
	struct mls_epoch *epoch = arrival->epoch, *next = NULL;
	struct epoch_change change = { 0 };
	struct proposal_list list = { NULL, 0 };
	struct sec joiner = { .n = 0 };
	uint32_t sender;
	enum err e;

	/* Ours come back as the staged one, or not at all. */
	ENSURE(content->sender.type != WIRE_SENDER_MEMBER ||
		   content->sender.index != epoch->private.leaf,
	       RULE(OWN_COMMIT));
	TRY(epoch_change_begin(epoch, &change));
	TRY(apply_commit(group, epoch, content, &list, &change, &sender));
	if (!change.removes_us) {
		TRY(epoch_next(epoch, &change, arrival->format, content,
			       arrival->auth.signature, &joiner, &next));
		TRY(epoch_start(next, &arrival->auth.confirmation_tag));
	}
	TRY(show_staged(group, content, &list, &change, sender, next));
	TRY(group_hash(message, group->staged_commit));
	event->expired = any_expired(change.added_packages, change.added_count,
				     arrival->now);
	event->self_removed = change.removes_us;
	event->external_join =
	    content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	event->sender = sender;
	group->staged_removal = change.removes_us;
	group->staged = next;
	next = NULL;
out:
	sec_clear(&joiner);
	proposal_list_clear(&list);
	epoch_change_clear(&change);
	epoch_free(next);
	return e;
}

/* ---- the whole ---- */

static enum err dispatch(struct mls_group *group, struct arrival *arrival,
			 struct span message, struct mls_event *event)
{
	const struct wire_content *content = &arrival->content;
	enum err e = ERR_OK;

	event->epoch = content->epoch;
	event->sender = content->sender.index;
	buf_put(&event->authenticated_data, content->authenticated_data);
	TRY(buf_end(&event->authenticated_data));
	switch ((enum wire_content_type)content->type) {
	case WIRE_CONTENT_APPLICATION:
		event->kind = MLS_EVENT_APPLICATION;
		buf_put(&event->data, content->application_data);
		TRY(buf_end(&event->data));
		secret_tree_confirm(&arrival->key);
		break;
	case WIRE_CONTENT_PROPOSAL:
		event->kind = MLS_EVENT_PROPOSAL;
		TRY(take_proposal(group, arrival, event));
		break;
	case WIRE_CONTENT_COMMIT:
		event->kind = MLS_EVENT_COMMIT;
		TRY(take_commit(group, arrival, message, event));
		break;
	}
out:
	return e;
}

static bool is_commit(const struct wire_message *m)
{
	return m->format == WIRE_PUBLIC_MESSAGE
		   ? m->public_message.content.type == WIRE_CONTENT_COMMIT
		   : m->format == WIRE_PRIVATE_MESSAGE &&
			 m->private_message.content_type == WIRE_CONTENT_COMMIT;
}

/* The commit that is staged, again: ours come back from the delivery service,
 * others may be delivered twice. */
static enum err is_staged(const struct mls_group *group, struct span message,
			  bool *same)
{
	uint8_t hash[GROUP_COMMIT_HASH];
	enum err e;

	TRY(group_hash(message, hash));
	*same = memcmp(hash, group->staged_commit, sizeof(hash)) == 0;
out:
	return e;
}

/* Of a commit that was staged and saved before stories were kept. */
static enum err tell_again(struct mls_group *group,
			   const struct wire_content *content)
{
	struct staged_view view = {
		.authenticated_data = content->authenticated_data,
		.committer = group->staged->private.leaf,
		.next = group->staged,
	};

	if (content->commit.has_path)
		view.path_leaf = &content->commit.path.leaf_node;
	return staged_keep(group, &view, content->sender,
			   content->commit.proposals);
}

static enum err again(struct mls_group *group, struct span bytes,
		      const struct wire_message *message,
		      struct mls_event *event)
{
	struct span data =
	    message->format == WIRE_PUBLIC_MESSAGE
		? message->public_message.content.authenticated_data
		: message->private_message.authenticated_data;
	bool same;
	enum err e;

	TRY(is_staged(group, bytes, &same));
	ENSURE(same && group->staged_own, ERR_STATE_PENDING);
	if (!group->story.there && message->format == WIRE_PUBLIC_MESSAGE)
		TRY(tell_again(group, &message->public_message.content));
	event->kind = MLS_EVENT_OWN;
	event->epoch = group->now->context.epoch;
	event->sender = group->staged->private.leaf;
	buf_put(&event->authenticated_data, data);
	TRY(buf_end(&event->authenticated_data));
out:
	return e;
}

/* `untagged` as in struct arrival. */
static enum err process(struct mls_group *group, uint64_t now, uint8_t untagged,
			struct span bytes, struct mls_event *event)
{
	struct arrival arrival = { .now = now, .untagged = untagged };
	struct wire_message message;
	enum err e;

	*event = (struct mls_event){ 0 };
	group->refusal = NULL;
	TRY(group_decode(bytes, &message));
	if (mls_group_has_pending(group) && is_commit(&message)) {
		TRY(again(group, bytes, &message, event));
		goto out;
	}
	TRY(group_ready(group));
	arrival.format = (enum wire_format)message.format;
	if (message.format == WIRE_PUBLIC_MESSAGE) {
		TRY(arrival_open_public(group, &message.public_message,
					&arrival));
	} else {
		ENSURE(message.format == WIRE_PRIVATE_MESSAGE,
		       RULE(WIRE_FORMAT));
		TRY(arrival_open_private(group, &message.private_message,
					 &arrival));
	}
	TRY(dispatch(group, &arrival, bytes, event));
out:
	if (e != ERR_OK)
		mls_event_clear(event);
	buf_clear(&arrival.plaintext);
	secret_tree_abandon(&arrival.key);
	return rules_settle(e, &group->broken);
}

enum err mls_group_process(struct mls_group *group, uint64_t now,
			   struct span message, struct mls_event *event)
{
	return process(group, now, 0, message, event);
}

enum err mls_group_process_untagged(struct mls_group *group, uint64_t now,
				    struct span message,
				    struct mls_event *event)
{
	return process(group, now, WIRE_CONTENT_COMMIT, message, event);
}
