#include "server/log_head.h"

#include "crypto/hash.h"
#include "store/message.h"

enum err log_head_next(const uint8_t before[32], uint64_t seq,
		       struct span envelope, uint8_t after[32])
{
	uint8_t place[9] = { [8] = MESSAGE_APPLICATION };
	const struct span parts[] = { SPAN_LIT("hermetic chain 1"),
				      span_of(before, 32), SPAN_ARRAY(place),
				      envelope };

	for (size_t i = 8; i > 0; i--, seq >>= 8)
		place[i - 1] = (uint8_t)seq;
	return hash_sha256(parts, 4, after);
}
