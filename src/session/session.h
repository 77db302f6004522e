/*
 * One device's view of one Hermetic session: an MLS group, the transcript, and
 * what was sent and has not come back yet. Bytes in, bytes out; no I/O.
 *
 * The server's log is the one truth. Whatever changes the session comes in
 * through session_receive(), entry after entry, our own too: a commit of ours
 * is staged by session_commit() and takes effect when the log shows it.
 *
 * Crash safety: store the session (session_store() of session/items.h) before
 * anything that a call produced leaves the device. Then each step can be
 * repeated: a staged commit and the outbox are part of what is stored.
 *
 * On failure a session is as it was before the call.
 */
#ifndef HERMETIC_SESSION_SESSION_H
#define HERMETIC_SESSION_SESSION_H

#include "base/buf.h"
#include "check/accounts.h"
#include "check/over.h"
#include "check/walk.h"
#include "mls/group.h"
#include "session/chain.h"
#include "session/negotiation.h"
#include "session/safety.h"
#include "wire/bans.h"
#include "wire/roles.h"

#define SESSION_ID 16
#define SESSION_NONCE 16
#define SESSION_DATA_MAX 65536 /* bytes of one message's plaintext */
#define SESSION_PADDING 128    /* ciphertexts are multiples of this */

struct session;

/* Sets extension_types and padding: every identity used with sessions or for KeyPackages
 * must name the extension that the negotiation needs. */
void session_identity(struct mls_identity *me);

/* ---- beginning ---- */

/*
 * Makes the session that a plan (negotiation_plan) says; me->suite is
 * plan->suite. With `accounts`, which has the log of this device's own, the
 * session has places (wire/places.h); NULL: it has none, ever. Appends the GroupInfo (MLSMessage) for POST /session/create.
 * The invitees are not members yet: add plan->key_packages by
 * session_commit().
 */
MUST_CHECK enum err session_create(const struct mls_identity *me,
				   const uint8_t session_id[SESSION_ID],
				   const struct negotiation_plan *plan,
				   struct check_accounts *accounts,
				   struct session **session,
				   struct buf *group_info);

enum session_tree {
	SESSION_TREE_GOOD, /* nothing is wrong with the tree, as far as seen */
	SESSION_TREE_MISSING, /* it is not in the Welcome: it has to be given */
	SESSION_TREE_WRONG,   /* the one that was given is not the group's */
	SESSION_PLACES_WRONG  /* likewise the places of its accounts */
};

/* What goes beside a Welcome, or a GroupInfo: the ratchet tree (RFC 9420, 12.4.3.3) and
 * the places of accounts (wire/places.h), rows. Empty: within, or the group has none. */
struct session_beside {
	struct span tree, places;
};
#define SESSION_WITHIN ((struct session_beside){ SPAN_EMPTY, SPAN_EMPTY })

/* By Welcome (MLSMessage), and what goes beside it. seq and head are those of the commit that
 * added us. ERR_PEER_DOWNGRADE: the algorithm is not what the founders' offers give.
 * ERR_PEER_INVALID: the Welcome is not for session_id. After any failure *wants
 * says whether the tree, or the places, are why. */
MUST_CHECK enum err session_join_welcome(
    const struct mls_identity *me, const uint8_t session_id[SESSION_ID],
    struct span welcome, struct session_beside beside, struct span key_package,
    const struct mls_key_package_secrets *secrets, uint64_t seq,
    const uint8_t head[CHAIN_HEAD], enum session_tree *wants,
    struct session **session);

/* The suite of an encoded GroupInfo (MLSMessage), to choose the identity for
 * session_join_external(); NULL when it is none that we know. */
const struct suite *session_group_info_suite(struct span group_info);

/* By external commit: post out->commit and out->group_info. `group_info` is kept with
 * its tree and its places (wire/group_info.h). Not a member until
 * session_accepted(); free the session when the server refuses. `resync`: a
 * former leaf of this identity is removed by the same commit. `seen`: the log as
 * far as the caller has verified it, for the view in the commit; NULL: none.
 * `accounts`: as for session_set_accounts(), with this device's own account;
 * ERR_STATE_ACCOUNTS without that, where the session has places. */
MUST_CHECK enum err session_join_external(const struct mls_identity *me,
					  const uint8_t session_id[SESSION_ID],
					  struct span group_info, bool resync,
					  const struct chain *seen,
					  struct check_accounts *accounts,
					  struct session **session,
					  struct mls_commit *out);

/* The same, where the person goes on whatever founders have offered, or where
 * this device has agreed before. */
enum session_offers {
	SESSION_OWN_OFFER, /* as session_join_external(): our entry is our offer */
	SESSION_NO_OFFERS /* nothing is compared; the algorithm is one of `me`'s */
};
MUST_CHECK enum err session_join_all_the_same(
    const struct mls_identity *me, const uint8_t session_id[SESSION_ID],
    struct span group_info, bool resync, enum session_offers held,
    const struct chain *seen, struct check_accounts *accounts,
    struct session **session, struct mls_commit *out);

/* The present offer of `me`, who came in by a KeyPackage with another one:
 * negotiation_check_now(). */
MUST_CHECK enum err session_check_offer_now(const struct session *session,
					    const struct mls_identity *me);

void session_free(struct session *session);

/* ---- accounts ----
 *
 * A session with places (wire/places.h) is judged by the logs of its accounts.
 * Who has none set can neither change nor follow it. Borrowed; no part of the
 * state. */
void session_set_accounts(struct session *session,
			  struct check_accounts *accounts);
bool session_has_places(const struct session *session);

/* The group's place of that account; false: it has none. */
bool session_place(const struct session *session, struct span fingerprint,
		   struct account_place *place);

/* Each account with a leaf has a place; so in a session without places. Not so
 * between the commit by which somebody joins from outside and the next one. */
bool session_is_placed(const struct session *session);
/* The same of a GroupInfo (MLSMessage). */
bool session_info_has_places(struct span group_info);

/* The devices of all these KeyPackages read what a session with places names. */
bool session_takes(const struct session *session,
		   const struct span *key_packages, size_t count);

/* The group of a GroupInfo is at a place of that device's account which lies on a branch
 * that does not count, by what is known: so it may come in though another leaf of its
 * account is there (docs/protocol.md, "Two branches"). */
bool session_info_is_parted(struct span group_info, struct span identity,
			    struct check_accounts *accounts);

/* For who has come in by a Welcome: whether each leaf is a device's of its
 * account. ERR_STATE_ACCOUNTS: check_accounts_lacks() says whose log has to be
 * found first; ERR_PEER_INVALID: one is not, and *wrong says why. */
MUST_CHECK enum err session_check_leaves(const struct session *session,
					 const char **wrong);

/* Why nothing is to be sealed for a leaf, as far as its account's log is known here;
 * those about which most can be done come first. */
enum session_ended {
	SESSION_STANDS, /* no reason */
	/* its account has removed its device, and the group's place says so: anybody
	 * removes it */
	SESSION_ENDED_TOLD,
	/* the group's place lies on a branch that does not count, and the one that
	 * counts does not have its device: one commit goes over to that one and removes
	 * it, and anybody makes it */
	SESSION_ENDED_PARTED,
	/* its account has removed its device: a commit raises the place so far */
	SESSION_ENDED_UNTOLD,
	/* two logs of its account contradict each other: anybody removes all leaves of
	 * the account in one commit, which shows both */
	SESSION_ENDED_FORKED,
	/* it is no device of its account's log, and no commit can say so */
	SESSION_ENDED_ELSEWHERE
};

/* Links of that account were stored: the next look at the session looks at it. */
void session_note_grown(struct session *session, struct span fingerprint);
/* It may be so of any account. */
void session_unsettle(struct session *session);
/* Looks at the accounts at which it has to be looked: those that are settled cost the
 * functions below, and session_commit(), nothing from then on (session/unsettled.h).
 * session_commit() does it, too. */
MUST_CHECK enum err session_settle(struct session *session);

/* The next such leaf. False: there is none at or behind *leaf; moves *leaf past it. */
bool session_next_ended(const struct session *session, uint32_t *leaf,
			struct mls_member *member, enum session_ended *how);

/* The member of that identity is such a leaf, and anybody may remove it. */
bool session_has_ended(const struct session *session, struct span identity);

/* ---- asking ---- */

const uint8_t *session_id(const struct session *session);
const struct suite *session_suite(const struct session *session);
/* It only grows, also over generations (wire/generation.h). */
uint64_t session_epoch(const struct session *session);
uint32_t session_generation(const struct session *session);
/* The last entry of the log that was received: fetch what comes after it. */
uint64_t session_seq(const struct session *session);
const uint8_t *session_head(const struct session *session);
/* False before session_accepted() of a join, and after our removal. */
bool session_member(const struct session *session);
/* Another member's authenticated view of the log differed from ours. */
bool session_forked(const struct session *session);
/* A view that is older than the heads that are kept here differed. */
void session_set_forked(struct session *session);
/* A commit of ours is staged. */
bool session_pending(const struct session *session);
/* For mls_group_next_member(), mls_group_epoch_authenticator() and so on. */
const struct mls_group *session_group(const struct session *session);

/* A walk (check/walk.h) that begins at the session's own epoch, with the
 * departures that stand there; the caller frees it. It works for a session that
 * can be followed no more, too: it begins in the last epoch that the session has
 * verified, before the commit that it refused or that removed it. */
MUST_CHECK enum err session_walk(const struct session *session,
				 struct check_walk **walk);

MUST_CHECK enum err session_safety_number(const struct session *session,
					  char out[SAFETY_SIZE]);

/* ---- sending ---- */

/*
 * Appends the envelope to post, its nonce made of now_ms (Unix milliseconds)
 * and random bytes; data and envelope stay in the outbox until the envelope is
 * seen in the log. `nonce` (may be NULL) names the item.
 * ERR_PEER_FORK in a forked session, ERR_STATE_GONE when not a member.
 */
MUST_CHECK enum err session_send(struct session *session,
				 const struct mls_identity *me, uint64_t now_ms,
				 struct span data, struct buf *envelope,
				 uint8_t nonce[SESSION_NONCE]);

struct session_sent {
	uint64_t epoch; /* another than session_epoch(): seal it again */
	struct span nonce;
	struct span data;
	struct span envelope; /* post it again as it is: idempotent */
};

/* The outbox, oldest first; false past its end. Borrowed until the session
 * changes. */
bool session_outbox(const struct session *session, size_t index,
		    struct session_sent *sent);

/* The epoch has changed: seals the same data again under a new nonce, in its
 * place. Within one epoch both could come to stand in the log. */
MUST_CHECK enum err session_reseal(struct session *session,
				   const struct mls_identity *me,
				   uint64_t now_ms, size_t index,
				   struct buf *envelope,
				   uint8_t nonce[SESSION_NONCE]);

/* Gives an item up: it was refused for good and is not in the log. */
void session_unsend(struct session *session, size_t index);

/* ---- roles and departures ---- */

/* The roles as they count (check/rights.h); borrowed until the group changes.
 * ERR_PEER_MALFORMED. */
MUST_CHECK enum err session_roles(const struct session *session,
				  struct roles *roles);
enum role session_role(const struct session *session, struct span identity);

/* The member with that identity; borrowed as by mls_group_next_member(). */
bool session_find(const struct session *session, struct span identity,
		  struct mls_member *member);
/* Whether that user has a leaf. */
bool session_has_user(const struct session *session, struct span user);

/* Appends the group's extensions with one user's role changed, for
 * mls_change.extensions. ERR_PEER_INVALID: nobody would be owner. */
MUST_CHECK enum err session_put_role(const struct session *session,
				     struct span user, enum role role,
				     struct buf *extensions);

/* For mls_change.extensions of a commit with these `removes`: appends the
 * group's extensions with the roles that heirs of departed owners get by it;
 * nothing when nobody inherits. */
MUST_CHECK enum err session_put_heirs(const struct session *session,
				      const uint32_t *removes, size_t count,
				      struct buf *extensions);

/* The leaves of all these KeyPackages list that extension. */
bool session_packages_list(const struct span *packages, size_t count,
			   uint16_t type);

/* Who is kept out. ERR_PEER_MALFORMED. Borrowed until the group goes on. */
MUST_CHECK enum err session_bans(const struct session *session,
				 struct bans *bans);

/* The same of a GroupInfo (MLSMessage). */
MUST_CHECK enum err session_info_bans(struct span group_info,
				      struct bans *bans);

/* For mls_change.extensions: `extensions`, or where it is empty the group's, with one
 * user put on the list or taken off it, in their place. As bans_put_changed(). */
MUST_CHECK enum err session_put_ban(const struct session *session,
				    struct span user, bool banned,
				    struct buf *extensions);

/*
 * Appends the departure to post (wire/departure.h): of our own leaf, or of
 * another leaf of our user, which is how a user removes a device of theirs
 * without a commit. `heir`: the user who becomes owner, or empty. It takes
 * effect when the log shows it. ERR_STATE_GONE: we are no member, or there is
 * no such leaf; ERR_PEER_DENIED: the leaf is another user's, or has departed.
 */
MUST_CHECK enum err session_depart(const struct session *session,
				   const struct mls_identity *me,
				   uint32_t leaf_index, struct span heir,
				   struct buf *out);

/* Whether a departure of that leaf stands in the log: then any member may
 * remove it, and somebody should. */
bool session_departed(const struct session *session, uint32_t leaf_index);

/* Another member's leaf is such: any commit removes it. */
bool session_others_departed(const struct session *session);

/* The departures that stand, opaque departure<V> each; borrowed. */
struct span session_departures(const struct session *session);

/* For who has just joined: those that stand at its place in the log, as
 * session_departures() of another member or check_walk_departures() gives them.
 * Without them a joiner would refuse commits that all others accept. */
MUST_CHECK enum err session_set_departures(struct session *session,
					   struct span departures);

/* One of them that a server names, if it is good: it is checked as one that
 * comes in the log. */
MUST_CHECK enum err session_add_departure(struct session *session,
					  struct span departure);

/* A commit that stands after such departures and before this member's place:
 * those of leaves that the commit removes are over. */
void session_spend_departures(struct session *session, struct span commit);

/* We have left: as if a commit had removed us. */
void session_end(struct session *session);

/* ---- changing the group ---- */

/* Stages adds, removes or a rotation (force_path); post commit, group_info and
 * welcome. The places, and the links to them, go with it. ERR_STATE_PENDING when
 * one is staged, ERR_STATE_GONE when not a member, ERR_STATE_ACCOUNTS when the
 * log of an account that comes in is not known. */
MUST_CHECK enum err session_commit(struct session *session,
				   const struct mls_identity *me,
				   const struct mls_change *change,
				   struct mls_commit *out);

/* The commit that was staged, to post it again after a crash (the server
 * answers the same bytes with its first answer). Empty when none is. */
struct span session_staged(const struct session *session);

/*
 * The server took the staged commit as entry `seq`, with `head`.
 * A join: we are a member, and the log begins there for us.
 * A member's commit: the same as receiving it, when it is the next entry;
 * otherwise nothing happens yet: fetch what lies between, the commit comes too.
 */
MUST_CHECK enum err session_accepted(struct session *session, uint64_t now,
				     uint64_t seq,
				     const uint8_t head[CHAIN_HEAD]);

/* The GroupInfo (MLSMessage) of the epoch that the staged commit leads to, signed
 * anew by `me`; appended. ERR_LOCAL_BUG when none is staged. */
MUST_CHECK enum err session_staged_info(const struct session *session,
					const struct mls_identity *me,
					struct buf *group_info);

/* Whether a Welcome to these KeyPackages may go without the tree: all their devices
 * take that, and the group is so large that it is worth the way. */
bool session_tree_beside(const struct session *session, const struct span *adds,
			 size_t count, uint32_t large);

/* Whether the GroupInfo of a commit that adds these KeyPackages may go without the
 * tree: all members' devices take that, and the group is so large that it is worth the
 * way. Who joins from outside goes by the GroupInfo by which it joins. */
bool session_info_beside(const struct session *session, const struct span *adds,
			 size_t count, uint32_t large);

/* A GroupInfo (MLSMessage) and what goes beside it, as one, appended: so all functions
 * here take it. ERR_PEER_INVALID: it does not say that its tree goes beside, or the places
 * are not those of its root. */
MUST_CHECK enum err session_info_keep(struct span group_info,
				      struct session_beside beside,
				      struct buf *out);

/* The GroupInfo of the session's own epoch so, signed anew by `me`; appended. */
MUST_CHECK enum err session_info(const struct session *session,
				 const struct mls_identity *me,
				 struct buf *group_info);

/* The part of a GroupInfo (MLSMessage) that a server does not know which follows the
 * group: a PartialGroupInfo (wire/group_info.h), appended. */
MUST_CHECK enum err session_info_part(struct span group_info, struct buf *part);

/* Whether it is of a GroupInfo whose tree goes beside it. */
bool session_part_beside(struct span part);

/* The server refused it for another reason than `epoch-changed`. (After
 * `epoch-changed`, receive what was missed: that drops it.) */
void session_discard(struct session *session);

/* ---- another algorithm ---- */

/*
 * Stages a ReInit (RFC 9420, 11.2) and the group that follows it: `next` is
 * this device in the new suite, the plan is made with that suite as the only
 * offer, and its KeyPackages are those of all other members. Post out->commit,
 * out->welcome and out->group_info together. A session without places goes over to
 * places where `next` names a device of an account (check/over.h). Errors as
 * session_commit(); then also ERR_PEER_INVALID: a leaf is in no log of these accounts.
 */
MUST_CHECK enum err session_move(struct session *session,
				 const struct mls_identity *me,
				 const struct mls_identity *next,
				 const struct negotiation_plan *plan,
				 struct mls_commit *out);

/* What each leaf of a session without places would become, by the logs of the accounts of
 * these devices (identities as in a leaf). *wrong: not each one becomes anything, or why
 * the session could not go over; `over` says which. The caller clears it, also after a
 * failure. ERR_STATE_ACCOUNTS: a log is not known. */
MUST_CHECK enum err session_over_leaves(const struct session *session,
					const struct span *identities,
					size_t count, struct check_over *over,
					const char **wrong);

/* ---- receiving ---- */

enum session_event_kind {
	SESSION_MESSAGE,  /* data from `sender` */
	SESSION_OWN,	  /* our own message, from the outbox */
	SESSION_COMMIT,	  /* a new epoch: others' or ours */
	SESSION_MOVED,	  /* another algorithm */
	SESSION_REMOVED,  /* the commit removed us: the end */
	SESSION_DEPARTED, /* the leaf `sender`, of `identity`, left or was
			     revoked, `data` is its heir; if it is our own we
			     are no member any more */
	SESSION_REFUSED	  /* the entry stands in the log, but it is worth
			    nothing: `refused` says why */
};

struct session_event {
	enum session_event_kind kind;
	uint64_t seq;
	enum chain_kind entry;
	uint64_t epoch;	     /* of the message; the new one after a commit */
	uint32_t sender;     /* leaf index */
	struct buf identity; /* the sender's */
	struct buf data;  /* SESSION_MESSAGE, SESSION_OWN, SESSION_DEPARTED */
	uint64_t sent_ms; /* by the sender's clock, application only */
	uint8_t nonce[SESSION_NONCE]; /* application only */
	bool own_commit;	      /* SESSION_COMMIT: it was ours */
	bool dropped_staged; /* a staged commit of ours lost: redo it */
	bool goes_over;	     /* SESSION_MOVED: to places, which it had not */
	bool external_join;  /* a commit: the sender joined by it */
	bool broken;	     /* SESSION_REFUSED of a commit: see below */
	bool newcomer;	     /* with `broken`: the sender had no leaf before */
	const char *rule;    /* SESSION_REFUSED of a commit: which rule it
				breaks, in a few words; or NULL */
	bool view_compared;  /* the sender's view was checked with ours */
	/* It is of a place whose head is not kept here any more: the caller compares
	 * it with what it has kept of that entry. */
	bool view_is_old;
	uint64_t view_seq;
	uint8_t view_head[CHAIN_HEAD];
	enum err refused; /* SESSION_REFUSED only */
};

void session_event_clear(struct session_event *event);

/* Sees each commit that session_receive() takes before it takes effect: it is
 * judged, and `session` is as it is before it. What it answers other than ERR_OK
 * the entry is refused with, or the call where that is of ERR_CLASS_LOCAL.
 * Borrowed, no part of the state; NULL: nobody from now on. */
typedef enum err session_look(void *context, const struct session *session,
			      const struct mls_staged *staged);
void session_set_look(struct session *session, session_look *look,
		      void *context);

/*
 * The log's next entry: kind and bytes as stored, and the head that the server
 * claims. `now` in Unix seconds.
 *
 * ERR_STATE_REPLAY: seq is not after session_seq(): received already.
 * ERR_STATE_CONFLICT: entries are missing before it.
 * ERR_PEER_FORK: the claimed head does not follow from what we have.
 * ERR_STATE_PENDING: a join that was not accepted yet.
 * ERR_STATE_ACCOUNTS: it takes links that are not here; nothing has changed.
 *
 * What is wrong inside an entry (a bad tag, a forged or replayed message, an
 * invalid commit, a view that differs from ours, a bad departure) does not stop
 * the log: it returns ERR_OK with SESSION_REFUSED. A commit is refused with
 * ERR_PEER_DENIED when its sender may not do that (check/rules.h).
 *
 * A refused commit names its signer (`sender`, `identity`) where the signature
 * verifies with the key of a leaf of the epoch before it, and nobody otherwise.
 * It is `broken` when whoever walks without keys (check/walk.h) takes it, so that
 * the log's group goes on behind it: what is wrong is under the keys. That leaves
 * us behind: join again with `resync`. Who joined by a broken commit
 * (`external_join`) is named, too; that one relied on a GroupInfo of whoever
 * committed before, which may be what was wrong.
 *
 * A commit is taken whatever its membership tag is, if all else is right: nobody
 * vouches for that tag, so it must not come between members
 * (mls_group_process_untagged()).
 */
MUST_CHECK enum err session_receive(struct session *session, uint64_t now,
				    uint64_t seq, enum chain_kind kind,
				    struct span bytes,
				    const uint8_t claimed[CHAIN_HEAD],
				    struct session_event *event);

/*
 * The log's next entry, when it is an application message whose bytes the
 * server does not keep any more: `hash` is their SHA-256. The log goes on behind
 * it; the event is SESSION_REFUSED with ERR_STATE_EXPIRED, or SESSION_OWN when
 * the message is one of our outbox. Errors as session_receive().
 */
MUST_CHECK enum err session_receive_expired(struct session *session,
					    uint64_t seq,
					    const uint8_t hash[CHAIN_HEAD],
					    const uint8_t claimed[CHAIN_HEAD],
					    struct session_event *event);

/*
 * The log's next entry, when its kind is CHAIN_SUCCESSOR; otherwise as
 * session_receive(). `next`, key_package and secrets: what the Welcome is for;
 * `next` NULL when we have no such KeyPackage, or for our own. ERR_STATE_ACCOUNTS: a log
 * of an account is to be found first, and nothing has changed.
 */
MUST_CHECK enum err session_receive_successor(
    struct session *session, uint64_t seq, struct span welcome,
    const uint8_t claimed[CHAIN_HEAD], const struct mls_identity *next,
    struct span key_package, const struct mls_key_package_secrets *secrets,
    struct session_event *event);

/* Is this GroupInfo (MLSMessage), of our epoch, of the same group as ours? True
 * also for another epoch's. */
MUST_CHECK enum err session_agrees(const struct session *session,
				   const struct mls_identity *me,
				   struct span group_info, bool *agrees);

/* What waits in the outbox of `from` waits in that of `to` from now on: for a
 * session that was joined again. It is of no epoch of `to`, so it is to be sealed
 * again, whatever the numbers are. */
void session_move_outbox(struct session *from, struct session *to);

/* ---- storage ---- */

/* The whole as one value with its secrets, as a device kept it before it kept items
 * (session/items.h). ERR_PEER_UNSUPPORTED: a version that is unknown. ERR_PEER_MALFORMED. */
MUST_CHECK enum err session_load(struct span state, struct session **session);

#endif
