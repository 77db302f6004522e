/* The leaves of a session as devices of accounts, of session.h. */
#include "check/places.h"
#include "session/state.h"
#include "wire/extension.h"
#include "wire/message.h"

void session_set_accounts(struct session *session,
			  struct check_accounts *accounts)
{
	session->accounts = accounts;
}

bool session_has_places(const struct session *session)
{
	struct span data;

	return wire_extensions_find(mls_group_extensions(session->group),
				    PLACES_EXTENSION, &data);
}

bool session_info_has_places(struct span group_info)
{
	struct wire_message message;
	struct span data;

	return wire_message_decode(group_info, &message) == ERR_OK &&
	       message.format == WIRE_GROUP_INFO &&
	       wire_extensions_find(message.group_info.context.extensions,
				    PLACES_EXTENSION, &data);
}

enum err session_info_bans(struct span group_info, struct bans *bans)
{
	struct wire_message message;
	enum err e;

	TRY(wire_message_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	TRY(bans_read(message.group_info.context.extensions, bans));
out:
	return e;
}

bool session_lacks(const struct session *session)
{
	struct span fingerprint;
	size_t position = 0;

	return session->accounts != NULL &&
	       check_accounts_lacks(session->accounts, &position, &fingerprint);
}

enum err session_check_leaves(const struct session *session, const char **wrong)
{
	struct check_verdict verdict;
	struct check_view view;
	enum err e = ERR_OK;

	*wrong = NULL;
	if (!session_has_places(session))
		return ERR_OK;
	ENSURE(session->accounts != NULL, ERR_STATE_ACCOUNTS);
	check_accounts_forget_lacks(session->accounts);
	session_view(session, &view);
	verdict = check_places_whole(&view, false);
	*wrong = verdict.wrong;
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL || !session_lacks(session),
	       ERR_STATE_ACCOUNTS);
	ENSURE(verdict.wrong == NULL, ERR_PEER_INVALID);
out:
	return e;
}

bool session_is_placed(const struct session *session)
{
	struct check_view view;

	session_view(session, &view);
	return check_places_exact(&view).wrong == NULL;
}

/* By the end of its log as it is known here. */
static bool is_ended(const struct session *session,
		     const struct mls_member *member)
{
	uint16_t scheme = suite_scheme(mls_group_suite(session->group));
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct account_place last;
	struct span links;
	uint64_t device;

	if (!places_read_leaf(member->identity, fingerprint, &device) ||
	    check_accounts_find(session->accounts, SPAN_ARRAY(fingerprint),
				&log, &links) != ERR_OK ||
	    log == NULL)
		return false;
	account_log_place(log, &last);
	return account_key_valid(log, scheme, member->signature_key, &last,
				 NULL) == ACCOUNT_ENDED;
}

bool session_may_settle(const struct session *session,
			const struct mls_member *member)
{
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct account_place at;
	struct places places;
	struct place place;
	struct span links;
	uint64_t device;

	if (!places_read_leaf(member->identity, fingerprint, &device) ||
	    places_read(mls_group_extensions(session->group), &places) !=
		ERR_OK ||
	    check_accounts_find(session->accounts, SPAN_ARRAY(fingerprint),
				&log, &links) != ERR_OK ||
	    log == NULL)
		return false;
	if (!places_find(places.rows, SPAN_ARRAY(fingerprint), &place))
		return true; /* the next commit gives it one */
	at.number = place.number;
	(void)span_copy(at.hash, place.hash);
	return account_log_has(log, &at);
}

bool session_next_ended(const struct session *session, uint32_t *leaf,
			struct mls_member *member, bool *settled)
{
	struct check_member found;
	struct check_view view;

	if (session->accounts == NULL || !session_has_places(session))
		return false;
	session_view(session, &view);
	while (mls_group_next_member(session->group, leaf, member)) {
		if (!is_ended(session, member))
			continue;
		*settled = view.leaf(view.group, member->leaf_index, &found) &&
			   check_places_ended(&view, &found);
		return true;
	}
	return false;
}

bool session_has_ended(const struct session *session, struct span identity)
{
	struct mls_member member;
	uint32_t leaf = 0;
	bool settled;

	while (session_next_ended(session, &leaf, &member, &settled))
		if (settled && span_equal(member.identity, identity))
			return true;
	return false;
}
