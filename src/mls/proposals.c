#include "mls/proposals.h"

#include <stdlib.h>

#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/key_package.h"
#include "mls/leaf.h"
#include "mls/listed.h"
#include "mls/tree_check.h"

void proposal_list_clear(struct proposal_list *list)
{
	free(list->items);
	*list = (struct proposal_list){ NULL, 0 };
}

enum err proposal_list_add(struct proposal_list *list,
			   const struct proposal_item *item)
{
	if (list->count >= MLS_PROPOSALS_MAX)
		return ERR_PEER_TOO_LARGE;
	/* Grows at each power of two. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t cap = list->count > 0 ? 2 * list->count : 1;
		struct proposal_item *grown =
		    realloc(list->items, cap * sizeof(*grown));

		if (grown == NULL)
			return ERR_LOCAL_MEMORY;
		list->items = grown;
	}
	list->items[list->count++] = *item;
	return ERR_OK;
}

enum err proposal_list_of_commit(const struct mls_epoch *epoch,
				 const struct wire_commit *commit,
				 struct wire_sender committer,
				 struct proposal_list *list)
{
	struct span rest = commit->proposals;
	struct wire_proposal_or_ref given;
	enum err e = ERR_OK;

	while (wire_proposals_next(&rest, &given)) {
		struct proposal_item item = { .sender = committer };

		if (given.type == WIRE_BY_VALUE) {
			item.proposal = given.proposal;
		} else {
			const struct epoch_proposal *kept =
			    epoch_find_proposal(epoch, given.reference);

			ENSURE(kept != NULL, RULE(PROPOSAL_UNKNOWN));
			TRY(wire_proposal_decode(buf_span(&kept->encoded),
						 &item.proposal));
			item.sender = kept->sender;
			item.private_key = &kept->private_key;
			item.by_reference = true;
		}
		TRY(proposal_list_add(list, &item));
	}
out:
	if (e != ERR_OK)
		proposal_list_clear(list);
	return e;
}

/* ---- the list as a whole (12.2) ---- */

/* Those of private use are counted at [0], which is no type. */
struct counts {
	size_t of[WIRE_PROPOSAL_KNOWN_LAST + 1];
};

static struct counts count_types(const struct proposal_list *list)
{
	struct counts counts = { { 0 } };

	for (size_t i = 0; i < list->count; i++)
		counts
		    .of[list->items[i].proposal.type <= WIRE_PROPOSAL_KNOWN_LAST
			    ? list->items[i].proposal.type
			    : 0]++;
	return counts;
}

static int compare_leaves(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_ids(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* 12.2: "Remove proposals that apply to the same leaf", and SelfRemoves */
static enum err check_same_leaf(const struct proposal_list *list)
{
	uint32_t *leaves;
	size_t count = 0;
	enum err e = ERR_OK;

	if (list->count < 2)
		return ERR_OK;
	leaves = calloc(list->count, sizeof(*leaves));
	ENSURE(leaves != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < list->count; i++) {
		const struct proposal_item *item = &list->items[i];

		if (item->proposal.type == WIRE_PROPOSAL_UPDATE)
			leaves[count++] = item->sender.index;
		else if (proposal_removes(item, &leaves[count]))
			count++;
	}
	qsort(leaves, count, sizeof(*leaves), compare_leaves);
	for (size_t i = 1; i < count; i++)
		ENSURE(leaves[i - 1] != leaves[i], RULE(SAME_LEAF_TWICE));
out:
	free(leaves);
	return e;
}

/* 12.2: "proposals that reference the same PreSharedKeyID" */
static enum err check_same_psk(const struct proposal_list *list)
{
	size_t psks = count_types(list).of[WIRE_PROPOSAL_PSK], count = 0;
	struct span *ids;
	enum err e = ERR_OK;

	if (psks < 2)
		return ERR_OK;
	ids = calloc(psks, sizeof(*ids));
	ENSURE(ids != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].proposal.type == WIRE_PROPOSAL_PSK)
			ids[count++] = list->items[i].proposal.psk.encoded;
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < count; i++)
		ENSURE(!span_equal(ids[i - 1], ids[i]), RULE(SAME_PSK_TWICE));
out:
	free(ids);
	return e;
}

/* "SelfRemove proposals are only allowed in a Commit by reference" */
static enum err check_self_removes(const struct proposal_list *list)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++)
		ENSURE(list->items[i].proposal.type !=
			       WIRE_PROPOSAL_SELF_REMOVE ||
			   list->items[i].by_reference,
		       RULE(SELF_REMOVE_BY_VALUE));
out:
	return e;
}

static enum err check_regular(const struct proposal_list *list,
			      uint32_t committer)
{
	struct counts counts = count_types(list);
	enum err e = ERR_OK;

	/* 12.2: "It contains an ExternalInit proposal" */
	/* 12.1.6: "This proposal can only be used in that context" */
	ENSURE(counts.of[WIRE_PROPOSAL_EXTERNAL_INIT] == 0,
	       RULE(EXTERNAL_INIT_BY_MEMBER));
	/* 12.2: "It contains multiple GroupContextExtensions proposals" */
	ENSURE(counts.of[WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS] <= 1,
	       RULE(EXTENSIONS_TWICE));
	/* 12.2: "a ReInit proposal together with any other" */
	ENSURE(counts.of[WIRE_PROPOSAL_REINIT] == 0 || list->count == 1,
	       RULE(REINIT_ALONE));
	TRY(check_self_removes(list));
	for (size_t i = 0; i < list->count; i++) {
		const struct proposal_item *item = &list->items[i];
		uint32_t removed;

		/* 12.2: "an Update proposal generated by the committer" */
		ENSURE(item->proposal.type != WIRE_PROPOSAL_UPDATE ||
			   (item->sender.type == WIRE_SENDER_MEMBER &&
			    item->sender.index != committer),
		       RULE(UPDATE_OF_COMMITTER));
		/* 12.2: "a Remove proposal that removes the committer" */
		ENSURE(!proposal_removes(item, &removed) ||
			   removed != committer,
		       RULE(REMOVE_OF_COMMITTER));
	}
	TRY(check_same_leaf(list));
	TRY(check_same_psk(list));
out:
	return e;
}

/* "For an external Commit, the list is valid if it contains only the
 * following proposals" */
static enum err check_external(const struct proposal_list *list)
{
	struct counts counts = count_types(list);
	size_t allowed = counts.of[WIRE_PROPOSAL_EXTERNAL_INIT] +
			 counts.of[WIRE_PROPOSAL_REMOVE] +
			 counts.of[WIRE_PROPOSAL_PSK] +
			 counts.of[WIRE_PROPOSAL_SELF_REMOVE] +
			 counts.of[WIRE_PROPOSAL_APP_DATA_UPDATE];
	enum err e = ERR_OK;

	/* 12.2: "Exactly one ExternalInit" */
	ENSURE(counts.of[WIRE_PROPOSAL_EXTERNAL_INIT] == 1,
	       RULE(EXTERNAL_INIT_ONCE));
	/* 12.2: "At most one Remove proposal" */
	ENSURE(counts.of[WIRE_PROPOSAL_REMOVE] <= 1, RULE(EXTERNAL_REMOVES));
	/* 12.2: "No other proposals" */
	ENSURE(allowed == list->count, RULE(EXTERNAL_PROPOSALS));
	/* 12.4.3.2: "The Commit MUST NOT include any proposals by reference" */
	/* SelfRemove: "An external Commit can contain zero or more" */
	TRY(check_self_removes(list));
	for (size_t i = 0; i < list->count; i++)
		ENSURE(!list->items[i].by_reference ||
			   list->items[i].proposal.type ==
			       WIRE_PROPOSAL_SELF_REMOVE,
		       RULE(EXTERNAL_REFERENCES));
	TRY(check_same_leaf(list));
	TRY(check_same_psk(list));
out:
	return e;
}

/* ---- applying (12.3), in the order that it gives ---- */

static bool path_required(uint16_t type)
{
	/* 12.4: "By default, the path field of a Commit MUST be populated" */
	return type == WIRE_PROPOSAL_UPDATE || type == WIRE_PROPOSAL_REMOVE ||
	       type == WIRE_PROPOSAL_EXTERNAL_INIT ||
	       type == WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS ||
	       type == WIRE_PROPOSAL_SELF_REMOVE ||
	       wire_proposal_is_private(type);
}

static enum err apply_extensions(const struct mls_epoch *epoch,
				 const struct proposal_list *list,
				 struct epoch_change *change)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++) {
		const struct wire_proposal *p = &list->items[i].proposal;

		if (p->type == WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS) {
			TRY(proposal_check_reset(epoch->context.extensions,
						 p->extensions));
			/* 12.3: "MUST be used when evaluating other proposals" */
			change->extensions = p->extensions;
		}
	}
out:
	return e;
}

static enum err apply_updates(const struct mls_epoch *epoch,
			      const struct proposal_list *list,
			      struct epoch_change *change)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++) {
		const struct proposal_item *item = &list->items[i];

		if (item->proposal.type != WIRE_PROPOSAL_UPDATE)
			continue;
		TRY(proposal_check_update(epoch, item, change->extensions));
		TRY(tree_update(&change->tree, item->sender.index,
				item->proposal.update.encoded));
		if (item->sender.index != change->private.leaf)
			continue;
		ENSURE(item->private_key != NULL && item->private_key->n > 0,
		       RULE(UPDATE_KEY_OURS));
		change->private.keys[0] = *item->private_key;
	}
out:
	return e;
}

/* Those of one type. */
static enum err apply_removes(const struct proposal_list *list, uint16_t type,
			      struct epoch_change *change)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++) {
		const struct proposal_item *item = &list->items[i];
		uint32_t removed;

		if (item->proposal.type != type ||
		    !proposal_removes(item, &removed))
			continue;
		TRY(tree_remove(&change->tree, removed));
		if (removed == change->private.leaf)
			change->removes_us = true;
	}
out:
	return e;
}

static enum err apply_adds(const struct mls_epoch *epoch,
			   const struct proposal_list *list,
			   struct epoch_change *change)
{
	size_t adds = count_types(list).of[WIRE_PROPOSAL_ADD];
	enum err e = ERR_OK;

	if (adds == 0)
		return ERR_OK;
	change->added = calloc(adds, sizeof(*change->added));
	change->added_packages = calloc(adds, sizeof(*change->added_packages));
	ENSURE(change->added != NULL && change->added_packages != NULL,
	       ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < list->count; i++) {
		const struct wire_proposal *p = &list->items[i].proposal;

		if (p->type != WIRE_PROPOSAL_ADD)
			continue;
		/* 13.4: "adding a new member to a group MUST verify" */
		/* 11.1: "required capabilities is enforced by existing members" */
		TRY(key_package_check(epoch->suite, &p->add,
				      change->extensions));
		TRY(tree_add(&change->tree, p->add.leaf_node.encoded,
			     &change->added[change->added_count]));
		change->added_packages[change->added_count++] = p->add;
	}
out:
	return e;
}

/* The tree says at once that each member passes leaf_check_group(). False: each has to
 * be asked. */
static bool all_support(const struct tree *tree, struct span extensions)
{
	struct wire_extension extension;

	while (wire_extensions_next(&extensions, &extension))
		if (extension.type < TREE_WATCHED_FIRST ||
		    extension.type > TREE_WATCHED_LAST ||
		    !tree_all_list(tree, extension.type))
			return false;
	return true;
}

/* 12.2: "After processing the Commit the ratchet tree is invalid": what the
 * proposals, each valid by itself, may have broken together. */
static enum err check_result(const struct proposal_list *list,
			     const struct epoch_change *change)
{
	struct counts counts = count_types(list);
	enum err e = ERR_OK;

	if (counts.of[WIRE_PROPOSAL_ADD] + counts.of[WIRE_PROPOSAL_UPDATE] >
	    0) {
		TRY(tree_check_unique(&change->tree));
		TRY(tree_check_credentials(&change->tree));
	}
	if (counts.of[WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS] +
		    counts.of[WIRE_PROPOSAL_APP_DATA_UPDATE] ==
		0 ||
	    all_support(&change->tree, change->extensions))
		goto out;
	/* 12.1.7: "do not support some of the required capabilities" */
	/* 11.1: "not supported by all current members" */
	/* 13.4: "in use by the group MUST be supported by all members" */
	for (uint32_t leaf = 0; tree_next_member(&change->tree, leaf, &leaf);
	     leaf++)
		TRY(leaf_check_group(&tree_leaf(&change->tree, leaf)->node,
				     change->extensions));
out:
	return e;
}

/* 8.3: the joiner's init_secret, at a member. A joiner has its own already. */
static enum err apply_external_init(const struct mls_epoch *epoch,
				    const struct proposal_list *list,
				    struct epoch_change *change)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++) {
		const struct wire_proposal *p = &list->items[i].proposal;

		if (p->type == WIRE_PROPOSAL_EXTERNAL_INIT &&
		    epoch->secrets.external.n > 0)
			/* 8.3: "perform the corresponding calculation" */
			/* 12.4.3.2: "MUST use the external init secret" */
			TRY(key_schedule_external_open(
			    epoch->suite, sec_span(&epoch->secrets.external),
			    p->kem_output, &change->init_secret));
	}
out:
	return e;
}

/* "Look up the PSK secrets for any PreSharedKey proposals, in the order they
 * appear in the list." */
static enum err apply_psks(const struct mls_epoch *epoch,
			   const struct proposal_list *list,
			   const struct psk_source *source,
			   struct epoch_change *change)
{
	size_t psks = count_types(list).of[WIRE_PROPOSAL_PSK], count = 0;
	struct wire_psk_id *ids;
	enum err e = ERR_OK;

	if (psks == 0)
		return ERR_OK;
	ids = calloc(psks, sizeof(*ids));
	ENSURE(ids != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].proposal.type == WIRE_PROPOSAL_PSK)
			ids[count++] = list->items[i].proposal.psk;
	/* 12.4.2: "Verify that all PreSharedKey proposals" */
	/* 12.4.2: "Derive the psk_secret as specified" */
	TRY(psk_secret_of(epoch->suite, source, ids, count, &change->psk_secret,
			  &change->psk_ids));
out:
	free(ids);
	return e;
}

/* What says nothing of the tree: whether a path is due, and a ReInit. */
static enum err note(const struct proposal_list *list,
		     struct epoch_change *change)
{
	enum err e = ERR_OK;

	change->path_required = list->count == 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct wire_proposal *p = &list->items[i].proposal;

		change->path_required |= path_required(p->type);
		if (p->type != WIRE_PROPOSAL_REINIT)
			continue;
		TRY(proposal_check_reinit(&p->reinit));
		change->reinit = p->encoded;
	}
out:
	return e;
}

enum err proposals_apply(const struct mls_epoch *epoch,
			 const struct proposal_list *list,
			 struct wire_sender committer,
			 const struct proposal_means *means,
			 struct epoch_change *change)
{
	enum err e;

	/* 12.2: "MUST verify that the list of committed proposals is valid" */
	/* 12.4: "MUST verify that the committed list of proposals is valid" */
	if (committer.type == WIRE_SENDER_MEMBER)
		TRY(check_regular(list, committer.index));
	else
		TRY(check_external(list));
	TRY(note(list, change));
	/* 12.3: "MUST apply the proposals in the list in the following order" */
	TRY(apply_extensions(epoch, list, change));
	TRY(apply_updates(epoch, list, change));
	/* "processed after Update proposals and before Remove proposals" */
	TRY(apply_removes(list, WIRE_PROPOSAL_SELF_REMOVE, change));
	TRY(apply_removes(list, WIRE_PROPOSAL_REMOVE, change));
	TRY(apply_adds(epoch, list, change));
	TRY(listed_check_list(list, change));
	/* "processed after any default proposals" */
	TRY(app_data_apply(list, means->application, change));
	TRY(check_result(list, change));
	TRY(apply_psks(epoch, list, &means->psks, change));
	TRY(apply_external_init(epoch, list, change));
	if (!change->removes_us && change->private.leaf != EPOCH_NO_LEAF)
		treekem_private_prune(&change->private, &change->tree);
out:
	return e;
}
