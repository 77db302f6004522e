#include "mls/pending.h"

#include <stdlib.h>

#include "mls/key_package.h"

/* What one sender has waiting, and how much of it was tried one by one. */
struct waiting {
	struct wire_sender sender;
	size_t count, tried;
};

struct gathering {
	const struct mls_epoch *epoch;
	struct wire_sender committer;
	uint64_t now;
	const struct proposal_means *means;
	struct proposal_list *list;
	struct buf *encoded;
	/* Where they are tried one by one: each sender's, and how many of each are. */
	struct waiting *senders;
	size_t sender_count, share, tried;
};

bool pending_is_self_remove(const struct epoch_proposal *kept)
{
	struct wire_proposal proposal;

	return wire_proposal_decode(buf_span(&kept->encoded), &proposal) ==
		   ERR_OK &&
	       proposal.type == WIRE_PROPOSAL_SELF_REMOVE;
}

const struct epoch_proposal *pending_self_remove(const struct mls_epoch *epoch,
						 uint32_t leaf)
{
	for (size_t i = 0; i < epoch->proposal_count; i++)
		if (proposal_is_member(epoch->proposals[i].sender, leaf) &&
		    pending_is_self_remove(&epoch->proposals[i]))
			return &epoch->proposals[i];
	return NULL;
}

bool pending_any_leaves(const struct mls_epoch *epoch,
			struct wire_sender committer)
{
	for (size_t i = 0; i < epoch->proposal_count; i++)
		if (pending_is_self_remove(&epoch->proposals[i]) &&
		    !proposal_is_member(committer,
					epoch->proposals[i].sender.index))
			return true;
	return false;
}

static bool touches(const struct proposal_item *item, uint32_t leaf)
{
	uint32_t removed = 0;

	return item->proposal.type == WIRE_PROPOSAL_UPDATE
		   ? item->sender.index == leaf
		   : proposal_removes(item, &removed) && removed == leaf;
}

static bool touched(const struct proposal_list *list, uint32_t leaf)
{
	for (size_t i = 0; i < list->count; i++)
		if (touches(&list->items[i], leaf))
			return true;
	return false;
}

static bool has_extensions(const struct proposal_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].proposal.type ==
		    WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)
			return true;
	return false;
}

/* We have the PSK, and it is not in the list yet. */
static enum err psk_fits(const struct gathering *g,
			 const struct wire_psk_id *id, bool *does)
{
	struct sec secret = { .n = 0 };
	struct buf encoded = BUF_INIT;
	enum err e = psk_secret_of(g->epoch->suite, &g->means->psks, id, 1,
				   &secret, &encoded);

	sec_clear(&secret);
	buf_clear(&encoded);
	*does = e == ERR_OK;
	for (size_t i = 0; i < g->list->count; i++)
		if (g->list->items[i].proposal.type == WIRE_PROPOSAL_PSK &&
		    span_equal(g->list->items[i].proposal.psk.encoded,
			       id->encoded))
			*does = false;
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

/* 12.2: "they SHOULD prefer any Remove received" */
/* 12.2: "they SHOULD prefer them over the ReInit proposal" */
static enum err fits(const struct gathering *g,
		     const struct proposal_item *item, bool *does)
{
	const struct wire_proposal *p = &item->proposal;
	uint32_t removed;

	*does = wire_proposal_is_private(p->type);
	switch ((enum wire_proposal_type)p->type) {
	case WIRE_PROPOSAL_ADD:
		*does = key_package_check_use(&p->add, g->now) == ERR_OK;
		break;
	case WIRE_PROPOSAL_UPDATE:
		*does = !proposal_is_member(g->committer, item->sender.index) &&
			!touched(g->list, item->sender.index);
		break;
	case WIRE_PROPOSAL_SELF_REMOVE:
	case WIRE_PROPOSAL_REMOVE:
		*does = proposal_removes(item, &removed) &&
			!proposal_is_member(g->committer, removed) &&
			!touched(g->list, removed);
		break;
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		*does = !has_extensions(g->list);
		break;
	case WIRE_PROPOSAL_PSK:
		return psk_fits(g, &p->psk, does);
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
		*does = true;
		break;
	case WIRE_PROPOSAL_REINIT:
		*does = g->list->count == 0;
		break;
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		break;
	}
	return ERR_OK;
}

/* Whether the list so far would make a commit. */
static enum err applies(const struct gathering *g, bool *does)
{
	struct epoch_change change = { 0 };
	enum err e;

	TRY(epoch_change_begin(g->epoch, &change));
	TRY(proposals_apply(g->epoch, g->list, g->committer, g->means,
			    &change));
out:
	epoch_change_clear(&change);
	*does = e == ERR_OK;
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

/* ---- one by one ---- */

static struct waiting *waiting_of(const struct gathering *g,
				  struct wire_sender sender)
{
	size_t i = 0;

	while (i < g->sender_count &&
	       !proposal_same_sender(g->senders[i].sender, sender))
		i++;
	return &g->senders[i];
}

static size_t tries_by(const struct gathering *g, size_t share)
{
	size_t tries = 0;

	for (size_t i = 0; i < g->sender_count; i++)
		tries +=
		    g->senders[i].count < share ? g->senders[i].count : share;
	return tries;
}

/* The largest share by which all together are not tried too often, so that who sends many
 * takes nobody's place. */
static enum err share_tries(struct gathering *g)
{
	const struct mls_epoch *epoch = g->epoch;
	enum err e = ERR_OK;

	g->senders = calloc(epoch->proposal_count + 1, sizeof(*g->senders));
	ENSURE(g->senders != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < epoch->proposal_count; i++) {
		struct waiting *w = waiting_of(g, epoch->proposals[i].sender);

		if (w == &g->senders[g->sender_count])
			g->sender_count++;
		w->sender = epoch->proposals[i].sender;
		w->count++;
	}
	g->share = 1;
	while (g->share < PENDING_TRIED_MAX &&
	       tries_by(g, g->share + 1) <= PENDING_TRIED_MAX)
		g->share++;
out:
	return e;
}

static bool may_try(struct gathering *g, struct wire_sender sender)
{
	struct waiting *w = waiting_of(g, sender);

	if (g->tried == PENDING_TRIED_MAX || w->tried == g->share)
		return false;
	g->tried++;
	w->tried++;
	return true;
}

static enum err gather_one(struct gathering *g,
			   const struct epoch_proposal *kept,
			   const struct proposal_item *item, bool one_by_one)
{
	struct wire_proposal_or_ref by_reference = {
		.type = WIRE_BY_REFERENCE,
		.reference = buf_span(&kept->ref),
	};
	bool does = true;
	enum err e;

	if (one_by_one && !may_try(g, kept->sender))
		return ERR_OK;
	TRY(proposal_list_add(g->list, item));
	if (one_by_one)
		TRY(applies(g, &does));
	if (!does)
		g->list->count--;
	else
		wire_proposal_or_ref_put(g->encoded, &by_reference);
out:
	return e;
}

/* "If there is a pending SelfRemove proposal for a specific leaf node and a pending
 * Remove proposal for the same leaf node, the Remove proposal is invalid." */
enum turn { SELF_REMOVES, REMOVES, OTHERS, REINIT, TURNS };

static enum turn turn_of(uint16_t type)
{
	return type == WIRE_PROPOSAL_SELF_REMOVE ? SELF_REMOVES
	       : type == WIRE_PROPOSAL_REMOVE	 ? REMOVES
	       : type == WIRE_PROPOSAL_REINIT	 ? REINIT
						 : OTHERS;
}

static enum err gather_turn(struct gathering *g, enum turn turn,
			    bool one_by_one)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < g->epoch->proposal_count; i++) {
		const struct epoch_proposal *kept = &g->epoch->proposals[i];
		struct proposal_item item = { .sender = kept->sender,
					      .by_reference = true };
		bool does;

		TRY(wire_proposal_decode(buf_span(&kept->encoded),
					 &item.proposal));
		if (turn_of(item.proposal.type) != turn)
			continue;
		TRY(fits(g, &item, &does));
		if (does)
			TRY(gather_one(g, kept, &item, one_by_one));
	}
out:
	return e;
}

/* 12.4: "SHOULD include all proposals that it has received" */
enum err pending_gather(const struct mls_epoch *epoch,
			struct wire_sender committer, uint64_t now,
			const struct proposal_means *means, bool all,
			bool one_by_one, struct proposal_list *list,
			struct buf *encoded)
{
	struct gathering g = { .epoch = epoch,
			       .committer = committer,
			       .now = now,
			       .means = means,
			       .list = list,
			       .encoded = encoded };
	enum err e = ERR_OK;

	if (all && one_by_one)
		TRY(share_tries(&g));
	/* Each SelfRemove was checked alone, and goes with whatever is there. */
	TRY(gather_turn(&g, SELF_REMOVES, false));
	for (int turn = REMOVES; all && turn < TURNS; turn++)
		TRY(gather_turn(&g, (enum turn)turn, one_by_one));
out:
	free(g.senders);
	return e;
}
