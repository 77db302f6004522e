/*
 * A letter: what who invites gives the invited person, so that no server says which
 * session it is (docs/protocol.md, "Letters").
 *
 *   struct {
 *     uint8   version = 1;
 *     opaque  session_id[16];
 *     uint64  seq;             a place of the session's log, behind which the user is
 *     opaque  head[32];        invited
 *     opaque  context[32];     SHA-256 of the encoded GroupContext there
 *     opaque  by[32];          the account that invites: its fingerprint
 *     uint64  device;          which of its devices signs
 *     opaque  user[32];        who is invited: the account's fingerprint
 *     opaque  signature[64];   SignWithLabel by the device's link key, LETTER_LABEL,
 *   } Letter;                  of all before
 */
#ifndef HERMETIC_WIRE_LETTER_H
#define HERMETIC_WIRE_LETTER_H

#include "base/buf.h"

#define LETTER_LABEL "hermetic letter"
#define LETTER_SESSION_ID 16
#define LETTER_HASH 32
#define LETTER_SIGNATURE 64
#define LETTER_SIZE 225 /* bytes of every letter */
/* Letters that go with one invitation, each of another account: the entry in the group
 * says whose counts. */
#define LETTERS_MAX 16

struct letter {
	struct span unsigned_part; /* decoded ones only: what is signed */
	struct span session_id;
	uint64_t seq;
	struct span head, context, by;
	uint64_t device;
	struct span user;
	struct span signature;
};

/* Appends what is signed: all fields before the signature. */
void letter_put_tbs(struct buf *b, const struct letter *letter);

/* Appends the whole, with letter->signature. */
void letter_put(struct buf *b, const struct letter *letter);

/* The letter borrows from `bytes`. ERR_PEER_UNSUPPORTED for another version,
 * ERR_PEER_MALFORMED otherwise. */
MUST_CHECK enum err letter_decode(struct span bytes, struct letter *letter);

#endif
