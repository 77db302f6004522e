/*
 * The chain of a session's log (docs/protocol.md, "Transcript"): the rule, as
 * the server and the members compute it. SQL has it once more (chain2_step).
 *
 *   head_0 = SHA-256("hermetic chain 1" || session_id)
 *   head_n = SHA-256("hermetic chain 2" || head_(n-1) || uint64 seq
 *                    || uint8 kind || SHA-256(bytes))
 *
 * Entries of logs from before have heads of the first chain, over the bytes
 * themselves. The labels differ and each formula is injective, so a head commits
 * to one of them, and whoever reads takes either.
 */
#ifndef HERMETIC_CHECK_LOG_HEAD_H
#define HERMETIC_CHECK_LOG_HEAD_H

#include "base/err.h"
#include "base/span.h"

#define LOG_HEAD 32 /* bytes of a head, and of an entry's hash */

/* The head before the first entry. */
MUST_CHECK enum err log_head_first(struct span session_id,
				   uint8_t head[LOG_HEAD]);

/* The head after an entry whose bytes have that hash. */
MUST_CHECK enum err log_head_next(const uint8_t before[LOG_HEAD], uint64_t seq,
				  uint8_t kind, const uint8_t hash[LOG_HEAD],
				  uint8_t after[LOG_HEAD]);

/* The same in the first chain: over the bytes. Nobody writes such entries any
 * more. */
MUST_CHECK enum err log_head_next_1(const uint8_t before[LOG_HEAD],
				    uint64_t seq, uint8_t kind,
				    struct span bytes, uint8_t after[LOG_HEAD]);

#endif
