#include "mls/arrival.h"

#include "mls/app_data.h"
#include "mls/broken.h"

/* Which epoch a message is for. */
static enum err find_epoch(const struct mls_group *group, struct span group_id,
			   uint64_t epoch, uint8_t content_type,
			   struct mls_epoch **found)
{
	struct mls_epoch *now = group->now;

	*found = now;
	if (!span_equal(group_id, now->context.group_id))
		return RULE(GROUP_ID);
	if (epoch == now->context.epoch)
		return ERR_OK;
	/* 12.4.2: "the epoch field of the enclosing FramedContent" */
	/* 12.1: "equal to the epoch field of the current" */
	if (content_type != WIRE_CONTENT_APPLICATION ||
	    epoch > now->context.epoch)
		return ERR_STATE_EPOCH;
	for (size_t i = 0; i < GROUP_PAST_EPOCHS; i++) {
		*found = group->past[i];
		if (*found != NULL && (*found)->context.epoch == epoch)
			return ERR_OK;
	}
	return ERR_STATE_GONE;
}

/* ---- who sent it (6.1) ---- */

/* "external: The signature key at the index indicated by sender_index in the
 * external_senders group context extension" */
static enum err external_sender_key(const struct mls_epoch *epoch,
				    uint32_t index, struct span *key)
{
	struct wire_external_sender sender;
	struct span data, list;
	enum err e;

	/* 12.1.8: "if the external_senders extension is present" */
	ENSURE(wire_extensions_find(epoch->context.extensions,
				    WIRE_EXTENSION_EXTERNAL_SENDERS, &data),
	       RULE(EXTERNAL_SENDERS));
	TRY(wire_external_senders_decode(data, &list));
	do {
		ENSURE(wire_external_senders_next(&list, &sender),
		       RULE(EXTERNAL_SENDERS));
	} while (index-- > 0);
	*key = sender.signature_key;
out:
	return e;
}

/* 12.1.8: "other than the above MUST be rejected as malformed" */
static bool external_may_send(uint16_t type)
{
	return type == WIRE_PROPOSAL_ADD || type == WIRE_PROPOSAL_REMOVE ||
	       type == WIRE_PROPOSAL_PSK || type == WIRE_PROPOSAL_REINIT ||
	       type == WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS ||
	       type == WIRE_PROPOSAL_APP_DATA_UPDATE;
}

/* The key of a sender who is no member, which his message must fit. */
static enum err outsider_key(const struct mls_epoch *epoch,
			     const struct wire_content *content,
			     struct span *key)
{
	bool proposal = content->type == WIRE_CONTENT_PROPOSAL;
	enum err e = ERR_OK;

	switch ((enum wire_sender_type)content->sender.type) {
	case WIRE_SENDER_EXTERNAL:
		ENSURE(proposal && external_may_send(content->proposal.type),
		       RULE(EXTERNAL_PROPOSAL_TYPE));
		TRY(external_sender_key(epoch, content->sender.index, key));
		break;
	case WIRE_SENDER_NEW_MEMBER_PROPOSAL:
		ENSURE(proposal && content->proposal.type == WIRE_PROPOSAL_ADD,
		       RULE(NEW_MEMBER_PROPOSAL));
		*key = content->proposal.add.leaf_node.signature_key;
		break;
	case WIRE_SENDER_NEW_MEMBER_COMMIT:
		/* 12.4.3.2: "MUST be new_member_commit" */
		/* 12.4.3.2: "External Commits MUST contain a path field" */
		ENSURE(content->type == WIRE_CONTENT_COMMIT &&
			   content->commit.has_path,
		       RULE(EXTERNAL_COMMIT_PATH));
		/* 12.4.3.2: "MUST be signed by the new member" */
		/* 12.4.3.2: "MUST verify using the public key" */
		*key = content->commit.path.leaf_node.signature_key;
		break;
	case WIRE_SENDER_MEMBER:
		e = ERR_LOCAL_BUG;
		break;
	}
out:
	return e;
}

static enum err verify(const struct mls_epoch *epoch,
		       const struct arrival *arrival)
{
	const struct wire_content *content = &arrival->content;
	struct sign_key *outsider = NULL;
	const struct sign_key *key = NULL;
	struct span bytes;
	enum err e;

	if (content->sender.type == WIRE_SENDER_MEMBER) {
		TRY(tree_signature_key(&epoch->tree, content->sender.index,
				       &key));
	} else {
		TRY(outsider_key(epoch, content, &bytes));
		TRY(sign_public_parse(epoch->suite, bytes, &outsider));
		key = outsider;
	}
	/* 12.4.2: "Verify the signature on the FramedContent message" */
	/* 12.1: "a client MUST verify the signature inside" */
	TRY(RULED(CONTENT_SIGNATURE,
		  framing_verify(key, arrival->format, content,
				 arrival->auth.signature,
				 buf_span(&epoch->encoded_context))));
out:
	sign_key_free(outsider);
	return e;
}

enum err arrival_open_public(const struct mls_group *group,
			     const struct wire_public_message *m,
			     struct arrival *arrival)
{
	const struct wire_content *content = &m->content;
	enum err e;

	TRY(find_epoch(group, content->group_id, content->epoch, content->type,
		       &arrival->epoch));
	ENSURE(content->type != WIRE_CONTENT_APPLICATION,
	       RULE(APPLICATION_PUBLIC));
	/* 12.4.2: "verify the membership MAC using the membership_key" */
	if (content->type != arrival->untagged)
		TRY(RULED(
		    MEMBERSHIP_TAG,
		    framing_check_public(
			arrival->epoch->suite, m,
			buf_span(&arrival->epoch->encoded_context),
			sec_span(&arrival->epoch->secrets.membership_key))));
	arrival->content = *content;
	arrival->auth = m->auth;
	TRY(verify(arrival->epoch, arrival));
	TRY(app_data_check_aad(arrival->epoch->context.extensions,
			       content->authenticated_data));
out:
	return e;
}

enum err arrival_open_private(const struct mls_group *group,
			      const struct wire_private_message *m,
			      struct arrival *arrival)
{
	struct wire_sender_data sender;
	struct mls_epoch *epoch;
	const struct sign_key *key;
	enum err e;

	TRY(find_epoch(group, m->group_id, m->epoch, m->content_type, &epoch));
	arrival->epoch = epoch;
	/* 12.4.2: "decrypt the message using the sender_data_secret" */
	TRY(framing_open_sender(
	    epoch->suite, m, sec_span(&epoch->secrets.sender_data), &sender));
	/* 6.3.2: "MUST verify that the leaf index ... identifies a non-blank
	 * node" */
	TRY(tree_signature_key(&epoch->tree, sender.leaf_index, &key));
	TRY(framing_open_private(
	    epoch->suite, m, &sender, key, buf_span(&epoch->encoded_context),
	    &epoch->messages, &arrival->key, &arrival->plaintext,
	    &arrival->content, &arrival->auth));
	TRY(app_data_check_aad(epoch->context.extensions,
			       arrival->content.authenticated_data));
out:
	return e;
}
