#include "check/form.h"

#include "crypto/hpke.h"
#include "wire/tree_math.h"

struct pass {
	const struct suite *suite;
	bool local;
};

static bool is_kem_output(struct pass *p, struct span bytes)
{
	enum err e = hpke_check_encapsulated(p->suite, bytes);

	p->local |= err_class(e) == ERR_CLASS_LOCAL;
	return e == ERR_OK;
}

static const char *check_ciphertexts(struct pass *p, struct span rest)
{
	struct wire_hpke_ciphertext sealed;

	while (wire_hpke_ciphertexts_next(&rest, &sealed)) {
		if (sealed.ciphertext.n !=
		    (size_t)p->suite->nh + SUITE_AEAD_TAG)
			return "a ciphertext of its path is not that of a path "
			       "secret";
		if (!is_kem_output(p, sealed.kem_output))
			return "a kem_output of its path is not of the "
			       "suite's KEM";
	}
	return NULL;
}

static const char *check_path(struct pass *p,
			      const struct wire_update_path *path)
{
	struct wire_update_path_node node;
	struct span rest = path->nodes;
	const char *wrong = NULL;

	while (wrong == NULL && wire_update_path_nodes_next(&rest, &node))
		wrong = check_ciphertexts(p, node.encrypted_path_secrets);
	return wrong;
}

static const char *check_init(struct pass *p, const struct wire_commit *commit)
{
	struct wire_proposal_or_ref item;
	struct span rest = commit->proposals;

	while (wire_proposals_next(&rest, &item))
		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_EXTERNAL_INIT &&
		    !is_kem_output(p, item.proposal.kem_output))
			return "the kem_output of its ExternalInit is not of "
			       "the suite's KEM";
	return NULL;
}

struct check_verdict check_form(const struct suite *suite,
				const struct wire_public_message *message)
{
	const struct wire_commit *commit = &message->content.commit;
	struct pass p = { suite, false };
	const char *wrong = NULL;

	if (message->auth.confirmation_tag.n != suite->nh)
		wrong = "its confirmation tag has another length than the "
			"suite's";
	else if (message->content.sender.type == WIRE_SENDER_MEMBER &&
		 message->membership_tag.n != suite->nh)
		wrong = "its membership tag has another length than the "
			"suite's";
	if (wrong == NULL)
		wrong = check_init(&p, commit);
	if (wrong == NULL && commit->has_path)
		wrong = check_path(&p, &commit->path);
	return (struct check_verdict){ wrong, false, p.local };
}

size_t check_form_longest(const struct suite *suite, size_t members,
			  size_t extensions)
{
	/* framing, leaf node, an ExternalInit, view, signature, tags */
	const size_t rest = (size_t)2048 + suite->npk + suite->nenc;
	/* with the lengths of its parts */
	size_t sealed = (size_t)suite->nenc + suite->nh + SUITE_AEAD_TAG + 4;
	size_t node = (size_t)suite->npk + 8;

	return members * sealed + TREE_LEVELS_MAX * node + extensions + rest;
}

const char *check_form_external_pub(const struct suite *suite,
				    struct span extensions)
{
	struct span data, key;

	if (!wire_extensions_find(extensions, WIRE_EXTENSION_EXTERNAL_PUB,
				  &data))
		return "group_info has no external_pub: nobody could join by "
		       "it";
	if (wire_external_pub_decode(data, &key) != ERR_OK ||
	    hpke_check_public_key(suite, key) != ERR_OK)
		return "group_info's external_pub is no key of the suite";
	return NULL;
}
