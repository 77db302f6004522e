/*
 * The walk: a group followed without its keys, from an epoch that the caller
 * trusts, over the commits of the log, to the GroupInfo that the last one makes
 * (RFC 9420, 8.2, 12.4.2; docs/protocol.md, "The walk"). So a group's
 * continuation is shown and not guessed: whoever joins, again or for the first
 * time, joins only where a walk leads, and the server takes a commit only if the
 * walk takes it.
 *
 * What cannot be seen without a key: whether confirmation tags, membership tags
 * and path secrets are right; what they must look like can (check/form.h). No
 * signature of the commit covers its tags. A confirmation tag is a part of the
 * next GroupInfo and of the transcript of the next commit, so their signers vouch
 * for it; nobody does for a membership tag.
 *
 * A failure leaves a walk as it was. A walk holds public data only, about 800
 * bytes a leaf.
 */
#ifndef HERMETIC_CHECK_WALK_H
#define HERMETIC_CHECK_WALK_H

#include "base/buf.h"
#include "check/view.h"
#include "wire/context.h"
#include "wire/proposal.h"

struct check_walk;
struct place_map;

void check_walk_free(struct check_walk *walk);

/* ---- where a walk begins ---- */

enum check_trust {
	CHECK_UNSEEN,  /* all of it is verified: signatures, tree, leaves */
	CHECK_VERIFIED /* the caller has verified it before: it is decoded */
};

/* At a GroupInfo (MLSMessage, with ratchet_tree, and with its places where the group has
 * their root): the first one of a session's
 * generation, say. The session's id and the generation are those of its group
 * id (wire/generation.h). */
struct check_verdict check_walk_from_info(struct span group_info,
					  enum check_trust trust,
					  struct check_walk **walk);

/* At a member's own epoch: its encoded GroupContext, its ratchet tree as
 * mls_group_tree() gives it, its confirmation tag, and the places of a group that has
 * their root (may be NULL). `reinit` (may be NULL) is the ReInit that ended the group. The tree must be that of the context; more
 * is not verified. */
struct check_verdict check_walk_from_tree(struct span context,
					  struct span ratchet_tree,
					  struct span confirmation_tag,
					  const struct place_map *places,
					  const struct wire_reinit *reinit,
					  struct check_walk **walk);

/* By what the places of the group are judged (check/places.h), from then on.
 * Borrowed; NULL: a group that has places is not followed. */
void check_walk_set_accounts(struct check_walk *walk,
			     struct check_accounts *accounts);

/* Whether each leaf there is a device's of its account, as
 * check_places_whole(): for a walk that begins at a GroupInfo. */
struct check_verdict check_walk_check_leaves(const struct check_walk *walk,
					     bool exact);

/* The departures that stand there, opaque departure<V> each: for who begins in
 * the middle of a log. Those whose leaf nodes are not there are left out. */
MUST_CHECK enum err check_walk_set_departures(struct check_walk *walk,
					      struct span departures);

/* A commit that stands before the walk's beginning and after such a departure:
 * check_departures_spend(). */
void check_walk_spend_departures(struct check_walk *walk, struct span commit);

/* ---- steps, each an entry of the log ---- */

/* A commit (PublicMessage): its signature, the rules (check/rules.h), the
 * KeyPackages that it adds, its path; then the walk is in the next epoch. Where
 * check_accounts_lacks() is true afterwards, it was not judged. */
struct check_verdict check_walk_commit(struct check_walk *walk,
				       struct span commit);

/* A commit that this function's caller, or a node like it, has verified before: it
 * is applied, and neither signatures nor rules are looked at. Wrong is what cannot
 * be applied. */
struct check_verdict check_walk_again(struct check_walk *walk,
				      struct span commit);

/* A departure (check/departure.h). */
struct check_verdict check_walk_departure(struct check_walk *walk,
					  struct span departure);

/*
 * To the first GroupInfo of the group that the ReInit asked for, which stands
 * last: that id, suite and extensions, epoch 1, the same identities, and the
 * same signature keys where the suite's signature scheme is the same.
 * *new_keys: the scheme is another one, so the keys are new, and nothing but the
 * server's word ties them to the identities.
 */
struct check_verdict check_walk_successor(struct check_walk *walk,
					  struct span group_info,
					  bool *new_keys);

/* ---- where it has come to ---- */

/* Whether a GroupInfo (MLSMessage) is exactly that of this epoch: its context
 * (group, epoch, tree hash, transcript, extensions), its tree if it has one, its
 * confirmation tag, and the signature of a leaf. */
struct check_verdict check_walk_matches(struct check_walk *walk,
					struct span group_info);

/* Appends the GroupInfo (MLSMessage, kept with its ratchet_tree) of this epoch, of
 * which `part` is the PartialGroupInfo (wire/group_info.h); its signer is who made the
 * last commit. Whether the signature is right is not looked at. */
struct check_verdict check_walk_put_info(const struct check_walk *walk,
					 struct span part, struct buf *out);

/* The same of the whole GroupInfo that somebody gave, which check_walk_matches() has
 * taken: it is as it was, with the places of a group that has their root. */
struct check_verdict check_walk_keep_info(const struct check_walk *walk,
					  struct span group_info,
					  struct buf *out);

/* Whether a part is that of this epoch: the GroupInfo that check_walk_put_info()
 * makes of it is then one that check_walk_matches() takes. Where the tree goes beside,
 * the tree is not looked at. */
struct check_verdict check_walk_check_part(const struct check_walk *walk,
					   struct span part);

/* Appends the ratchet tree of this epoch (12.4.3.3). */
MUST_CHECK enum err check_walk_put_tree(const struct check_walk *walk,
					struct buf *out);

/* The same of the places of a group that has their root; nothing of another. */
MUST_CHECK enum err check_walk_put_places(const struct check_walk *walk,
					  struct buf *rows);
bool check_walk_is_rooted(const struct check_walk *walk);
/* Borrowed until the walk goes on; not there where the group has no root. */
const struct place_map *check_walk_places(const struct check_walk *walk);

/* Leaves of the tree, blank ones too: a power of two. And how many are not blank. */
uint32_t check_walk_width(const struct check_walk *walk);
uint32_t check_walk_member_count(const struct check_walk *walk);

/* All borrowed until the walk goes on. */
const struct wire_group_context *check_walk_context(
    const struct check_walk *walk);
struct span check_walk_confirmation_tag(const struct check_walk *walk);
struct span check_walk_departures(const struct check_walk *walk);
uint32_t check_walk_generation(const struct check_walk *walk);

/* The leaf of who made the last commit. */
uint32_t check_walk_committer(const struct check_walk *walk);

/* Who signed the last commit that the walk took; borrowed until it goes on. */
struct check_signer {
	struct check_member leaf; /* as the commit leaves it */
	bool external;		  /* it came in by this commit, for the first
				     time or again */
	bool was_in;		  /* its identity had a leaf before, with the
				     same signature key */
};

/* False where the walk has taken none. */
bool check_walk_signer(const struct check_walk *walk,
		       struct check_signer *signer);

/* The member whose signature stands under a commit of the walk's epoch, whatever
 * else is wrong with that. False: no member's does, as under every external
 * commit. Borrowed. */
bool check_walk_signed_by(const struct check_walk *walk, struct span commit,
			  struct check_member *member);

/* A ReInit stands last: no commit follows, only check_walk_successor(). */
bool check_walk_ended(const struct check_walk *walk);

/* The member at the first occupied leaf >= *leaf; moves *leaf past it. False
 * when there is none. */
bool check_walk_next_member(const struct check_walk *walk, uint32_t *leaf,
			    struct check_member *member);

/* The group as the rules see it. */
void check_walk_view(const struct check_walk *walk, struct check_view *view);

#endif
