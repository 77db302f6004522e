/*
 * The transcript: a hash chain over a session's log, computed by the server
 * (sha256() in PostgreSQL) and again by every member.
 *
 *   head_0 = SHA-256("hermetic chain 1" || session_id)
 *   head_n = SHA-256("hermetic chain 2" || head_(n-1) || uint64 n
 *                    || uint8 kind || SHA-256(bytes))
 *
 * So an entry whose bytes are not kept any more still has its place in the
 * chain, by its hash. Entries from before that were chained as
 *
 *   head_n = SHA-256("hermetic chain 1" || head_(n-1) || uint64 n
 *                    || uint8 kind || bytes)
 *
 * and are accepted, too: the labels differ, so a head commits to one of them.
 *
 * A member says what it has seen at the front of the authenticated data of what
 * it sends (a view: uint8 1, uint64 seq, head), and checks what the others say
 * against the heads that it keeps.
 */
#ifndef HERMETIC_SESSION_CHAIN_H
#define HERMETIC_SESSION_CHAIN_H

#include "base/buf.h"
#include "base/rd.h"

#define CHAIN_HEAD 32
#define CHAIN_KEPT 256 /* heads kept for comparing views */
#define CHAIN_VIEW (1 + 8 + CHAIN_HEAD)

enum chain_kind {
	CHAIN_APPLICATION = 1, /* an envelope */
	CHAIN_COMMIT = 2,
	CHAIN_SUCCESSOR = 3, /* the Welcome to the group that a ReInit asked
				for */
	CHAIN_DEPARTURE = 4  /* wire/departure.h */
};

struct chain {
	uint64_t seq;			       /* of the last entry */
	uint64_t first;			       /* seq of the oldest head kept */
	uint8_t heads[CHAIN_KEPT][CHAIN_HEAD]; /* of seq s at s % CHAIN_KEPT */
};

/* At head_0: who creates the session. */
MUST_CHECK enum err chain_start(struct chain *chain, struct span session_id);

/* At an entry that the server names: who joins there. */
void chain_resume(struct chain *chain, uint64_t seq,
		  const uint8_t head[CHAIN_HEAD]);

const uint8_t *chain_head(const struct chain *chain);

/* The head after one more entry, as a log writes it now; the chain stays. */
MUST_CHECK enum err chain_next(const struct chain *chain, enum chain_kind kind,
			       struct span bytes, uint8_t head[CHAIN_HEAD]);

/* The same of an entry of which only the SHA-256 of the bytes is known. */
MUST_CHECK enum err chain_next_hash(const struct chain *chain,
				    enum chain_kind kind,
				    const uint8_t hash[CHAIN_HEAD],
				    uint8_t head[CHAIN_HEAD]);

/* Whether `claimed` is the head after one more entry, by either formula:
 * ERR_PEER_FORK when it is not. The chain stays. */
MUST_CHECK enum err chain_check_next(const struct chain *chain,
				     enum chain_kind kind, struct span bytes,
				     const uint8_t claimed[CHAIN_HEAD]);

/* Moves on to that head. */
void chain_advance(struct chain *chain, const uint8_t head[CHAIN_HEAD]);

/* Our view, appended. */
void chain_put_view(const struct chain *chain, struct buf *view);

/* Another's view, in an entry after our last one. ERR_PEER_FORK when it differs
 * or claims what is not there yet, ERR_PEER_MALFORMED when it is no view.
 * *compared is false when its head is older than what we keep. */
MUST_CHECK enum err chain_check_view(const struct chain *chain,
				     struct span view, bool *compared);

/* Where it is, without the heads. */
void chain_save_place(const struct chain *chain, struct buf *out);
void chain_load_place(struct chain *chain, struct rd *r);

/* The heads, too, of the first one to the last. */
void chain_load(struct chain *chain, struct rd *r);

#endif
