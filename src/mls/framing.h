/*
 * Message framing, RFC 9420 section 6: from a FramedContent to a PublicMessage
 * or PrivateMessage and back. Which key belongs to a sender, and whether it may
 * send that, is the group's business.
 *
 * `context` is the epoch's encoded GroupContext. A content that came out of a
 * PrivateMessage has no `encoded`; everything here encodes it again then.
 *
 * A commit is made in the order that 12.4.1 demands: framing_sign(), transcript
 * and key schedule, confirmation_tag into `auth`, then framing_protect_*().
 */
#ifndef HERMETIC_MLS_FRAMING_H
#define HERMETIC_MLS_FRAMING_H

#include "crypto/sign.h"
#include "mls/secret_tree.h"
#include "wire/framing.h"
#include "wire/message.h"

/* FramedContent: `encoded` if it is there, otherwise from the fields. */
void framing_put_content(struct buf *b, const struct wire_content *content);

/* AuthenticatedContent (section 6), for ProposalRefs. */
void framing_put_authenticated(struct buf *b, enum wire_format format,
			       const struct wire_content *content,
			       const struct wire_auth *auth);

/* SignWithLabel(., "FramedContentTBS", FramedContentTBS) (6.1): appends. */
MUST_CHECK enum err framing_sign(const struct sign_key *private_key,
				 enum wire_format format,
				 const struct wire_content *content,
				 struct span context, struct buf *signature);

/* ERR_PEER_CRYPTO when the signature does not verify. */
MUST_CHECK enum err framing_verify(const struct sign_key *public_key,
				   enum wire_format format,
				   const struct wire_content *content,
				   struct span signature, struct span context);

/* ---- PublicMessage (6.2) ---- */

/* Appends an MLSMessage. The membership tag is there for member senders only;
 * ERR_LOCAL_BUG for application data, which must be private. */
MUST_CHECK enum err framing_protect_public(const struct suite *suite,
					   const struct wire_content *content,
					   const struct wire_auth *auth,
					   struct span context,
					   struct span membership_key,
					   struct buf *message);

/* The membership tag of a member's message: ERR_PEER_CRYPTO. Application data:
 * ERR_PEER_INVALID. The signature is verified by framing_verify(). */
MUST_CHECK enum err framing_check_public(const struct suite *suite,
					 const struct wire_public_message *m,
					 struct span context,
					 struct span membership_key);

/* ---- PrivateMessage (6.3) ---- */

/* Appends an MLSMessage, encrypted under the next key of content->sender, which
 * is used up; with `staged` that is still to be decided, as below. `padding`
 * zero bytes are added. ERR_LOCAL_BUG for a sender that is no member. */
MUST_CHECK enum err framing_protect_private(
    const struct suite *suite, const struct rng *rng,
    const struct wire_content *content, const struct wire_auth *auth,
    struct span sender_data_secret, struct secret_tree *tree, size_t padding,
    struct secret_tree_staged *staged, struct buf *message);

/* First step: who sent it. The group checks that the leaf is not blank. */
MUST_CHECK enum err framing_open_sender(const struct suite *suite,
					const struct wire_private_message *m,
					struct span sender_data_secret,
					struct wire_sender_data *sender);

/*
 * Second step: decrypts, decodes, and verifies the signature with the sender's
 * key. `content` and `auth` borrow from `plaintext` (which must be empty) and
 * from `m`. The key is used up on success only: what fails, also by its
 * signature, leaves the ratchet as it was. With `staged` that is still to be
 * decided: the caller confirms it or abandons it (mls/secret_tree.h).
 */
MUST_CHECK enum err framing_open_private(
    const struct suite *suite, const struct wire_private_message *m,
    const struct wire_sender_data *sender, const struct sign_key *public_key,
    struct span context, struct secret_tree *tree,
    struct secret_tree_staged *staged, struct buf *plaintext,
    struct wire_content *content, struct wire_auth *auth);

#endif
