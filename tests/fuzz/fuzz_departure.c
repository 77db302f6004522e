/* A Departure: what decodes encodes to the same bytes. */
#include "fuzz.h"
#include "wire/departure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct departure departure;
	struct buf again = BUF_INIT;

	if (departure_decode(bytes, &departure) != ERR_OK)
		return 0;
	departure_put(&again, &departure);
	if (buf_end(&again) != ERR_OK || !span_equal(buf_span(&again), bytes) ||
	    !span_equal(departure.unsigned_part,
			span_of(data, departure.unsigned_part.n)))
		__builtin_trap();
	buf_clear(&again);
	return 0;
}
