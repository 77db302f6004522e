/* The form of a passphrase is its own form. */
#include "fuzz.h"
#include "reach/passphrase_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	if (passphrase_form(span_of(data, size), &once) != ERR_OK ||
	    buf_end(&once) != ERR_OK ||
	    passphrase_form(buf_span(&once), &twice) != ERR_OK ||
	    buf_end(&twice) != ERR_OK ||
	    !span_equal(buf_span(&once), buf_span(&twice)))
		__builtin_trap();
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
