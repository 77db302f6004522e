/* A GroupContext's negotiation extension, from a stranger. */
#include "fuzz.h"

#include "session/negotiation.h"
#include "wire/extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct negotiation_offer own = { SPAN_LIT("bob/1"),
					       SPAN_LIT("\x00\x03\x00\x04") };
	struct buf extensions = BUF_INIT;
	enum err e;

	buf_put_u16(&extensions, NEGOTIATION_EXTENSION);
	buf_put_vec(&extensions, span_of(data, size));
	e = buf_end(&extensions);
	if (e == ERR_OK)
		e = negotiation_check(buf_span(&extensions), 0x0004, &own, &own,
				      1);
	(void)e;
	buf_clear(&extensions);
	return 0;
}
