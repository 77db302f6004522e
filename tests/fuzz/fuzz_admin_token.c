/* A token of the administration's API: what is taken is its only spelling. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* No archive that these programs link has this one. */
#include "admin/token.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest hash;
	struct uuid id;
	struct buf bytes = BUF_INIT, text = BUF_INIT;
	const size_t prefix = sizeof(PREFIX) - 1;
	struct span token = span_of(data, size);

	if (token_parse_api(token, &id, &hash) != ERR_OK)
		return 0;
	if (text_base64url(&bytes, span_of(data + prefix, size - prefix)) !=
	    ERR_OK)
		abort();
	buf_put_str(&text, PREFIX);
	text_put_base64url(&text, buf_span(&bytes));
	if (!uuid_equal(id, uuid_of(bytes.p)) ||
	    !span_equal(buf_span(&text), token))
		abort();
	buf_clear(&bytes);
	buf_clear(&text);
	return 0;
}
