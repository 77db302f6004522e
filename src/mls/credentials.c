#include "mls/credentials.h"

static struct mls_credential shown(const struct wire_credential *credential,
				   struct span signature_key)
{
	return (struct mls_credential){ credential->type, credential->identity,
					credential->certificates,
					signature_key };
}

/* 7.3: "Verify that the credential in the LeafNode is valid" */
enum err credentials_check_leaf(const struct mls_authentication *authentication,
				const struct wire_leaf_node *leaf,
				const struct wire_leaf_node *replaced)
{
	struct mls_credential new, old;

	if (authentication->check == NULL)
		return ERR_OK;
	new = shown(&leaf->credential, leaf->signature_key);
	if (replaced == NULL)
		return authentication->check(authentication->context, &new,
					     NULL);
	if (span_equal(leaf->credential.encoded,
		       replaced->credential.encoded) &&
	    span_equal(leaf->signature_key, replaced->signature_key))
		return ERR_OK;
	old = shown(&replaced->credential, replaced->signature_key);
	return authentication->check(authentication->context, &new, &old);
}

/* 5.3.1: "When an external_senders extension is added to the group", or
 * updated. */
static enum err check_senders(const struct mls_authentication *authentication,
			      struct span extensions)
{
	struct wire_external_sender sender;
	struct span data, list;
	enum err e = ERR_OK;

	if (!wire_extensions_find(extensions, WIRE_EXTENSION_EXTERNAL_SENDERS,
				  &data))
		return ERR_OK;
	TRY(wire_external_senders_decode(data, &list));
	while (authentication->check != NULL &&
	       wire_external_senders_next(&list, &sender)) {
		struct mls_credential new =
		    shown(&sender.credential, sender.signature_key);

		TRY(authentication->check(authentication->context, &new, NULL));
	}
out:
	return e;
}

enum err credentials_check_tree(const struct mls_authentication *authentication,
				const struct tree *tree,
				struct span group_extensions)
{
	enum err e;

	TRY(check_senders(authentication, group_extensions));
	if (authentication->check == NULL)
		return ERR_OK;
	for (uint32_t leaf = 0; tree_next_member(tree, leaf, &leaf); leaf++)
		TRY(credentials_check_leaf(authentication,
					   &tree_leaf(tree, leaf)->node, NULL));
out:
	return e;
}

static enum err check_item(const struct mls_authentication *authentication,
			   const struct mls_epoch *epoch,
			   const struct proposal_item *item)
{
	const struct wire_proposal *p = &item->proposal;
	const struct tree_leaf *old;

	switch ((enum wire_proposal_type)p->type) {
	case WIRE_PROPOSAL_ADD:
		return credentials_check_leaf(authentication, &p->add.leaf_node,
					      NULL);
	case WIRE_PROPOSAL_UPDATE:
		old = tree_leaf(&epoch->tree, item->sender.index);
		return credentials_check_leaf(authentication, &p->update,
					      old != NULL ? &old->node : NULL);
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		return check_senders(authentication, p->extensions);
	case WIRE_PROPOSAL_REMOVE:
	case WIRE_PROPOSAL_PSK:
	case WIRE_PROPOSAL_REINIT:
	case WIRE_PROPOSAL_EXTERNAL_INIT:
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
	case WIRE_PROPOSAL_SELF_REMOVE:
		break;
	}
	return ERR_OK;
}

enum err credentials_check_list(const struct mls_authentication *authentication,
				const struct mls_epoch *epoch,
				const struct proposal_list *list)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++)
		TRY(check_item(authentication, epoch, &list->items[i]));
out:
	return e;
}

bool mls_certificate_next(struct span *certificates, struct span *certificate)
{
	return wire_certificates_next(certificates, certificate);
}
