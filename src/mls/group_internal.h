/* What a group is made of; for the group's own files. */
#ifndef HERMETIC_MLS_GROUP_INTERNAL_H
#define HERMETIC_MLS_GROUP_INTERNAL_H

#include "mls/epoch.h"
#include "mls/group.h"
#include "mls/psk.h"
#include "wire/message.h"

#define GROUP_PAST_EPOCHS MLS_PAST_EPOCHS

#define GROUP_COMMIT_HASH 32

/* What a staged commit is made of, for who looks at it later: what its list of
 * proposals refers to waits in the current epoch. */
struct staged_story {
	bool there;
	struct wire_sender sender;
	uint32_t committer;    /* its leaf */
	struct buf proposals;  /* content; ProposalOrRefs */
	struct buf path_leaf;  /* encoded; empty: no path */
	struct buf extensions; /* where `staged` does not have them */
	struct buf authenticated_data;
};

/* What the application's store has of the group (mls/group_items.c). */
#define GROUP_TREES (GROUP_PAST_EPOCHS + 2)
struct group_stored {
	bool known; /* otherwise nothing is, or nobody knows what */
	uint64_t next_id;
	uint32_t sweep;
	uint64_t *ids; /* of the nodes; increasing */
	size_t id_count;
	uint64_t roots[GROUP_TREES];
	uint64_t epochs[GROUP_TREES];
	size_t epoch_count;
	uint8_t head[EPOCH_DIGEST];
};

struct mls_group {
	struct mls_epoch *now;	  /* without secrets before an external join */
	struct mls_epoch *staged; /* the epoch to come, or NULL */
	bool staged_own;	  /* by a commit of ours */
	bool staged_removal;	  /* by a commit that removes us; no `staged` */
	uint8_t staged_commit[GROUP_COMMIT_HASH]; /* SHA-256 of its message */
	struct staged_story story;
	uint32_t adder; /* whose Welcome it was; UINT32_MAX: not known */
	struct buf welcome_extensions; /* of its GroupInfo */
	bool removed;		       /* a removal was merged: nothing works */
	struct mls_epoch *past[GROUP_PAST_EPOCHS]; /* newest first */
	uint8_t past_limit;
	struct psk_store psks;
	struct mls_authentication authentication;
	struct group_stored stored;
	enum mls_rule broken; /* by the last call */
	const char *refusal;  /* of the last call, by the application */
	/* Our signature key, parsed, so that nobody parses it twice. */
	struct sec signer_bytes;
	struct sign_key *signer;
};

MUST_CHECK enum err group_new(struct mls_epoch *now, struct mls_group **group);

/* We are a member: ERR_STATE_GONE after a removal or before joining. */
MUST_CHECK enum err group_ready(const struct mls_group *group);
/* The same, and the group goes on: ERR_STATE_GONE after a ReInit. */
MUST_CHECK enum err group_may_send(const struct mls_group *group);

/* The parsed signature key of `me`, who must be the one of our leaf:
 * ERR_LOCAL_BUG. Borrowed. */
MUST_CHECK enum err group_signer(struct mls_group *group,
				 const struct mls_identity *me,
				 const struct sign_key **signer);

/* Where the group's PSKs are looked up; `source` borrows from `epochs`. */
#define GROUP_EPOCHS (GROUP_PAST_EPOCHS + 1)
void group_psk_source(const struct mls_group *group,
		      const struct mls_epoch *epochs[GROUP_EPOCHS],
		      struct psk_source *source);

/* mls_group_commit() of the first commit of a successor: with a resumption PSK
 * of `parent` for that usage. NULL: an ordinary one. */
MUST_CHECK enum err group_commit_after(struct mls_group *group,
				       const struct mls_identity *me,
				       const struct mls_change *change,
				       const struct mls_epoch *parent,
				       enum wire_psk_usage usage,
				       struct mls_commit *out);

/* At who is about to join from outside: keeps a SelfRemove that waits in the group, an
 * encoded MLSMessage, without its membership tag. */
MUST_CHECK enum err group_take_self_remove(struct mls_group *group,
					   struct span message);

/* 11.2, 11.3: whether `epoch`, just joined by `me`, is what such a successor of
 * `parent` must be. */
MUST_CHECK enum err group_check_successor(const struct mls_epoch *parent,
					  enum wire_psk_usage usage,
					  const struct mls_identity *me,
					  const struct mls_epoch *epoch);

/* wire_message_decode() of a message that is not too large. */
MUST_CHECK enum err group_decode(struct span bytes,
				 struct wire_message *message);

/* SHA-256 of a message, to know it again. */
MUST_CHECK enum err group_hash(struct span message,
			       uint8_t hash[GROUP_COMMIT_HASH]);

#endif
