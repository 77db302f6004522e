#include "check/commit.h"

#include <stdlib.h>

#include "check/key_package.h"
#include "check/label.h"
#include "check/rules.h"
#include "crypto/hash.h"
#include "wire/generation.h"
#include "wire/message.h"
#include "wire/roles.h"

/* One check on its way: the leaves as the proposals leave them. */
struct pass {
	const struct check_commit *what;
	struct wire_public_message message;
	struct check_group before, after;
	bool external;
	uint32_t committer;  /* leaf */
	struct span *leaves; /* encoded LeafNodes; empty: blank */
	uint32_t leaf_count, leaf_cap;
	struct span extensions; /* of the next GroupContext */
	bool denied, local;
};

/* ---- the leaves ---- */

static const char *copy_leaves(struct pass *p)
{
	const struct check_tree *tree = &p->before.tree;
	size_t adds = p->message.content.commit.proposal_count + 1;

	p->leaf_cap = tree->leaf_count + (uint32_t)adds;
	p->leaves = calloc(p->leaf_cap, sizeof(*p->leaves));
	if (p->leaves == NULL)
		return "no memory";
	p->leaf_count = tree->leaf_count;
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct wire_leaf_node *leaf = check_tree_leaf(tree, i);

		if (leaf != NULL)
			p->leaves[i] = leaf->encoded;
	}
	return NULL;
}

/* 7.7: "the leftmost blank leaf", or a new one at the right */
static uint32_t add_leaf(struct pass *p, struct span encoded)
{
	uint32_t i = 0;

	while (i < p->leaf_cap - 1 && p->leaves[i].n > 0)
		i++;
	p->leaves[i] = encoded;
	if (i >= p->leaf_count)
		p->leaf_count = i + 1;
	return i;
}

static const char *compare_leaves(const struct pass *p)
{
	const struct check_tree *tree = &p->after.tree;
	uint32_t count =
	    p->leaf_count > tree->leaf_count ? p->leaf_count : tree->leaf_count;

	for (uint32_t i = 0; i < count; i++) {
		const struct wire_leaf_node *there = check_tree_leaf(tree, i);
		struct span wanted =
		    i < p->leaf_count ? p->leaves[i] : SPAN_EMPTY;

		if (!span_equal(there != NULL ? there->encoded : SPAN_EMPTY,
				wanted))
			return "group_info's leaves are not those that the "
			       "commit leaves";
	}
	return NULL;
}

/* ---- proposals ---- */

/* What the rules have accepted. */
static const char *take_proposal(struct pass *p,
				 const struct wire_proposal_or_ref *item)
{
	switch (item->proposal.type) {
	case WIRE_PROPOSAL_REMOVE:
		p->leaves[item->proposal.removed] = SPAN_EMPTY;
		return NULL;
	case WIRE_PROPOSAL_ADD:
		return check_key_package(&item->proposal.add, p->before.suite,
					 p->what->now);
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		p->extensions = item->proposal.extensions;
		return NULL;
	default:
		return NULL;
	}
}

/* Removes before adds, as 12.3 applies them. */
static const char *apply_proposals(struct pass *p)
{
	struct span rest = p->message.content.commit.proposals;
	struct wire_proposal_or_ref item;
	const char *wrong = NULL;

	while (wrong == NULL && wire_proposals_next(&rest, &item))
		wrong = take_proposal(p, &item);
	rest = p->message.content.commit.proposals;
	while (wrong == NULL && wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD)
			(void)add_leaf(p, item.proposal.add.leaf_node.encoded);
	return wrong;
}

static bool find_leaf(const void *group, uint32_t index,
		      struct check_member *member)
{
	const struct check_group *before = group;
	const struct wire_leaf_node *leaf =
	    check_tree_leaf(&before->tree, index);

	if (leaf == NULL)
		return false;
	*member = (struct check_member){ index, leaf->credential.identity,
					 leaf->signature_key, leaf->encoded };
	return true;
}

static const char *apply_rules(struct pass *p)
{
	const struct wire_group_context *context = &p->before.info.context;
	struct check_view view = {
		.suite = p->before.suite,
		.session_id = context->group_id,
		.extensions = context->extensions,
		.leaf_count = p->before.tree.leaf_count,
		.leaf = find_leaf,
		.group = &p->before,
		.departures = p->what->departed,
	};
	struct check_verdict verdict;

	if (context->group_id.n >= GENERATION_SESSION_ID)
		view.session_id =
		    span_of(context->group_id.p, GENERATION_SESSION_ID);
	(void)generation_of_group(context->group_id, view.session_id,
				  &view.generation);
	verdict = check_rules(&view, &p->message.content);
	p->denied = verdict.denied;
	p->local = verdict.local;
	return verdict.wrong;
}

/* ---- the committer ---- */

static const char *find_committer(struct pass *p, struct span *key)
{
	const struct wire_content *content = &p->message.content;
	const struct wire_leaf_node *leaf;

	p->external = content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	p->committer = content->sender.index;
	if (p->external)
		leaf = content->commit.has_path
			   ? &content->commit.path.leaf_node
			   : NULL;
	else
		leaf = check_tree_leaf(&p->before.tree, p->committer);
	if (leaf == NULL)
		return "its sender is no member";
	*key = leaf->signature_key;
	return NULL;
}

/* FramedContentTBS (6.1) */
static const char *check_signature(const struct pass *p, struct span key)
{
	struct buf tbs = BUF_INIT;
	enum err e;

	buf_put_u16(&tbs, WIRE_VERSION_MLS10);
	buf_put_u16(&tbs, WIRE_PUBLIC_MESSAGE);
	buf_put(&tbs, p->message.content.encoded);
	buf_put(&tbs, p->before.info.context.encoded);
	TRY(buf_end(&tbs));
	TRY(check_label(p->before.suite, key, "FramedContentTBS",
			buf_span(&tbs), p->message.auth.signature));
out:
	buf_clear(&tbs);
	return e == ERR_OK ? NULL : "its signature does not verify";
}

/* The committer's new leaf stands in the path. */
static const char *take_path(struct pass *p)
{
	const struct wire_leaf_node *leaf =
	    &p->message.content.commit.path.leaf_node;
	struct buf tbs = BUF_INIT;
	enum err e;

	if (!p->message.content.commit.has_path)
		return NULL;
	if (p->external)
		p->committer = add_leaf(p, leaf->encoded);
	else
		p->leaves[p->committer] = leaf->encoded;
	if (leaf->source != WIRE_LEAF_COMMIT)
		return "its path's leaf is of no commit";
	wire_leaf_node_put_tbs(&tbs, leaf->unsigned_part, leaf->source,
			       p->before.info.context.group_id, p->committer);
	TRY(buf_end(&tbs));
	TRY(check_label(p->before.suite, leaf->signature_key, "LeafNodeTBS",
			buf_span(&tbs), leaf->signature));
out:
	buf_clear(&tbs);
	return e == ERR_OK ? NULL
			   : "its path's leaf has a signature that does not "
			     "verify";
}

/* ---- the transcript (8.2) ---- */

static enum err next_confirmed(const struct pass *p, uint8_t *out)
{
	const struct wire_group_info *info = &p->before.info;
	struct buf interim_input = BUF_INIT, format = BUF_INIT,
		   signature = BUF_INIT;
	uint8_t interim[SUITE_HASH_MAX];
	struct span part;
	enum err e;

	buf_put(&interim_input, info->context.confirmed_transcript_hash);
	buf_put_vec(&interim_input, info->confirmation_tag);
	TRY(buf_end(&interim_input));
	part = buf_span(&interim_input);
	TRY(hash_digest(p->before.suite, &part, 1, interim));
	buf_put_u16(&format, WIRE_PUBLIC_MESSAGE);
	buf_put_vec(&signature, p->message.auth.signature);
	TRY(buf_end(&format));
	TRY(buf_end(&signature));
	{
		const struct span parts[] = {
			span_of(interim, p->before.suite->nh),
			buf_span(&format), p->message.content.encoded,
			buf_span(&signature)
		};

		TRY(hash_digest(p->before.suite, parts, 4, out));
	}
out:
	buf_clear(&interim_input);
	buf_clear(&format);
	buf_clear(&signature);
	return e;
}

/* ---- the next GroupInfo ---- */

static const char *check_context(const struct pass *p)
{
	const struct wire_group_context *now = &p->before.info.context,
					*next = &p->after.info.context;
	uint8_t confirmed[SUITE_HASH_MAX];

	if (!span_equal(now->group_id, next->group_id) ||
	    now->version != next->version ||
	    now->cipher_suite != next->cipher_suite ||
	    next->epoch != now->epoch + 1)
		return "group_info is not of the next epoch";
	if (!span_equal(p->extensions, next->extensions))
		return "group_info has other extensions than the group";
	if (next_confirmed(p, confirmed) != ERR_OK ||
	    !span_equal(span_of(confirmed, p->before.suite->nh),
			next->confirmed_transcript_hash))
		return "group_info's confirmed_transcript_hash is not that of "
		       "the commit";
	if (!span_equal(p->message.auth.confirmation_tag,
			p->after.info.confirmation_tag))
		return "group_info's confirmation_tag is not the commit's";
	if (p->after.info.signer != p->committer)
		return "group_info is signed by another than the committer";
	return NULL;
}

static const char *check_after(struct pass *p)
{
	const char *wrong = check_group_read(p->what->after, &p->after);

	if (wrong == NULL)
		wrong = check_context(p);
	if (wrong == NULL)
		wrong = compare_leaves(p);
	if (wrong == NULL)
		wrong = check_group_signed(&p->after);
	return wrong;
}

static const char *run(struct pass *p)
{
	const char *wrong = check_group_read(p->what->before, &p->before);
	struct wire_message message;
	struct span key;

	if (wrong != NULL)
		return wrong;
	if (wire_message_decode(p->what->commit, &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE ||
	    message.public_message.content.type != WIRE_CONTENT_COMMIT)
		return "it must be a PublicMessage with a Commit";
	p->message = message.public_message;
	if (p->message.content.epoch != p->before.info.context.epoch ||
	    !span_equal(p->message.content.group_id,
			p->before.info.context.group_id))
		return "it is of another group or epoch";
	p->extensions = p->before.info.context.extensions;
	wrong = find_committer(p, &key);
	if (wrong == NULL)
		wrong = check_signature(p, key);
	if (wrong == NULL)
		wrong = apply_rules(p);
	if (wrong == NULL)
		wrong = copy_leaves(p);
	if (wrong == NULL)
		wrong = apply_proposals(p);
	if (wrong == NULL)
		wrong = take_path(p);
	if (wrong == NULL && p->what->after.n > 0)
		wrong = check_after(p);
	return wrong;
}

struct check_verdict check_commit(const struct check_commit *what)
{
	struct pass p = { .what = what };
	struct check_verdict verdict = { run(&p), false, false };

	verdict.denied = p.denied;
	verdict.local = p.local;
	free(p.leaves);
	check_group_clear(&p.before);
	check_group_clear(&p.after);
	return verdict;
}

/* ---- a new group ---- */

static const char *check_owner(const struct check_group *group,
			       struct span identity)
{
	const struct wire_leaf_node *leaf = check_tree_leaf(&group->tree, 0);
	struct roles roles;

	if (group->tree.node_count != 1 || leaf == NULL ||
	    !span_equal(leaf->credential.identity, identity))
		return "group_info must have one leaf, this device's";
	if (roles_read(group->info.context.extensions, &roles) != ERR_OK ||
	    (roles.there &&
	     roles_of(&roles, roles_user(identity)) != ROLE_OWNER))
		return "group_info must make its creator the owner";
	return NULL;
}

const char *check_first(struct span group_info, struct span identity)
{
	struct check_group group;
	const char *wrong = check_group_read(group_info, &group);

	if (wrong == NULL)
		wrong = check_owner(&group, identity);
	if (wrong == NULL)
		wrong = check_group_signed(&group);
	check_group_clear(&group);
	return wrong;
}

const char *check_whole(struct span group_info)
{
	struct check_group group;
	const char *wrong = check_group_read(group_info, &group);

	if (wrong == NULL)
		wrong = check_group_signed(&group);
	check_group_clear(&group);
	return wrong;
}
