#include "device/group/trail.h"

#include "check/walk.h"
#include "wire/generation.h"
#include "wire/message.h"
#include "wire/roles.h"

#include <stdlib.h>
#include <string.h>

struct trail {
	struct chain chain;
	struct check_walk *walk;
	uint32_t
	    wants; /* generation whose first GroupInfo is needed; 0: none */
	bool weak;
	struct check_accounts *accounts; /* borrowed */
};

void trail_free(struct trail *trail)
{
	if (trail != NULL)
		check_walk_free(trail->walk);
	free(trail);
}

static enum err from_verdict(struct check_verdict verdict)
{
	if (verdict.local)
		return ERR_LOCAL_MEMORY;
	return verdict.wrong != NULL ? ERR_PEER_INVALID : ERR_OK;
}

/* The last judgement took links that are not here. */
static bool lacks(const struct trail *trail)
{
	struct span fingerprint;
	size_t position = 0;

	return check_accounts_lacks(trail->accounts, &position, &fingerprint);
}

/* ---- beginning ---- */

static enum err start(const uint8_t session_id[SESSION_ID], uint64_t seq,
		      const uint8_t head[CHAIN_HEAD], struct trail **trail)
{
	struct trail *t = calloc(1, sizeof(*t));
	enum err e = ERR_OK;

	ENSURE(t != NULL, ERR_LOCAL_MEMORY);
	if (seq == 0) {
		TRY(chain_start(&t->chain, span_of(session_id, SESSION_ID)));
		ENSURE(memcmp(chain_head(&t->chain), head, CHAIN_HEAD) == 0,
		       ERR_PEER_FORK);
	} else {
		chain_resume(&t->chain, seq, head);
	}
	*trail = t;
	t = NULL;
out:
	trail_free(t);
	return e;
}

enum err trail_from_session(const struct session *session, uint64_t seq,
			    const uint8_t head[CHAIN_HEAD],
			    struct check_accounts *accounts,
			    struct trail **trail)
{
	struct trail *t = NULL;
	enum err e;

	TRY(start(session_id(session), seq, head, &t));
	TRY(session_walk(session, &t->walk));
	t->accounts = accounts;
	check_walk_set_accounts(t->walk, accounts);
	*trail = t;
	t = NULL;
out:
	trail_free(t);
	return e;
}

enum err trail_from_info(const uint8_t id[SESSION_ID], struct span group_info,
			 uint64_t seq, const uint8_t head[CHAIN_HEAD],
			 struct check_accounts *accounts, struct trail **trail)
{
	struct trail *t = NULL;
	uint32_t generation;
	enum err e;

	TRY(start(id, seq, head, &t));
	TRY(from_verdict(
	    check_walk_from_info(group_info, CHECK_UNSEEN, &t->walk)));
	t->accounts = accounts;
	check_walk_set_accounts(t->walk, accounts);
	check_accounts_forget_lacks(accounts);
	e = from_verdict(check_walk_check_leaves(t->walk, false));
	ENSURE(e == ERR_OK || !lacks(t), ERR_STATE_ACCOUNTS);
	TRY(e);
	ENSURE(generation_of_group(check_walk_context(t->walk)->group_id,
				   span_of(id, SESSION_ID), &generation),
	       ERR_PEER_INVALID);
	*trail = t;
	t = NULL;
out:
	trail_free(t);
	return e;
}

bool trail_is_at_creation(const struct trail *trail)
{
	struct check_member member;
	uint32_t leaf = 0;
	size_t count = 0;

	while (check_walk_next_member(trail->walk, &leaf, &member))
		count++;
	return count == 1 && trail_epoch(trail) == 0;
}

enum err trail_set_departures(struct trail *trail, struct span departures)
{
	return check_walk_set_departures(trail->walk, departures);
}

enum err trail_add_departure(struct trail *trail, struct span departure)
{
	return check_walk_departure(trail->walk, departure).local
		   ? ERR_LOCAL_MEMORY
		   : ERR_OK;
}

void trail_spend_departures(struct trail *trail, struct span commit)
{
	check_walk_spend_departures(trail->walk, commit);
}

/* ---- following ---- */

uint64_t trail_seq(const struct trail *trail)
{
	return trail->chain.seq;
}

const uint8_t *trail_head(const struct trail *trail)
{
	return chain_head(&trail->chain);
}

const struct chain *trail_chain(const struct trail *trail)
{
	return &trail->chain;
}

static enum err check_head(const struct trail *trail,
			   const struct answer_entry *entry)
{
	enum chain_kind kind = (enum chain_kind)entry->kind;
	uint8_t head[CHAIN_HEAD];
	enum err e;

	if (!entry->bare && !entry->expired)
		return chain_check_next(&trail->chain, kind, entry->bytes,
					entry->head);
	/* only messages are known by their hash alone */
	ENSURE(kind == CHAIN_APPLICATION, ERR_PEER_MALFORMED);
	TRY(chain_next_hash(&trail->chain, kind, entry->hash, head));
	ENSURE(memcmp(head, entry->head, CHAIN_HEAD) == 0, ERR_PEER_FORK);
out:
	return e;
}

/* What all members refuse changes nothing for them, nor here. */
static enum err take(struct trail *trail, const struct answer_entry *entry)
{
	struct check_verdict verdict = { NULL, false, false };

	check_accounts_forget_lacks(trail->accounts);
	switch (entry->kind) {
	case CHAIN_COMMIT:
		verdict = check_walk_commit(trail->walk, entry->bytes);
		if (verdict.wrong != NULL && lacks(trail))
			return ERR_STATE_ACCOUNTS;
		if (verdict.wrong != NULL)
			check_accounts_undo(trail->accounts);
		break;
	case CHAIN_DEPARTURE:
		verdict = check_walk_departure(trail->walk, entry->bytes);
		break;
	case CHAIN_SUCCESSOR:
		if (check_walk_ended(trail->walk))
			trail->wants = check_walk_generation(trail->walk) + 1;
		break;
	default:
		break;
	}
	return verdict.local ? ERR_LOCAL_MEMORY : ERR_OK;
}

enum err trail_follow(struct trail *trail, const struct answer_entry *entry)
{
	enum err e;

	ENSURE(entry->seq > trail->chain.seq, ERR_STATE_REPLAY);
	ENSURE(entry->seq == trail->chain.seq + 1, ERR_STATE_CONFLICT);
	ENSURE(entry->kind >= CHAIN_APPLICATION &&
		   entry->kind <= CHAIN_DEPARTURE,
	       ERR_PEER_UNSUPPORTED);
	TRY(check_head(trail, entry));
	TRY(take(trail, entry));
	chain_advance(&trail->chain, entry->head);
out:
	return e;
}

uint32_t trail_wants_generation(const struct trail *trail)
{
	return trail != NULL ? trail->wants : 0;
}

enum err trail_next_generation(struct trail *trail, struct span group_info)
{
	bool new_keys = false;
	enum err e;

	check_accounts_forget_lacks(trail->accounts);
	e = from_verdict(
	    check_walk_successor(trail->walk, group_info, &new_keys));
	ENSURE(e == ERR_OK || !lacks(trail), ERR_STATE_ACCOUNTS);
	TRY(e);
	trail->wants = 0;
	trail->weak |= new_keys;
out:
	return e;
}

/* ---- where it has come to ---- */

bool trail_leads_to(struct trail *trail, struct span group_info)
{
	return check_walk_matches(trail->walk, group_info).wrong == NULL;
}

/* A confirmation tag is a MAC over the transcript, with a key of the epoch's. */
bool trail_is_at(const struct trail *trail, const struct session *session)
{
	return span_equal(check_walk_confirmation_tag(trail->walk),
			  mls_group_confirmation_tag(session_group(session)));
}

struct span trail_context(const struct trail *trail)
{
	return check_walk_context(trail->walk)->encoded;
}

bool trail_keeps_out(const struct trail *trail, struct span identity)
{
	struct check_member member;
	bool user_is_in = false;
	uint32_t leaf = 0;

	while (check_walk_next_member(trail->walk, &leaf, &member)) {
		if (span_equal(member.identity, identity))
			return false;
		user_is_in |= span_equal(roles_user(member.identity),
					 roles_user(identity));
	}
	return user_is_in;
}

bool trail_signer(const struct trail *trail, struct check_signer *signer)
{
	return check_walk_signer(trail->walk, signer);
}

bool trail_has(const struct trail *trail, struct span identity)
{
	struct check_member member;
	uint32_t leaf = 0;

	while (check_walk_next_member(trail->walk, &leaf, &member))
		if (span_equal(member.identity, identity))
			return true;
	return false;
}

uint64_t trail_epoch(const struct trail *trail)
{
	return generation_epoch(check_walk_generation(trail->walk),
				check_walk_context(trail->walk)->epoch);
}

struct span trail_departures(const struct trail *trail)
{
	return check_walk_departures(trail->walk);
}

enum err trail_put_tree(const struct trail *trail, struct buf *tree)
{
	return check_walk_put_tree(trail->walk, tree);
}

enum err trail_put_places(const struct trail *trail, struct buf *rows)
{
	return check_walk_put_places(trail->walk, rows);
}

bool trail_is_weak(const struct trail *trail)
{
	return trail->weak;
}

void trail_set_weak(struct trail *trail)
{
	trail->weak = true;
}

/* ---- for old faults ---- */

bool trail_has_left(const struct trail *trail, struct span group_info)
{
	struct wire_message message;

	return wire_message_decode(group_info, &message) == ERR_OK &&
	       message.format == WIRE_GROUP_INFO &&
	       message.group_info.context.epoch <
		   check_walk_context(trail->walk)->epoch;
}

bool trail_is_copied_by(const struct trail *trail, struct span group_info)
{
	struct check_member member;
	uint32_t leaf = 0;

	while (check_walk_next_member(trail->walk, &leaf, &member))
		if (memmem(group_info.p, group_info.n, member.encoded.p,
			   member.encoded.n) == NULL)
			return false;
	return true;
}
