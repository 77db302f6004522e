/* The envelope's decoder and the check that a server makes: what decodes
 * encodes to the same bytes. The first byte chooses the tag's length. */
#include "fuzz.h"

#include <stdlib.h>

#include "wire/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope envelope;
	struct log_view view;
	struct buf again = BUF_INIT;
	struct span bytes;

	if (size == 0)
		return 0;
	bytes = span_of(data + 1, size - 1);
	if (envelope_decode(bytes, data[0] & 1 ? 64 : 32, &envelope) != ERR_OK)
		return 0;
	if (envelope_view(&envelope, &view) == ERR_OK &&
	    (!view.given || envelope_check(&envelope) != ERR_OK))
		abort();
	if (envelope_check(&envelope) == ERR_OK &&
	    envelope_time(envelope.nonce) > ENVELOPE_TIME_MAX)
		abort();
	envelope_put_tagged(&again, &envelope);
	buf_put(&again, envelope.tag);
	if (buf_end(&again) != ERR_OK || !span_equal(buf_span(&again), bytes))
		abort();
	buf_clear(&again);
	return 0;
}
