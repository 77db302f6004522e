#include "mls/staged.h"

#include <stdlib.h>

#include "mls/credentials.h"

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
	} else if (p->type == WIRE_PROPOSAL_REMOVE) {
		out->leaf.before = standing(group, p->removed);
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
	return epoch_drop_proposal(group->now, ref) ? ERR_OK : ERR_STATE_GONE;
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

enum err staged_check(const struct mls_group *group,
		      const struct staged_view *view)
{
	const struct mls_authentication *ask = &group->authentication;
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
	};
	enum err e;

	if (ask->check_staged == NULL)
		return ERR_OK;
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
	TRY(ask->check_staged(ask->context, group, &staged));
out:
	free(proposals);
	return e;
}

enum err staged_check_proposal(const struct mls_group *group,
			       const struct proposal_item *item, bool own,
			       struct span authenticated_data)
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
	};

	return staged_check(group, &view);
}

enum err staged_check_group(const struct mls_group *group, uint32_t signer)
{
	const struct proposal_list none = { NULL, 0 };
	const struct staged_view view = {
		.kind = MLS_STAGED_GROUP,
		.list = &none,
		.epoch = group->now->context.epoch,
		.extensions = group->now->context.extensions,
		.committer = signer,
	};
	enum err e;

	if (group->authentication.check != NULL)
		TRY(credentials_check_tree(&group->authentication,
					   &group->now->tree,
					   group->now->context.extensions));
	TRY(staged_check(group, &view));
out:
	return e;
}
