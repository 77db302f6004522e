#include "server/commit.h"

#include <string.h>

#include "base/text.h"
#include "wire/generation.h"
#include "wire/message.h"
#include "wire/types.h"

bool commit_split_identity(struct span identity, struct span *username,
			   uint8_t device[16])
{
	const uint8_t *slash =
	    identity.n > 0 ? memchr(identity.p, '/', identity.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - identity.p) : 0;

	if (n == 0)
		return false;
	*username = span_of(identity.p, n);
	return text_parse_uuid(
		   device, span_of(slash + 1, identity.n - n - 1)) == ERR_OK;
}

static bool is_own_leaf(const struct wire_leaf_node *leaf,
			const struct identity *who)
{
	struct span username;
	uint8_t device[16];

	return commit_split_identity(leaf->credential.identity, &username,
				     device) &&
	       span_equal(username, span_str(who->username)) &&
	       memcmp(device, who->device, 16) == 0;
}

static const char *read_add(struct commit *c,
			    const struct wire_proposal *proposal)
{
	const struct wire_credential *credential =
	    &proposal->add.leaf_node.credential;

	if (c->added_count == COMMIT_CHANGES_MAX)
		return "too many Add proposals";
	if (!commit_split_identity(credential->identity,
				   &c->added[c->added_count].username,
				   c->added[c->added_count].device))
		return "an Add's identity is not username/device_id";
	c->added_count++;
	return NULL;
}

/* To the next generation of the same session. */
static const char *read_reinit(struct commit *c,
			       const struct wire_reinit *reinit)
{
	uint64_t epoch;

	if (c->reinit || c->external)
		return "a ReInit stands alone";
	if (!generation_session_epoch(reinit->group_id, 0,
				      span_of(c->session, 16), &epoch) ||
	    epoch >> 32 != (c->epoch >> 32) + 1)
		return "the ReInit's group_id is not that of the next "
		       "generation";
	c->reinit = true;
	c->reinit_suite = reinit->cipher_suite;
	return NULL;
}

/* By value only: the server keeps no proposals that a reference could mean. */
static const char *read_proposal(struct commit *c,
				 const struct wire_proposal_or_ref *item)
{
	if (item->type != WIRE_BY_VALUE)
		return "proposals must be by value";
	switch (item->proposal.type) {
	case WIRE_PROPOSAL_ADD:
		return read_add(c, &item->proposal);
	case WIRE_PROPOSAL_REMOVE:
		if (c->removed_count == COMMIT_CHANGES_MAX)
			return "too many Remove proposals";
		if (item->proposal.removed > INT32_MAX)
			return "a Remove of no leaf";
		c->removed[c->removed_count++] = item->proposal.removed;
		return NULL;
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		return c->external ? NULL : "external_init of a member";
	case WIRE_PROPOSAL_PSK:
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		return NULL;
	case WIRE_PROPOSAL_REINIT:
		return read_reinit(c, &item->proposal.reinit);
	default:
		return "a proposal of a type that is not taken here";
	}
}

static const char *read_sender(struct commit *c,
			       const struct wire_sender *sender)
{
	c->external = sender->type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	c->sender_leaf = sender->index;
	if (!c->external &&
	    (sender->type != WIRE_SENDER_MEMBER || sender->index > INT32_MAX))
		return "its sender is no member";
	return NULL;
}

void commit_put_view(const struct commit *c, struct params *params)
{
	if (c->view.given) {
		params_i64(params, (int64_t)c->view.seq);
		params_bytea(params, c->view.head);
	} else {
		params_null(params);
		params_null(params);
	}
}

const char *commit_read(struct commit *c, struct span bytes,
			const uint8_t session[16], const struct identity *who)
{
	struct wire_proposal_or_ref item;
	struct wire_message message;
	const struct wire_content *content;
	const char *wrong;
	struct span rest;

	c->added_count = c->removed_count = 0;
	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE ||
	    message.public_message.content.type != WIRE_CONTENT_COMMIT)
		return "it must be a PublicMessage with a Commit";
	content = &message.public_message.content;
	if (!generation_session_epoch(content->group_id, content->epoch,
				      span_of(session, 16), &c->epoch))
		return "it is of another session";
	if (log_view_read_commit(content->authenticated_data, &c->view) !=
	    ERR_OK)
		return "its authenticated data is no view of the log";
	c->reinit = false;
	c->has_path = content->commit.has_path;
	wrong = read_sender(c, &content->sender);
	if (wrong == NULL && content->commit.has_path &&
	    !is_own_leaf(&content->commit.path.leaf_node, who))
		wrong = "its leaf is not this device's";
	if (wrong == NULL && c->external && !content->commit.has_path)
		wrong = "an external commit needs a path";
	rest = content->commit.proposals;
	memcpy(c->session, session, 16);
	while (wrong == NULL && wire_proposals_next(&rest, &item))
		wrong = read_proposal(c, &item);
	if (wrong == NULL && c->reinit && content->commit.proposal_count != 1)
		wrong = "a ReInit stands alone";
	return wrong;
}
