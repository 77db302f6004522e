/* A letter: what decodes encodes to the same bytes. */
#include "fuzz.h"
#include "wire/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct buf again = BUF_INIT;
	struct letter letter;

	if (letter_decode(bytes, &letter) != ERR_OK)
		return 0;
	letter_put(&again, &letter);
	if (size != LETTER_SIZE || buf_end(&again) != ERR_OK ||
	    !span_equal(buf_span(&again), bytes) ||
	    !span_equal(letter.unsigned_part,
			span_of(data, letter.unsigned_part.n)))
		__builtin_trap();
	buf_clear(&again);
	return 0;
}
