#include "check/log_head.h"

#include "crypto/hash.h"

static const char CHAIN_1[] = "hermetic chain 1";
static const char CHAIN_2[] = "hermetic chain 2";

enum err log_head_first(struct span session_id, uint8_t head[LOG_HEAD])
{
	const struct span parts[] = { span_str(CHAIN_1), session_id };

	return hash_sha256(parts, 2, head);
}

static enum err next(const char *label, const uint8_t before[LOG_HEAD],
		     uint64_t seq, uint8_t kind, struct span what,
		     uint8_t after[LOG_HEAD])
{
	uint8_t place[9] = { [8] = kind };
	const struct span parts[] = { span_str(label),
				      span_of(before, LOG_HEAD),
				      SPAN_ARRAY(place), what };

	for (size_t i = 8; i > 0; i--, seq >>= 8)
		place[i - 1] = (uint8_t)seq;
	return hash_sha256(parts, 4, after);
}

enum err log_head_next(const uint8_t before[LOG_HEAD], uint64_t seq,
		       uint8_t kind, const uint8_t hash[LOG_HEAD],
		       uint8_t after[LOG_HEAD])
{
	return next(CHAIN_2, before, seq, kind, span_of(hash, LOG_HEAD), after);
}

enum err log_head_next_1(const uint8_t before[LOG_HEAD], uint64_t seq,
			 uint8_t kind, struct span bytes,
			 uint8_t after[LOG_HEAD])
{
	return next(CHAIN_1, before, seq, kind, bytes, after);
}
