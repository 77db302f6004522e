#include "session/envelope_tag.h"

#include "crypto/hash.h"

enum err envelope_tag_key(const struct mls_group *group, struct span session_id,
			  struct sec *key)
{
	return mls_group_export(group, "hermetic envelope", session_id,
				mls_group_suite(group)->nh, key);
}

enum err envelope_tag_put(const struct suite *suite, const struct sec *key,
			  struct buf *envelope)
{
	const struct span part = buf_span(envelope);
	uint8_t tag[SUITE_HASH_MAX];
	enum err e;

	TRY(hash_mac(suite, sec_span(key), &part, 1, tag));
	buf_put(envelope, span_of(tag, suite->nh));
	TRY(buf_end(envelope));
out:
	return e;
}

enum err envelope_tag_check(const struct suite *suite, const struct sec *key,
			    const struct envelope *envelope)
{
	uint8_t tag[SUITE_HASH_MAX];
	enum err e;

	TRY(hash_mac(suite, sec_span(key), &envelope->tagged, 1, tag));
	ENSURE(sec_equal(span_of(tag, suite->nh), envelope->tag),
	       ERR_PEER_CRYPTO);
out:
	sec_wipe(tag, sizeof(tag));
	return e;
}
