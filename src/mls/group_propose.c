/* Proposals of ours, by reference (12.1), and from outside (12.1.8). */
#include "crypto/hpke.h"
#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/credentials.h"
#include "mls/framing.h"
#include "mls/group.h"
#include "mls/group_internal.h"
#include "mls/key_package.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/pending.h"
#include "mls/proposals.h"
#include "mls/signer.h"
#include "mls/staged.h"

/* A proposal in the making. */
struct making {
	const struct mls_identity *me;
	const struct sign_key *signer;
	enum wire_format format;
	struct wire_proposal proposal;
	struct sec private_key; /* of an Update */
	struct buf leaf;	/* of an Update */
	/* Of an Update of another identity. */
	struct key_package_profile profile;
	struct sign_key *next_signer;
	uint8_t nonce[SUITE_HASH_MAX];
	struct buf encoded;
	struct wire_content content;
	struct buf signature;
};

static void making_clear(struct making *m)
{
	sec_clear(&m->private_key);
	buf_clear(&m->leaf);
	key_package_profile_clear(&m->profile);
	sign_key_free(m->next_signer);
	buf_clear(&m->encoded);
	buf_clear(&m->signature);
}

static enum err set_psk(struct making *m, struct wire_psk_id id)
{
	size_t nh = m->me->suite->nh;
	enum err e;

	/* 12.1.4: "The psk_nonce MUST be randomly sampled" */
	TRY(rng_fill(m->me->rng, m->nonce, nh));
	id.nonce = span_of(m->nonce, nh);
	m->proposal.type = WIRE_PROPOSAL_PSK;
	m->proposal.psk = id;
out:
	return e;
}

/* `epoch` NULL: from outside. */
static enum err set_reinit(struct making *m, const struct mls_epoch *epoch,
			   const struct mls_reinit *reinit)
{
	enum err e;

	ENSURE(suite_by_id(reinit->cipher_suite) != NULL,
	       broken(ERR_PEER_UNSUPPORTED, MLS_RULE_REINIT_UNKNOWN));
	if (epoch != NULL)
		TRY(proposal_check_listed(epoch, reinit));
	m->proposal.type = WIRE_PROPOSAL_REINIT;
	m->proposal.reinit = (struct wire_reinit){
		reinit->group_id,
		WIRE_VERSION_MLS10,
		reinit->cipher_suite,
		reinit->extensions,
	};
	e = wire_extensions_check(reinit->extensions);
out:
	return e;
}

/* The content of our leaf made anew of `next`, and who signs it. */
static enum err set_next(struct making *m, const struct mls_epoch *epoch,
			 const struct mls_identity *next,
			 struct wire_leaf_node *leaf)
{
	enum err e;

	ENSURE(next->suite == epoch->suite, ERR_LOCAL_BUG);
	/* 7.3: "fields are unique among the members" */
	ENSURE(
	    span_equal(leaf->signature_key, next->signature_public) ||
		!tree_has_signature_key(&epoch->tree, next->signature_public),
	    ERR_STATE_CONFLICT);
	TRY(key_package_profile(next, false, &m->profile));
	TRY(signer_of(next, &m->next_signer));
	*leaf = m->profile.leaf;
out:
	return e;
}

/* The leaf that an Update replaces, with a fresh key (12.1.2). */
static enum err set_update(struct making *m, const struct mls_epoch *epoch,
			   const struct mls_identity *next)
{
	const struct sign_key *signer = m->signer;
	struct wire_leaf_node leaf;
	struct buf key = BUF_INIT;
	enum err e;

	leaf = tree_leaf(&epoch->tree, epoch->private.leaf)->node;
	if (next != NULL) {
		TRY(set_next(m, epoch, next, &leaf));
		signer = m->next_signer;
	}
	TRY(hpke_generate_key_pair(epoch->suite, m->me->rng, &m->private_key,
				   &key));
	leaf.source = WIRE_LEAF_UPDATE;
	leaf.encryption_key = buf_span(&key);
	TRY(leaf_sign(signer, &leaf, epoch->context.group_id,
		      epoch->private.leaf, &m->leaf));
	m->proposal.type = WIRE_PROPOSAL_UPDATE;
	TRY(wire_leaf_node_decode(buf_span(&m->leaf), &m->proposal.update));
out:
	buf_clear(&key);
	return e;
}

static enum err set_add(struct making *m, struct span key_package)
{
	enum err e;

	m->proposal.type = WIRE_PROPOSAL_ADD;
	TRY(wire_key_package_decode(key_package, &m->proposal.add));
	TRY(key_package_check_use(&m->proposal.add, m->me->now));
out:
	return e;
}

static enum err set_self_remove(struct making *m, const struct mls_epoch *epoch)
{
	enum err e = ERR_OK;

	/* "these proposals MUST be sent in an MLS PublicMessage" */
	ENSURE(m->format == WIRE_PUBLIC_MESSAGE, ERR_LOCAL_BUG);
	/* "MUST NOT issue more than one SelfRemove proposal per epoch" */
	ENSURE(pending_self_remove(epoch, epoch->private.leaf) == NULL,
	       ERR_STATE_UNCOMMITTED);
	m->proposal.type = WIRE_PROPOSAL_SELF_REMOVE;
out:
	return e;
}

/* `epoch` NULL: from outside. */
static enum err set_proposal(struct making *m, const struct mls_epoch *epoch,
			     const struct mls_proposal *p)
{
	struct wire_psk_id id = { .type = WIRE_PSK_EXTERNAL };

	switch (p->kind) {
	case MLS_PROPOSE_ADD:
		return set_add(m, p->key_package);
	case MLS_PROPOSE_UPDATE:
		return epoch != NULL ? set_update(m, epoch, p->next)
				     : ERR_LOCAL_BUG;
	case MLS_PROPOSE_REMOVE:
		m->proposal.type = WIRE_PROPOSAL_REMOVE;
		m->proposal.removed = p->removed;
		return ERR_OK;
	case MLS_PROPOSE_PSK:
		id.psk_id = p->psk_id;
		return set_psk(m, id);
	case MLS_PROPOSE_RESUMPTION:
		if (epoch == NULL)
			return ERR_LOCAL_BUG;
		id.type = WIRE_PSK_RESUMPTION;
		id.usage = WIRE_PSK_APPLICATION;
		id.group_id = epoch->context.group_id;
		id.epoch = p->resumption_epoch;
		return set_psk(m, id);
	case MLS_PROPOSE_EXTENSIONS:
		m->proposal.type = WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
		m->proposal.extensions = p->extensions;
		return wire_extensions_check(p->extensions);
	case MLS_PROPOSE_REINIT:
		return set_reinit(m, epoch, &p->reinit);
	case MLS_PROPOSE_CUSTOM:
		if (epoch == NULL || !wire_proposal_is_private(p->custom.type))
			return ERR_LOCAL_BUG;
		m->proposal.type = p->custom.type;
		m->proposal.data = p->custom.data;
		return ERR_OK;
	case MLS_PROPOSE_APP_DATA:
		m->proposal.type = WIRE_PROPOSAL_APP_DATA_UPDATE;
		m->proposal.app_data = app_data_update(&p->app_data);
		return ERR_OK;
	case MLS_PROPOSE_SELF_REMOVE:
		return epoch != NULL ? set_self_remove(m, epoch)
				     : ERR_LOCAL_BUG;
	case MLS_PROPOSE_EXTERNAL_INIT:
		break;
	}
	return ERR_LOCAL_BUG;
}

/* Encodes the proposal, frames it as `header` says, and signs. */
static enum err seal(struct making *m, const struct wire_content *header,
		     struct span context)
{
	enum err e;

	wire_proposal_put(&m->encoded, &m->proposal);
	TRY(buf_end(&m->encoded));
	m->content = *header;
	m->content.type = WIRE_CONTENT_PROPOSAL;
	m->content.body = buf_span(&m->encoded);
	TRY(framing_sign(m->signer, m->format, &m->content, context,
			 &m->signature));
out:
	return e;
}

static enum err protect(const struct making *m, struct mls_epoch *now,
			struct buf *message)
{
	struct wire_auth auth = { buf_span(&m->signature), SPAN_EMPTY };

	if (m->format == WIRE_PRIVATE_MESSAGE)
		return framing_protect_private(
		    now->suite, m->me->rng, &m->content, &auth,
		    sec_span(&now->secrets.sender_data), &now->messages, 0,
		    NULL, message);
	return framing_protect_public(
	    now->suite, &m->content, &auth, buf_span(&now->encoded_context),
	    sec_span(&now->secrets.membership_key), message);
}

/* Checked as everybody will, and kept like one that arrives. */
static enum err keep(const struct making *m, struct mls_epoch *now)
{
	struct wire_auth auth = { buf_span(&m->signature), SPAN_EMPTY };
	struct buf authenticated = BUF_INIT, ref = BUF_INIT;
	enum err e;

	framing_put_authenticated(&authenticated, m->format, &m->content,
				  &auth);
	TRY(buf_end(&authenticated));
	TRY(label_proposal_ref(now->suite, buf_span(&authenticated), &ref));
	TRY(epoch_keep_proposal(now, buf_span(&ref), buf_span(&m->encoded),
				m->content.sender, &m->private_key));
out:
	buf_clear(&authenticated);
	buf_clear(&ref);
	return e;
}

enum err mls_group_propose(struct mls_group *group,
			   const struct mls_identity *me,
			   const struct mls_proposal *proposal,
			   bool private_handshake, struct buf *message)
{
	struct making m = { .me = me };
	struct mls_epoch *now = group->now;
	size_t kept = now->proposal_count;
	struct wire_content header = {
		.group_id = now->context.group_id,
		.epoch = now->context.epoch,
		.sender = { WIRE_SENDER_MEMBER, now->private.leaf },
	};
	enum err e;

	group->refusal = NULL;
	TRY(group_may_send(group));
	TRY(group_signer(group, me, &m.signer));
	m.format =
	    private_handshake ? WIRE_PRIVATE_MESSAGE : WIRE_PUBLIC_MESSAGE;
	TRY(set_proposal(&m, now, proposal));
	struct proposal_item item = { m.proposal, header.sender, true, NULL };
	struct proposal_list alone = { &item, 1 };
	TRY(proposal_check(now, &item, &group->authentication));
	TRY(credentials_check_list(&group->authentication, now, &alone));
	TRY(staged_check_proposal(group, &item, true, SPAN_EMPTY,
				  &group->refusal));
	TRY(app_data_own_aad(now->context.extensions,
			     &header.authenticated_data));
	TRY(seal(&m, &header, buf_span(&now->encoded_context)));
	/* Kept first: to forget it cannot fail, to take a key back can. */
	TRY(keep(&m, now));
	e = protect(&m, now, message);
	if (e != ERR_OK)
		epoch_forget_proposals(now, kept);
out:
	if (e != ERR_OK)
		buf_clear(message);
	making_clear(&m);
	return rules_settle(e, &group->broken);
}

enum err mls_propose_from_outside(const struct mls_identity *me,
				  struct span group_id, uint64_t epoch,
				  const uint32_t *sender_index,
				  const struct mls_proposal *proposal,
				  struct buf *message)
{
	struct making m = { .me = me, .format = WIRE_PUBLIC_MESSAGE };
	struct wire_content header = { .group_id = group_id, .epoch = epoch };
	struct wire_auth auth = { SPAN_EMPTY, SPAN_EMPTY };
	struct sign_key *signer = NULL;
	enum err e;

	header.sender.type = sender_index != NULL
				 ? WIRE_SENDER_EXTERNAL
				 : WIRE_SENDER_NEW_MEMBER_PROPOSAL;
	header.sender.index = sender_index != NULL ? *sender_index : 0;
	/* 6.1: new_member_proposal: "the proposal_type of the Proposal MUST be
	 * add" */
	ENSURE(sender_index != NULL || proposal->kind == MLS_PROPOSE_ADD,
	       ERR_LOCAL_BUG);
	TRY(signer_of(me, &signer));
	m.signer = signer;
	TRY(set_proposal(&m, NULL, proposal));
	TRY(seal(&m, &header, SPAN_EMPTY));
	auth.signature = buf_span(&m.signature);
	TRY(framing_protect_public(me->suite, &m.content, &auth, SPAN_EMPTY,
				   SPAN_EMPTY, message));
out:
	if (e != ERR_OK)
		buf_clear(message);
	making_clear(&m);
	sign_key_free(signer);
	return rules_settle(e, me->broken);
}
