/* Headers of requests about files: whatever they say, a range lies within the file, and
 * numbers are what their digits are. The first two bytes are the file's size. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>

/* The server is no archive; this file of it needs base only. */
#include "server/file_headers.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t from, end, number, length;
	struct span text;
	enum file_range range;
	char again[24];
	bool flag;

	if (size < 2)
		return 0;
	length = 1 + ((uint64_t)data[0] << 8 | data[1]);
	text = span_of(data + 2, size - 2);
	range = file_headers_range(text, length, &from, &end);
	if (range != FILE_RANGE_NOTHING && (from >= end || end > length))
		abort();
	if (range == FILE_RANGE_WHOLE && (from != 0 || end != length))
		abort();
	if (file_headers_number(text, &number)) {
		/* zeros may stand before it */
		while (text.n > 1 && text.p[0] == '0')
			text = span_of(text.p + 1, text.n - 1);
		(void)snprintf(again, sizeof(again), "%" PRIu64, number);
		if (!span_equal(text, span_str(again)))
			abort();
	}
	if (file_headers_flag(text, &flag) &&
	    !span_equal(text, flag ? SPAN_LIT("?1") : SPAN_LIT("?0")))
		abort();
	return 0;
}
