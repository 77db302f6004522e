#include "mls/epoch.h"

#include <stdlib.h>
#include <string.h>

#include "mls/broken.h"
#include "mls/framing.h"
#include "mls/proposal.h"
#include "mls/transcript.h"

enum err epoch_new(const struct suite *suite, struct mls_epoch **out)
{
	struct mls_epoch *epoch = calloc(1, sizeof(*epoch));

	*out = epoch;
	if (epoch == NULL)
		return ERR_LOCAL_MEMORY;
	epoch->suite = suite;
	epoch->private.leaf = EPOCH_NO_LEAF;
	return ERR_OK;
}

void epoch_forget_proposals(struct mls_epoch *epoch, size_t from)
{
	for (size_t i = from; i < epoch->proposal_count; i++) {
		buf_clear(&epoch->proposals[i].ref);
		buf_clear(&epoch->proposals[i].encoded);
		sec_clear(&epoch->proposals[i].private_key);
	}
	if (epoch->proposal_count > from)
		epoch->proposal_count = from;
	if (from == 0) {
		free(epoch->proposals);
		epoch->proposals = NULL;
	}
}

void epoch_free(struct mls_epoch *epoch)
{
	if (epoch == NULL)
		return;
	epoch_forget_proposals(epoch, 0);
	buf_clear(&epoch->encoded_context);
	buf_clear(&epoch->reinit);
	tree_clear(&epoch->tree);
	treekem_private_clear(&epoch->private);
	key_schedule_clear(&epoch->secrets);
	secret_tree_clear(&epoch->messages);
	sec_wipe(epoch, sizeof(*epoch));
	free(epoch);
}

enum err epoch_set_context(struct mls_epoch *epoch,
			   const struct wire_group_context *context)
{
	enum err e;

	buf_reset(&epoch->encoded_context);
	wire_group_context_put(&epoch->encoded_context, context);
	TRY(buf_end(&epoch->encoded_context));
	TRY(wire_group_context_decode(buf_span(&epoch->encoded_context),
				      &epoch->context));
out:
	return e;
}

enum err epoch_start(struct mls_epoch *epoch, const struct span *tag)
{
	const struct suite *suite = epoch->suite;
	struct span confirmed = epoch->context.confirmed_transcript_hash;
	struct span key = sec_span(&epoch->secrets.confirmation_key);
	enum err e;

	/* 12.4.2: "verify that it is the same as the confirmation_tag" */
	if (tag != NULL)
		TRY(RULED(CONFIRMATION_TAG,
			  transcript_check_tag(suite, key, confirmed, *tag)));
	TRY(transcript_tag(suite, key, confirmed, epoch->confirmation_tag));
	TRY(transcript_interim(suite, confirmed,
			       span_of(epoch->confirmation_tag, suite->nh),
			       epoch->interim));
	TRY(secret_tree_init(&epoch->messages, suite, epoch->tree.leaves,
			     sec_span(&epoch->secrets.encryption)));
	/* 9.2: the tree has it now */
	sec_clear(&epoch->secrets.encryption);
out:
	return e;
}

void epoch_retire(struct mls_epoch *epoch)
{
	uint32_t leaf = epoch->private.leaf;

	epoch_forget_proposals(epoch, 0);
	treekem_private_clear(&epoch->private);
	epoch->private.leaf = leaf;
	sec_clear(&epoch->secrets.encryption);
	sec_clear(&epoch->secrets.external);
	sec_clear(&epoch->secrets.confirmation_key);
	sec_clear(&epoch->secrets.membership_key);
	sec_clear(&epoch->secrets.init);
}

bool epoch_drop_proposal(struct mls_epoch *epoch, struct span ref)
{
	for (size_t i = 0; i < epoch->proposal_count; i++) {
		struct epoch_proposal *kept = &epoch->proposals[i], last;

		if (!span_equal(buf_span(&kept->ref), ref))
			continue;
		/* To the end, where dropping begins; the others keep their
		 * order. */
		last = *kept;
		memmove(kept, kept + 1,
			(epoch->proposal_count - i - 1) * sizeof(*kept));
		epoch->proposals[epoch->proposal_count - 1] = last;
		sec_wipe(&last, sizeof(last));
		epoch_forget_proposals(epoch, epoch->proposal_count - 1);
		return true;
	}
	return false;
}

/* Room for one more. Not realloc(): it may leave a private key behind. */
static enum err grow_proposals(struct mls_epoch *epoch,
			       struct epoch_proposal **grown)
{
	size_t count = epoch->proposal_count;

	*grown = epoch->proposals;
	if ((count & (count - 1)) != 0)
		return ERR_OK;
	*grown = calloc(count > 0 ? 2 * count : 1, sizeof(**grown));
	if (*grown == NULL)
		return ERR_LOCAL_MEMORY;
	if (count > 0)
		memcpy(*grown, epoch->proposals, count * sizeof(**grown));
	sec_wipe(epoch->proposals, count * sizeof(**grown));
	free(epoch->proposals);
	epoch->proposals = *grown;
	return ERR_OK;
}

static size_t kept_of(const struct mls_epoch *epoch, struct wire_sender sender)
{
	size_t count = 0;

	for (size_t i = 0; i < epoch->proposal_count; i++)
		count +=
		    proposal_same_sender(epoch->proposals[i].sender, sender);
	return count;
}

enum err epoch_keep_proposal(struct mls_epoch *epoch, struct span ref,
			     struct span encoded, struct wire_sender sender,
			     const struct sec *private_key)
{
	struct epoch_proposal *grown, *kept;
	enum err e;

	if (epoch_find_proposal(epoch, ref) != NULL)
		return ERR_OK;
	ENSURE(epoch->proposal_count < MLS_PENDING_MAX &&
		   kept_of(epoch, sender) < MLS_PENDING_SENDER_MAX,
	       ERR_PEER_TOO_LARGE);
	TRY(grow_proposals(epoch, &grown));
	kept = &grown[epoch->proposal_count++];
	*kept = (struct epoch_proposal){ .sender = sender };
	if (private_key != NULL)
		kept->private_key = *private_key;
	buf_put(&kept->ref, ref);
	buf_put(&kept->encoded, encoded);
	e = buf_end(&kept->ref);
	if (e == ERR_OK)
		e = buf_end(&kept->encoded);
	if (e != ERR_OK) {
		buf_clear(&kept->ref);
		buf_clear(&kept->encoded);
		sec_clear(&kept->private_key);
		epoch->proposal_count--;
	}
out:
	return e;
}

const struct epoch_proposal *epoch_find_proposal(const struct mls_epoch *epoch,
						 struct span ref)
{
	for (size_t i = 0; i < epoch->proposal_count; i++)
		if (span_equal(buf_span(&epoch->proposals[i].ref), ref))
			return &epoch->proposals[i];
	return NULL;
}

/* ---- the way from one epoch to the next ---- */

enum err epoch_change_begin(const struct mls_epoch *old,
			    struct epoch_change *change)
{
	*change = (struct epoch_change){
		.tree = tree_share(&old->tree),
		.private = old->private,
		.extensions = old->context.extensions,
	};
	return ERR_OK;
}

void epoch_change_clear(struct epoch_change *change)
{
	tree_clear(&change->tree);
	free(change->added);
	free(change->added_packages);
	buf_clear(&change->psk_ids);
	buf_clear(&change->app_data);
	sec_wipe(change, sizeof(*change));
}

static enum err next_context(const struct mls_epoch *old,
			     const struct epoch_change *change,
			     struct wire_group_context *context)
{
	enum err e;

	*context = old->context;
	ENSURE(context->epoch < UINT64_MAX, RULE(EPOCH_LAST));
	context->epoch++;
	context->extensions = change->extensions;
	TRY(tree_hash_root(&change->tree, &context->tree_hash));
out:
	return e;
}

enum err epoch_provisional_context(const struct mls_epoch *old,
				   const struct epoch_change *change,
				   struct buf *out)
{
	struct wire_group_context context;
	enum err e;

	TRY(next_context(old, change, &context));
	wire_group_context_put(out, &context);
	TRY(buf_end(out));
out:
	return e;
}

static enum err confirmed_hash(const struct mls_epoch *old,
			       enum wire_format format,
			       const struct wire_content *content,
			       struct span signature, uint8_t *hash)
{
	struct buf encoded = BUF_INIT;
	enum err e;

	framing_put_content(&encoded, content);
	TRY(buf_end(&encoded));
	TRY(transcript_confirmed(
	    old->suite, span_of(old->interim, old->suite->nh), (uint16_t)format,
	    buf_span(&encoded), signature, hash));
out:
	buf_clear(&encoded);
	return e;
}

enum err epoch_next(const struct mls_epoch *old, struct epoch_change *change,
		    enum wire_format format, const struct wire_content *content,
		    struct span signature, struct sec *joiner,
		    struct mls_epoch **out)
{
	const struct suite *suite = old->suite;
	struct mls_epoch *next = NULL;
	struct wire_group_context context;
	uint8_t confirmed[SUITE_HASH_MAX];
	const struct sec *init = change->init_secret.n > 0
				     ? &change->init_secret
				     : &old->secrets.init;
	enum err e;

	TRY(epoch_new(suite, &next));
	buf_put(&next->reinit, change->reinit);
	TRY(buf_end(&next->reinit));
	/* 12.4.2: "Update the confirmed and interim transcript hashes" */
	TRY(confirmed_hash(old, format, content, signature, confirmed));
	TRY(next_context(old, change, &context));
	context.confirmed_transcript_hash = span_of(confirmed, suite->nh);
	TRY(epoch_set_context(next, &context));
	TRY(key_schedule_joiner(suite, sec_span(init),
				sec_span(&change->commit_secret),
				buf_span(&next->encoded_context), joiner));
	TRY(key_schedule_epoch(
	    suite, sec_span(joiner), sec_span(&change->psk_secret),
	    buf_span(&next->encoded_context), NULL, &next->secrets));
	next->tree = change->tree;
	change->tree = TREE_INIT;
	next->private = change->private;
	*out = next;
	next = NULL;
out:
	if (e != ERR_OK)
		sec_clear(joiner);
	epoch_free(next);
	return e;
}
