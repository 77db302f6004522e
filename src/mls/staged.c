#include "mls/staged.h"

#include <stdlib.h>

#include "mls/credentials.h"
#include "mls/pending.h"
#include "wire/roles.h"

struct mls_member staged_member(uint32_t leaf,
				const struct wire_leaf_node *node)
{
	return (struct mls_member){
		.leaf_index = leaf,
		.identity = node->credential.identity,
		.signature_key = node->signature_key,
		.certificates = node->credential.certificates,
		.leaf_node = node->encoded,
		.extensions = node->extensions,
		.cipher_suites = node->capabilities.cipher_suites,
		.extension_types = node->capabilities.extensions,
		.proposal_types = node->capabilities.proposals,
	};
}

bool staged_next_member(const struct mls_epoch *epoch, uint32_t *leaf,
			struct mls_member *member)
{
	if (!tree_next_member(&epoch->tree, *leaf, leaf))
		return false;
	*member = staged_member(*leaf, &tree_leaf(&epoch->tree, *leaf)->node);
	(*leaf)++;
	return true;
}

bool staged_next_of(const struct mls_epoch *epoch, struct span user,
		    uint32_t *leaf, struct mls_member *member)
{
	if (!tree_next_of(&epoch->tree, user, *leaf, leaf))
		return false;
	*member = staged_member(*leaf, &tree_leaf(&epoch->tree, *leaf)->node);
	(*leaf)++;
	return true;
}

/* The member at a leaf as it stands; nothing for none. */
static struct mls_member standing(const struct mls_group *group, uint32_t leaf)
{
	const struct tree_leaf *found = tree_leaf(&group->now->tree, leaf);

	return found != NULL ? staged_member(leaf, &found->node)
			     : (struct mls_member){ .leaf_index = leaf };
}

static void show_psk(const struct wire_psk_id *id, struct mls_proposal *out)
{
	if (id->type == WIRE_PSK_EXTERNAL) {
		out->kind = MLS_PROPOSE_PSK;
		out->psk_id = id->psk_id;
	} else {
		out->kind = MLS_PROPOSE_RESUMPTION;
		out->resumption_epoch = id->epoch;
	}
}

/* The content, but for what is said of leaves. */
static void show_content(const struct wire_proposal *p,
			 struct mls_proposal *out)
{
	if (wire_proposal_is_private(p->type)) {
		out->kind = MLS_PROPOSE_CUSTOM;
		out->custom = (struct mls_custom){ p->type, p->data };
	}
	switch ((enum wire_proposal_type)p->type) {
	case WIRE_PROPOSAL_ADD:
		out->kind = MLS_PROPOSE_ADD;
		out->key_package = p->add.encoded;
		break;
	case WIRE_PROPOSAL_UPDATE:
		out->kind = MLS_PROPOSE_UPDATE;
		break;
	case WIRE_PROPOSAL_REMOVE:
		out->kind = MLS_PROPOSE_REMOVE;
		out->removed = p->removed;
		break;
	case WIRE_PROPOSAL_PSK:
		show_psk(&p->psk, out);
		break;
	case WIRE_PROPOSAL_REINIT:
		out->kind = MLS_PROPOSE_REINIT;
		out->reinit = (struct mls_reinit){
			.group_id = p->reinit.group_id,
			.cipher_suite = p->reinit.cipher_suite,
			.extensions = p->reinit.extensions,
		};
		break;
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
		out->kind = MLS_PROPOSE_APP_DATA;
		out->app_data = (struct mls_app_data){
			.component = p->app_data.component,
			.remove = p->app_data.op == WIRE_APP_DATA_REMOVE,
			.update = p->app_data.update,
		};
		break;
	case WIRE_PROPOSAL_SELF_REMOVE:
		out->kind = MLS_PROPOSE_SELF_REMOVE;
		break;
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		out->kind = MLS_PROPOSE_EXTERNAL_INIT;
		break;
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		out->kind = MLS_PROPOSE_EXTENSIONS;
		out->extensions = p->extensions;
		break;
	}
}

/* `added` is where an Add goes. */
static void show_item(const struct mls_group *group,
		      const struct proposal_item *item, uint32_t added,
		      struct mls_staged_proposal *out)
{
	const struct wire_proposal *p = &item->proposal;
	uint32_t removed;

	*out = (struct mls_staged_proposal){
		.by_reference = item->by_reference,
		.sender_type = (enum mls_sender)item->sender.type,
		.sender = item->sender.index,
	};
	show_content(p, &out->proposal);
	if (p->type == WIRE_PROPOSAL_ADD) {
		out->leaf.after = staged_member(added, &p->add.leaf_node);
	} else if (p->type == WIRE_PROPOSAL_UPDATE) {
		out->leaf.before = standing(group, item->sender.index);
		out->leaf.after = staged_member(item->sender.index, &p->update);
	} else if (proposal_removes(item, &removed)) {
		out->leaf.before = standing(group, removed);
	}
}

enum err mls_group_each_pending(
    const struct mls_group *group,
    bool (*each)(void *context, struct span ref,
		 const struct mls_staged_proposal *proposal),
    void *context)
{
	const struct mls_epoch *now = group->now;
	enum err e = ERR_OK;

	for (size_t i = 0; i < now->proposal_count; i++) {
		const struct epoch_proposal *kept = &now->proposals[i];
		struct proposal_item item = { .sender = kept->sender,
					      .by_reference = true };
		struct mls_staged_proposal shown;

		TRY(wire_proposal_decode(buf_span(&kept->encoded),
					 &item.proposal));
		show_item(group, &item, EPOCH_NO_LEAF, &shown);
		if (!each(context, buf_span(&kept->ref), &shown))
			break;
	}
out:
	return e;
}

enum err mls_group_drop_pending(struct mls_group *group, struct span ref)
{
	const struct epoch_proposal *kept =
	    epoch_find_proposal(group->now, ref);
	enum err e = ERR_OK;

	ENSURE(kept != NULL, ERR_STATE_GONE);
	ENSURE(!pending_is_self_remove(kept), ERR_LOCAL_BUG);
	(void)epoch_drop_proposal(group->now, ref);
out:
	return e;
}

static struct mls_leaf_change committer_of(const struct mls_group *group,
					   const struct staged_view *view)
{
	struct mls_leaf_change change = { .before = { 0 } };

	if (view->kind != MLS_STAGED_EXTERNAL_COMMIT)
		change.before = standing(group, view->committer);
	change.after = view->path_leaf != NULL
			   ? staged_member(view->committer, view->path_leaf)
			   : change.before;
	return change;
}

/* Calls `ask` with the whole of it. */
static enum err show(const struct mls_group *group,
		     const struct staged_view *view, const char **refusal,
		     enum err (*ask)(void *context,
				     const struct mls_group *group,
				     const struct mls_staged *staged),
		     void *context)
{
	size_t count = view->list->count, added = 0;
	struct mls_staged_proposal *proposals;
	struct mls_staged staged = {
		.kind = view->kind,
		.own = view->own,
		.self_removed = view->self_removed,
		.epoch = view->epoch,
		.extensions = view->extensions,
		.authenticated_data = view->authenticated_data,
		.proposal_count = count,
		.next = view->next,
		.refusal = refusal,
	};
	enum err e;

	proposals = calloc(count + 1, sizeof(*proposals));
	ENSURE(proposals != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < count; i++) {
		const struct proposal_item *item = &view->list->items[i];
		bool adds = item->proposal.type == WIRE_PROPOSAL_ADD &&
			    view->added != NULL;

		show_item(group, item,
			  adds ? view->added[added++] : EPOCH_NO_LEAF,
			  &proposals[i]);
	}
	staged.proposals = proposals;
	staged.committer = committer_of(group, view);
	TRY(ask(context, group, &staged));
out:
	free(proposals);
	return e;
}

enum err staged_check(const struct mls_group *group,
		      const struct staged_view *view, const char **refusal)
{
	const struct mls_authentication *ask = &group->authentication;
	const char *reason = NULL;
	enum err e;

	if (ask->check_staged == NULL)
		return ERR_OK;
	e = show(group, view, &reason, ask->check_staged, ask->context);
	if (e != ERR_OK && refusal != NULL)
		*refusal = reason;
	return e;
}

enum err staged_check_proposal(const struct mls_group *group,
			       const struct proposal_item *item, bool own,
			       struct span authenticated_data,
			       const char **refusal)
{
	struct proposal_item alone = *item;
	const struct proposal_list list = { &alone, 1 };
	const struct staged_view view = {
		.kind = MLS_STAGED_PROPOSAL,
		.own = own,
		.list = &list,
		.epoch = group->now->context.epoch,
		.extensions = group->now->context.extensions,
		.authenticated_data = authenticated_data,
		.committer = item->sender.type == WIRE_SENDER_MEMBER
				 ? item->sender.index
				 : EPOCH_NO_LEAF,
		.next = group->now,
	};

	return staged_check(group, &view, refusal);
}

enum err staged_check_group(const struct mls_group *group, uint32_t signer,
			    const char **refusal)
{
	const struct proposal_list none = { NULL, 0 };
	const struct staged_view view = {
		.kind = MLS_STAGED_GROUP,
		.list = &none,
		.epoch = group->now->context.epoch,
		.extensions = group->now->context.extensions,
		.committer = signer,
		.next = group->now,
	};
	enum err e;

	if (group->authentication.check != NULL)
		TRY(credentials_check_tree(&group->authentication,
					   &group->now->tree,
					   group->now->context.extensions));
	TRY(staged_check(group, &view, refusal));
out:
	return e;
}

/* ---- looking again at what is staged ---- */

void staged_story_clear(struct staged_story *story)
{
	buf_clear(&story->proposals);
	buf_clear(&story->path_leaf);
	buf_clear(&story->extensions);
	buf_clear(&story->authenticated_data);
	*story = (struct staged_story){ .there = false };
}

enum err staged_keep(struct mls_group *group, const struct staged_view *view,
		     struct wire_sender sender, struct span proposals)
{
	struct staged_story *story = &group->story;
	enum err e;

	staged_story_clear(story);
	story->sender = sender;
	story->committer = view->committer;
	buf_put(&story->proposals, proposals);
	if (view->path_leaf != NULL)
		buf_put(&story->path_leaf, view->path_leaf->encoded);
	if (view->next == NULL)
		buf_put(&story->extensions, view->extensions);
	buf_put(&story->authenticated_data, view->authenticated_data);
	TRY(buf_end(&story->proposals));
	TRY(buf_end(&story->path_leaf));
	TRY(buf_end(&story->extensions));
	TRY(buf_end(&story->authenticated_data));
	story->there = true;
out:
	if (e != ERR_OK)
		staged_story_clear(story);
	return e;
}

void staged_story_save(const struct staged_story *story, struct buf *out)
{
	buf_put_u8(out, story->sender.type);
	buf_put_u32(out, story->sender.index);
	buf_put_u32(out, story->committer);
	buf_put_vec(out, buf_span(&story->proposals));
	buf_put_vec(out, buf_span(&story->path_leaf));
	buf_put_vec(out, buf_span(&story->extensions));
	buf_put_vec(out, buf_span(&story->authenticated_data));
}

enum err staged_story_load(struct staged_story *story, struct rd *r)
{
	enum err e;

	story->sender.type = rd_u8(r);
	story->sender.index = rd_u32(r);
	story->committer = rd_u32(r);
	buf_put(&story->proposals, rd_vec(r));
	buf_put(&story->path_leaf, rd_vec(r));
	buf_put(&story->extensions, rd_vec(r));
	buf_put(&story->authenticated_data, rd_vec(r));
	TRY(r->fail);
	TRY(buf_end(&story->proposals));
	TRY(buf_end(&story->path_leaf));
	TRY(buf_end(&story->extensions));
	TRY(buf_end(&story->authenticated_data));
	story->there = true;
out:
	return e;
}

/* Where the Adds of a list went, in their order, which is that of the leaves. */
static enum err find_added(const struct mls_group *group,
			   const struct proposal_list *list, uint32_t **added)
{
	const struct tree *tree;
	size_t count = 0;
	enum err e = ERR_OK;

	if (group->staged == NULL)
		return ERR_OK;
	tree = &group->staged->tree;
	*added = calloc(list->count + 1, sizeof(**added));
	ENSURE(*added != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < list->count; i++) {
		const struct wire_leaf_node *added_leaf =
		    &list->items[i].proposal.add.leaf_node;
		struct span user;
		uint32_t leaf = 0;

		if (list->items[i].proposal.type != WIRE_PROPOSAL_ADD)
			continue;
		user = roles_user(added_leaf->credential.identity);
		while (tree_next_of(tree, user, leaf, &leaf) &&
		       !span_equal(tree_leaf(tree, leaf)->node.encoded,
				   added_leaf->encoded))
			leaf++;
		(*added)[count++] = leaf;
	}
out:
	return e;
}

static enum err show_story(const struct mls_group *group,
			   struct staged_view *view,
			   enum err (*look)(void *context,
					    const struct mls_group *group,
					    const struct mls_staged *staged),
			   void *context)
{
	const struct staged_story *story = &group->story;
	struct wire_commit commit = { .proposals =
					  buf_span(&story->proposals) };
	struct proposal_list list = { NULL, 0 };
	struct wire_leaf_node path_leaf;
	uint32_t *added = NULL;
	enum err e;

	TRY(proposal_list_of_commit(group->now, &commit, story->sender, &list));
	TRY(find_added(group, &list, &added));
	if (story->path_leaf.n > 0) {
		TRY(wire_leaf_node_decode(buf_span(&story->path_leaf),
					  &path_leaf));
		view->path_leaf = &path_leaf;
	}
	view->list = &list;
	view->added = added;
	TRY(show(group, view, NULL, look, context));
out:
	view->path_leaf = NULL;
	view->list = NULL;
	view->added = NULL;
	proposal_list_clear(&list);
	free(added);
	return e;
}

enum err mls_group_staged(const struct mls_group *group,
			  enum err (*look)(void *context,
					   const struct mls_group *group,
					   const struct mls_staged *staged),
			  void *context)
{
	const struct staged_story *story = &group->story;
	struct staged_view view = {
		.kind = story->sender.type == WIRE_SENDER_MEMBER
			    ? MLS_STAGED_COMMIT
			    : MLS_STAGED_EXTERNAL_COMMIT,
		.own = group->staged_own,
		.self_removed = group->staged_removal,
		.epoch = group->now->context.epoch + 1,
		.extensions = group->staged != NULL
				  ? group->staged->context.extensions
				  : buf_span(&story->extensions),
		.authenticated_data = buf_span(&story->authenticated_data),
		.committer = story->committer,
		.next = group->staged,
	};

	if (!mls_group_has_pending(group))
		return ERR_LOCAL_BUG;
	return story->there ? show_story(group, &view, look, context)
			    : ERR_STATE_GONE;
}

bool mls_staged_next_member(const struct mls_staged *staged, uint32_t *leaf,
			    struct mls_member *member)
{
	return staged->next != NULL &&
	       staged_next_member(staged->next, leaf, member);
}
