#include "server/commit.h"

#include <string.h>

#include "check/bans.h"
#include "check/group_places.h"
#include "check/invited.h"
#include "server/answer.h"
#include "wire/generation.h"
#include "wire/message.h"
#include "wire/types.h"

static const char leaf_too_large[] = "a leaf of it is too large";

static const char *read_add(struct commit *c,
			    const struct wire_proposal *proposal)
{
	const struct wire_credential *credential =
	    &proposal->add.leaf_node.credential;

	if (c->added_count == COMMIT_CHANGES_MAX)
		return "too many Add proposals";
	if (proposal->add.leaf_node.encoded.n > COMMIT_LEAF_MAX)
		return leaf_too_large;
	if (!leaf_name_read(&c->names[1 + c->added_count],
			    credential->identity))
		return "an Add's identity is no device's";
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
				      SPAN_ARRAY(c->session.bytes), &epoch) ||
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

/* Its own leaf is the first of the list, so that one question finds all. */
void commit_find_names(struct commit *c, void (*done)(void *arg, enum err e),
		       void *arg)
{
	leaf_names_find(c->names, 1 + c->added_count, done, arg);
}

bool commit_names_found(const struct commit *c)
{
	return leaf_names_found(c->names + !c->has_path,
				c->added_count + c->has_path);
}

const char *commit_check_names(const struct commit *c,
			       const struct identity *who)
{
	if (c->has_path && !leaf_name_is(&c->names[0], who))
		return "its leaf is not this device's";
	if (!leaf_names_found(c->names + 1, c->added_count))
		return "an Add's device does not stand in its account's log";
	return NULL;
}

enum err commit_need_logs(const struct commit *c, struct known_logs *known)
{
	struct span rest = c->view.links;
	struct carried carried;
	enum err e = ERR_OK;

	for (size_t i = 0; i < 1 + c->added_count; i++)
		if (c->names[i].of_account)
			TRY(known_logs_need(
			    known, SPAN_ARRAY(c->names[i].fingerprint.bytes)));
	/* what does not decode is refused when it is judged */
	if (places_check_carried(rest) != ERR_OK)
		rest = SPAN_EMPTY;
	while (places_next_carried(&rest, &carried))
		TRY(known_logs_need(known, carried.fingerprint));
out:
	return e;
}

const char *commit_check_links(const struct commit *c,
			       const struct known_logs *known,
			       const struct check_view *view, bool *local)
{
	struct group_places behind;

	if (group_places_of(view, &behind) != ERR_OK || !behind.there)
		return NULL; /* of the rules before: the links say nothing */
	return check_accounts_stand(known->accounts, c->view.links,
				    c->external ? NULL : &behind, local);
}

void commit_refuse(struct request *req, const struct known_logs *known,
		   const struct check_verdict *verdict)
{
	enum outcome outcome =
	    verdict->denied ? OUTCOME_NOT_ALLOWED : OUTCOME_COMMIT_INVALID;

	if (verdict->wrong == check_banned)
		outcome = OUTCOME_BANNED;
	if (verdict->wrong == check_not_invited)
		outcome = OUTCOME_NOT_INVITED;
	if (verdict->wrong == check_accounts_lost ||
	    verdict->wrong == check_accounts_contradicted)
		outcome = OUTCOME_ACCOUNT_LOG_DIFFERS;
	if (known_logs_lacking(known))
		outcome = OUTCOME_ACCOUNTS_UNKNOWN;
	request_problem(req, outcome, verdict->wrong);
}

const char *commit_read(struct commit *c, struct span bytes,
			struct uuid session)
{
	struct wire_proposal_or_ref item;
	struct wire_message message;
	const struct wire_content *content;
	const char *wrong;
	struct span rest;

	c->added_count = c->removed_count = 0;
	c->names[0] = (struct leaf_name){ .of_account = false };
	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE ||
	    message.public_message.content.type != WIRE_CONTENT_COMMIT)
		return "it must be a PublicMessage with a Commit";
	content = &message.public_message.content;
	if (!generation_session_epoch(content->group_id, content->epoch,
				      SPAN_ARRAY(session.bytes), &c->epoch))
		return "it is of another session";
	if (log_view_read_commit(content->authenticated_data, &c->view) !=
	    ERR_OK)
		return "its authenticated data is no view of the log";
	c->reinit = false;
	c->has_path = content->commit.has_path;
	wrong = read_sender(c, &content->sender);
	if (wrong == NULL && content->commit.has_path &&
	    !leaf_name_read(&c->names[0],
			    content->commit.path.leaf_node.credential.identity))
		wrong = "its leaf is not this device's";
	if (wrong == NULL && c->external && !content->commit.has_path)
		wrong = "an external commit needs a path";
	if (wrong == NULL && content->commit.has_path &&
	    content->commit.path.leaf_node.encoded.n > COMMIT_LEAF_MAX)
		wrong = leaf_too_large;
	rest = content->commit.proposals;
	c->session = session;
	while (wrong == NULL && wire_proposals_next(&rest, &item))
		wrong = read_proposal(c, &item);
	if (wrong == NULL && c->reinit && content->commit.proposal_count != 1)
		wrong = "a ReInit stands alone";
	return wrong;
}
