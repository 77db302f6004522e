/* Codes and recovery keys as people type them: what is read is written so that it is
 * read again as the same. */
#include <string.h>

#include "fuzz.h"
#include "session/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account_pair pair;
	struct sec first = { 0 }, again = { 0 };
	char text[CODE_SIZE];

	if (code_read(span_of(data, size), &first) == ERR_OK) {
		code_write(&first, text);
		if (strlen(text) != CODE_SIZE - 1 ||
		    code_read(span_str(text), &again) != ERR_OK ||
		    !span_equal(sec_span(&first), sec_span(&again)))
			__builtin_trap();
	} else if (first.n != 0) {
		__builtin_trap();
	}
	if (code_recovery_read(span_of(data, size), &pair) == ERR_OK &&
	    pair.public_key.n != 32)
		__builtin_trap();
	account_pair_clear(&pair);
	return 0;
}
