/*
 * One member's view of one MLS group: RFC 9420. Bytes in, bytes out: no I/O,
 * no clock, no global state. Randomness, the time and the keys are handed in.
 *
 * Every change of epoch is staged first and then merged, so a change that the
 * delivery service refuses, or a crash between the two, leaves the group as it
 * was. mls_group_save() keeps a staged change too.
 *
 * On any failure the group is as it was before the call, and outputs are empty:
 * a buffer that is appended to is cleared. After an error of ERR_CLASS_LOCAL (no
 * memory, say) the same call may be made again; nothing was used up.
 */
#ifndef HERMETIC_MLS_GROUP_H
#define HERMETIC_MLS_GROUP_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/rng.h"
#include "crypto/suite.h"
#include "mls/identity.h"
#include "mls/limits.h"
#include "mls/rules.h"

/* A new group of one, epoch 0 (section 11). `extensions` is the content of
 * GroupContext.extensions: encoded Extension structs, may be empty. */
MUST_CHECK enum err mls_group_create(const struct mls_identity *me,
				     struct span group_id,
				     struct span extensions,
				     struct mls_group **group);

/* Joins by Welcome (12.4.3.1). `welcome` is an encoded MLSMessage, `tree` the
 * ratchet tree where the GroupInfo has none, otherwise empty. */
MUST_CHECK enum err mls_group_join(
    const struct mls_identity *me, struct span welcome, struct span tree,
    struct span key_package, const struct mls_key_package_secrets *secrets,
    struct mls_group **group);

void mls_group_free(struct mls_group *group);

/* Who judges credentials from now on; NULL: nobody. It is no part of the
 * state: to be called after mls_group_load(). */
void mls_group_authenticate(struct mls_group *group,
			    const struct mls_authentication *authentication);

/* Which rule the last mls_group_process(), mls_group_commit() or
 * mls_group_propose() of this group found broken; MLS_RULE_NONE when it did well
 * or failed for something else. No part of the state. */
enum mls_rule mls_group_last_rule(const struct mls_group *group);

/* The reason that check_staged gave when it refused what the last of these calls
 * was for; NULL when it gave none or was not asked. */
const char *mls_group_last_refusal(const struct mls_group *group);

/* ---- what a member can ask ---- */

const struct suite *mls_group_suite(const struct mls_group *group);
struct span mls_group_id(const struct mls_group *group);
uint64_t mls_group_epoch(const struct mls_group *group);
uint32_t mls_group_own_leaf(const struct mls_group *group);
/* The leaf that signed the GroupInfo of the Welcome, until the group is stored and read
 * again; UINT32_MAX: it is not known. */
uint32_t mls_group_adder(const struct mls_group *group);
/* The extensions of that GroupInfo, a list without its length; until then, empty
 * afterwards. Borrowed. */
struct span mls_group_welcome_extensions(const struct mls_group *group);
struct span mls_group_extensions(const struct mls_group *group);
struct span mls_group_epoch_authenticator(const struct mls_group *group);
/* The encoded GroupContext (8.1) and the confirmation tag of the epoch: with
 * mls_group_tree() all that is public of it. Borrowed until the group changes. */
struct span mls_group_context(const struct mls_group *group);
struct span mls_group_confirmation_tag(const struct mls_group *group);

struct mls_member {
	uint32_t leaf_index;
	struct span identity; /* borrowed until the group changes */
	struct span signature_key;
	struct span certificates;  /* as in mls_credential */
	struct span leaf_node;	   /* encoded */
	struct span extensions;	   /* the leaf's: encoded Extension structs */
	struct span cipher_suites; /* capabilities: big-endian uint16 each */
	/* Capabilities, too: the extension types that the member understands.
	 * Types 1 to 5 are understood and not listed (7.2); values of GREASE
	 * (13.5) may be among them. */
	struct span extension_types;
	struct span proposal_types; /* likewise; 1 to 7 are not listed */
};

/* The member at the first occupied leaf >= *leaf; moves *leaf past it.
 * False when there is none. */
bool mls_group_next_member(const struct mls_group *group, uint32_t *leaf,
			   struct mls_member *member);

/* The same of the members of one user: whose identity up to its first '/' is `user`. Its
 * time does not grow with the group. */
bool mls_group_next_of(const struct mls_group *group, struct span user,
		       uint32_t *leaf, struct mls_member *member);

/* How many members there are, and the leaves of the tree, blank ones too: all
 * leaf indices are below that. */
uint32_t mls_group_member_count(const struct mls_group *group);
uint32_t mls_group_width(const struct mls_group *group);

/* Whether the leaves of all members list an extension type (7.2). For 0xF7F0 to 0xF7FF
 * the answer does not take longer in a large group. */
bool mls_group_all_list(const struct mls_group *group, uint16_t extension_type);

/* MLS-Exporter (8.5), length at most SEC_MAX. */
MUST_CHECK enum err mls_group_export(const struct mls_group *group,
				     const char *label, struct span context,
				     size_t length, struct sec *out);

/* The same for any length that HKDF allows, up to 255 * nh of the suite's hash;
 * appended. ERR_LOCAL_BUG above that. */
MUST_CHECK enum err mls_group_export_long(const struct mls_group *group,
					  const char *label,
					  struct span context, size_t length,
					  struct buf *out);

/* The same as the first for a past epoch that is still kept; ERR_STATE_GONE
 * otherwise. */
MUST_CHECK enum err mls_group_export_past(const struct mls_group *group,
					  uint64_t epoch, const char *label,
					  struct span context, size_t length,
					  struct sec *out);

/* Appends a signed GroupInfo (MLSMessage) of the current epoch, with
 * external_pub and, if asked, the ratchet tree. ERR_LOCAL_BUG when the leaf has
 * another signature key than `me`. */
MUST_CHECK enum err mls_group_info(const struct mls_group *group,
				   const struct mls_identity *me,
				   bool with_tree, struct buf *group_info);

/* The same of the epoch that a commit of ours has staged; ERR_LOCAL_BUG when
 * there is none. `me` is the commit's `next`, if it has one. */
MUST_CHECK enum err mls_group_info_staged(const struct mls_group *group,
					  const struct mls_identity *me,
					  bool with_tree,
					  struct buf *group_info);

/* Appends the ratchet tree of the current epoch (12.4.3.3), for
 * mls_group_join(). */
MUST_CHECK enum err mls_group_tree(const struct mls_group *group,
				   struct buf *tree);

/* Makes an external PSK known to the group, in the place of one with the same
 * id, for commits to come. It is part of the state. */
MUST_CHECK enum err mls_group_add_psk(struct mls_group *group, struct span id,
				      struct span psk);

/* ---- application messages (section 15) ---- */

/* Appends an encoded MLSMessage with a PrivateMessage. Uses up a key: save the
 * group before the message leaves. ERR_STATE_UNCOMMITTED while a proposal waits:
 * a member that has seen one "MUST send a Commit message before sending
 * application data" (12.4), so that who is to go is gone. Commit, or, where the
 * application decides against it, drop the proposal. */
MUST_CHECK enum err mls_group_protect(struct mls_group *group,
				      const struct mls_identity *me,
				      struct span authenticated_data,
				      struct span data, struct buf *message);

/* ---- proposals by reference (12.1) ---- */

/* Another group in the place of this one (12.1.5). */
struct mls_reinit {
	struct span group_id;
	uint16_t cipher_suite;
	struct span extensions; /* as for mls_group_create() */
	/* Members whose leaves do not list the suite are no reason to refuse:
	 * their KeyPackages for it are there. */
	bool unlisted;
};

/*
 * A proposal of the application's own: its type is of private use, and stands in
 * the capabilities of every member that stays (12.2); its body is one vector of
 * bytes. It changes nothing by itself: what it means says the application, which
 * sees it before it takes effect (check_staged). A commit with one has a path.
 * Members send it; who is outside cannot.
 */
struct mls_custom {
	uint16_t type;
	struct span data;
};

/* A change of a component's data in the GroupContext: AppDataUpdate of
 * draft-ietf-mls-extensions-10, 4.7. What it means says mls_authentication.update_data.
 * Its members list MLS_APP_DATA_UPDATE. A commit of nothing else needs no path. */
struct mls_app_data {
	uint16_t component;
	bool remove; /* `update` is empty */
	struct span update;
};

enum mls_proposal_kind {
	MLS_PROPOSE_ADD,
	MLS_PROPOSE_UPDATE, /* a fresh key for our leaf, or `next` */
	MLS_PROPOSE_REMOVE,
	MLS_PROPOSE_PSK,	/* an external one */
	MLS_PROPOSE_RESUMPTION, /* the PSK of an epoch of ours */
	MLS_PROPOSE_EXTENSIONS, /* GroupContext's from now on */
	MLS_PROPOSE_REINIT,
	MLS_PROPOSE_CUSTOM,
	/*
	 * To leave (draft-ietf-mls-extensions-10, 6.3), in a group whose members
	 * all list MLS_SELF_REMOVE, otherwise ERR_PEER_UNSUPPORTED: whoever commits
	 * next takes us away, also a client that joins from outside. In a
	 * PublicMessage, otherwise ERR_LOCAL_BUG. Once an epoch:
	 * ERR_STATE_UNCOMMITTED.
	 */
	MLS_PROPOSE_SELF_REMOVE,
	MLS_PROPOSE_APP_DATA,
	MLS_PROPOSE_EXTERNAL_INIT /* in mls_staged only: nobody proposes it */
};

struct mls_proposal {
	enum mls_proposal_kind kind;
	union {
		struct span key_package;
		const struct mls_identity *next; /* Update: as in mls_change */
		uint32_t removed; /* may be ourselves: to leave */
		struct span psk_id;
		uint64_t resumption_epoch;
		struct span extensions;
		struct mls_reinit reinit;
		struct mls_custom custom;
		struct mls_app_data app_data;
	};
};

/* Appends an MLSMessage with a Proposal, and keeps it: a commit of this epoch,
 * ours or another's, may refer to it. An Update waits for another's. */
MUST_CHECK enum err mls_group_propose(struct mls_group *group,
				      const struct mls_identity *me,
				      const struct mls_proposal *proposal,
				      bool private_handshake,
				      struct buf *message);

/* Appends a proposal from outside (12.1.8) to a group of me->suite: from the
 * external sender at *sender_index of its external_senders, or, with NULL, of a
 * client to add itself. Not for updates, resumption, proposals of one's own and
 * SelfRemove, and not for groups with the component safe_aad. */
MUST_CHECK enum err mls_propose_from_outside(
    const struct mls_identity *me, struct span group_id, uint64_t epoch,
    const uint32_t *sender_index, const struct mls_proposal *proposal,
    struct buf *message);

/* Those that wait for a commit of this epoch, at most MLS_PENDING_MAX: calls
 * `each` until it returns false. `ref` is the ProposalRef (5.2); both are
 * borrowed for the call, and the group must not change in it. */
struct mls_staged_proposal;
MUST_CHECK enum err mls_group_each_pending(
    const struct mls_group *group,
    bool (*each)(void *context, struct span ref,
		 const struct mls_staged_proposal *proposal),
    void *context);

/* Forgets one of them. ERR_STATE_GONE: it is not there. ERR_LOCAL_BUG: it is a
 * SelfRemove; each commit of ours includes one of each sender, whatever its change
 * says, and a commit of another may refer to any of them. A commit of another that
 * refers to what was forgotten cannot be processed afterwards: who decides about it
 * should be the whole group. */
MUST_CHECK enum err mls_group_drop_pending(struct mls_group *group,
					   struct span ref);

/* ---- changes of epoch (section 12) ---- */

struct mls_change {
	const struct span *adds; /* encoded KeyPackages */
	size_t add_count;
	const uint32_t *removes; /* leaf indices */
	size_t
	    remove_count; /* those that leave by a SelfRemove may be among them */
	const struct span *psks; /* ids of external PSKs to mix in */
	size_t psk_count;
	const uint64_t *resumptions; /* epochs of ours to mix in as PSKs */
	size_t resumption_count;
	const struct mls_custom *customs; /* proposals of one's own */
	size_t custom_count;
	const struct mls_app_data *app_data; /* their order counts */
	size_t app_data_count;
	const struct span *extensions; /* GroupContext's from now on, or NULL */
	/* Alone, or NULL. ERR_STATE_UNCOMMITTED: a SelfRemove waits. */
	const struct mls_reinit *reinit;
	/*
	 * The identity that our leaf is made anew of: its credential, signature
	 * key, capabilities and leaf_extensions. NULL: the leaf keeps its own.
	 * It may be `me` itself, so that the leaf lists what an upgraded client
	 * understands. The key of `me` signs the commit (6.1), the key of `next`
	 * the leaf and the GroupInfo. After the merge every call takes `next` as
	 * `me`; the caller keeps both identities until then, and sees by the
	 * signature_key of its own leaf (mls_group_next_member()) which of the
	 * two counts. An Update works likewise once another's commit with it is
	 * merged. ERR_LOCAL_BUG: `next` is of another suite. ERR_STATE_CONFLICT:
	 * another member has its signature key (7.3).
	 */
	const struct mls_identity *next;
	struct span authenticated_data; /* of the commit (section 6) */
	bool force_path; /* new keys also where the RFC allows none: rotation */
	bool commit_pending_proposals; /* those received by reference */
	bool private_handshake; /* PrivateMessage instead of PublicMessage */
	/* The Welcome goes without the tree, which is most of it in a large
	 * group: joiners get mls_group_tree() on another way. */
	bool tree_beside_welcome;
	/* out->group_info goes without the tree, too, so that neither its size nor
	 * the signature over it grows with the group. */
	bool tree_beside_info;
	/* out->group_info stays empty: mls_group_info_staged() gives it when
	 * somebody asks for it. */
	bool without_group_info;
	/* Extensions of the GroupInfos beside those that the RFC defines (12.4.3),
	 * a list without its length. */
	struct span info_extensions;
	/* Further ones of the Welcome's alone: mls_group_welcome_extensions(). */
	struct span welcome_extensions;
};

struct mls_commit {
	struct buf commit;  /* MLSMessage */
	struct buf welcome; /* MLSMessage; empty when nobody was added, but not
				  that of a successor */
	struct buf group_info; /* MLSMessage of the new epoch, with external_pub
				  and the tree, if these were asked for */
};

void mls_commit_clear(struct mls_commit *commit);

/* Stages a commit of ours. ERR_STATE_PENDING when one is staged already. */
MUST_CHECK enum err mls_group_commit(struct mls_group *group,
				     const struct mls_identity *me,
				     const struct mls_change *change,
				     struct mls_commit *out);

/* What an external commit of ours does besides joining. */
struct mls_external {
	bool resync; /* it removes a former leaf with our identity */
	struct span authenticated_data; /* of the commit (section 6) */
	struct span tree; /* mls_group_tree(); empty: within the GroupInfo */
	bool tree_beside_info; /* as in struct mls_change, both */
	struct span info_extensions;
	/*
	 * The SelfRemoves that wait in the group: MLSMessages, as the delivery
	 * service gives them beside the GroupInfo. The commit takes these members
	 * away. Each is verified but for its membership tag, which who is outside
	 * cannot; the call fails for one that is not right (ERR_STATE_EPOCH: it is
	 * of another epoch than the GroupInfo).
	 */
	const struct span *self_removes;
	size_t self_remove_count;
};

/* Joins by external commit (12.4.3.2): `group_info` is an MLSMessage with
 * external_pub, and with ratchet_tree where how->tree is empty. The group comes back with the commit staged:
 * merge it when the delivery service has accepted it, or free it. */
MUST_CHECK enum err mls_group_join_external(const struct mls_identity *me,
					    struct span group_info,
					    const struct mls_external *how,
					    struct mls_group **group,
					    struct mls_commit *out);

/* The staged change, ours or a processed one, becomes the current epoch; the
 * old epoch's keys are deleted but for the bounded past window.
 * ERR_LOCAL_BUG when nothing is staged. */
MUST_CHECK enum err mls_group_merge(struct mls_group *group);

/* How many past epochs are kept from now on, for messages that arrive late and
 * as resumption PSKs: at most, and without this call, MLS_PAST_EPOCHS, otherwise
 * ERR_LOCAL_BUG. It costs forward secrecy: whoever takes over this member reads
 * what was sent in them and has not arrived. Part of the state. */
#define MLS_PAST_EPOCHS 5
MUST_CHECK enum err mls_group_keep_past(struct mls_group *group, size_t count);

/* Deletes the keys of all past epochs now (9.2), where the delivery service
 * gives no message after the commit that ended its epoch. */
void mls_group_forget_past(struct mls_group *group);

void mls_group_discard(struct mls_group *group);
bool mls_group_has_pending(const struct mls_group *group);

/* ---- successors of a group (11.2, 11.3) ---- */

/* What the ReInit that ended this group asks for; false when none did.
 * Borrowed. */
bool mls_group_ended_by(const struct mls_group *group,
			struct mls_reinit *reinit);

/* Makes the group that the ReInit asks for, with the same members: `adds` are
 * their KeyPackages, for the new suite, which is that of `me`. It comes back
 * with its first commit staged; out->welcome is for all of them, and without
 * entries where there is nobody else. */
MUST_CHECK enum err mls_group_reinit(const struct mls_group *ended,
				     const struct mls_identity *me,
				     const struct span *adds, size_t add_count,
				     struct mls_group **group,
				     struct mls_commit *out);

/* Makes a group of some of the members, tied to this one. */
MUST_CHECK enum err mls_group_branch(
    const struct mls_group *from, const struct mls_identity *me,
    struct span group_id, struct span extensions, const struct span *adds,
    size_t add_count, struct mls_group **group, struct mls_commit *out);

/* mls_group_join() of a successor of `from`. ERR_PEER_INVALID when it is not
 * what the ReInit asked for, or not made of the same (a branch: of no other)
 * members, compared by their credentials (see mls_identity.compares_successors). */
MUST_CHECK enum err mls_group_join_successor(
    const struct mls_group *from, const struct mls_identity *me,
    struct span welcome, struct span tree, struct span key_package,
    const struct mls_key_package_secrets *secrets, struct mls_group **group);

/* ---- what is about to happen ---- */

/* A leaf before and after a change. Where leaf_node is empty, no leaf stands
 * there. Borrowed for the call. */
struct mls_leaf_change {
	struct mls_member before;
	struct mls_member after;
};

enum mls_sender { /* section 6 */
		  MLS_SENDER_MEMBER = 1,
		  MLS_SENDER_EXTERNAL = 2,
		  MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
		  MLS_SENDER_NEW_MEMBER_COMMIT = 4
};

struct mls_staged_proposal {
	struct mls_proposal proposal; /* `next` NULL: `leaf` has the Update */
	bool by_reference;
	enum mls_sender sender_type;
	uint32_t sender; /* member: leaf index; external: sender_index */
	/* The leaf that an Add brings (after), an Update replaces (before and
	 * after) or a Remove or SelfRemove takes away (before). No leaf for other kinds. */
	struct mls_leaf_change leaf;
};

enum mls_staged_kind {
	MLS_STAGED_COMMIT,	    /* of a member */
	MLS_STAGED_EXTERNAL_COMMIT, /* of a client that joins by it */
	MLS_STAGED_PROPOSAL,	    /* by reference: the only one in the list */
	/* No commit: the group that a Welcome makes us a member of, or that an
	 * external commit of ours is for. Its members: ask `group`. */
	MLS_STAGED_GROUP
};

/* For mls_authentication.check_staged and mls_group_staged(); borrowed for the
 * call. */
struct mls_staged {
	enum mls_staged_kind kind;
	bool own; /* the change is ours */
	/* The commit removes us, so we cannot verify its confirmation tag, and
	 * do not verify the new leaf. The commit's signature is verified. */
	bool self_removed;
	uint64_t epoch; /* the one that the change leads to; PROPOSAL: the
			   current one; GROUP: that of the group */
	struct span extensions; /* GroupContext.extensions of that epoch */
	struct span authenticated_data;
	/* The committer's leaf; before and after are the same without a path.
	 * EXTERNAL_COMMIT: only after; a former leaf is in a Remove. PROPOSAL:
	 * the proposer's leaf, none for an outsider. GROUP: the leaf of the
	 * GroupInfo's signer. */
	struct mls_leaf_change committer;
	/* The commit's proposals in its order, also those by reference. An Add
	 * has its leaf index in a commit only, UINT32_MAX otherwise, and where
	 * mls_group_staged() shows a commit that removes us. */
	const struct mls_staged_proposal *proposals;
	size_t proposal_count;
	const struct mls_epoch *next; /* for mls_staged_next_member() */
	/* Where check_staged may say why it refuses: a text that lives as long
	 * as the group. mls_group_last_refusal() and mls_identity.refusal give
	 * it to the caller. NULL in mls_group_staged(). */
	const char **refusal;
};

/* The members of the epoch that a change leads to, as mls_group_next_member():
 * PROPOSAL: of the current one. None where the change removes us. */
bool mls_staged_next_member(const struct mls_staged *staged, uint32_t *leaf,
			    struct mls_member *member);

/* The change that is staged, ours or a processed one, also after saving and
 * loading: calls `look`, whose answer is that of the call. ERR_LOCAL_BUG: nothing
 * is staged. ERR_STATE_GONE: it was staged by a version that kept nothing of
 * it. */
MUST_CHECK enum err mls_group_staged(
    const struct mls_group *group,
    enum err (*look)(void *context, const struct mls_group *group,
		     const struct mls_staged *staged),
    void *context);

/* ---- what arrives ---- */

enum mls_event_kind {
	MLS_EVENT_APPLICATION,
	MLS_EVENT_PROPOSAL, /* kept until the next commit */
	MLS_EVENT_COMMIT,   /* staged: look at it (mls_group_staged()), then
			       merge or discard */
	MLS_EVENT_OWN	    /* the staged commit of ours came back: staged */
};

struct mls_event {
	enum mls_event_kind kind;
	uint64_t epoch;
	uint32_t sender; /* leaf index; of the new leaf for external commits */
	struct buf authenticated_data; /* of whatever it is */
	struct buf data; /* of the application; of a proposal its ProposalRef */
	bool self_removed;  /* commit: it removes us */
	bool external_join; /* commit: sent by a new member */
	/* An Add in it is of a KeyPackage whose lifetime is not now (7.3). No
	 * reason to refuse it: others accept it, and it may have been late. */
	bool expired;
};

void mls_event_clear(struct mls_event *event);

/* Takes an MLSMessage: PublicMessage or PrivateMessage. Errors: PEER_MALFORMED,
 * PEER_CRYPTO, PEER_INVALID (a rule of sections 6, 7.3, 12.2, 12.4.2),
 * STATE_EPOCH (of another epoch), STATE_GONE (key used already or past the
 * window), STATE_PENDING (a commit while another is staged that is not it), and
 * whatever mls_authentication answers. */
MUST_CHECK enum err mls_group_process(struct mls_group *group, uint64_t now,
				      struct span message,
				      struct mls_event *event);

/*
 * The same, but the membership tag (6.2) of a Commit is not looked at. For an
 * application whose members must all take the same commits: that tag is the one
 * part of a Commit that neither the signature nor the next epoch's transcript
 * covers, so whoever carries the message can spoil it, and nobody can say who
 * did. What the tag shows, that the sender is in the epoch, is shown again by the
 * confirmation tag, which takes the epoch's init_secret (8.1).
 */
MUST_CHECK enum err mls_group_process_untagged(struct mls_group *group,
					       uint64_t now,
					       struct span message,
					       struct mls_event *event);

/* ---- storage ---- */

/* Appends the whole state, secrets included, versioned: seal it. mls/items.h
 * writes what has changed instead. */
MUST_CHECK enum err mls_group_save(const struct mls_group *group,
				   struct buf *state);
MUST_CHECK enum err mls_group_load(struct span state, struct mls_group **group);

#endif
