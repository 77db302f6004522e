/*
 * The choice of a session's algorithm, so that nobody on the way can lower it
 * (docs/protocol.md).
 *
 * An offer is what a device signed: LeafNode.capabilities.cipher_suites, the
 * best first. The first of the creator's order that all founders share is
 * chosen. The GroupContext carries choice and offers in an extension of type
 * NEGOTIATION_EXTENSION, so every member computes the choice again:
 *
 *   struct { opaque identity<V>; CipherSuite cipher_suites<V>; } Offer;
 *   struct { CipherSuite chosen; Offer founders<V>; } Negotiation;
 *
 * the creator first.
 */
#ifndef HERMETIC_SESSION_NEGOTIATION_H
#define HERMETIC_SESSION_NEGOTIATION_H

#include "base/buf.h"
#include "crypto/suite.h"

struct negotiation_offer {
	struct span identity;
	struct span suites; /* big-endian uint16 each, best first */
};

/* The rule itself. The creator's offer is the first one.
 * ERR_PEER_UNSUPPORTED when no suite is shared. */
MUST_CHECK enum err negotiation_choose(const struct negotiation_offer *founders,
				       size_t count, uint16_t *chosen);

/* One invited device: the KeyPackages that the server delivered for it. */
struct negotiation_invitee {
	struct span identity;		 /* as we know it */
	const struct span *key_packages; /* encoded, one for each suite */
	size_t count;
};

/* What a creator does next. */
struct negotiation_plan {
	const struct suite *suite;
	struct buf extensions;	   /* for mls_group_create() */
	struct span *key_packages; /* owned array of borrowed spans: the one to
				      add of each invitee, in their order */
	size_t count;
};

void negotiation_plan_clear(struct negotiation_plan *plan);

/*
 * The choice, from what the invitees signed and not from what the server says.
 * ERR_PEER_DOWNGRADE: an invitee's signed offer holds the chosen suite, but no
 * KeyPackage for it came, or its KeyPackages disagree about its offer: somebody
 * took one away. ERR_PEER_INVALID: a KeyPackage of another identity.
 * ERR_PEER_UNSUPPORTED: nothing is shared, or an invitee has no KeyPackage.
 * Signatures are verified when the KeyPackages are added.
 */
MUST_CHECK enum err negotiation_plan(const struct negotiation_offer *creator,
				     const struct negotiation_invitee *invitees,
				     size_t count,
				     struct negotiation_plan *plan);

/*
 * A member's check, when it joins. `extensions` is the content of the group's
 * GroupContext.extensions; `members` what the signed leaves of the tree say.
 * ERR_PEER_DOWNGRADE: no negotiation there, the choice computed again is not
 * `group_suite`, our own entry is not what we offer, or, where we are a founder
 * and so come into the group of the beginning, another one signed another offer
 * than its entry says. Later a founder may have come in again with another offer.
 */
MUST_CHECK enum err negotiation_check(struct span extensions,
				      uint16_t group_suite,
				      const struct negotiation_offer *own,
				      const struct negotiation_offer *members,
				      size_t count);

/*
 * For who comes into the group of the beginning by a KeyPackage of before, with an
 * offer that is another one by now: `own` is the present one. ERR_PEER_DOWNGRADE: with
 * it in place of our entry the choice would not be this group's. Somebody may have
 * given an old KeyPackage to who began the group. ERR_OK where we are no founder.
 */
MUST_CHECK enum err negotiation_check_now(struct span extensions,
					  const struct negotiation_offer *own);

/* Where the choice is not the creator's first. */
struct negotiation_missed {
	uint16_t suite;	      /* the creator's first */
	struct span identity; /* the first founder that does not offer it;
				 borrowed of the extensions; empty: none */
};

/* What the extension (of negotiation_check()) says of that; without one, and where
 * it does not decode, nothing was missed. */
MUST_CHECK enum err negotiation_missed(struct span extensions,
				       struct negotiation_missed *missed);

#endif
