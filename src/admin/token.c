#include "admin/token.h"

#include <string.h>

#include "base/sec.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/rng.h"

#define PREFIX "hermetic_admin_"

enum { ID = 16, SECRET = 32, REGISTRATION = 24 };

enum err token_new_registration(struct buf *text, struct digest *hash)
{
	uint8_t bytes[REGISTRATION];
	enum err e;

	TRY(rng_fill(rng_system(), bytes, sizeof(bytes)));
	text_put_base64url(text, SPAN_ARRAY(bytes));
	TRY(buf_end(text));
	/* nodes hash what a person types */
	TRY(hash_one(buf_span(text), hash->bytes));
out:
	sec_wipe(bytes, sizeof(bytes));
	return e;
}

enum err token_new_api(struct buf *text, struct uuid *id, struct digest *hash)
{
	uint8_t bytes[ID + SECRET];
	const struct span secret = span_of(bytes + ID, SECRET);
	struct uuid random;
	enum err e;

	TRY(rng_fill(rng_system(), bytes, sizeof(bytes)));
	random = uuid_random(bytes);
	memcpy(bytes, random.bytes, ID);
	buf_put_str(text, PREFIX);
	text_put_base64url(text, SPAN_ARRAY(bytes));
	TRY(buf_end(text));
	TRY(hash_one(secret, hash->bytes));
	*id = random;
out:
	sec_wipe(bytes, sizeof(bytes));
	return e;
}

enum err token_parse_api(struct span text, struct uuid *id, struct digest *hash)
{
	const size_t prefix = sizeof(PREFIX) - 1;
	struct buf bytes = BUF_INIT;
	struct span secret;
	enum err e;

	ENSURE(text.n == prefix + (ID + SECRET) / 3 * 4 &&
		   memcmp(text.p, PREFIX, prefix) == 0,
	       ERR_PEER_MALFORMED);
	TRY(text_base64url(&bytes, span_of(text.p + prefix, text.n - prefix)));
	ENSURE(bytes.n == ID + SECRET, ERR_PEER_MALFORMED);
	secret = span_of(bytes.p + ID, SECRET);
	TRY(hash_one(secret, hash->bytes));
	*id = uuid_of(bytes.p);
out:
	buf_clear(&bytes);
	return e;
}
