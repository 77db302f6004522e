#include "base/digest.h"

#include <string.h>

#include "base/text.h"

struct digest digest_of(const uint8_t bytes[32])
{
	struct digest digest;

	memcpy(digest.bytes, bytes, sizeof(digest.bytes));
	return digest;
}

bool digest_equal(struct digest a, struct digest b)
{
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

void digest_put(struct buf *out, struct digest digest)
{
	text_put_hex(out, SPAN_ARRAY(digest.bytes));
}
