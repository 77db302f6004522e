#include "mls/proposal.h"

#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/key_package.h"
#include "mls/leaf.h"
#include "mls/listed.h"

bool proposal_removes(const struct proposal_item *item, uint32_t *leaf)
{
	if (item->proposal.type == WIRE_PROPOSAL_SELF_REMOVE)
		/* "determined by looking in the Sender leaf_index" */
		*leaf = item->sender.index;
	else if (item->proposal.type == WIRE_PROPOSAL_REMOVE)
		*leaf = item->proposal.removed;
	else
		return false;
	return true;
}

/* 7.3, for an Update: valid, of the right source, with a new key. */
enum err proposal_check_update(const struct mls_epoch *epoch,
			       const struct proposal_item *item,
			       struct span extensions)
{
	const struct wire_leaf_node *leaf = &item->proposal.update;
	const struct tree_leaf *old;
	enum err e;

	ENSURE(item->sender.type == WIRE_SENDER_MEMBER, RULE(UPDATE_BY_MEMBER));
	old = tree_leaf(&epoch->tree, item->sender.index);
	/* 7.3: "verify that leaf_node_source is set to update" */
	ENSURE(old != NULL && leaf->source == WIRE_LEAF_UPDATE,
	       RULE(UPDATE_LEAF_SOURCE));
	/* 7.3: "represents a different public key than the encryption_key" */
	ENSURE(!span_equal(leaf->encryption_key, old->node.encryption_key),
	       RULE(UPDATE_KEY_NEW));
	/* 12.1.2: "invalid if the LeafNode is invalid" */
	TRY(leaf_check(epoch->suite, leaf));
	TRY(leaf_check_group(leaf, extensions));
	TRY(leaf_verify_alone(epoch->suite, leaf, epoch->context.group_id,
			      item->sender.index));
out:
	return e;
}

/* 12.1.7: the extensions decode. That all members support them is checked
 * when the list is applied. */
static enum err check_extensions(struct span extensions)
{
	struct wire_required_capabilities required;
	struct span data, senders;
	enum err e = ERR_OK;

	ENSURE(extensions.n <= MLS_EXTENSIONS_MAX, ERR_PEER_TOO_LARGE);
	if (wire_extensions_find(extensions,
				 WIRE_EXTENSION_REQUIRED_CAPABILITIES, &data))
		TRY(wire_required_capabilities_decode(data, &required));
	if (wire_extensions_find(extensions, WIRE_EXTENSION_EXTERNAL_SENDERS,
				 &data))
		TRY(wire_external_senders_decode(data, &senders));
	TRY(app_data_check_group(extensions));
out:
	return e;
}

/* 12.1.4. That we have the PSK is checked when the list is applied. */
static enum err check_psk(const struct mls_epoch *epoch,
			  const struct wire_psk_id *id)
{
	enum err e = ERR_OK;

	/* 12.1.4: "The psk_nonce is not of length KDF.Nh" */
	ENSURE(id->nonce.n == epoch->suite->nh, RULE(PSK_NONCE));
	/* 11.2: "usage reinit MUST be considered invalid" */
	/* 11.3: "usage branch MUST be considered invalid" */
	ENSURE(id->type == WIRE_PSK_EXTERNAL ||
		   id->usage == WIRE_PSK_APPLICATION,
	       RULE(PSK_USAGE));
out:
	return e;
}

enum err proposal_check_listed(const struct mls_epoch *epoch,
			       const struct mls_reinit *reinit)
{
	enum err e = ERR_OK;

	for (uint32_t leaf = 0;
	     !reinit->unlisted && tree_next_member(&epoch->tree, leaf, &leaf);
	     leaf++)
		ENSURE(wire_u16_list_has(tree_leaf(&epoch->tree, leaf)
					     ->node.capabilities.cipher_suites,
					 reinit->cipher_suite),
		       broken(ERR_PEER_UNSUPPORTED, MLS_RULE_REINIT_NOT_ALL));
out:
	return e;
}

enum err proposal_check_reinit(const struct wire_reinit *reinit)
{
	enum err e = ERR_OK;

	/* 12.1.5: "the version field is less than the version" */
	ENSURE(reinit->version >= WIRE_VERSION_MLS10, RULE(REINIT_VERSION));
	ENSURE(reinit->version == WIRE_VERSION_MLS10 &&
		   suite_by_id(reinit->cipher_suite) != NULL,
	       broken(ERR_PEER_UNSUPPORTED, MLS_RULE_REINIT_UNKNOWN));
	ENSURE(reinit->extensions.n <= MLS_EXTENSIONS_MAX, ERR_PEER_TOO_LARGE);
out:
	return e;
}

enum err proposal_check_reset(struct span now, struct span next)
{
	enum err e;

	TRY(check_extensions(next));
	TRY(app_data_check_reset(now, next));
out:
	return e;
}

/* By itself, on a copy, so that none is kept that no commit may contain. */
static enum err check_app_data(const struct mls_epoch *epoch,
			       const struct proposal_item *item,
			       const struct mls_authentication *application)
{
	struct proposal_item alone = *item;
	const struct proposal_list list = { &alone, 1 };
	struct epoch_change change = { 0 };
	enum err e;

	TRY(listed_check(&epoch->tree, epoch->private.leaf,
			 WIRE_PROPOSAL_APP_DATA_UPDATE));
	TRY(epoch_change_begin(epoch, &change));
	TRY(app_data_apply(&list, application, &change));
out:
	epoch_change_clear(&change);
	return e;
}

enum err proposal_check(const struct mls_epoch *epoch,
			const struct proposal_item *item,
			const struct mls_authentication *application)
{
	const struct wire_proposal *proposal = &item->proposal;
	struct span extensions = epoch->context.extensions;

	if (wire_proposal_is_private(proposal->type))
		return listed_check(&epoch->tree, epoch->private.leaf,
				    proposal->type);
	switch ((enum wire_proposal_type)proposal->type) {
	case WIRE_PROPOSAL_ADD:
		/* 12.1.1: "invalid if the KeyPackage is invalid" */
		return key_package_check(epoch->suite, &proposal->add,
					 extensions);
	case WIRE_PROPOSAL_UPDATE:
		return proposal_check_update(epoch, item, extensions);
	case WIRE_PROPOSAL_REMOVE:
		/* 12.1.3: "does not identify a non-blank leaf node" */
		return tree_leaf(&epoch->tree, proposal->removed) != NULL
			   ? ERR_OK
			   : RULE(REMOVE_BLANK);
	case WIRE_PROPOSAL_PSK:
		return check_psk(epoch, &proposal->psk);
	case WIRE_PROPOSAL_REINIT:
		return proposal_check_reinit(&proposal->reinit);
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		return proposal_check_reset(extensions, proposal->extensions);
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
		return check_app_data(epoch, item, application);
	case WIRE_PROPOSAL_SELF_REMOVE:
		/* "only applies if all the members of a group support this" */
		return listed_check_all(&epoch->tree, proposal->type);
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		break;
	}
	return RULE(EXTERNAL_INIT_BY_MEMBER);
}
