/*
 * What a new device asks of the other devices of its account, and their answer
 * (docs/protocol.md, "A new device"). Both are authenticated under keys from a code
 * that people carry from one to the other, so that the server in between can change
 * neither.
 *
 *   struct {
 *     opaque  fingerprint[32];
 *     uint64  number;             a link of that account's log,
 *     opaque  hash[32];           and its hash
 *   } ApprovalPlace;
 *   struct {
 *     uint8          version = 1;
 *     ApprovalPlace  place;       the head that the new device was shown
 *     opaque         entry<V>;    AccountDevice (wire/account_link.h)
 *     opaque         mac[32];     HMAC-SHA-256 of all before
 *   } ApprovalRequest;
 *   struct {
 *     uint8          version = 1;
 *     ApprovalPlace  place;       the link that added it
 *     opaque         handover<V>; sealed
 *     opaque         mac[32];     HMAC-SHA-256 of all before, then the request
 *   } ApprovalAnswer;
 */
#ifndef HERMETIC_WIRE_APPROVAL_H
#define HERMETIC_WIRE_APPROVAL_H

#include "base/buf.h"
#include "wire/account_link.h"

#define APPROVAL_MAC 32
#define APPROVAL_REQUEST_MAX 4096
#define APPROVAL_HANDOVER_MAX 524288
#define APPROVAL_ANSWER_MAX (APPROVAL_HANDOVER_MAX + 256)

struct approval_place {
	struct span fingerprint, hash; /* ACCOUNT_HASH bytes each */
	uint64_t number;
};

struct approval_request {
	struct approval_place place;
	struct span entry;
	struct span signed_part; /* decoded ones only: all before the mac */
	struct span mac;
};

struct approval_answer {
	struct approval_place place;
	struct span handover;
	struct span signed_part; /* decoded ones only */
	struct span mac;
};

/* Appends all before the mac; the mac follows it. */
void approval_request_put(struct buf *b,
			  const struct approval_request *request);
void approval_answer_put(struct buf *b, const struct approval_answer *answer);

/* Borrows from `bytes`. ERR_PEER_UNSUPPORTED for another version,
 * ERR_PEER_TOO_LARGE, ERR_PEER_MALFORMED. The entry is in order, and nothing of it
 * is verified. */
MUST_CHECK enum err approval_request_decode(struct span bytes,
					    struct approval_request *request);
MUST_CHECK enum err approval_answer_decode(struct span bytes,
					   struct approval_answer *answer);

#endif
