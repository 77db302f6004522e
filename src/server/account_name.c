#include "server/account_name.h"

#include "base/text.h"
#include "door/json.h"

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

void account_name_put(struct buf *out, const char *member, struct rows *rows,
		      size_t i)
{
	buf_putf(out, "\"%s\":", member);
	json_put_string(out, rows_text(rows, i, "username"));
	if (rows_is_null(rows, i, "fingerprint"))
		return;
	buf_put_str(out, ",\"fingerprint\":\"");
	text_put_hex(out, rows_bytes(rows, i, "fingerprint"));
	buf_put_u8(out, '"');
}
