/*
 * Typing notices (wire/typing.h), sealed and opened. They are under a key of their own:
 *
 *   MLS-Exporter("hermetic typing", session_id || uint64 epoch, Nk)
 *
 * of the present epoch, so neither makes or uses a key of the group's messages, and the
 * session stays as it is. Every member has the key; that a notice is of its leaf
 * shows the signature, by SignWithLabel (RFC 9420, 5.1.2), "hermetic typing".
 */
#ifndef HERMETIC_SESSION_TYPING_SEAL_H
#define HERMETIC_SESSION_TYPING_SEAL_H

#include "session/session.h"

/* Appends a notice of our own leaf. ERR_STATE_GONE: we are no member; ERR_PEER_FORK. */
MUST_CHECK enum err typing_seal_put(const struct session *session,
				    const struct mls_identity *me,
				    uint64_t sent_ms, bool types,
				    struct buf *notice);

struct typing_opened {
	struct mls_member who; /* borrowed until the group changes */
	bool types;
	uint64_t sent_ms; /* by the sender's clock */
};

/* ERR_PEER_MALFORMED, ERR_PEER_TOO_LARGE, ERR_PEER_UNSUPPORTED: it is no notice that this
 * version reads; ERR_STATE_EPOCH: it is of another epoch; ERR_PEER_INVALID: of another
 * session, or of a leaf that is none or has departed; ERR_PEER_CRYPTO; ERR_STATE_GONE: we
 * are no member. Whether it came before is for the caller to say: in an epoch, of a leaf,
 * sent_ms rises. */
MUST_CHECK enum err typing_seal_open(const struct session *session,
				     struct span notice,
				     struct typing_opened *opened);

#endif
