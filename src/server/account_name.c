#include "server/account_name.h"

#include "base/text.h"

struct account_name account_name_of(struct span text)
{
	struct account_name name = { .username = text };
	struct buf bytes = BUF_INIT;

	if (text.n == (size_t)2 * ACCOUNT_HASH &&
	    text_hex(&bytes, text) == ERR_OK && bytes.n == ACCOUNT_HASH) {
		name.username = SPAN_EMPTY;
		name.is_fingerprint = true;
		name.fingerprint = digest_of(bytes.p);
	}
	buf_clear(&bytes);
	return name;
}
