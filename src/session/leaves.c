/* The leaves of a session as devices of accounts, of session.h. */
#include "session/places.h"

#include "check/group_places.h"
#include "check/known.h"
#include "check/places.h"
#include "session/state.h"
#include "wire/message.h"

void session_set_accounts(struct session *session,
			  struct check_accounts *accounts)
{
	session->accounts = accounts;
}

bool session_has_places(const struct session *session)
{
	return group_places_are_there(mls_group_extensions(session->group));
}

bool session_place(const struct session *session, struct span fingerprint,
		   struct account_place *place)
{
	struct group_places places;
	struct check_view view;
	struct place found;

	session_view(session, &view);
	if (group_places_of(&view, &places) != ERR_OK || !places.there ||
	    !group_places_find(&places, fingerprint, &found) ||
	    found.number == 0)
		return false;
	*place = (struct account_place){ .number = found.number };
	(void)span_copy(place->hash, found.hash);
	return true;
}

bool session_takes(const struct session *session,
		   const struct span *key_packages, size_t count)
{
	return !session->places.there ||
	       session_packages_list(key_packages, count,
				     PLACES_ROOT_EXTENSION);
}

bool session_info_has_places(struct span group_info)
{
	struct wire_message message;

	return wire_message_decode(group_info, &message) == ERR_OK &&
	       message.format == WIRE_GROUP_INFO &&
	       group_places_are_there(message.group_info.context.extensions);
}

bool session_info_is_parted(struct span group_info, struct span identity,
			    struct check_accounts *accounts)
{
	struct known_parting parting = { .links = SPAN_EMPTY };
	struct place_map map = { .there = false };
	uint8_t fingerprint[ACCOUNT_HASH];
	struct group_places places;
	struct wire_message message;
	struct place place;
	uint64_t device;
	bool parted;

	parted = places_read_leaf(identity, fingerprint, &device) &&
		 wire_message_decode(group_info, &message) == ERR_OK &&
		 message.format == WIRE_GROUP_INFO &&
		 group_places_of_info(&message.group_info, &map) == ERR_OK &&
		 group_places_read(message.group_info.context.extensions, &map,
				   &places) == ERR_OK &&
		 group_places_find(&places, SPAN_ARRAY(fingerprint), &place) &&
		 check_accounts_parting(accounts, &place, &parting) == ERR_OK &&
		 parting.links.n > 0 && parting.counts;
	place_map_clear(&map);
	return parted;
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

/* One leaf, and its account as it is known here. */
struct look {
	const struct session *session;
	struct check_view view;
	struct check_member leaf;
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct account_log *log; /* that counts */
	bool placed;		       /* the account has a place */
	struct place place;
};

static bool look_at(struct look *look, uint32_t leaf)
{
	struct group_places places;
	struct span links;
	uint64_t device;

	if (!look->view.leaf(look->view.group, leaf, &look->leaf) ||
	    !places_read_leaf(look->leaf.identity, look->fingerprint,
			      &device) ||
	    group_places_of(&look->view, &places) != ERR_OK ||
	    check_accounts_find(look->session->accounts,
				SPAN_ARRAY(look->fingerprint), &look->log,
				&links) != ERR_OK)
		return false;
	look->placed = group_places_find(&places, SPAN_ARRAY(look->fingerprint),
					 &look->place);
	return look->log != NULL;
}

/* The leaf's key by the end of the log that counts. */
static enum account_validity by_log(const struct look *look)
{
	struct account_place last;

	account_log_place(look->log, &last);
	return account_key_valid(look->log, suite_scheme(look->view.suite),
				 look->leaf.signature_key, &last, NULL);
}

/* Does the log that counts have the group's place? */
static bool is_settled(const struct look *look)
{
	struct account_place at = { .number = look->place.number };

	if (!look->placed)
		return true; /* the next commit gives it one */
	(void)span_copy(at.hash, look->place.hash);
	return account_log_has(look->log, &at);
}

/* Who has no place yet may have come by a branch that does not count; the next commit
 * gives it a place there. */
static bool has_ended(const struct look *look)
{
	enum account_validity validity = by_log(look);

	return validity == ACCOUNT_ENDED ||
	       (validity == ACCOUNT_UNKNOWN && !look->placed);
}

static enum session_ended ended_how(const struct look *look)
{
	bool ended = has_ended(look), settled = is_settled(look);
	struct known_parting parting = { .links = SPAN_EMPTY };
	struct check_branch branch;

	if (ended && settled)
		return check_places_ended(&look->view, &look->leaf)
			   ? SESSION_ENDED_TOLD
			   : SESSION_ENDED_UNTOLD;
	if (look->placed &&
	    check_accounts_parting(look->session->accounts, &look->place,
				   &parting) != ERR_OK)
		parting.links = SPAN_EMPTY;
	if (parting.links.n > 0) {
		places_branch(&look->place, &parting, &branch);
		if (!branch.counts)
			return SESSION_ENDED_FORKED;
		return check_branch_keeps(&look->view, &branch, &look->leaf)
			   ? SESSION_STANDS
			   : SESSION_ENDED_PARTED;
	}
	return ended ? SESSION_ENDED_ELSEWHERE : SESSION_STANDS;
}

/* The next leaf from *leaf on that may have ended; moves *leaf past it. */
static bool next_unsettled(const struct session *session, uint32_t *leaf,
			   struct mls_member *member)
{
	const struct unsettled *set = &session->unsettled;
	char user[PLACES_USER];
	struct mls_member one;
	bool found = false;

	if (!set->known)
		return mls_group_next_member(session->group, leaf, member);
	for (size_t i = 0; i < set->count; i++) {
		uint32_t at = *leaf;

		places_name_user(user, SPAN_ARRAY(set->list[i]));
		if (!mls_group_next_of(session->group, SPAN_ARRAY(user), &at,
				       &one) ||
		    (found && one.leaf_index > member->leaf_index))
			continue;
		*member = one;
		found = true;
	}
	if (found)
		*leaf = member->leaf_index + 1;
	return found;
}

bool session_next_ended(const struct session *session, uint32_t *leaf,
			struct mls_member *member, enum session_ended *how)
{
	struct look look = { .session = session };

	if (session->accounts == NULL || !session_has_places(session))
		return false;
	session_view(session, &look.view);
	while (next_unsettled(session, leaf, member)) {
		*how = look_at(&look, member->leaf_index) ? ended_how(&look)
							  : SESSION_STANDS;
		if (*how != SESSION_STANDS)
			return true;
	}
	return false;
}

bool session_has_ended(const struct session *session, struct span identity)
{
	enum session_ended how;
	struct mls_member member;
	uint32_t leaf;

	if (!session_find(session, identity, &member))
		return false;
	leaf = member.leaf_index;
	return session_next_ended(session, &leaf, &member, &how) &&
	       span_equal(member.identity, identity) &&
	       (how == SESSION_ENDED_TOLD || how == SESSION_ENDED_PARTED ||
		how == SESSION_ENDED_FORKED);
}
