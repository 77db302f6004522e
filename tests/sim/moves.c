/* What the adversary does by itself, beside the answers that it changes. */
#include "tests/sim/adversary.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "session/chain.h"
#include "wire/departure.h"

static const char *const names[MOVES] = {
	[MOVE_SPLIT] = "split",
	[MOVE_FREEZE] = "freeze",
	[MOVE_HEAL] = "heal",
	[MOVE_SNAPSHOT] = "snapshot",
	[MOVE_FORGET] = "forget",
	[MOVE_GHOST_GROUP] = "ghost-group",
	[MOVE_COPIED_LEAVES] = "copied-leaves",
	[MOVE_OLD_GROUP] = "old-group",
	[MOVE_NEW_DEVICE] = "new-device",
	[MOVE_SAME_DEVICE] = "same-device",
	[MOVE_STRANGER] = "stranger",
	[MOVE_MEMBER] = "member-lies",
	[MOVE_GHOST_SPEAKS] = "ghost-speaks",
	[MOVE_ROTATION_LIE] = "rotation-lie",
	[MOVE_RELAY] = "relay",
	[MOVE_KEY_LIE] = "key-lie",
	[MOVE_UNSTOCK] = "unstock",
	[MOVE_DEPARTURE] = "departure",
	[MOVE_MORE_LIE] = "more-lie",
	[MOVE_BREAK] = "break",
};

const char *adversary_move_name(enum adversary_move move)
{
	return move < MOVES ? names[move] : "?";
}

/* ---- routes ---- */

static void split_some(struct adversary *adversary, size_t device,
		       uint32_t pick)
{
	size_t home = adversary_split(adversary, adversary->route[device]);

	adversary->route[device] = home;
	for (size_t i = 0; i < SIM_DEVICES; i++)
		if ((pick >> i & 1) != 0)
			adversary->route[i] = home;
}

static void heal(struct adversary *adversary)
{
	for (size_t i = 0; i < SIM_DEVICES; i++)
		adversary->route[i] = 0;
}

static void remember(struct adversary *adversary)
{
	if (adversary->snapshot_count < SNAPSHOTS)
		server_copy(&adversary->snapshots[adversary->snapshot_count++],
			    &adversary->homes[0]);
}

/* A failover to a standby that was behind: acknowledged rows are gone. */
static void forget(struct adversary *adversary)
{
	struct server *home = &adversary->homes[0], *past;

	if (adversary->snapshot_count == 0)
		return;
	/* there were such links, whatever a server says afterwards */
	past = SIM_ADD(adversary->past, adversary->past_count);
	past->accounts = home->accounts;
	past->account_count = home->account_count;
	home->accounts = NULL;
	home->account_count = 0;
	server_clear(&adversary->homes[0]);
	server_copy(&adversary->homes[0],
		    &adversary->snapshots[adversary->snapshot_count - 1]);
}

/* ---- groups that never were ---- */

enum beginning { BEGINNING_TRUE, BEGINNING_NOW, BEGINNING_ALWAYS };

/* Its first GroupInfo is said to be the one of now, at that place. */
static void lie_about_beginning(struct server_session *session, uint64_t seq)
{
	for (size_t i = 0; i < session->first_count; i++) {
		struct server_first *first = &session->firsts[i];

		blob_free(first->info);
		first->info = blob_share(session->info);
		first->seq = seq;
		memcpy(first->head, server_head(session, seq), DEVICE_HEAD);
	}
}

/* At a home of its own for `device` the session goes on with another group. */
static void put_group(struct adversary *adversary, size_t device,
		      const char *session_id, struct span info, uint64_t epoch,
		      struct ghost *ghost, enum beginning beginning)
{
	size_t home = adversary_split(adversary, adversary->route[device]);
	struct server_session *session;

	if (home == 0)
		return;
	session = server_session(&adversary->homes[home], session_id);
	if (session == NULL)
		return;
	blob_free(session->info);
	session->info = blob_make(info);
	session->info_seq = session->log_count;
	session->epoch = (session->epoch & ~(uint64_t)UINT32_MAX) | epoch;
	if (beginning != BEGINNING_TRUE)
		lie_about_beginning(session, beginning == BEGINNING_NOW
						 ? session->log_count
						 : 0);
	server_read_members(session);
	adversary->route[device] = home;
	if (ghost != NULL) {
		ghost->home = home;
		ghost->seq = session->log_count;
	}
}

/* Up to four names of members, for a ghost that claims to have them in. */
static size_t other_names(const struct server_session *session,
			  const char *victim, const char **out)
{
	size_t count = 0;

	for (size_t i = 0; i < session->member_count && count < 4; i++)
		if (strcmp(session->members[i].identity, victim) != 0)
			out[count++] = session->members[i].identity;
	return count;
}

static void ghost_group(struct adversary *adversary, bool copied, size_t device,
			uint32_t pick, uint64_t now_ms)
{
	size_t at = adversary->route[device];
	struct server_session *session = adversary_session(adversary, at, pick);
	const char *victim = adversary->homes[at].devices[device].identity;
	const char *others[4];
	struct buf info = BUF_INIT;
	struct ghost *ghost;
	size_t count;
	bool made;

	if (session == NULL || server_member(session, victim) == NULL)
		return;
	count = other_names(session, victim, others);
	if (count == 0)
		return;
	if ((pick >> 24 & 1) != 0) { /* one whose offer nobody knows */
		others[0] = "nobody/eeeeeeee-0000-4000-8000-0000000000bb";
		count = 1;
	}
	ghost = adversary_ghost(adversary, others[0], now_ms);
	if (ghost == NULL)
		return;
	made = copied
		   ? ghost_copy_leaves(ghost, blob_span(session->info), &info)
		   : ghost_make_group(ghost, session, blob_span(session->info),
				      others + 1, count - 1, &info);
	if (made)
		put_group(adversary, device, session->text_id, buf_span(&info),
			  copied ? 99 : mls_group_epoch(ghost->group), ghost,
			  (enum beginning)((pick >> 8) % 3));
	buf_clear(&info);
}

static void old_group(struct adversary *adversary, size_t device, uint32_t pick)
{
	struct server_session *session =
	    adversary_session(adversary, adversary->route[device], pick);
	const struct lineage *lineage = adversary->lineage;

	for (size_t n = 0; session != NULL && n < lineage->count; n++) {
		const struct lineage_group *old =
		    &lineage->groups[(n + pick) % lineage->count];

		if (memcmp(old->session, session->id, 16) != 0 ||
		    old->epoch >= (session->epoch & UINT32_MAX))
			continue;
		put_group(adversary, device, session->text_id,
			  blob_span(old->info), old->epoch, NULL,
			  BEGINNING_TRUE);
		return;
	}
}

/* ---- ghosts that come in ---- */

static void name_ghost(const struct adversary *adversary,
		       const struct server_session *session,
		       enum adversary_move move, uint32_t pick, char *identity)
{
	const char *member =
	    session->members[pick % session->member_count].identity;

	if (move == MOVE_SAME_DEVICE)
		(void)snprintf(identity, SIM_IDENTITY, "%s", member);
	else if (move == MOVE_NEW_DEVICE)
		(void)snprintf(identity, SIM_IDENTITY,
			       adversary->homes[0].without_logs
				   ? "%.*s/eeeeeeee-0000-4000-8000-%012zu"
				   : "%.*s/9%zu",
			       (int)strcspn(member, "/"), member,
			       adversary->ghost_count);
	else
		(void)snprintf(identity, SIM_IDENTITY,
			       "stranger%zu/eeeeeeee-0000-4000-8000-%012zu",
			       adversary->ghost_count, adversary->ghost_count);
}

/* A stranger may come in at home 0: members see it, and take it. The others
 * break the rules, so an honest server would not have them in its log. */
static void ghost_comes(struct adversary *adversary, enum adversary_move move,
			size_t device, uint32_t pick, uint64_t now_ms)
{
	size_t home = adversary->route[device];
	struct server_session *session;
	char identity[SIM_IDENTITY];
	struct ghost *ghost;
	bool was_lax;

	if (move != MOVE_STRANGER && home == 0) {
		split_some(adversary, device, pick);
		home = adversary->route[device];
	}
	session = adversary_session(adversary, home, pick);
	if (session == NULL || session->member_count == 0 ||
	    (move != MOVE_STRANGER && home == 0))
		return;
	name_ghost(adversary, session, move, pick, identity);
	ghost = adversary_ghost(adversary, identity, now_ms);
	if (ghost == NULL)
		return;
	if (move == MOVE_STRANGER) {
		(void)snprintf(identity, sizeof(identity), "stranger%zu",
			       adversary->ghost_count);
		adversary_begin_account(adversary, ghost, identity);
	}
	was_lax = adversary->homes[home].lax;
	/* in the log that members follow stands what the rules take */
	adversary->homes[home].lax = was_lax || home != 0;
	adversary->homes[home].lets_all_in = true;
	(void)ghost_join(ghost, &adversary->homes[home], home, session->text_id,
			 now_ms);
	adversary->homes[home].lax = was_lax;
	adversary->homes[home].lets_all_in = false;
}

static void member_acts(struct adversary *adversary, size_t device,
			uint32_t pick, uint64_t now_ms)
{
	struct ghost *ghost = &adversary->ghosts[0];

	if (adversary->ghost_count == 0)
		return;
	if (ghost->group == NULL)
		(void)ghost_welcomed(ghost, &adversary->homes[0], 0);
	if ((pick & MOVE_MEMBER_THERE) != 0)
		ghost->home = adversary->route[device];
	if ((pick & 0xffff) / GHOST_LIES % 4 == 3 &&
	    ghost->session[0] != '\0') {
		(void)ghost_break(ghost, &adversary->homes[ghost->home],
				  (enum ghost_break)((pick & 0xffff) % BREAKS),
				  now_ms);
		return;
	}
	(void)ghost_act(ghost, &adversary->homes[ghost->home],
			(enum ghost_lie)((pick & 0xffff) % GHOST_LIES), now_ms);
}

static void member_breaks(struct adversary *adversary, uint32_t pick,
			  uint64_t now_ms)
{
	struct ghost *ghost = &adversary->ghosts[0];

	if (adversary->ghost_count == 0)
		return;
	if (ghost->session[0] == '\0')
		(void)ghost_welcomed(ghost, &adversary->homes[0], 0);
	(void)ghost_break(ghost, &adversary->homes[ghost->home],
			  (enum ghost_break)(pick % BREAKS), now_ms);
}

static void ghost_speaks(struct adversary *adversary, uint32_t pick,
			 uint64_t now_ms)
{
	struct ghost *ghost;

	if (adversary->ghost_count == 0)
		return;
	ghost = &adversary->ghosts[pick % adversary->ghost_count];
	(void)ghost_act(ghost, &adversary->homes[ghost->home], GHOST_HONEST,
			now_ms);
}

/* The last messages of one home stand in another's log, too: whoever was split
 * hears the others. */
static void relay(struct adversary *adversary, size_t device, uint32_t pick,
		  uint64_t now_ms)
{
	size_t to = adversary->route[device];
	size_t from = pick % adversary->home_count;
	struct server_session *there = adversary_session(adversary, to, pick);
	const struct server_session *here;

	if (there == NULL || from == to || to == 0)
		return;
	here = server_session(&adversary->homes[from], there->text_id);
	if (here == NULL || here->log_count == 0 ||
	    here->log[here->log_count - 1].kind != CHAIN_APPLICATION)
		return;
	(void)server_append(there, CHAIN_APPLICATION,
			    blob_share(here->log[here->log_count - 1].bytes),
			    device, now_ms);
}

static void unstock(struct adversary *adversary, size_t device, uint32_t pick,
		    uint64_t now_ms)
{
	struct server *server = &adversary->homes[0];
	struct request request = { .kind = REQUEST_CLAIM,
				   .user = server->devices[device].user };

	/* where accounts have logs, its member's goes on every other time */
	if (!server->without_logs && pick % 2 == 0 &&
	    adversary->ghost_count > 0)
		ghost_add_link(&adversary->ghosts[0],
			       &adversary->homes[adversary->route[device]]);
	for (int i = 0; i < 4; i++) {
		struct reply reply = { .parts = NULL };

		server_ask(server, device, now_ms, &request, &reply);
		reply_free(&reply);
	}
}

/* In the log of a home that is not honest: a member departs, says the server. */
static void false_departure(struct adversary *adversary, size_t device,
			    uint32_t pick, uint64_t now_ms)
{
	static const uint8_t zeros[64];
	size_t home = adversary->route[device];
	struct server_session *session =
	    adversary_session(adversary, home, pick);
	struct buf bytes = BUF_INIT;
	struct seen_group group;
	struct server_member *member;
	const struct wire_leaf_node *leaf;
	uint8_t hash[32];

	if (home == 0 || session == NULL || session->member_count == 0 ||
	    !seen_group_read(blob_span(session->info), &group))
		return;
	member = &session->members[pick % session->member_count];
	leaf = seen_group_leaf(&group, member->leaf);
	sim_must(hash_one(leaf->encoded, hash), "hash");
	departure_put(
	    &bytes, &(struct departure){ .session_id = SPAN_ARRAY(session->id),
					 .generation = session->generation,
					 .leaf_index = member->leaf,
					 .leaf_hash = SPAN_ARRAY(hash),
					 .signer = member->leaf,
					 .signature = SPAN_ARRAY(zeros) });
	member->departed = true;
	(void)server_append(session, CHAIN_DEPARTURE,
			    blob_make(buf_span(&bytes)), device, now_ms);
	seen_group_clear(&group);
	buf_clear(&bytes);
}

/* What its member does, and what any account may, is no lie of the server's. */
static bool is_lie(enum adversary_move move)
{
	return move != MOVE_MEMBER && move != MOVE_GHOST_SPEAKS &&
	       move != MOVE_UNSTOCK && move != MOVE_SNAPSHOT &&
	       move != MOVE_HEAL;
}

void adversary_act(struct adversary *adversary, enum adversary_move move,
		   size_t device, uint32_t pick, uint64_t now_ms)
{
	adversary->moves++;
	adversary->lies += is_lie(move);
	switch (move) {
	case MOVE_SPLIT:
	case MOVE_FREEZE:
		split_some(adversary, device, move == MOVE_SPLIT ? pick : 0);
		break;
	case MOVE_HEAL:
		heal(adversary);
		break;
	case MOVE_SNAPSHOT:
		remember(adversary);
		break;
	case MOVE_FORGET:
		forget(adversary);
		break;
	case MOVE_GHOST_GROUP:
	case MOVE_COPIED_LEAVES:
		ghost_group(adversary, move == MOVE_COPIED_LEAVES, device, pick,
			    now_ms);
		break;
	case MOVE_OLD_GROUP:
		old_group(adversary, device, pick);
		break;
	case MOVE_NEW_DEVICE:
	case MOVE_SAME_DEVICE:
	case MOVE_STRANGER:
		ghost_comes(adversary, move, device, pick, now_ms);
		break;
	case MOVE_MEMBER:
		member_acts(adversary, device, pick, now_ms);
		break;
	case MOVE_GHOST_SPEAKS:
		ghost_speaks(adversary, pick, now_ms);
		break;
	case MOVE_ROTATION_LIE:
		adversary->rotation_lie = true;
		break;
	case MOVE_RELAY:
		relay(adversary, device, pick, now_ms);
		break;
	case MOVE_KEY_LIE:
		adversary->key_lies = 1 + pick % 3;
		break;
	case MOVE_UNSTOCK:
		unstock(adversary, device, pick, now_ms);
		break;
	case MOVE_DEPARTURE:
		false_departure(adversary, device, pick, now_ms);
		break;
	case MOVE_MORE_LIE:
		adversary->more_lie = true;
		break;
	case MOVE_BREAK:
		member_breaks(adversary, pick, now_ms);
		break;
	case MOVES:
		break;
	}
}
