#include "server/entry_nonce.h"

#include <string.h>

#include "base/digest.h"
#include "crypto/hash.h"

enum err entry_nonce(struct span entry, uint8_t nonce[ENVELOPE_NONCE])
{
	struct digest digest;
	enum err e;

	TRY(hash_one(entry, digest.bytes));
	memcpy(nonce, digest.bytes, ENVELOPE_NONCE);
out:
	return e;
}
