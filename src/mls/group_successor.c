/* Groups that follow another: reinitialisation (11.2) and branching (11.3). */
#include <stdlib.h>

#include "mls/broken.h"
#include "mls/group.h"
#include "mls/group_internal.h"

/* ---- are they the same people? ---- */

static int compare(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* Every member of `some` is one of `all`, by its credential. */
static enum err are_among(const struct tree *some, const struct tree *all)
{
	struct span *credentials;
	size_t count = 0;
	enum err e = ERR_OK;

	credentials = calloc(all->root->members, sizeof(*credentials));
	ENSURE(credentials != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t leaf = 0; tree_next_member(all, leaf, &leaf); leaf++)
		credentials[count++] =
		    tree_leaf(all, leaf)->node.credential.encoded;
	qsort(credentials, count, sizeof(*credentials), compare);
	for (uint32_t leaf = 0; tree_next_member(some, leaf, &leaf); leaf++)
		ENSURE(bsearch(&tree_leaf(some, leaf)->node.credential.encoded,
			       credentials, count, sizeof(*credentials),
			       compare) != NULL,
		       RULE(SUCCESSOR_MEMBERS));
out:
	free(credentials);
	return e;
}

/* The ReInit that an epoch began with. */
static bool reinit_of(const struct mls_epoch *epoch, struct wire_reinit *reinit)
{
	struct wire_proposal proposal;

	if (epoch->reinit.n == 0 ||
	    wire_proposal_decode(buf_span(&epoch->reinit), &proposal) != ERR_OK)
		return false;
	*reinit = proposal.reinit;
	return true;
}

enum err group_check_successor(const struct mls_epoch *parent,
			       enum wire_psk_usage usage,
			       const struct mls_identity *me,
			       const struct mls_epoch *epoch)
{
	const struct wire_group_context *context = &epoch->context;
	struct wire_reinit asked;
	enum err e = ERR_OK;

	/* 12.4.3.1: "the epoch field in the GroupInfo is equal to 1" */
	/* 11.2: "in the Welcome message MUST be 1" */
	/* 11.3: "in the Welcome message MUST be 1" */
	ENSURE(context->epoch == 1, RULE(SUCCESSOR_EPOCH));
	if (usage == WIRE_PSK_BRANCH) {
		/* 12.4.3.1: "of the new group match those of the old group" */
		/* 11.3: "new group reflects a subgroup branched" */
		ENSURE(context->version == parent->context.version &&
			   context->cipher_suite ==
			       parent->context.cipher_suite,
		       RULE(BRANCH_CIPHER_SUITE));
		/* 12.4.3.1: "a subset of the members of the old group" */
		/* 11.3: "MUST match some LeafNode in the original group" */
		TRY(are_among(&epoch->tree, &parent->tree));
		return ERR_OK;
	}
	/* 12.4.3.1: "the referenced group contains a ReInit proposal" */
	ENSURE(reinit_of(parent, &asked), RULE(REINIT_ASKED));
	/* 11.2: "MUST be the same as the corresponding fields" */
	ENSURE(context->version == asked.version &&
		   context->cipher_suite == asked.cipher_suite &&
		   span_equal(context->group_id, asked.group_id) &&
		   span_equal(context->extensions, asked.extensions),
	       RULE(REINIT_DIFFERS));
	/* 12.4.3.1: "are also members of the new group" */
	if (!me->compares_successors)
		TRY(are_among(&parent->tree, &epoch->tree));
out:
	return e;
}

/* ---- making them ---- */

bool mls_group_ended_by(const struct mls_group *group,
			struct mls_reinit *reinit)
{
	struct wire_reinit asked;

	if (!reinit_of(group->now, &asked))
		return false;
	*reinit = (struct mls_reinit){ .group_id = asked.group_id,
				       .cipher_suite = asked.cipher_suite,
				       .extensions = asked.extensions };
	return true;
}

/* A group of one, and its first commit with everybody and the PSK. */
static enum err succeed(const struct mls_group *parent,
			enum wire_psk_usage usage,
			const struct mls_identity *me,
			const struct mls_reinit *like, const struct span *adds,
			size_t add_count, struct mls_group **group,
			struct mls_commit *out)
{
	struct mls_change change = {
		.adds = adds,
		.add_count = add_count,
		.force_path = true,
	};
	struct mls_group *made = NULL;
	enum err e;

	*out = (struct mls_commit){ BUF_INIT, BUF_INIT, BUF_INIT };
	ENSURE(like->cipher_suite == me->suite->id, ERR_LOCAL_BUG);
	TRY(mls_group_create(me, like->group_id, like->extensions, &made));
	/* 11.2: "MUST specify a PreSharedKeyID of type resumption" */
	/* 11.3: "MUST be a randomly sampled nonce of length KDF.Nh" */
	TRY(group_commit_after(made, me, &change, parent->now, usage, out));
	TRY(group_check_successor(parent->now, usage, me, made->staged));
	*group = made;
	made = NULL;
out:
	if (e != ERR_OK)
		mls_commit_clear(out);
	mls_group_free(made);
	return e;
}

enum err mls_group_reinit(const struct mls_group *ended,
			  const struct mls_identity *me,
			  const struct span *adds, size_t add_count,
			  struct mls_group **group, struct mls_commit *out)
{
	struct mls_reinit asked;
	enum err e;

	TRY(group_ready(ended));
	ENSURE(mls_group_ended_by(ended, &asked), ERR_LOCAL_BUG);
	TRY(succeed(ended, WIRE_PSK_REINIT, me, &asked, adds, add_count, group,
		    out));
out:
	return rules_settle(e, me->broken);
}

enum err mls_group_branch(const struct mls_group *from,
			  const struct mls_identity *me, struct span group_id,
			  struct span extensions, const struct span *adds,
			  size_t add_count, struct mls_group **group,
			  struct mls_commit *out)
{
	struct mls_reinit like = { .group_id = group_id,
				   .cipher_suite = me->suite->id,
				   .extensions = extensions };
	enum err e;

	TRY(group_may_send(from));
	TRY(succeed(from, WIRE_PSK_BRANCH, me, &like, adds, add_count, group,
		    out));
out:
	return rules_settle(e, me->broken);
}
